import { describe, expect, test } from "vitest";
import { bumps, bumpsAt } from "../../src/data/bumps.ts";
import { ArgumentError } from "../../src/device/errors.ts";

describe("bumps", () => {
  const sets = bumps({ size: 64, testCount: 50, seed: 2 });

  test("the training set has the paper's statistics", () => {
    const { train } = sets;
    expect([train.count, ...train.shape]).toEqual([100, 64, 64, 1]);
    expect(train.mean).toBeCloseTo(0.06074, 5);
    expect(train.std).toBeCloseTo(0.16356, 5);
    const { min, max } = train.statistics();
    expect(min).toBeCloseTo(-0.371, 3);
    expect(max).toBeCloseTo(5.733, 3);
    const corners = new Set(
      Array.from({ length: 100 }, (_, i) => train.centres!.subarray(2 * i, 2 * i + 2).join()),
    );
    expect(corners.size).toBe(100);
    expect(corners).toContain("-0.5,0.5");
  });

  test("each image is the Gaussian of its centre, x along the columns", () => {
    for (const set of [sets.train, sets.test, sets.diagonal]) {
      const image = set.values(7, 8);
      const [x0, y0] = set.centres!.subarray(14, 16) as unknown as [number, number];
      for (const [row, column] of [
        [0, 0],
        [31, 20],
        [40, 63],
        [12, 50],
      ] as const) {
        const [x, y] = [-1 + (2 * column) / 63, -1 + (2 * row) / 63];
        const value = Math.exp(-((x - x0) ** 2 + (y - y0) ** 2) / (2 * 0.2 ** 2));
        expect(image[row * 64 + column]! * set.std! + set.mean!).toBeCloseTo(value, 6);
      }
    }
  });

  test("one test set lies on the diagonal, the other does not; both are seeded", () => {
    const pairs = (set: { centres?: Float32Array }) =>
      Array.from({ length: 50 }, (_, i) => [set.centres![2 * i]!, set.centres![2 * i + 1]!] as const);
    expect(pairs(sets.diagonal).every(([x, y]) => x === y && Math.abs(x) <= 0.5)).toBe(true);
    expect(pairs(sets.test).every(([x, y]) => x !== y && Math.max(Math.abs(x), Math.abs(y)) <= 0.5)).toBe(
      true,
    );
    expect(bumps({ size: 8, testCount: 50, seed: 2 }).test.centres).toEqual(sets.test.centres);
    expect(bumps({ size: 8, testCount: 50, seed: 3 }).test.centres).not.toEqual(sets.test.centres);
    expect(sets.test.statistics().mean).toBeCloseTo(0, 6);
    expect(sets.test.mean).not.toBe(sets.train.mean);
  });

  test("takes other sizes, and refuses what is none", () => {
    expect(bumpsAt("one", Float32Array.of(0, 0), 5).shape).toEqual([5, 5, 1]);
    expect(() => bumps({ size: 1 })).toThrow(ArgumentError);
    expect(() => bumps({ testCount: 0 })).toThrow(/testCount/);
    expect(() => bumps({ size: 1e9 })).toThrow(
      /1000 images of 1000000000 × 1000000000 .*lower size or testCount/,
    );
    expect(() => bumps({ testCount: 1e9 })).toThrow(ArgumentError);
    expect(() => bumps({ seed: -1 })).toThrow(/seed/);
  });
});
