import { expect, test } from "vitest";
import { ArgumentError, NumericalError, ShapeError } from "../../src/device/errors.ts";
import { Draws } from "../../src/latent/draws.ts";
import { openUnits } from "../../src/latent/spectrum.ts";
import { absoluteCorrelation } from "../../src/metrics/correlation.ts";
import { covarianceMatrix } from "../../src/metrics/covariance.ts";
import { twoSampleTest } from "../../src/metrics/twoSample.ts";

/** N points of N(0, I) in D dimensions, each changed by `change`. */
function normals(N: number, D: number, seed: number, change = (point: number[]) => point): number[] {
  const draws = new Draws(seed, 9);
  return Array.from({ length: N }, () => change(Array.from({ length: D }, () => draws.normal()))).flat();
}

test("the absolute correlation is its definition, over the coordinates asked for", () => {
  const N = 60;
  const codes = normals(N, 4, 3, ([a, b, c]) => [a!, a! + b!, 3 * c! - 2 * b!, 7]);
  const column = (i: number) => Array.from({ length: N }, (_, n) => codes[4 * n + i]!);
  const mean = (list: number[]) => list.reduce((sum, x) => sum + x, 0) / list.length;
  const covariance = (i: number, j: number) => {
    const [x, y] = [column(i), column(j)];
    return x.reduce((sum, value, n) => sum + (value - mean(x)) * (y[n]! - mean(y)), 0) / (N - 1);
  };
  const correlation = (i: number, j: number) =>
    covariance(i, j) / Math.sqrt(covariance(i, i) * covariance(j, j));
  const three = absoluteCorrelation(codes, 4, [0, 1, 2]);
  const pairs = [
    [0, 1],
    [0, 2],
    [1, 2],
  ] as const;
  expect(three.correlation).toBeCloseTo(mean(pairs.map(([i, j]) => Math.abs(correlation(i, j)))), 12);
  expect(three.covariance).toBeCloseTo(mean(pairs.map(([i, j]) => Math.abs(covariance(i, j)))), 12);
  expect(three).toMatchObject({ samples: N, coordinates: [0, 1, 2] });
  // the constant coordinate correlates with none
  expect(absoluteCorrelation(codes, 4).correlation).toBeCloseTo(three.correlation / 2, 12);
  expect(absoluteCorrelation(codes, 4, [2])).toMatchObject({ correlation: 0, covariance: 0 });
  expect(absoluteCorrelation(codes, 4, [])).toMatchObject({ correlation: 0, covariance: 0 });
  const matrix = covarianceMatrix(codes, 4);
  for (let i = 0; i < 4; i++)
    for (let j = 0; j < 4; j++) expect(matrix[4 * i + j]).toBeCloseTo(covariance(i, j), 12);
});

test("independent coordinates are at the noise floor, equal ones at 1, whatever their scales", () => {
  for (const N of [1000, 10_000]) {
    const { correlation, floor } = absoluteCorrelation(
      normals(N, 12, N, (p) => p.map((x, i) => x * 10 ** (i - 6) + i)),
      12,
    );
    expect(floor).toBeCloseTo(N === 1000 ? 0.0252 : 0.008, 4);
    expect(correlation / floor).toBeGreaterThan(0.8);
    expect(correlation / floor).toBeLessThan(1.2);
  }
  expect(
    absoluteCorrelation(
      normals(50, 3, 1, ([a]) => [a!, -2 * a!, 1e-9 * a!]),
      3,
    ).correlation,
  ).toBeCloseTo(1, 12);
  expect(openUnits(Float32Array.of(0, 0.0999, 0.1, 0.5, 1))).toBe(3);
  expect(openUnits(Float32Array.of(0, 0.5, 1), 0.6)).toBe(1);
});

