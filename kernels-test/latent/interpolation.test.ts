import { expect, test } from "vitest";
import { ArgumentError, ShapeError } from "../../src/device/errors.ts";
import { interpolate } from "../../src/latent/interpolation.ts";

test("five steps between two points are at sixths of the way", () => {
  const between = interpolate(Float32Array.of(0, 6), Float32Array.of(6, -6), 2, 5);
  expect([...between]).toEqual([1, 4, 2, 2, 3, 0, 4, -2, 5, -4]);
});

test("pairs follow one another, each with its ends where asked for", () => {
  const a = Float32Array.of(0, 10);
  const b = Float32Array.of(4, 30);
  expect([...interpolate(a, b, 1, 1)]).toEqual([2, 20]);
  expect([...interpolate(a, b, 1, 1, { ends: true })]).toEqual([0, 2, 4, 10, 20, 30]);
  expect([...interpolate(a, b, 2, 1, { ends: true })]).toEqual([0, 10, 2, 20, 4, 30]);
  expect([...interpolate(a, b, 1, 0, { ends: true })]).toEqual([0, 4, 10, 30]);
  expect(interpolate(a, b, 1, 0)).toHaveLength(0);
});

test("ends are exact", () => {
  const a = Float32Array.of(0.1, 1e30);
  const b = Float32Array.of(-0.7, 1e-30);
  const line = interpolate(a, b, 2, 6, { ends: true });
  expect(line.subarray(0, 2)).toEqual(a);
  expect(line.subarray(-2)).toEqual(b);
});

test("refuses points that do not pair up and broken steps", () => {
  expect(() => interpolate(new Float32Array(4), new Float32Array(2), 2, 5)).toThrow(ShapeError);
  expect(() => interpolate(new Float32Array(3), new Float32Array(3), 2, 5)).toThrow(ShapeError);
  expect(() => interpolate(new Float32Array(2), new Float32Array(2), 2, 1.5)).toThrow(ArgumentError);
});
