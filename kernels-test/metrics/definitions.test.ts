import fc from "fast-check";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { expect, test } from "vitest";
import { Dataset } from "../../src/data/dataset.ts";
import { ArgumentError, NumericalError, ShapeError } from "../../src/device/errors.ts";
import { Draws, streams } from "../../src/latent/draws.ts";
import { bumpFitError } from "../../src/metrics/bumpFit.ts";
import { frechetDistance } from "../../src/metrics/frechet.ts";
import { kernelDistance } from "../../src/metrics/kernelDistance.ts";
import { overlap } from "../../src/metrics/manifold.ts";
import { pcaError } from "../../src/metrics/pca.ts";
import { relativeErrorPercent } from "../../src/metrics/relativeError.ts";
import { slicedWasserstein } from "../../src/metrics/slicedWasserstein.ts";

// Each metric beside its definition, written out slowly in float64, on sets with ties, duplicates, constant and
// dependent coordinates, fewer points than dimensions, and sets that are the same.

type Points = number[][];

interface Sets {
  real: Points;
  generated: Points;
  D: number;
}

/** Small whole numbers tie; the others hardly do; a coordinate may be a multiple of the first, or constant. */
function sets({ least = 2, sameCount = false } = {}): fc.Arbitrary<Sets> {
  return fc
    .record({
      D: fc.integer({ min: 1, max: 4 }),
      N: fc.integer({ min: least, max: 6 }),
      M: fc.integer({ min: least, max: 6 }),
    })
    .chain(({ D, N, M }) => {
      const value = fc.oneof(
        fc.integer({ min: -1, max: 2 }),
        fc.integer({ min: -(2 ** 22), max: 2 ** 22 }).map((x) => x / 2 ** 20),
      );
      const points = (count: number) =>
        fc.array(fc.array(value, { minLength: D, maxLength: D }), { minLength: count, maxLength: count });
      const factors = fc.array(fc.constantFrom(undefined, undefined, 0, -2), { minLength: D, maxLength: D });
      return fc
        .record({ real: points(N), generated: points(sameCount ? N : M), factors, same: fc.boolean() })
        .map((made) => {
          const dependent = (list: Points) =>
            list.map((point) =>
              point.map((x, i) => (made.factors[i] === undefined ? x : made.factors[i] * point[0]!)),
            );
          const real = dependent(made.real);
          const isSame = made.same && real.length === made.generated.length;
          return { real, generated: isSame ? real.map((p) => [...p]) : dependent(made.generated), D };
        });
    });
}

function agree(name: string, runs: number, options: Parameters<typeof sets>[0], check: (sets: Sets) => void) {
  test(`${name}, ${runs} pairs of sets`, () => {
    fc.assert(fc.property(sets(options), check), { numRuns: runs, seed: 21 });
  });
}

const sum = (list: Iterable<number>) => [...list].reduce((total, x) => total + x, 0);
const mean = (list: number[]) => sum(list) / list.length;
const dot = (x: number[], y: number[]) => sum(x.map((value, i) => value * y[i]!));
const squaredDistance = (x: number[], y: number[]) => sum(x.map((value, i) => (value - y[i]!) ** 2));
const near = (got: number, want: number, tolerance: number) => {
  if (!(Math.abs(got - want) <= tolerance)) expect.fail(`${got}, wanted ${want} to ${tolerance}`);
};

agree("the kernel distance is the unbiased estimate of MMD²", 1000, {}, ({ real, generated, D }) => {
  const k = (x: number[], y: number[]) => (dot(x, y) / D + 1) ** 3;
  const within = (set: Points) =>
    mean(set.flatMap((x, n) => set.filter((_, m) => m !== n).map((y) => k(x, y))));
  const across = mean(real.flatMap((x) => generated.map((y) => k(x, y))));
  const size = Math.max(...[...real, ...generated].map((x) => Math.abs(k(x, x))), 1);
  near(
    kernelDistance(real.flat(), generated.flat(), D),
    within(real) + within(generated) - 2 * across,
    1e-12 * size,
  );
});

agree("the Fréchet distance is that of Dowson and Landau", 1000, {}, ({ real, generated, D }) => {
  const moments = (set: Points) => {
    const m = Array.from({ length: D }, (_, i) => mean(set.map((x) => x[i]!)));
    const S = m.map((_, i) =>
      m.map((__, j) => sum(set.map((x) => (x[i]! - m[i]!) * (x[j]! - m[j]!))) / (set.length - 1)),
    );
    return { m, S: new Matrix(S) };
  };
  const [r, g] = [moments(real), moments(generated)];
  const traces = r.S.trace() + g.S.trace();
  // the eigenvalues of S_r S_g are those of S_r^½ S_g S_r^½
  const product = new EigenvalueDecomposition(r.S.mmul(g.S), { assumeSymmetric: false }).realEigenvalues;
  const want =
    squaredDistance(r.m, g.m) + traces - 2 * sum(product.map((value) => Math.sqrt(Math.max(0, value))));
  near(
    frechetDistance(real.flat(), generated.flat(), D),
    Math.max(0, want),
    2e-7 * (1e-30 + traces + squaredDistance(r.m, g.m)),
  );
});

