import { describe, expect, test } from "vitest";
import { ArgumentError, NumericalError, ShapeError } from "../../src/device/errors.ts";
import { Draws } from "../../src/latent/draws.ts";
import { Gaussian } from "../../src/latent/gaussian.ts";
import { fitMixture } from "../../src/latent/gmm.ts";
import { Mixture } from "../../src/latent/mixture.ts";

/** Standard normal numbers. */
function normals(count: number, seed: number): Float32Array {
  const draws = new Draws(seed, 0);
  return Float32Array.from({ length: count }, () => draws.normal());
}

/** Mean and covariance by their definitions, in float64. */
function moments(points: ArrayLike<number>, D: number): { mean: number[]; covariance: number[] } {
  const N = points.length / D;
  const over = (f: (n: number) => number) =>
    Array.from({ length: N }, (_, n) => f(n)).reduce((a, b) => a + b) / N;
  const mean = Array.from({ length: D }, (_, i) => over((n) => points[n * D + i]!));
  const covariance = Array.from({ length: D * D }, (_, at) => {
    const [i, j] = [Math.floor(at / D), at % D];
    return over((n) => (points[n * D + i]! - mean[i]!) * (points[n * D + j]! - mean[j]!));
  });
  return { mean, covariance };
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]!)));
}

const truth = new Mixture(
  [0.5, 0.3, 0.2],
  [
    new Gaussian(Float64Array.of(0, 0), Float64Array.of(1, 0.8, 0.8, 1)),
    new Gaussian(Float64Array.of(8, 0), Float64Array.of(0.2, 0, 0, 2)),
    new Gaussian(Float64Array.of(-6, 9), Float64Array.of(1, -0.5, -0.5, 0.5)),
  ],
);

describe("Gaussian", () => {
  test("log density is that of the formula, at every place of a block of points", () => {
    const [a, b, c] = [2, 0.6, 0.5];
    const gaussian = new Gaussian(Float64Array.of(1, -1), Float64Array.of(a, b, b, c));
    const points = normals(2 * 7, 1);
    const out = new Float64Array(1 + 2 * 7);
    gaussian.logDensities(points, 0.25, out, 1, 2);
    const det = a * c - b * b;
    for (let n = 0; n < 7; n++) {
      const [x, y] = [points[2 * n]! - 1, points[2 * n + 1]! + 1];
      const square = (c * x * x - 2 * b * x * y + a * y * y) / det;
      expect(out[1 + 2 * n]).toBeCloseTo(
        0.25 - Math.log(2 * Math.PI) - 0.5 * Math.log(det) - 0.5 * square,
        12,
      );
    }
  });

  test.each([
    ["not positive definite", [1, 2, 2, 1]],
    ["not symmetric", [1, 0.5, 0, 1]],
    ["NaN", [NaN, 0, 0, 1]],
  ])("refuses a covariance that is %s", (_, covariance) => {
    expect(() => new Gaussian(Float64Array.of(0, 0), Float64Array.from(covariance))).toThrow(ArgumentError);
  });
});

