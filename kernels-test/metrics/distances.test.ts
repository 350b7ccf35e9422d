import { expect, test } from "vitest";
import { ArgumentError, NumericalError, ShapeError } from "../../src/device/errors.ts";
import { Draws } from "../../src/latent/draws.ts";
import { frechetDistance } from "../../src/metrics/frechet.ts";
import { kernelDistance } from "../../src/metrics/kernelDistance.ts";
import { overlap } from "../../src/metrics/manifold.ts";
import { slicedWasserstein } from "../../src/metrics/slicedWasserstein.ts";

/** N normal points of dimension 3, each coordinate with its own mean and standard deviation. */
function cloud(N: number, seed: number, mean = [0, 0, 0], deviation = [1, 1, 1]): Float32Array {
  const draws = new Draws(seed, 1);
  return Float32Array.from({ length: 3 * N }, (_, i) => mean[i % 3]! + deviation[i % 3]! * draws.normal());
}

test("the Fréchet distance of two normal distributions is that of their moments", () => {
  const [m, s, t] = [
    [1, -2, 0.5],
    [1, 0.5, 2],
    [2, 1, 0.2],
  ];
  const want = m.reduce((sum, value, i) => sum + value ** 2 + (s[i]! - t[i]!) ** 2, 0);
  const got = frechetDistance(cloud(20000, 1, [0, 0, 0], s), cloud(20000, 2, m, t), 3);
  expect(Math.abs(got - want) / want).toBeLessThan(0.02);
  expect(frechetDistance(cloud(50, 1), cloud(50, 1), 3)).toBeLessThan(1e-12);
});

test("it is exact for covariances that do not commute", () => {
  // the four points ±a, ±b have mean 0 and covariance ⅔ (a aᵀ + b bᵀ)
  const cross = (a: number[], b: number[]) => [...a, ...a.map((x) => -x), ...b, ...b.map((x) => -x)];
  const real = cross([1, 0], [0, 2]);
  const generated = cross([1, 1], [0.5, -0.5]);
  // tr (S_r^½ S_g S_r^½)^½ for 2 × 2: sqrt(tr(S_r S_g) + 2 sqrt(det S_r det S_g))
  const [Sr, Sg] = [
    [(2 / 3) * 1, 0, (2 / 3) * 4],
    [(2 / 3) * 1.25, (2 / 3) * 0.75, (2 / 3) * 1.25],
  ] as const;
  const trace = Sr[0] * Sg[0] + Sr[2] * Sg[2];
  const determinants = Sr[0] * Sr[2] * (Sg[0] * Sg[2] - Sg[1] ** 2);
  const want = Sr[0] + Sr[2] + Sg[0] + Sg[2] - 2 * Math.sqrt(trace + 2 * Math.sqrt(determinants));
  expect(frechetDistance(real, generated, 2)).toBeCloseTo(want, 12);
});

test("points fewer than their dimension have the distance of the same points with coordinates left out", () => {
  const few = (seed: number, mean: number[]) => cloud(6, seed, mean, [1, 2, 0.5]);
  const [real, generated] = [few(7, [0, 0, 0]), few(8, [1, 0, 2])];
  const padded = (points: Float32Array) =>
    Array.from({ length: 6 * 40 }, (_, i) => (i % 40 < 3 ? points[3 * Math.floor(i / 40) + (i % 40)]! : 1));
  const want = frechetDistance(real, generated, 3);
  expect(frechetDistance(padded(real), padded(generated), 40)).toBeCloseTo(want, 6);
});

test("features in a subspace, whose covariance is singular, have a distance too", () => {
  const flat = cloud(200, 3, [0, 0, 0], [1, 1, 0]);
  const moved = flat.map((value, i) => (i % 3 === 2 ? 2 : value));
  expect(frechetDistance(flat, moved, 3)).toBeCloseTo(4, 6);
});

test("the kernel distance is near zero for one distribution, and what its definition gives for two", () => {
  expect(Math.abs(kernelDistance(cloud(800, 1), cloud(800, 2), 3))).toBeLessThan(0.02);
  expect(kernelDistance(cloud(300, 1), cloud(300, 2, [2, 0, 0]), 3)).toBeGreaterThan(1);
  const k = (x: number, y: number) => (x * y + 1) ** 3;
  const want = k(1, 2) + k(3, 5) - (k(1, 3) + k(1, 5) + k(2, 3) + k(2, 5)) / 2;
  expect(kernelDistance([1, 2], [3, 5], 1)).toBeCloseTo(want, 9);
});

test("overlap: all of one where sets agree, none where they lie apart, and each half of it on its own", () => {
  const real = cloud(400, 1);
  expect(overlap(real, real, 3)).toEqual({ precision: 1, recall: 1, density: 1, coverage: 1 });
  const apart = overlap(real, cloud(400, 2, [50, 0, 0]), 3);
  expect(apart).toEqual({ precision: 0, recall: 0, density: 0, coverage: 0 });
  const narrow = overlap(real, cloud(400, 2, [0, 0, 0], [0.2, 0.2, 0.2]), 3);
  expect(narrow.precision).toBeGreaterThan(0.99);
  expect(narrow.recall).toBeLessThan(0.1);
  expect(narrow.coverage).toBeLessThan(0.3);
  const same = overlap(real, cloud(400, 2), 3);
  for (const share of [same.precision, same.recall, same.coverage]) expect(share).toBeGreaterThan(0.9);
  expect(Math.abs(same.density - 1)).toBeLessThan(0.15);
});

test("overlap by hand: three real points on a line, two generated ones", () => {
  // reaches of the real 0, 1, 3 with k = 1: 1, 1, 2; of the generated 1.5, 9: 7.5 each
  expect(overlap([0, 1, 3], [1.5, 9], 1, { k: 1 })).toEqual({
    precision: 0.5,
    recall: 1,
    density: 1,
    coverage: 2 / 3,
  });
});

test("the sliced Wasserstein distance of a shift is its length over the root of the dimension", () => {
  const points = cloud(300, 1);
  const moved = points.map((value, i) => value + [3, 0, 4][i % 3]!);
  const got = slicedWasserstein(points, moved, 3, { directions: 4000 });
  expect(Math.abs(got - 5 / Math.sqrt(3))).toBeLessThan(0.1);
  expect(slicedWasserstein(points, points, 3)).toBe(0);
  expect(slicedWasserstein([0, 1], [5, 3], 1)).toBeCloseTo(Math.sqrt((9 + 16) / 2), 12);
});

test("what is no pair of sets is refused", () => {
  const [good, bad] = [cloud(10, 1), cloud(10, 2).fill(NaN, 4, 5)];
  for (const distance of [frechetDistance, kernelDistance, overlap, slicedWasserstein]) {
    expect(() => distance(good, bad, 3)).toThrow(NumericalError);
    expect(() => distance(good, bad, 3)).toThrow(/coordinate 1 of point 1 is NaN/);
    expect(() => distance(good.subarray(1), good, 3)).toThrow(ShapeError);
  }
  expect(() => frechetDistance([1, 2, 3], good, 3)).toThrow(/2 or more whole points of dimension 3/);
  expect(() => overlap(good, good, 3, { k: 10 })).toThrow(/k is 10; with 10 points it goes from 1 to 9/);
  expect(() => slicedWasserstein(good, cloud(9, 1), 3)).toThrow(ArgumentError);
});
