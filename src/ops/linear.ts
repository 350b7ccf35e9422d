import { ArgumentError, ShapeError } from "../device/errors.ts";
import { show } from "../tensor/shape.ts";
import { track, trackAll } from "../tensor/tape.ts";
import { checkTensors, type Tensor } from "../tensor/tensor.ts";
import { add, div, mul, pow, sub, where } from "./arithmetic.ts";
import { diag, eye } from "./create.ts";
import { abs } from "./elementwise.ts";
import { composed } from "./lib/composed.ts";
import { lessEqual, notEqual } from "./logic.ts";
import { matmul } from "./products.ts";
import { flip, reshape, transpose } from "./rearrange.ts";
import { amax, amin, norm, sum, type Axes } from "./reduce.ts";
import { svd } from "./svd.ts";

function checkMatrix(op: string, a: Tensor, square: boolean): void {
  checkTensors(op, a);
  const [M, N] = a.shape.slice(-2);
  if (N === undefined || (square && M !== N))
    throw new ShapeError(
      `${op}: a is ${show(a.shape)}; expected a ${square ? "square " : ""}matrix, or a batch of them`,
    );
}

const transposed = (a: Tensor, b: Tensor) => matmul(a, b, { transposeA: true });

/** V diag(1/s) Uᵀ of a = U diag(s) Vᵀ, without the values that are at most `cutoff` times the largest. */
function invert(a: Tensor, cutoff: number): Tensor {
  const { U, S, Vt } = svd(a);
  const inverse = div(1, S);
  const kept = cutoff < 0 ? inverse : where(lessEqual(S, mul(amax(S, -1, true), cutoff)), 0, inverse);
  const rows = reshape(kept, [...S.shape, 1]);
  return matmul(mul(Vt, rows), U, { transposeA: true, transposeB: true });
}

/**
 * The inverse of a square matrix a (…,N,N), by its singular values. One without an inverse gives infinities and NaN. Source of
 * the gradient: d(a⁻¹) = -a⁻¹ da a⁻¹.
 *
 * @throws ShapeError where a is not square.
 */
export function inverse(a: Tensor): Tensor {
  checkMatrix("inverse", a, true);
  const { device } = a;
  const p = device.scope(() => device.noGrad(() => invert(a, -1)));
  return track(p, [a], (dp) => [
    device.scope(() => mul(transposed(p, matmul(dp, p, { transposeB: true })), -1)),
  ]);
}

/**
 * The pseudo-inverse (…,N,M) of a (…,M,N), by its singular values; those that are at most `cutoff` times the largest count as
 * 0: the longer side times 2⁻²³ unless given. The gradient is that at constant rank. Source: Golub and Pereyra, SIAM J. Numer. Anal. 10, 1973, equation 4.12.
 */
export function pinv(a: Tensor, cutoff?: number): Tensor {
  checkMatrix("pinv", a, false);
  const least = cutoff ?? Math.max(...a.shape.slice(-2)) * 2 ** -23;
  if (!(least >= 0)) throw new ArgumentError(`pinv: the cutoff is a number from 0, not ${least}`);
  const { device } = a;
  const [M, N] = a.shape.slice(-2) as [number, number];
  const p = device.scope(() => device.noGrad(() => invert(a, least)));
  return track(p, [a], (dp) => [
    device.scope(() => {
      const inner = mul(transposed(p, matmul(dp, p, { transposeB: true })), -1);
      const gt = transpose(dp);
      const left = matmul(sub(eye(device, M), matmul(a, p)), matmul(matmul(gt, p), p, { transposeB: true }));
      const right = matmul(matmul(transposed(p, p), gt), sub(eye(device, N), matmul(p, a)));
      return add(inner, add(left, right));
    }),
  ]);
}

/** x of a x = b for square matrices a (…,N,N), and b (N), or (…,N,M): by the inverse. */
export function solve(a: Tensor, b: Tensor): Tensor {
  checkTensors("solve", a, b);
  return composed([a, b], () => matmul(inverse(a), b));
}

/** The shortest x for which ‖a x - b‖ is least, for a (…,M,N) and b (M), or (…,M,K): by the pseudo-inverse. */
export function lstsq(a: Tensor, b: Tensor): Tensor {
  checkTensors("lstsq", a, b);
  return composed([a, b], () => matmul(pinv(a), b));
}

/** Eigenvalues (…,N), the smallest first, and orthonormal eigenvectors (…,N,N), one to a column. */
export interface Eigen {
  values: Tensor;
  vectors: Tensor;
}