describe("fitMixture", () => {
  test.each([1, 3, 4, 5, 17])("one component of %s points is their mean and covariance", (N) => {
    const points = normals(N * 3, 2).map((v, i) => v * (1 + (i % 3)) + 5);
    const mixture = fitMixture(points, 3);
    const { mean, covariance } = moments(points, 3);
    expect([...mixture.weights]).toEqual([1]);
    expect(largestDifference(mixture.means, mean)).toBeLessThan(1e-12);
    const withDiagonal = covariance.map((value, i) => value + (i % 4 === 0 ? 1e-6 : 0));
    expect(largestDifference(mixture.covariances, withDiagonal)).toBeLessThan(1e-12);
  });

  test("three components are found again, whatever the seed", () => {
    const points = truth.sample(6000, 1);
    for (const seed of [0, 1, 2]) {
      const fitted = fitMixture(points, 2, { components: 3, seed });
      const order = [0, 1, 2].sort((a, b) => fitted.weights[b]! - fitted.weights[a]!);
      order.forEach((k, at) => {
        expect(fitted.weights[k]).toBeCloseTo(truth.weights[at]!, 1);
        expect(largestDifference(fitted.components[k]!.mean, truth.components[at]!.mean)).toBeLessThan(0.15);
        const covariance = fitted.components[k]!.covariance;
        expect(largestDifference(covariance, truth.components[at]!.covariance)).toBeLessThan(0.2);
      });
      expect(fitted.logLikelihood(points)).toBeGreaterThan(truth.logLikelihood(points));
      const fresh = truth.sample(6000, 2);
      expect(Math.abs(fitted.logLikelihood(fresh) - truth.logLikelihood(fresh))).toBeLessThan(0.01);
    }
  });

  test("each round is one of EM by its definition", () => {
    const points = truth.sample(50, 3);
    const before = fitMixture(points, 2, { components: 2, iterations: 1 });
    const after = fitMixture(points, 2, { components: 2, iterations: 2, regularisation: 1e-6 });
    const density = (x: number, y: number, k: number) => {
      const { mean, covariance } = before.components[k]!;
      const [a, b, , c] = covariance as unknown as [number, number, number, number];
      const [dx, dy] = [x - mean[0]!, y - mean[1]!];
      const det = a * c - b * b;
      return (
        Math.exp((-0.5 * (c * dx * dx - 2 * b * dx * dy + a * dy * dy)) / det) /
        (2 * Math.PI * Math.sqrt(det))
      );
    };
    const shares = Array.from({ length: 50 }, (_, n) => {
      const p = [0, 1].map((k) => before.weights[k]! * density(points[2 * n]!, points[2 * n + 1]!, k));
      return p.map((value) => value / (p[0]! + p[1]!));
    });
    for (const k of [0, 1]) {
      const total = shares.reduce((sum, share) => sum + share[k]!, 0);
      const x = shares.reduce((sum, share, n) => sum + share[k]! * points[2 * n]!, 0) / total;
      const variance =
        shares.reduce((sum, share, n) => sum + share[k]! * (points[2 * n]! - x) ** 2, 0) / total;
      expect(after.weights[k]).toBeCloseTo(total / 50, 12);
      expect(after.components[k]!.mean[0]).toBeCloseTo(x, 12);
      expect(after.components[k]!.covariance[0]).toBeCloseTo(variance + 1e-6, 12);
    }
  });

  test("the likelihood rises from round to round and is that of the result", () => {
    const points = Float32Array.from([...normals(900, 4), ...normals(600, 5).map((v, i) => v * (i % 3) + 1)]);
    const seen: number[] = [];
    const options = { components: 5, tolerance: 1e-7, onIteration: (value: number) => void seen.push(value) };
    const fitted = fitMixture(points, 3, options);
    expect(seen.length).toBeGreaterThan(10);
    seen.slice(1).forEach((value, i) => expect(value).toBeGreaterThanOrEqual(seen[i]!));
    expect(fitted.logLikelihood(points)).toBeCloseTo(seen.at(-1)!, 10);
    expect(fitMixture(points, 3, { components: 5, tolerance: 1e-7 }).toJSON()).toEqual(fitted.toJSON());
  });

  test("more starts never give a less likely mixture", () => {
    const points = truth.sample(300, 6);
    const once = fitMixture(points, 2, { components: 6, seed: 8 }).logLikelihood(points);
    const often = fitMixture(points, 2, { components: 6, seed: 8, starts: 6 }).logLikelihood(points);
    expect(often).toBeGreaterThanOrEqual(once);
  });

  const flat = normals(60 * 3, 7);
  test.each<[string, Float32Array, number, number]>([
    ["a single point", Float32Array.of(3, -4, 5), 3, 1],
    ["one dimension", normals(40, 8), 1, 3],
    ["a constant column, far off", normals(90, 9).map((v, i) => (i % 3 === 1 ? 1e6 : v)), 3, 2],
    ["equal points", new Float32Array(40).fill(2.5), 4, 3],
    [
      "fewer different points than components",
      Float32Array.from({ length: 60 }, (_, i) => Math.floor(i / 2) % 2),
      2,
      5,
    ],
    ["as many components as points", normals(10, 10), 2, 5],
    [
      "60 points in a plane of 100 dimensions, scale 1e4",
      Float32Array.from({ length: 6000 }, (_, i) => {
        const [n, j] = [Math.floor(i / 100), i % 100];
        return 1e4 * (flat[3 * n]! * Math.sin(j) + flat[3 * n + 1]! * Math.cos(j));
      }),
      100,
      2,
    ],
    ["the smallest and largest numbers", Float32Array.of(1e-40, 0, -1e-40, 1e36, -1e36, 1e30), 1, 2],
  ])("%s", (_, points, dimension, components) => {
    for (const seed of [0, 1, 2]) {
      const seen: number[] = [];
      const onIteration = (value: number) => void seen.push(value);
      const mixture = fitMixture(points, dimension, { components, seed, onIteration });
      expect(mixture.components).toHaveLength(components);
      expect(Number.isFinite(mixture.logLikelihood(points))).toBe(true);
      seen.slice(1).forEach((value, i) => expect(value).toBeGreaterThanOrEqual(seen[i]!));
      const samples = mixture.sample(50, seed);
      expect(samples.every(Number.isFinite)).toBe(true);
      const reach = 10 * points.reduce((most, v) => Math.max(most, Math.abs(v)), 0) + 1;
      expect(samples.every((value) => Math.abs(value) < reach)).toBe(true);
    }
  });

  test("components that no point belongs to lie among the points", () => {
    const points = Float32Array.from({ length: 60 }, (_, i) => 5 + (Math.floor(i / 2) % 2));
    const mixture = fitMixture(points, 2, { components: 5 });
    expect(mixture.weights.filter((weight) => weight > 1e-9)).toHaveLength(2);
    expect(mixture.means.every((value) => value >= 4.99 && value <= 6.01)).toBe(true);
  });

  test("a constant column stays constant in samples", () => {
    const points = normals(90, 9).map((v, i) => (i % 3 === 1 ? 7 : v));
    const samples = fitMixture(points, 3).sample(100, 0);
    for (let i = 1; i < samples.length; i += 3) expect(Math.abs(samples[i]! - 7)).toBeLessThan(0.01);
  });

  test.each<[string, () => Mixture, typeof ArgumentError, RegExp]>([
    [
      "part of a point",
      () => fitMixture(new Float32Array(5), 2),
      ShapeError,
      /whole points of dimension 2, got 5/,
    ],
    ["no points", () => fitMixture(new Float32Array(0), 2), ShapeError, /got 0/],
    [
      "NaN",
      () => fitMixture(Float32Array.of(0, 1, 2, NaN), 2),
      NumericalError,
      /coordinate 1 of point 1 is NaN/,
    ],
    [
      "too many components",
      () => fitMixture(new Float32Array(4), 2, { components: 3 }),
      ArgumentError,
      /1 to 2/,
    ],
    ["no starts", () => fitMixture(new Float32Array(4), 2, { starts: 0 }), ArgumentError, /starts/],
    ["a broken seed", () => fitMixture(new Float32Array(4), 2, { seed: -1 }), ArgumentError, /seed/],
  ])("refuses %s", (_, fit, kind, message) => {
    expect(fit).toThrow(kind);
    expect(fit).toThrow(message);
  });
});