agree("overlap is that of Kynkäänniemi and of Naeem", 1000, {}, ({ real, generated, D }) => {
  for (let k = 1; k < Math.min(real.length, generated.length); k++) {
    const reaches = (set: Points) =>
      set.map(
        (x, n) =>
          set
            .filter((_, m) => m !== n)
            .map((y) => squaredDistance(x, y))
            .sort((a, b) => a - b)[k - 1]!,
      );
    const [R, G] = [reaches(real), reaches(generated)];
    const d = real.map((x) => generated.map((y) => squaredDistance(x, y)));
    const share = (flags: boolean[]) => mean(flags.map(Number));
    expect(overlap(real.flat(), generated.flat(), D, { k })).toEqual({
      precision: share(generated.map((_, m) => real.some((__, n) => d[n]![m]! <= R[n]!))),
      recall: share(real.map((_, n) => generated.some((__, m) => d[n]![m]! <= G[m]!))),
      density:
        sum(generated.flatMap((_, m) => real.map((__, n) => Number(d[n]![m]! < R[n]!)))) /
        (k * generated.length),
      coverage: share(real.map((_, n) => Math.min(...d[n]!) < R[n]!)),
    });
  }
});

agree(
  "the sliced Wasserstein distance is the least of all assignments",
  300,
  { least: 1, sameCount: true },
  ({ real, generated, D }) => {
    const [directions, seed] = [3, 7];
    const draws = new Draws(seed, streams.directions);
    const costs = Array.from({ length: directions }, () => {
      const w = Array.from({ length: D }, () => draws.normal());
      const along = (set: Points) => set.map((x) => dot(x, w) / Math.hypot(...w));
      const [a, b] = [along(real), along(generated)];
      return Math.min(...orders(b).map((order) => mean(order.map((value, n) => (value - a[n]!) ** 2))));
    });
    const got = slicedWasserstein(real.flat(), generated.flat(), D, { directions, seed });
    near(got ** 2, mean(costs), 1e-12);
  },
);

function orders(list: number[]): number[][] {
  if (list.length < 2) return [list];
  return list.flatMap((first, i) => orders(list.filter((_, j) => j !== i)).map((rest) => [first, ...rest]));
}

agree(
  "which object holds the values does not matter, nor does the scale",
  300,
  { sameCount: true },
  ({ real, generated, D }) => {
    const [a, b] = [Float64Array.from(real.flat()), Float64Array.from(generated.flat())];
    for (const distance of [kernelDistance, frechetDistance, slicedWasserstein])
      expect(distance(a, a, D)).toBe(distance(a, a.slice(), D));
    expect(overlap(a, a, D, { k: 1 })).toEqual(overlap(a, a.slice(), D, { k: 1 }));
    near(frechetDistance(a, a, D), 0, 1e-12 * (1 + dot([...a], [...a])));
    expect(slicedWasserstein(a, a, D)).toBe(0);
    for (const scale of [2 ** 332, 2 ** -500]) {
      const [bigA, bigB] = [a.map((x) => x * scale), b.map((x) => x * scale)];
      if (scale > 1) near(frechetDistance(bigA, bigB, D) / scale / scale, frechetDistance(a, b, D), 1e-12);
      near(slicedWasserstein(bigA, bigB, D) / scale, slicedWasserstein(a, b, D), 1e-12);
      near(
        relativeErrorPercent(bigA, bigB),
        relativeErrorPercent(a, b),
        1e-9 * relativeErrorPercent(a, b) || 0,
      );
    }
    const big = 2 ** 900;
    const scaled = (list: Float64Array) => list.map((x) => (Math.abs(x) < 2 ** -60 ? 0 : x) * big);
    const plain = (list: Float64Array) => list.map((x) => (Math.abs(x) < 2 ** -60 ? 0 : x));
    expect(overlap(scaled(a), scaled(b), D, { k: 1 })).toEqual(overlap(plain(a), plain(b), D, { k: 1 }));
  },
);

