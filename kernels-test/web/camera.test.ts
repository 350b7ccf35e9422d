import { describe, expect, test } from "vitest";
import { Camera, type Point3 } from "../../src/web/latent/camera.ts";
import { apart } from "./reference.ts";

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

describe.each([2, 3] as const)("the camera in %i dimensions", (dimensions) => {
  const points = Float32Array.from({ length: 60 }, (_, i) => 9 * Math.sin(7 * i) + (i % 3));
  const positions = Array.from(
    { length: 20 },
    (_, i) => [...points.slice(3 * i, 3 * i + 3)] as unknown as Point3,
  );
  const camera = new Camera();
  camera.dimensions = dimensions;
  camera.aspect = 1.5;
  camera.frame(points, 3);

  test("shows all points, and finds them again under their places on the screen", () => {
    for (const position of positions) {
      const [x, y] = camera.project(position);
      expect(Math.max(Math.abs(x), Math.abs(y))).toBeLessThan(1);
      expect(apart(camera.unproject([x, y], position), position)).toBeLessThan(1e-4);
    }
  });

  test("moves what is dragged with the pointer, and what is stepped along the screen", () => {
    const [point] = positions;
    const [x, y] = camera.project(point!);
    const [right] = camera.project(camera.shifted(point!, 0.1, 0));
    const [, up] = camera.project(camera.shifted(point!, 0, 0.1));
    expect(right).toBeGreaterThan(x);
    expect(up).toBeGreaterThan(y);
    const front = camera.unproject([0, 0]);
    const before = camera.project(dimensions === 2 ? front : camera.shifted(point!, 0, 0));
    camera.drag(0.1, 0);
    const after = camera.project(dimensions === 2 ? front : point!);
    if (dimensions === 2) expect(after[0] - before[0]).toBeCloseTo(0.1, 4);
    else expect(after).not.toEqual(before);
  });

  test("zooms", () => {
    const width = () => camera.project(positions[1]!)[0] - camera.project(positions[0]!)[0];
    const before = Math.abs(width());
    camera.zoom(0.5);
    expect(Math.abs(width())).toBeGreaterThan(1.5 * before);
  });
});
