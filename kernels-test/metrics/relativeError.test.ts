import { expect, test } from "vitest";
import { ArgumentError, ShapeError } from "../../src/device/errors.ts";
import { RelativeError, relativeErrorPercent } from "../../src/metrics/relativeError.ts";

test("is the ratio of two norms, in percent", () => {
  expect(relativeErrorPercent([3, 4], [3, 0])).toBeCloseTo((100 * 4) / 3, 12);
  expect(relativeErrorPercent([0, 0, 0], [1, -2, 5])).toBe(100);
  expect(relativeErrorPercent([1, -2, 5], [1, -2, 5])).toBe(0);
});

test("of batches is that of the whole set, not their mean", () => {
  const x = Float32Array.of(1, 2, 3, 4, 5);
  const xHat = Float32Array.of(1, 2, 4, 4, 9);
  const error = new RelativeError();
  error.add(xHat.subarray(0, 2), x.subarray(0, 2));
  expect(error.percent).toBe(0);
  error.add(xHat.subarray(2), x.subarray(2));
  expect(error.percent).toBeCloseTo(100 * Math.sqrt(17 / 55), 12);
  expect(error.percent).toBeCloseTo(relativeErrorPercent(xHat, x), 12);
});

test("adds in float64: a million small errors are not lost beside a large one", () => {
  const x = new Float32Array(1_000_001).fill(1);
  const xHat = x.map((value, i) => (i === 0 ? value + 4096 : value + 2 ** -10));
  const expected = 100 * Math.sqrt((4096 ** 2 + 1e6 * 2 ** -20) / 1_000_001);
  expect(relativeErrorPercent(xHat, x) / expected).toBeCloseTo(1, 14);
});

test("zeros, NaN, nothing, and lengths that differ", () => {
  expect(relativeErrorPercent([0, 0], [0, 0])).toBe(0);
  expect(relativeErrorPercent([1, 0], [0, 0])).toBe(Infinity);
  expect(relativeErrorPercent([NaN, 0], [1, 0])).toBeNaN();
  expect(() => new RelativeError().percent).toThrow(ArgumentError);
  expect(() => relativeErrorPercent([1], [1, 2])).toThrow(ShapeError);
  expect(() => relativeErrorPercent([1], [1, 2])).toThrow(/xHat has 1 values, x has 2/);
});