test("what float64 does not hold is refused in words", () => {
  const big = Array.from({ length: 24 }, (_, i) => 1e100 * Math.sin(i * i));
  const half = big.map((x) => x / 2);
  expect(() => kernelDistance(big, half, 2)).toThrow(NumericalError);
  expect(() => kernelDistance(big, half, 2)).toThrow(/past float64's 1.8e308; scale them down/);
  const small = big.map((x) => x / 1e100);
  expect(frechetDistance(big, half, 2) / 1e200).toBeCloseTo(
    frechetDistance(
      small,
      small.map((x) => x / 2),
      2,
    ),
    12,
  );
  const vast = big.map((x) => 1e90 * x);
  expect(() =>
    frechetDistance(
      vast,
      vast.map((x) => -x / 2),
      2,
    ),
  ).toThrow(/frechetDistance: the distance of these features is past/);
});

test("points whose dimension is larger than their number, of every rank, beside themselves and each other", () => {
  // along one axis each: the distance is that of their variances, 4 + 1 where the axes are orthogonal
  const along = (axis: number, size: number) =>
    [-size, size].flatMap((x) => Array.from({ length: 50 }, (_, i) => (i === axis ? 7 + x / Math.SQRT2 : 7)));
  expect(frechetDistance(along(3, 2), along(3, 1), 50)).toBeCloseTo(1, 12);
  expect(frechetDistance(along(3, 2), along(4, 1), 50)).toBeCloseTo(5, 12);
  expect(frechetDistance(along(3, 2), along(3, 2), 50)).toBe(0);
});

test("a wrong option is an ArgumentError that says what is wanted", () => {
  const points = Float32Array.from({ length: 24 }, (_, i) => Math.sin(i));
  const data = new Dataset({ name: "waves", shape: [3], stored: points });
  const calls: Record<string, (value: number) => unknown> = {
    "slicedWasserstein: directions": (directions) => slicedWasserstein(points, points, 3, { directions }),
    "overlap: real: k": (k) => overlap(points, points, 3, { k }),
    "pcaError: for waves, k": (k) => pcaError(data, k),
    "pcaError: samples": (samples) => pcaError(data, 1, { samples }),
    "bumpFitError: size": (size) => bumpFitError(points, { size, mean: 0, std: 1 }),
  };
  for (const [name, call] of Object.entries(calls))
    for (const value of [0, -1, NaN, 1.5, Infinity, "3" as unknown as number]) {
      expect(() => call(value), `${name} ${value}`).toThrow(ArgumentError);
      expect(() => call(value)).toThrow(name);
    }
  for (const distance of [kernelDistance, frechetDistance, overlap, slicedWasserstein]) {
    for (const dimension of [0, -1, NaN, 1.5, Infinity])
      expect(() => distance(points, points, dimension)).toThrow(ArgumentError);
    expect(() => distance(points, points, 5)).toThrow(/whole points of dimension 5, got 24 values/);
    expect(() => distance(points, points.subarray(1), 3)).toThrow(ShapeError);
    for (const bad of [NaN, Infinity, -Infinity])
      expect(() => distance(points, points.with(7, bad), 3)).toThrow(
        `generated: coordinate 1 of point 2 is ${bad}`,
      );
  }
  for (const distance of [kernelDistance, frechetDistance, overlap])
    expect(() => distance(points.subarray(0, 3), points, 3)).toThrow(/real: expected 2 or more whole points/);
  expect(() => slicedWasserstein(points, points, 3, { seed: NaN })).toThrow(
    /seed is NaN; expected a whole number from 0 to 4294967295/,
  );
  for (const std of [0, -1, NaN, Infinity])
    expect(() => bumpFitError(points.subarray(0, 4), { size: 2, mean: 0, std })).toThrow(
      /bumpFitError: std is .* above 0/,
    );
  expect(() => bumpFitError(points.subarray(0, 4).with(2, NaN), { size: 2, mean: 0, std: 1 })).toThrow(
    /coordinate 2 of point 0 is NaN/,
  );
});

test("the linear bound names a NaN by the sample that has it, and is exact for a rank that is not full", () => {
  const stored = Float32Array.from({ length: 30 }, (_, i) => i);
  const holed = new Dataset({ name: "holed", shape: [3], stored: stored.with(28, NaN) });
  expect(() => pcaError(holed, 1)).toThrow("pcaError: value 1 of sample 9 of holed is NaN");
  const rank3 = Float32Array.from({ length: 300 * 260 }, (_, i) => {
    const [n, d] = [Math.floor(i / 260), i % 260];
    return Math.sin(n) * Math.cos(d) + Math.sin(n * n) * Math.cos(2 * d) + Math.sin(3 * n) * Math.cos(d * d);
  });
  const data = new Dataset({ name: "rank3", shape: [260], stored: rank3 });
  expect(pcaError(data, 5)).toBeLessThan(1e-3);
  expect(pcaError(data, 2)).toBeGreaterThan(10);
});

test("relative errors of any magnitude", () => {
  expect(relativeErrorPercent([0], [1e-200])).toBe(100);
  expect(relativeErrorPercent([3e200, 4e200], [3e200, 0])).toBeCloseTo(400 / 3, 12);
  expect(relativeErrorPercent([Infinity], [1])).toBe(Infinity);
});