/**
 * Eigenvalues and eigenvectors of symmetric matrices a (…,N,N): by the SVD of a + c I, c so large that all its eigenvalues are
 * positive. It takes the symmetric part of a. Values are right to a few units of rounding of the largest. Gradients of
 * vectors leave out what turns those of equal values into each other, where they are not defined.
 *
 * @throws ShapeError where a is not square.
 */
export function eigh(a: Tensor): Eigen {
  checkMatrix("eigh", a, true);
  const { device } = a;
  const N = a.shape.at(-1)!;
  const { values, vectors } = device.scope(() =>
    device.noGrad(() => {
      const even = mul(add(a, transpose(a)), 0.5);
      const most = amax(sum(abs(even), -1, true), -2, true);
      const { U } = svd(add(even, mul(eye(device, N), most)));
      const vectors = flip(U, -1);
      return { vectors, values: sum(mul(vectors, matmul(even, vectors)), -2) };
    }),
  );
  trackAll([values, vectors], [a], ([dValues, dVectors]) => [
    device.scope(() => {
      const row = reshape(values, [...values.shape.slice(0, -1), 1, N]);
      let inner = dValues && mul(eye(device, N), reshape(dValues, row.shape));
      if (dVectors) {
        const gaps = sub(row, transpose(row));
        const least = mul(amax(abs(row), -1, true), N * 2 ** -23);
        const turned = where(lessEqual(abs(gaps), least), 0, div(transposed(vectors, dVectors), gaps));
        inner = inner ? add(inner, turned) : turned;
      }
      const da = matmul(matmul(vectors, inner!), vectors, { transposeB: true });
      return mul(add(da, transpose(da)), 0.5);
    }),
  ]);
  return { values, vectors };
}

/** a (…,N,N) to the power of a whole number: by squaring, of the inverse where it is negative. */
export function matrixPower(a: Tensor, n: number): Tensor {
  checkMatrix("matrixPower", a, true);
  if (!Number.isInteger(n)) throw new ArgumentError(`matrixPower: the power is a whole number, not ${n}`);
  return composed([a], () => {
    let [square, left] = [n < 0 ? inverse(a) : a, Math.abs(n)];
    let power: Tensor | undefined;
    for (; left > 0; left = Math.floor(left / 2)) {
      if (left % 2 === 1) power = power ? matmul(power, square) : square;
      if (left > 1) square = matmul(square, square);
    }
    return power ? reshape(power, a.shape) : add(mul(a, 0), eye(a.device, a.shape.at(-1)!));
  });
}

/** The sum of the diagonal of a matrix (N,M). */
export function trace(a: Tensor): Tensor {
  checkTensors("trace", a);
  if (a.shape.length !== 2) throw new ShapeError(`trace: a is ${show(a.shape)}; give a matrix`);
  return composed([a], () => sum(diag(a)));
}

/**
 * The norm (Σ |x|^p)^(1/p) over `axes`, all by default: 1 is the sum of sizes, 2 the length, Infinity the largest size,
 * -Infinity the smallest, 0 counts what is not 0.
 */
export function vectorNorm(x: Tensor, order = 2, axes?: Axes, keepDims = false): Tensor {
  checkTensors("vectorNorm", x);
  if (Number.isNaN(order)) throw new ArgumentError("vectorNorm: the order is a number, not NaN");
  return composed([x], () => {
    if (order === 2) return norm(x, axes, keepDims);
    if (order === 0) return sum(notEqual(x, 0), axes, keepDims);
    const sizes = abs(x);
    if (order === Infinity) return amax(sizes, axes, keepDims);
    if (order === -Infinity) return amin(sizes, axes, keepDims);
    return order === 1 ? sum(sizes, axes, keepDims) : pow(sum(pow(sizes, order), axes, keepDims), 1 / order);
  });
}

/** Norms of matrices a (…,M,N): "fro", of all entries; "nuc", the sum of singular values; 2, the largest of them. */
export function matrixNorm(a: Tensor, order: "fro" | "nuc" | 2 = "fro"): Tensor {
  checkMatrix("matrixNorm", a, false);
  return composed([a], () => {
    if (order === "fro") return norm(a, [-2, -1]);
    const { S } = svd(a);
    if (order === "nuc") return sum(S, -1);
    if (order === 2) return amax(S, -1);
    throw new ArgumentError(`matrixNorm: an order is "fro", "nuc" or 2, not ${JSON.stringify(order)}`);
  });
}
