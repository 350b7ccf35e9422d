import { EigenvalueDecomposition, Matrix, pseudoInverse } from "ml-matrix";
import { expect, test } from "vitest";
import { ArgumentError, ShapeError } from "../src/device/errors.ts";
import * as ops from "../src/ops/linear.ts";
import { mul } from "../src/ops/arithmetic.ts";
import { matmul } from "../src/ops/products.ts";
import { transpose } from "../src/ops/rearrange.ts";
import { tensor, type Tensor } from "../src/tensor/tensor.ts";
import { checkOp, expectClose, values, withDevices } from "./check.ts";

const matrix = (list: readonly number[], [M, N]: readonly number[]) =>
  new Matrix(Array.from({ length: M! }, (_, i) => list.slice(i * N!, (i + 1) * N!)));
/** Each matrix (M,N) of a batch apart, changed by `f`. */
const each = (list: readonly number[], shape: readonly number[], f: (a: Matrix) => Matrix) => {
  const size = shape.at(-2)! * shape.at(-1)!;
  return Array.from({ length: list.length / size }, (_, i) =>
    f(matrix(list.slice(i * size, (i + 1) * size), shape.slice(-2))).to1DArray(),
  ).flat();
};
const inverse = (a: Matrix) => pseudoInverse(a);
/** Far from singular. */
const dominant = (N: number) => (list: number[], i: number) =>
  i > 0 ? list : list.map((x, k) => (Math.floor(k / N) % N === k % N ? x + 3 : x));
const loose = { tol: 5e-5 };

for (const N of [1, 4, 5])
  checkOp("inverse", ops.inverse, ([a], [shape]) => each(a!, shape!, inverse), [[[2, N, N]]], {
    ...loose,
    prepare: dominant(N),
  });
checkOp("pinv", (a) => ops.pinv(a), ([a], [shape]) => each(a!, shape!, inverse), [[[5, 3]], [[3, 5]], [[2, 4, 4]]], loose); // prettier-ignore
const product = ([a, b]: number[][], shapes: number[][], f: (a: Matrix) => Matrix) =>
  f(matrix(a!, shapes[0]!))
    .mmul(matrix(b!, [shapes[1]![0]!, shapes[1]![1] ?? 1]))
    .to1DArray();
checkOp("solve", ops.solve, (lists, shapes) => product(lists, shapes, inverse), [[[4, 4], [4]], [[4, 4], [4, 3]]], { ...loose, prepare: dominant(4) }); // prettier-ignore
checkOp("lstsq", ops.lstsq, (lists, shapes) => product(lists, shapes, inverse), [[[6, 3], [6, 2]]], loose); // prettier-ignore
checkOp("matrixPower", (a) => ops.matrixPower(a, 5), ([a], [shape]) => each(a!, shape!, (m) => m.mmul(m).mmul(m).mmul(m).mmul(m)), [[[2, 3, 3]]], loose); // prettier-ignore
checkOp("matrixPower, inverse", (a) => ops.matrixPower(a, -2), ([a], [shape]) => each(a!, shape!, (m) => inverse(m.mmul(m))), [[[3, 3]]], { ...loose, prepare: dominant(3) }); // prettier-ignore
for (const order of [1, 2, 3, Infinity, -Infinity])
  checkOp(
    `vectorNorm ${order}`,
    (x) => ops.vectorNorm(x, order),
    ([x]) => {
      const sizes = x!.map(Math.abs);
      if (Math.abs(order) === Infinity) return [order > 0 ? Math.max(...sizes) : Math.min(...sizes)];
      return [sizes.reduce((sum, v) => sum + v ** order, 0) ** (1 / order)];
    },
    [[[7]]],
  );
const singular = (list: readonly number[], shape: readonly number[]) => {
  const a = matrix(list, shape);
  const squares = new EigenvalueDecomposition(a.transpose().mmul(a), { assumeSymmetric: true });
  return squares.realEigenvalues.map((x) => Math.sqrt(Math.max(0, x)));
};
checkOp("nuclear norm", (a) => ops.matrixNorm(a, "nuc"), ([a], [shape]) => [singular(a!, shape!).reduce((s, x) => s + x, 0)], [[[5, 3]]], loose); // prettier-ignore
checkOp("spectral norm", (a) => ops.matrixNorm(a, 2), ([a], [shape]) => [Math.max(...singular(a!, shape!))], [[[5, 3]]], loose); // prettier-ignore

/** Eigenvalues, the smallest first, and vectors of the symmetric part. */
function symmetric(list: readonly number[], shape: readonly number[]) {
  const a = matrix(list, shape);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(
    a.clone().add(a.transpose()).mul(0.5),
    {
      assumeSymmetric: true,
    },
  );
  const order = realEigenvalues.map((_, i) => i).sort((i, j) => realEigenvalues[i]! - realEigenvalues[j]!);
  return {
    values: order.map((i) => realEigenvalues[i]!),
    column: (k: number) => eigenvectorMatrix.getColumn(order[k]!),
  };
}
checkOp("eigenvalues", (a) => ops.eigh(a).values, ([a], [shape]) => symmetric(a!, shape!).values, [[[1, 1]], [[4, 4]], [[7, 7]]], loose); // prettier-ignore
/** Σ k v_k v_kᵀ, k from 0, which does not depend on the signs of the vectors. */
function weighed(a: Tensor): Tensor {
  const { vectors } = ops.eigh(a);
  const N = a.shape[0]!;
  const weights = a.device.tensor(Array.from({ length: N }, (_, k) => k));
  return matmul(mul(vectors, weights), transpose(vectors));
}
checkOp(
  "eigenvectors",
  weighed,
  ([a], [shape]) => {
    const { column } = symmetric(a!, shape!);
    const N = shape![0]!;
    const columns = Array.from({ length: N }, (_, k) => column(k));
    return Array.from({ length: N * N }, (_, e) =>
      columns.reduce((sum, v, k) => sum + k * v[Math.floor(e / N)]! * v[e % N]!, 0),
    );
  },
  [[[5, 5]]],
  { tol: 2e-4 },
);

withDevices((device) => {
  test("eigh of a batch, of opposite and of equal eigenvalues", async () => {
    const list = [0, 2, 2, 0, 3, 0, 0, 3, ...values(4, 3)];
    const a = tensor(device(), list, [3, 2, 2]);
    const { values: found, vectors } = ops.eigh(a);
    expect([...(await found.read())].slice(0, 4).map((x) => Math.round(x * 1e5) / 1e5)).toEqual([
      -2, 2, 3, 3,
    ]);
    const again = await matmul(mul(vectors, found.view([3, 1, 2])), transpose(vectors)).read();
    const mean = (list[9]! + list[10]!) / 2;
    expectClose(again, [...list.slice(0, 9), mean, mean, list[11]!], 1e-5);
    const inner = await matmul(vectors, vectors, { transposeA: true }).read();
    expectClose(inner, [1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1], 1e-5);
  });

  test("a rank below the full one, and what is refused", async () => {
    const a = tensor(device(), [1, 2, 2, 4], [2, 2]);
    expectClose(await ops.pinv(a).read(), [0.04, 0.08, 0.08, 0.16], 1e-5);
    expect(await ops.trace(a).item()).toBe(5);
    expect([...(await ops.matrixPower(a, 0).read())]).toEqual([1, 0, 0, 1]);
    expect(() => ops.inverse(tensor(device(), [1, 2], [1, 2]))).toThrow(ShapeError);
    expect(() => ops.eigh(tensor(device(), [1]))).toThrow(ShapeError);
    expect(() => ops.matrixPower(a, 0.5)).toThrow(ArgumentError);
  });
});
