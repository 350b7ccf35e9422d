import { expect, test } from "vitest";
import { Camera } from "../../src/web/latent/camera.ts";

test.each([4 / 3, 0.6])("no dot leaves the view in space, however it is turned (aspect %f)", (aspect) => {
  const camera = new Camera();
  camera.dimensions = 3;
  camera.aspect = aspect;
  const wave = (at: number) => [3 * Math.cos(at), 5 + 3 * Math.sin(at), 0.3 * Math.sin(3 * at), 9];
  const points = Array.from({ length: 60 }, (_, i) => wave(i / 9));
  camera.frame(Float32Array.from([...points.flat(), NaN, NaN, NaN, NaN]), 4);
  let farthest = 0;
  for (let turn = 0; turn < 24; turn++) {
    for (const [x, y, z] of points)
      farthest = Math.max(farthest, ...camera.project([x!, y!, z!]).map((place) => Math.abs(place)));
    camera.drag(0.17, turn < 12 ? 0.2 : -0.2);
  }
  expect(farthest).toBeLessThan(1);
  expect(farthest).toBeGreaterThan(0.8); // nor is it shown smaller than it must
});