describe("Mixture", () => {
  test("samples have its weights, means and covariances", () => {
    const points = truth.sample(40_000, 11);
    const groups: number[][] = [[], [], []];
    for (let n = 0; n < 40_000; n++) {
      const [x, y] = [points[2 * n]!, points[2 * n + 1]!];
      groups[x > 5 ? 1 : y > 5 ? 2 : 0]!.push(x, y);
    }
    groups.forEach((group, k) => {
      expect(group.length / 80_000).toBeCloseTo(truth.weights[k]!, 1.5);
      const { mean, covariance } = moments(group, 2);
      expect(largestDifference(mean, truth.components[k]!.mean)).toBeLessThan(0.05);
      expect(largestDifference(covariance, truth.components[k]!.covariance)).toBeLessThan(0.08);
    });
  });

  test("samples are a pure function of the seed, and more of them begin with the same", () => {
    expect(truth.sample(10, 3)).toEqual(truth.sample(10, 3));
    expect(truth.sample(100, 3).subarray(0, 20)).toEqual(truth.sample(10, 3));
    expect(truth.sample(10, 4)).not.toEqual(truth.sample(10, 3));
    expect(truth.sample(0, 3)).toHaveLength(0);
  });

  test("comes back from JSON exactly", () => {
    const fitted = fitMixture(truth.sample(100, 1), 2, { components: 2 });
    const back = Mixture.fromJSON(JSON.parse(JSON.stringify(fitted)));
    expect(back.toJSON()).toEqual(fitted.toJSON());
    expect(back.sample(20, 5)).toEqual(fitted.sample(20, 5));
  });

  test.each<[string, unknown, RegExp]>([
    ["nothing", null, /fromJSON/],
    ["an unknown key", { ...truth.toJSON(), code: 1 }, /code/],
    ["missing covariances", { ...truth.toJSON(), covariances: [] }, /covariances\[0\] to be 2 × 2/],
    [
      "weights of another sum",
      { ...truth.toJSON(), weights: [1, 1, 1] },
      /3 weights from 0 on of sum 1, got 3 of sum 3/,
    ],
    ["a weight too few", { ...truth.toJSON(), weights: [1] }, /3 weights/],
    ["no components", { weights: [1], means: [], covariances: [] }, /one component or more/],
    [
      "means of two dimensions",
      {
        weights: [0.5, 0.5],
        means: [[0], [0, 0]],
        covariances: [
          [[1]],
          [
            [1, 0],
            [0, 1],
          ],
        ],
      },
      /one dimension/,
    ],
    ["an impossible covariance", { weights: [1], means: [[0]], covariances: [[[-1]]] }, /positive definite/],
  ])("refuses JSON with %s", (_, value, message) => {
    expect(() => Mixture.fromJSON(value)).toThrow(ArgumentError);
    expect(() => Mixture.fromJSON(value)).toThrow(message);
  });
});
