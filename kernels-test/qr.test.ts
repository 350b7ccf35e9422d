import { expect, test } from "vitest";
import { ArgumentError, ShapeError } from "../src/device/errors.ts";
import { add, mul } from "../src/ops/arithmetic.ts";
import { eye, full } from "../src/ops/create.ts";
import * as ops from "../src/ops/matrixFunctions.ts";
import { det, qr, slogdet, type QrOptions } from "../src/ops/qr.ts";
import { matmul } from "../src/ops/products.ts";
import { concat, reshape, transpose } from "../src/ops/rearrange.ts";
import { backward } from "../src/tensor/tape.ts";
import { tensor, zeros, type Tensor } from "../src/tensor/tensor.ts";
import { checkOp, expectClose, withDevices } from "./check.ts";

type Matrix = number[][];
const rows = (list: readonly number[], N: number): Matrix =>
  Array.from({ length: list.length / N }, (_, i) => list.slice(i * N, (i + 1) * N));
const product = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0]!.map((_, j) => row.reduce((sum, value, k) => sum + value * b[k]![j]!, 0)));
const identity = (N: number): Matrix =>
  Array.from({ length: N }, (_, i) => Array.from({ length: N }, (_, j) => Number(i === j)));
/** Each matrix of a batch by itself. */
const each = (list: readonly number[], shape: readonly number[], f: (a: Matrix) => number[]) => {
  const size = shape.at(-2)! * shape.at(-1)!;
  return Array.from({ length: list.length / size }, (_, i) =>
    f(rows(list.slice(i * size, (i + 1) * size), shape.at(-1)!)),
  );
};

/** Householder's factorisation, one reflection for each column. */
function householder(a: Matrix): { Q: Matrix; R: Matrix } {
  const [M, N] = [a.length, a[0]!.length];
  let [Q, R] = [identity(M), a.map((row) => [...row])];
  for (let j = 0; j < Math.min(M, N); j++) {
    const v = R.map((row, i) => (i < j ? 0 : row[j]!));
    v[j]! += (v[j]! < 0 ? -1 : 1) * Math.hypot(...v);
    const square = v.reduce((sum, x) => sum + x * x, 0);
    const H = identity(M).map((row, i) => row.map((one, k) => one - (2 * v[i]! * v[k]!) / square));
    [Q, R] = [product(Q, H), product(H, R)];
  }
  return { Q, R };
}

/** The determinant by its expansion along the first row. */
function determinant([first, ...rest]: Matrix): number {
  if (!first) return 1;
  const without = (j: number) => rest.map((row) => row.toSpliced(j, 1));
  return first.reduce((sum, x, j) => sum + (x === 0 ? 0 : (-1) ** j * x * determinant(without(j))), 0);
}

/** 2 more on the diagonal, so that no column depends on others. */
const clear = (x: Tensor) => add(x, mul(eye(x.device, x.shape.at(-2)!, x.shape.at(-1)), 2));
const cleared = (a: Matrix) => a.map((row, i) => row.map((x, j) => x + (i === j ? 2 : 0)));
const both = (a: Tensor, options: QrOptions) => {
  const { Q, R } = qr(clear(a), options);
  return concat([reshape(Q, [Q.size]), reshape(R, [R.size])]);
};
const factors = (list: number[], shape: number[], full = false) => {
  const all = each(list, shape, (a) => {
    const { Q, R } = householder(cleared(a));
    const K = full ? a.length : Math.min(a.length, a[0]!.length);
    return [...Q.flatMap((row) => row.slice(0, K)), ...R.slice(0, K).flat()];
  });
  const K = full ? shape.at(-2)! : Math.min(...shape.slice(-2));
  const ofQ = shape.at(-2)! * K;
  return [...all.flatMap((both) => both.slice(0, ofQ)), ...all.flatMap((both) => both.slice(ofQ))];
};

checkOp("qr", (a) => both(a, {}), ([a], [shape]) => factors(a!, shape!), [[[1, 1]], [[5, 3]], [[3, 5]], [[2, 2, 4, 4]], [[34, 33]], [[3, 1, 6]]], { tol: 3e-5, slow: true }); // prettier-ignore
checkOp("qr, full, wide", (a) => both(a, { full: true }), ([a], [shape]) => factors(a!, shape!, true), [[[3, 4]]], { tol: 3e-5, slow: true }); // prettier-ignore
checkOp("det", det, ([a], [shape]) => each(a!, shape!, (m) => [determinant(m)]).flat(), [[[1, 1]], [[3, 2, 2]], [[2, 3, 5, 5]]], { tol: 3e-5, slow: true }); // prettier-ignore
checkOp("det of singular matrices", det, ([a], [shape]) => each(a!, shape!, (m) => [determinant(m)]).flat(), [[[2, 3, 3]], [[4, 4]]], { tol: 3e-5, slow: true, prepare: (list) => list.map((x, i) => (i < 3 && list.length === 18 ? list[i + 3]! : list.length === 16 && i < 4 ? 0 : x)) }); // prettier-ignore
checkOp(
  "slogdet",
  (a) => {
    const { sign, logarithm } = slogdet(a);
    return mul(sign, logarithm);
  },
  ([a], [shape]) =>
    each(a!, shape!, (m) => {
      const value = determinant(m);
      return [Math.sign(value) * Math.log(Math.abs(value))];
    }).flat(),
  [[[2, 2]], [[2, 3, 5, 5]]],
  { tol: 5e-5, slow: true },
);

