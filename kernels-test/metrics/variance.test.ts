import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { expect, test } from "vitest";
import { ArgumentError, NumericalError, ShapeError } from "../../src/device/errors.ts";
import { Draws } from "../../src/latent/draws.ts";
import { codeMoments, meanDistance, normalityTest } from "../../src/metrics/normality.ts";
import { varianceLaw } from "../../src/metrics/varianceLaw.ts";
import { varianceLoss, VarianceLoss } from "../../src/metrics/varianceLoss.ts";

type Rows = number[][];

/** N points of `D` coordinates that depend on each other. */
function mixed(N: number, D: number, seed: number): Rows {
  const draws = new Draws(seed, 1);
  const maps = Array.from({ length: D }, () => Array.from({ length: D }, () => draws.normal()));
  return Array.from({ length: N }, () => {
    const z = Array.from({ length: D }, () => draws.normal());
    return maps.map((row, i) => i + row.reduce((sum, w, j) => sum + w * z[j]!, 0));
  });
}

const normal = (N: number, D: number, seed: number) => {
  const draws = new Draws(seed, 2);
  return Float64Array.from({ length: N * D }, () => draws.normal());
};
const mean = (list: number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
const variance = (list: number[]) => mean(list.map((value) => (value - mean(list)) ** 2));
const column = (rows: Rows, i: number) => rows.map((row) => row[i]!);
const columns = (rows: Rows) => rows[0]!.map((_, i) => column(rows, i));

test("the variance loss is the mean over features of what their variances over samples lose, batch by batch", () => {
  const [x, made] = [mixed(50, 4, 1), mixed(50, 4, 2)];
  const loss = mean(columns(x).map((list, i) => variance(list) - variance(column(made, i))));
  const mse = mean(x.flatMap((row, n) => row.map((value, i) => (value - made[n]![i]!) ** 2)));
  const got = varianceLoss(made.flat(), x.flat(), 4);
  expect(got.loss).toBeCloseTo(loss, 12);
  expect(got.mse).toBeCloseTo(mse, 12);
  expect(got.ratio).toBeCloseTo(loss / mse, 12);
  const parts = new VarianceLoss(4);
  for (const [from, to] of [
    [0, 1],
    [1, 30],
    [30, 50],
  ])
    parts.add(made.slice(from, to).flat(), x.slice(from, to).flat());
  expect(parts.loss).toBeCloseTo(loss, 12);
  expect(parts.mse).toBeCloseTo(mse, 12);
});

test("what PCA of any rank loses of the variance is its mean squared error", () => {
  const x = mixed(200, 6, 3);
  const means = columns(x).map(mean);
  const centred = new Matrix(x.map((row) => row.map((value, i) => value - means[i]!)));
  const { eigenvectorMatrix } = new EigenvalueDecomposition(centred.transpose().mmul(centred), {
    assumeSymmetric: true,
  });
  for (let rank = 0; rank < 6; rank++) {
    const kept = eigenvectorMatrix.subMatrixColumn(Array.from({ length: rank }, (_, i) => 5 - i));
    const made = rank > 0 ? centred.mmul(kept).mmul(kept.transpose()) : Matrix.zeros(200, 6);
    const { loss, mse } = varianceLoss(made.addRowVector(means).to1DArray(), x.flat(), 6);
    expect(mse).toBeGreaterThan(1e-3);
    expect(loss / mse).toBeCloseTo(1, 11);
  }
});

test("samples averaged with a permutation of them lose their mean squared error; with three permutations they do not", () => {
  const x = mixed(101, 3, 4);
  const shifted = (by: number) => x.map((_, n) => x[(n + by) % 101]!);
  const averaged = (...sets: Rows[]) =>
    x.map((row, n) => row.map((_, i) => mean(sets.map((set) => set[n]![i]!))));
  expect(varianceLoss(averaged(x, shifted(17)).flat(), x.flat(), 3).ratio).toBeCloseTo(1, 12);
  const more = varianceLoss(averaged(x, shifted(17), shifted(40), shifted(77)).flat(), x.flat(), 3);
  expect(Math.abs(more.ratio - 1)).toBeGreaterThan(1e-3);
});

test("the variance law by its definition; a coordinate of mean variance above 0.8 is not active", () => {
  const mu = mixed(40, 3, 5);
  const draws = new Draws(6, 3);
  const spread = mu.map(() => [0.3 * draws.uniform(), 0.8, 0.81]);
  const got = varianceLaw(mu.flat(), spread.flat(), 3);
  columns(mu).forEach((list, i) => {
    expect(got.mean[i]).toBeCloseTo(mean(list), 12);
    expect(got.spread[i]).toBeCloseTo(variance(list), 12);
    expect(got.variance[i]).toBeCloseTo(mean(column(spread, i)), 12);
    expect(got.law[i]).toBeCloseTo(mean(list.map((m) => m * m)) + mean(column(spread, i)), 12);
  });
  expect(got.meanLaw).toBeCloseTo(mean([...got.law]), 12);
  expect(got.activeUnits).toBe(got.active.filter(Boolean).length);
  expect([got.active[0], got.active[2]]).toEqual([true, false]);
});

test("moments of codes by their definitions, and the eigenvalues of their covariance", () => {
  const codes = mixed(60, 4, 7);
  const got = codeMoments(codes.flat(), 4);
  columns(codes).forEach((list, i) => {
    const standard = list.map((value) => (value - mean(list)) / Math.sqrt(variance(list)));
    expect(got.mean[i]).toBeCloseTo(mean(list), 12);
    expect(got.variance[i]).toBeCloseTo(variance(list), 12);
    expect(got.skewness[i]).toBeCloseTo(mean(standard.map((value) => value ** 3)), 11);
    expect(got.kurtosis[i]).toBeCloseTo(mean(standard.map((value) => value ** 4)) - 3, 11);
  });
  // traces of the covariance C and of C²
  const C = columns(codes).map((a, i) =>
    columns(codes).map((b, j) => mean(a.map((value, n) => (value - got.mean[i]!) * (b[n]! - got.mean[j]!)))),
  );
  const sum = (list: Iterable<number>) => [...list].reduce((total, value) => total + value, 0);
  expect(sum(got.eigenvalues)).toBeCloseTo(sum(C.map((row, i) => row[i]!)), 10);
  expect(sum(got.eigenvalues.map((value) => value ** 2))).toBeCloseTo(
    sum(C.flat().map((value) => value ** 2)),
    9,
  );
  expect([...got.eigenvalues]).toEqual([...got.eigenvalues].sort((a, b) => b - a));
});

test("the mean distance of N(0, I) from a point is that of the confluent hypergeometric function", () => {
  // √2 Γ((D + 1)/2) / Γ(D/2) · ₁F₁(−½; D/2; −‖a‖²/2) by SciPy 1.17
  for (const [D, square, want] of [
    [1, 0, 0.7978845608028655],
    [1, 2.25, 1.5586135875252094],
    [2, 0.5, 1.4052789381211552],
    [3, 9, 3.3331977099463406],
    [16, 30, 6.721023867390405],
    [64, 64, 11.280525839487856],
    [64, 500, 23.728803816881232],
    [5, 4000, 63.27717202712219],
  ] as const)
    expect(Math.abs(meanDistance(square, D) / want - 1)).toBeLessThan(1e-12);
  // on the real line ∫ |a − z| φ(z) dz, also where the series gives way to its limit
  expect(meanDistance(4e6, 1) / 2000).toBeCloseTo(1, 12);
  expect(meanDistance(1.99999e6, 7) / Math.sqrt(1.99999e6 + 6)).toBeCloseTo(1, 9);
});

test("the distance from N(0, I) is the energy distance, and its p-value finds what differs and little else", () => {
  const [D, n] = [2, 60];
  const codes = normal(n, D, 8);
  const point = (i: number) => [codes[D * i]!, codes[D * i + 1]!] as const;
  const apart = (a: readonly [number, number], b: readonly [number, number]) =>
    Math.hypot(a[0] - b[0], a[1] - b[1]);
  const many = normal(20000, D, 9);
  const within = mean(
    Array.from({ length: n * n }, (_, at) => apart(point(at % n), point(Math.floor(at / n)))),
  );
  const across = mean(
    Array.from({ length: n * 2000 }, (_, at) => {
      const z = [many[(20 * at) % 40000]!, many[((20 * at) % 40000) + 1]!] as const;
      return apart(point(at % n), z);
    }),
  );
  const { distance, samples } = normalityTest(codes, D, { draws: 1 });
  expect(samples).toBe(n);
  expect(Math.abs(distance - (2 * across - Math.sqrt(Math.PI) - within))).toBeLessThan(0.03); // E ‖Z − Z'‖ = √π in the plane

  const p = (values: Float64Array) => normalityTest(values, D, { samples: 200 }).pValue;
  const many400 = normal(400, D, 10);
  expect(p(many400)).toBeGreaterThan(0.05);
  expect(p(many400.map((value) => value + 0.4))).toBe(0.005);
  expect(p(many400.map((value) => 0.7 * value))).toBe(0.005);
  expect(p(many400.map((value) => Math.sign(value) * (0.8 + 0.6 * Math.abs(value) * 0.5)))).toBe(0.005); // four clusters
  const found = Array.from({ length: 60 }, (_, seed) =>
    normalityTest(normal(30, D, 20 + seed), D, { draws: 19, seed }).pValue <= 0.1 ? 1 : 0,
  );
  expect(mean(found)).toBeLessThan(0.25);
});

test("values that are not whole, not finite or no variances are refused in words", () => {
  const three = [1, 2, 3];
  expect(() => varianceLaw(three, [0, 1, -1], 3)).toThrow(ArgumentError);
  expect(() => varianceLaw(three, [0, 1, -1], 3)).toThrow(
    /coordinate 2 of point 0 is -1; a variance is not negative/,
  );
  expect(() => varianceLaw(three, [1, 1, 1, 1, 1, 1], 3)).toThrow(/1 means, but 2 variances/);
  expect(() => varianceLoss(three, [1, 2, 3, 4, 5, 6], 3)).toThrow(ShapeError);
  expect(() => varianceLoss(three, [1, NaN, 3], 3)).toThrow(NumericalError);
  expect(() => new VarianceLoss(0)).toThrow(/dimension/);
  expect(() => new VarianceLoss(2).loss).toThrow(/no values were added/);
  for (const op of [codeMoments, normalityTest]) {
    expect(() => op(three, 3)).toThrow(/expected 2 or more whole points/);
    expect(() => op([1, 2, 3, Infinity], 2)).toThrow(NumericalError);
  }
  expect(() => normalityTest(normal(4, 2, 1), 2, { samples: 1 })).toThrow(/samples/);
  expect(() => normalityTest(normal(4, 2, 1), 2, { draws: 0 })).toThrow(/draws/);
});
