import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDevice, type Device } from "../../src/device/device.ts";
import { ArgumentError, NumericalError, ShapeError } from "../../src/device/errors.ts";
import { Draws } from "../../src/latent/draws.ts";
import { Gaussian, weightedGaussian } from "../../src/latent/gaussian.ts";
import { fitMixture } from "../../src/latent/gmm.ts";
import { Mixture } from "../../src/latent/mixture.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => device.close());

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

/** Expectation maximisation in float64 from the groups of `labels`: the log-likelihood of each round, and the last mixture. */
function roundsOf(points: Float32Array, D: number, K: number, labels: Uint32Array, count: number) {
  const N = labels.length;
  let shares = new Float64Array(N * K);
  labels.forEach((label, n) => (shares[n * K + label] = 1));
  const seen: number[] = [];
  for (;;) {
    const totals = Array.from({ length: K }, (_, k) =>
      shares.reduce((sum, v, i) => sum + (i % K === k ? v : 0), 0),
    );
    const components = totals.map((total, offset) =>
      weightedGaussian(points, D, shares, { offset, stride: K, total, regularisation: 1e-6 }),
    );
    const mixture = new Mixture(
      totals.map((total) => total / N),
      components,
    );
    const { values, logLikelihood } = mixture.responsibilities(points);
    seen.push(logLikelihood);
    if (seen.length === count) return { seen, mixture };
    shares = Float64Array.from(values);
  }
}

/** Twelve-dimensional points of four kinds, and groups that are far from them. */
const [N, D, K] = [1500, 12, 4];
const mixed = (() => {
  const draws = new Draws(31, 0);
  return Float32Array.from({ length: N * D }, (_, i) => {
    const [n, j] = [Math.floor(i / D), i % D];
    return 10 + draws.normal() * (1 + ((n + j) % K) / 4) + (1.5 * (n % K)) / (1 + j);
  });
})();
const labels = Uint32Array.from({ length: N }, (_, n) => Math.floor((n * K) / N));