test("the two-sample distances are their definitions", () => {
  const D = 2;
  const [a, b] = [normals(5, D, 1), normals(4, D, 2, (p) => p.map((x) => 3 * x + 1))];
  const points = (set: number[]) =>
    Array.from({ length: set.length / D }, (_, n) => set.slice(n * D, n * D + D));
  const apart = (x: number[], y: number[]) => Math.hypot(...x.map((value, i) => value - y[i]!));
  const mean = (s: number[], t: number[], k: (distance: number) => number) => {
    const all = points(s).flatMap((x) => points(t).map((y) => k(apart(x, y))));
    return all.reduce((sum, value) => sum + value, 0) / all.length;
  };
  const within = (k: (distance: number) => number) => mean(a, a, k) + mean(b, b, k) - 2 * mean(a, b, k);
  expect(twoSampleTest(a, b, D).distance).toBeCloseTo(-within((d) => d), 12);
  const both = points([...a, ...b]);
  const all = both.flatMap((x, i) => both.slice(0, i).map((y) => apart(x, y))).sort((x, y) => x - y);
  const median = all[all.length / 2]!;
  expect(twoSampleTest(a, b, D, { statistic: "mmd" }).distance).toBeCloseTo(
    within((d) => Math.exp(-(d * d) / (2 * median * median))),
    12,
  );
  // in other units: energy in those, MMD in none
  const scaled = (set: number[]) => set.map((x) => 1e6 * x);
  expect(twoSampleTest(scaled(a), scaled(b), D).distance / 1e6).toBeCloseTo(
    twoSampleTest(a, b, D).distance,
    9,
  );
  expect(twoSampleTest(a, a, D)).toEqual({ distance: 0, pValue: 1 });
  expect(twoSampleTest([1, 1, 1], [1, 1], 1, { statistic: "mmd" })).toEqual({ distance: 0, pValue: 1 });
});

test("p-values are small for other means, spreads and shapes, and uniform where there is no difference", () => {
  const D = 3;
  const a = normals(200, D, 1);
  const others = [
    normals(200, D, 2, (p) => p.map((x) => x + 0.4)),
    normals(200, D, 3, (p) => p.map((x) => 1.6 * x)),
    normals(200, D, 4, ([x, y]) => [x!, y!, x!]),
  ];
  for (const statistic of ["energy", "mmd"] as const) {
    for (const b of others)
      expect(twoSampleTest(a, b, D, { statistic, samples: 200 }).pValue).toBeLessThan(0.03);
    const ps = Array.from(
      { length: 60 },
      (_, i) =>
        twoSampleTest(normals(30, D, 100 + i), normals(40, D, 300 + i), D, { statistic, permutations: 99 })
          .pValue,
    );
    const mean = ps.reduce((sum, p) => sum + p, 0) / ps.length;
    expect(mean).toBeGreaterThan(0.38); // 0.5 ± 0.29 / √60
    expect(mean).toBeLessThan(0.62);
    expect(ps.filter((p) => p <= 0.05).length).toBeLessThan(9);
  }
  expect(twoSampleTest(a, others[0]!, D, { seed: 5 })).toEqual(twoSampleTest(a, others[0]!, D, { seed: 5 }));
});

test("what cannot be compared is refused", () => {
  expect(() => absoluteCorrelation([1, 2, 3], 2)).toThrow(ShapeError);
  expect(() => absoluteCorrelation([1, 2], 2)).toThrow(ShapeError);
  expect(() => absoluteCorrelation([1, 2, NaN, 1], 2)).toThrow(NumericalError);
  expect(() => absoluteCorrelation([1, 2, 3, 4], 2, [0, 2])).toThrow(ArgumentError);
  expect(() => twoSampleTest([1, 2, 3], [1, 2, 3, 4], 2)).toThrow(ShapeError);
  expect(() => twoSampleTest([1, 2], [1, Infinity], 1)).toThrow(NumericalError);
  for (const bad of [{ samples: 1 }, { permutations: 0 }, { seed: -1 }, { samples: 2.5 }])
    expect(() => twoSampleTest([1, 2], [3, 4], 1, bad)).toThrow(ArgumentError);
});
