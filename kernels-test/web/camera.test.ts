import { describe, expect, test } from "vitest";
import { Camera, type Point3 } from "../../src/web/latent/camera.ts";
import { CodeOrder } from "../../src/web/latent/order.ts";
import { roundNumbers } from "../../src/web/latent/ticks.ts";
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

test("codes that are all alike look so, and the view goes evenly from one fit to the next", () => {
  const camera = new Camera();
  const [alike, apart] = [new Float32Array(8).fill(2), Float32Array.of(-9, 0, 9, 0, 0, -9, 0, 9)];
  const [from, to] = [camera.fitOf(alike, 2), camera.fitOf(apart, 2)];
  expect([from, to]).toEqual([
    { centre: [2, 2, 0], reach: 0.25 },
    { centre: [0, 0, 0], reach: 1.18 * 9 },
  ]);
  camera.between(from, to, 0.5);
  expect(camera.centre).toEqual([1, 1, 0]);
  expect(camera.reach).toBeCloseTo(Math.sqrt(from.reach * to.reach), 12);
});

describe("codes in a basis that is found anew", () => {
  const size = 4;
  const codes = Float32Array.from(
    { length: 40 * size },
    (_, i) => Math.sin(3 * i + 1 + (i % 7)) / (1 + (i % size)),
  );
  const rows = Array.from({ length: codes.length / size }, (_, i) => [
    ...codes.subarray(i * size, (i + 1) * size),
  ]);
  const seen = (change: (row: number[]) => number[]) => Float32Array.from(rows.flatMap(change));

  test.each([
    ["mirrored", ([x, y, z, w]: number[]) => [-x!, y!, -z!, w!]],
    ["in another order", ([x, y, z, w]: number[]) => [y!, x!, z!, -w!]],
    ["turned", ([x, y, z, w]: number[]) => [0.6 * x! - 0.8 * y!, 0.8 * x! + 0.6 * y!, -z!, -w!]],
  ])("stay where they were when they come %s", (_, change) => {
    const order = new CodeOrder();
    order.follow(codes, size, true);
    expect(order.arrange(codes)).toEqual(codes);
    const changed = seen(change);
    order.follow(changed, size, true);
    expect(apart(order.arrange(changed), codes)).toBeLessThan(1e-6);
    expect(apart(order.restore(codes), changed)).toBeLessThan(1e-6);
    order.follow(changed, size, false); // those of a model that has no such basis are as they are
    expect(order.arrange(changed)).toEqual(changed);
  });

  test("begin anew with other samples, and are as they are where one is no number", () => {
    const order = new CodeOrder();
    order.follow(codes, size, true);
    const fewer = codes.map((value) => -value).subarray(0, 10 * size);
    order.follow(fewer, size, true);
    expect(order.arrange(fewer)).toEqual(fewer);
    const broken = fewer.map((value, i) => (i === 3 ? NaN : -value));
    order.follow(broken, size, true);
    expect(order.arrange(broken)).toEqual(broken);
  });
});

test.each([
  [-1, 1, [-1, -0.5, 0, 0.5, 1]],
  [-0.003, 0.004, [-0.002, 0, 0.002, 0.004]],
  [812, 1390, [1000, 1200]],
])("between %d and %d the round numbers are %j", (low, high, numbers) => {
  const found = roundNumbers(low, high);
  expect(apart(found, numbers)).toBeLessThan(1e-12);
});