describe("fitMixture", () => {
  test("each round is one of EM in float64, of points of any scale and place", async () => {
    for (const [scale, shift] of [
      [1, 0],
      [1e-3, 1],
      [1e4, 1e6],
    ] as const) {
      const points = mixed.map((value, i) => scale * (1 + (i % D)) * value + shift);
      const seen: number[] = [];
      const onIteration = (value: number) => void seen.push(value);
      const options = { components: K, labels, iterations: 12, tolerance: 0, onIteration };
      const fitted = await fitMixture(device, points, D, options);
      const want = roundsOf(points, D, K, labels, 12);
      expect(seen).toHaveLength(12);
      seen.forEach((value, i) => expect(Math.abs(value - want.seen[i]!)).toBeLessThan(1e-5));
      expect(Math.abs(fitted.logLikelihood(points) - want.seen.at(-1)!)).toBeLessThan(1e-5);
      expect(largestDifference(fitted.weights, want.mixture.weights)).toBeLessThan(1e-4);
      fitted.components.forEach(({ mean, covariance }, k) => {
        const other = want.mixture.components[k]!;
        const deviation = (i: number) => Math.sqrt(other.covariance[i * (D + 1)]!);
        mean.forEach((value, i) =>
          expect(Math.abs(value - other.mean[i]!) / deviation(i)).toBeLessThan(1e-3),
        );
        covariance.forEach((value, e) => {
          const unit = deviation(Math.floor(e / D)) * deviation(e % D);
          expect(Math.abs(value - other.covariance[e]!) / unit).toBeLessThan(1e-3);
        });
      });
    }
  });

  test("rounds in dimensions of several tiles and no whole vec4s are those of float64", async () => {
    const [count, dimension, kinds] = [323, 45, 3];
    const draws = new Draws(5, 0);
    const points = Float32Array.from(
      { length: count * dimension },
      (_, i) => draws.normal() * (1 + ((Math.floor(i / dimension) + i) % kinds)) + (i % 7),
    );
    const groups = Uint32Array.from({ length: count }, (_, n) => n % kinds);
    const seen: number[] = [];
    const onIteration = (value: number) => void seen.push(value);
    const options = { components: kinds, labels: groups, iterations: 3, tolerance: 0, onIteration };
    const fitted = await fitMixture(device, points, dimension, options);
    const want = roundsOf(points, dimension, kinds, groups, 3);
    seen.forEach((value, i) => expect(Math.abs(value - want.seen[i]!)).toBeLessThan(1e-4));
    expect(Math.abs(fitted.logLikelihood(points) - want.seen.at(-1)!)).toBeLessThan(1e-4);
  });

  // scikit-learn 1.9.1, on the same points and from the same groups: GaussianMixture(4, weights_init, means_init and
  // precisions_init by their definition, with 1e-6 on the diagonals; reg_covar=1e-6, tol, max_iter=100), score(X).
  test.each([
    [1e-3, -21.405392363838722, 37],
    [1e-5, -21.389430029784197, 101],
  ])("with a tolerance of %s it is as likely as scikit-learn's", async (tolerance, score, rounds) => {
    let count = 0;
    const onIteration = () => void count++;
    const options = { components: K, labels, tolerance, iterations: 101, onIteration };
    const fitted = await fitMixture(device, mixed, D, options);
    expect(Math.abs(fitted.logLikelihood(mixed) - score)).toBeLessThan(1e-4);
    expect(count).toBe(rounds);
  });

  test.each([1, 3, 4, 5, 17])("one component of %s points is their mean and covariance", async (count) => {
    const points = normals(count * 3, 2).map((v, i) => v * (1 + (i % 3)) + 5);
    const mixture = await fitMixture(device, points, 3);
    const { mean, covariance } = moments(points, 3);
    expect([...mixture.weights]).toEqual([1]);
    expect(largestDifference(mixture.means, mean)).toBeLessThan(1e-12);
    const withDiagonal = covariance.map((value, i) => value + (i % 4 === 0 ? 1e-6 : 0));
    expect(largestDifference(mixture.covariances, withDiagonal)).toBeLessThan(1e-12);
  });

  test("three components are found again, whatever the seed", async () => {
    const points = truth.sample(6000, 1);
    for (const seed of [0, 1, 2]) {
      const fitted = await fitMixture(device, points, 2, { components: 3, seed });
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

  test("the likelihood rises from round to round, the fit is one of its seed, and more starts are no less likely", async () => {
    const points = Float32Array.from([...normals(900, 4), ...normals(600, 5).map((v, i) => v * (i % 3) + 1)]);
    const seen: number[] = [];
    const options = { components: 5, tolerance: 1e-6, seed: 8 };
    const fitted = await fitMixture(device, points, 3, {
      ...options,
      onIteration: (value) => void seen.push(value),
    });
    expect(seen.length).toBeGreaterThan(10);
    seen.slice(1).forEach((value, i) => expect(value).toBeGreaterThanOrEqual(seen[i]!));
    expect(Math.abs(fitted.logLikelihood(points) - seen.at(-1)!)).toBeLessThan(1e-5);
    expect((await fitMixture(device, points, 3, options)).toJSON()).toEqual(fitted.toJSON());
    const often = await fitMixture(device, points, 3, { ...options, starts: 3 });
    expect(often.logLikelihood(points)).toBeGreaterThanOrEqual(fitted.logLikelihood(points));
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
  ])("%s", async (_, points, dimension, components) => {
    for (const seed of [0, 1, 2]) {
      const seen: number[] = [];
      const onIteration = (value: number) => void seen.push(value);
      const mixture = await fitMixture(device, points, dimension, { components, seed, onIteration });
      expect(mixture.components).toHaveLength(components);
      expect(Number.isFinite(mixture.logLikelihood(points))).toBe(true);
      seen.slice(1).forEach((value, i) => expect(value).toBeGreaterThanOrEqual(seen[i]!));
      const samples = mixture.sample(50, seed);
      expect(samples.every(Number.isFinite)).toBe(true);
      const reach = 10 * points.reduce((most, v) => Math.max(most, Math.abs(v)), 0) + 1;
      expect(samples.every((value) => Math.abs(value) < reach)).toBe(true);
    }
  });

  test("components that no point belongs to go to points", async () => {
    const points = Float32Array.from({ length: 60 }, (_, i) => 5 + (Math.floor(i / 2) % 2));
    const mixture = await fitMixture(device, points, 2, { components: 5 });
    expect(mixture.weights.every((weight) => weight > 0.01)).toBe(true);
    expect(mixture.means.every((value) => Math.abs(value - 5) < 0.01 || Math.abs(value - 6) < 0.01)).toBe(
      true,
    );
  });

  test("a constant column stays constant in samples", async () => {
    const points = normals(90, 9).map((v, i) => (i % 3 === 1 ? 7 : v));
    const samples = (await fitMixture(device, points, 3)).sample(100, 0);
    for (let i = 1; i < samples.length; i += 3) expect(Math.abs(samples[i]! - 7)).toBeLessThan(0.01);
  });

  test.each<[string, () => Promise<Mixture>, typeof ArgumentError, RegExp]>([
    [
      "part of a point",
      () => fitMixture(device, new Float32Array(5), 2),
      ShapeError,
      /whole points of dimension 2, got 5/,
    ],
    ["no points", () => fitMixture(device, new Float32Array(0), 2), ShapeError, /got 0/],
    [
      "NaN",
      () => fitMixture(device, Float32Array.of(0, 1, 2, NaN), 2),
      NumericalError,
      /coordinate 1 of point 1 is NaN/,
    ],
    [
      "too many components",
      () => fitMixture(device, new Float32Array(4), 2, { components: 3 }),
      ArgumentError,
      /1 to 2/,
    ],
    [
      "groups that are none",
      () => fitMixture(device, new Float32Array(4), 2, { components: 2, labels: Uint32Array.of(0, 2) }),
      ArgumentError,
      /2 labels below 2/,
    ],
    ["no starts", () => fitMixture(device, new Float32Array(4), 2, { starts: 0 }), ArgumentError, /starts/],
    ["a broken seed", () => fitMixture(device, new Float32Array(4), 2, { seed: -1 }), ArgumentError, /seed/],
  ])("refuses %s", async (_, fit, kind, message) => {
    await expect(fit()).rejects.toThrow(kind);
    await expect(fit()).rejects.toThrow(message);
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

  test("comes back from JSON exactly", async () => {
    const fitted = await fitMixture(device, truth.sample(100, 1), 2, { components: 2 });
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