/** a aᵀ + 1, which is positive definite; symmetric also where only one entry of a is changed. */
const positive = (a: Matrix) => product(a, a[0]!.map((_, j) => a.map((row) => row[j]!))).map((row, i) => row.map((x, j) => x + Number(i === j))); // prettier-ignore
/** Σ cᵏ aᵏ / k!, of 60 terms. */
const exponential = (a: Matrix) => {
  let [sum, term] = [identity(a.length), identity(a.length)];
  for (let k = 1; k < 60; k++) {
    term = product(term, a).map((row) => row.map((x) => x / k));
    sum = sum.map((row, i) => row.map((x, j) => x + term[i]![j]!));
  }
  return sum;
};
/** √a by the iteration of Denman and Beavers, with inverses by Gauss and Jordan. */
function root(a: Matrix): Matrix {
  let [y, z] = [a, identity(a.length)];
  const mean = (p: Matrix, q: Matrix) => p.map((row, i) => row.map((x, j) => (x + q[i]![j]!) / 2));
  for (let k = 0; k < 40; k++) [y, z] = [mean(y, inverse(z)), mean(z, inverse(y))];
  return y;
}
function inverse(a: Matrix): Matrix {
  const w = a.map((row, i) => [...row, ...identity(a.length)[i]!]);
  for (let j = 0; j < a.length; j++) {
    const best = w.reduce(
      (most, row, i) => (i >= j && Math.abs(row[j]!) > Math.abs(w[most]![j]!) ? i : most),
      j,
    );
    [w[j], w[best]] = [w[best]!, w[j]!];
    const pivot = w[j]!.map((x) => x / w[j]![j]!);
    w.forEach((row, i) => (w[i] = i === j ? pivot : row.map((x, k) => x - row[j]! * pivot[k]!)));
  }
  return w.map((row) => row.slice(a.length));
}
const definite = (f: (a: Tensor) => Tensor) => (a: Tensor) => f(add(gram(a), eye(a.device, a.shape.at(-1)!)));
const gram = (a: Tensor) => matmul(a, a, { transposeB: true });
const loose = { tol: 5e-5, slow: true };
checkOp("matrixSqrt", definite(ops.matrixSqrt), ([a], [shape]) => each(a!, shape!, (m) => root(positive(m)).flat()).flat(), [[[3, 3]], [[2, 4, 4]]], loose); // prettier-ignore
checkOp("symmetricPower", definite((a) => ops.symmetricPower(a, -0.5)), ([a], [shape]) => each(a!, shape!, (m) => inverse(root(positive(m))).flat()).flat(), [[[4, 4]]], loose); // prettier-ignore
checkOp("matrixLog", (a) => ops.matrixExp(definite(ops.matrixLog)(a)), ([a], [shape]) => each(a!, shape!, (m) => positive(m).flat()).flat(), [[[3, 3]]], loose); // prettier-ignore
checkOp("matrixExp", (a) => ops.matrixExp(mul(a, 3)), ([a], [shape]) => each(a!, shape!, (m) => exponential(m.map((row) => row.map((x) => 3 * x))).flat()).flat(), [[[1, 1]], [[2, 4, 4]]], loose); // prettier-ignore

withDevices((device) => {
  test("a full Q is square and has no gradient where it is not unique", async () => {
    const a = tensor(device(), [1, 2, 3, 4, 5, 7], [3, 2]);
    a.requiresGrad = true;
    const { Q, R } = qr(a, { full: true });
    expect([Q.shape, R.shape]).toEqual([
      [3, 3],
      [3, 2],
    ]);
    expectClose(await matmul(Q, R).read(), [1, 2, 3, 4, 5, 7], 1e-6);
    expectClose(await matmul(Q, Q, { transposeA: true }).read(), identity(3).flat(), 1e-6);
    expect(() => backward(R)).toThrow(ArgumentError);
    expect(() => qr(zeros(device(), [3]))).toThrow(ShapeError);
    expect(() => det(a)).toThrow(ShapeError);
  });

  test("dependent columns, zeros, sizes near the ends, and nothing at all", async () => {
    const zero = qr(zeros(device(), [3, 2]));
    expectClose(await matmul(zero.Q, zero.Q, { transposeA: true }).read(), [1, 0, 0, 1], 1e-6);
    for (const size of [1e-30, 1e30]) {
      const a = tensor(device(), [size, 2 * size, 2 * size, 4 * size], [2, 2]);
      expectClose(await matmul(qr(a).Q, qr(a).R).read(), await a.read(), 1e-6);
    }
    const many = mul(eye(device(), 100), full(device(), [100], 10));
    expectClose(await slogdet(many).logarithm.read(), [100 * Math.log(10)], 1e-6);
    expect([await det(many).item(), await det(mul(eye(device(), 80), 0.1)).item()]).toEqual([Infinity, 0]);
    const none = slogdet(zeros(device(), [2, 2]));
    expect([await none.sign.item(), await none.logarithm.item()]).toEqual([0, -Infinity]);
    expect(await det(zeros(device(), [0, 0])).item()).toBe(1);
    expect(qr(zeros(device(), [4, 0, 3])).Q.shape).toEqual([4, 0, 0]);
  });

  test("equal eigenvalues have a gradient, which is that of the function", async () => {
    const a = mul(eye(device(), 3), 4);
    const x = tensor(device(), await a.read(), [3, 3]);
    x.requiresGrad = true;
    backward(ops.matrixSqrt(x), tensor(device(), [0, 1, 0, 1, 0, 0, 0, 0, 1], [3, 3]));
    expectClose(await x.grad!.read(), [0, 0.25, 0, 0.25, 0, 0, 0, 0, 0.25], 1e-5);
    expectClose(await ops.matrixExp(mul(eye(device(), 2), -100)).read(), [0, 0, 0, 0], 1e-6);
    expectClose(await ops.matrixExp(transpose(zeros(device(), [2, 2]))).read(), [1, 0, 0, 1], 1e-6);
  });
});
