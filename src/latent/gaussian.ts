import { CholeskyDecomposition, Matrix } from "ml-matrix";
import { ArgumentError } from "../device/errors.ts";
import type { Draws } from "./draws.ts";

/** Points that go through one pass together: four sums that do not wait for one another. */
const lanes = 4;

/** A normal distribution in D dimensions: mean (D), covariance Σ = L Lᵀ (D, D). */
export class Gaussian {
  readonly mean: Float64Array;
  readonly covariance: Float64Array;
  /** L, lower triangular. */
  readonly factor: Float64Array;
  /** L⁻¹, lower triangular. */
  readonly inverse: Float64Array;
  /** The logarithm of the density at the mean. */
  readonly logScale: number;

  /** Throws ArgumentError unless the mean is finite and the covariance D × D, symmetric and positive definite. */
  constructor(mean: Float64Array, covariance: Float64Array) {
    const D = mean.length;
    if (D === 0 || !mean.every(Number.isFinite))
      throw new ArgumentError("Gaussian: expected a mean of finite numbers");
    const factor = covariance.length === D * D ? choleskyFactor(covariance, D) : undefined;
    if (!factor)
      throw new ArgumentError(`Gaussian: expected a symmetric, positive definite covariance of ${D} × ${D}`);
    this.mean = mean;
    this.covariance = covariance;
    this.factor = factor;
    this.inverse = inverseOfLower(factor, D);
    let logScale = -0.5 * D * Math.log(2 * Math.PI);
    for (let i = 0; i < D; i++) logScale -= Math.log(factor[i * D + i]!);
    this.logScale = logScale;
  }

  /** Writes log p(x) of every point x (N, D), plus `add`, to out[offset], out[offset + stride], … */
  logDensities(
    points: ArrayLike<number>,
    add: number,
    out: Float64Array,
    offset: number,
    stride: number,
  ): void {
    const D = this.mean.length;
    const N = points.length / D;
    const centred = new Float64Array(lanes * D);
    const W = this.inverse;
    for (let first = 0; first < N; first += lanes) {
      const count = Math.min(lanes, N - first);
      centre(points, this.mean, first, count, centred);
      let [q0, q1, q2, q3] = [0, 0, 0, 0];
      for (let i = 0; i < D; i++) {
        let [s0, s1, s2, s3] = [0, 0, 0, 0];
        const row = i * D;
        for (let j = 0; j <= i; j++) {
          const w = W[row + j]!;
          const at = lanes * j;
          s0 += w * centred[at]!;
          s1 += w * centred[at + 1]!;
          s2 += w * centred[at + 2]!;
          s3 += w * centred[at + 3]!;
        }
        q0 += s0 * s0;
        q1 += s1 * s1;
        q2 += s2 * s2;
        q3 += s3 * s3;
      }
      const squares = [q0, q1, q2, q3];
      for (let lane = 0; lane < count; lane++)
        out[offset + stride * (first + lane)] = add + this.logScale - 0.5 * squares[lane]!;
    }
  }

  /** Writes one sample, mean + L z with z standard normal, to `out` from `at` on. */
  draw(draws: Draws, out: Float32Array, at: number): void {
    const D = this.mean.length;
    const z = Float64Array.from({ length: D }, () => draws.normal());
    for (let i = 0; i < D; i++) {
      let value = this.mean[i]!;
      for (let j = 0; j <= i; j++) value += this.factor[i * D + j]! * z[j]!;
      out[at + i] = value;
    }
  }
}

/**
 * The normal distribution of points (N, D) that count with weights[offset], weights[offset + stride], … of sum
 * `total`: their mean, and their covariance about it with `regularisation` added to its diagonal; more, where rounding
 * leaves that not positive definite.
 */
export function weightedGaussian(
  points: ArrayLike<number>,
  D: number,
  weights: Float64Array,
  {
    offset,
    stride,
    total,
    regularisation,
  }: { offset: number; stride: number; total: number; regularisation: number },
): Gaussian {
  const N = points.length / D;
  const mean = new Float64Array(D);
  for (let n = 0; n < N; n++) {
    const weight = weights[offset + stride * n]! / total;
    if (weight !== 0) for (let j = 0; j < D; j++) mean[j]! += weight * points[n * D + j]!;
  }

  const covariance = new Float64Array(D * D);
  const centred = new Float64Array(lanes * D);
  for (let first = 0; first < N; first += lanes) {
    const count = Math.min(lanes, N - first);
    const weight = (lane: number) => (lane < count ? weights[offset + stride * (first + lane)]! / total : 0);
    const [w0, w1, w2, w3] = [weight(0), weight(1), weight(2), weight(3)];
    if (w0 + w1 + w2 + w3 === 0) continue;
    centre(points, mean, first, count, centred);
    for (let i = 0; i < D; i++) {
      const a0 = w0 * centred[lanes * i]!;
      const a1 = w1 * centred[lanes * i + 1]!;
      const a2 = w2 * centred[lanes * i + 2]!;
      const a3 = w3 * centred[lanes * i + 3]!;
      const row = i * D;
      for (let j = 0; j <= i; j++) {
        const at = lanes * j;
        covariance[row + j]! +=
          a0 * centred[at]! + a1 * centred[at + 1]! + a2 * centred[at + 2]! + a3 * centred[at + 3]!;
      }
    }
  }
  for (let i = 0; i < D; i++) for (let j = 0; j < i; j++) covariance[j * D + i] = covariance[i * D + j]!;
  return new Gaussian(mean, regularised(covariance, D, regularisation));
}

/** Adds `amount` to the diagonal, and ten times as much again until the matrix has a Cholesky factor. */
export function regularised(covariance: Float64Array, D: number, amount: number): Float64Array {
  let trace = 0;
  for (let i = 0; i < D; i++) trace += covariance[i * D + i]!;
  let more = Math.max(amount, Number.EPSILON * trace, Number.MIN_VALUE);
  for (let i = 0; i < D; i++) covariance[i * D + i]! += amount;
  while (!choleskyFactor(covariance, D)) {
    for (let i = 0; i < D; i++) covariance[i * D + i]! += more;
    more *= 10;
  }
  return covariance;
}

/** Writes points first … first + count − 1, less `mean`, to `out`: coordinate by coordinate, `lanes` points in each. */
function centre(
  points: ArrayLike<number>,
  mean: Float64Array,
  first: number,
  count: number,
  out: Float64Array,
): void {
  const D = mean.length;
  for (let lane = 0; lane < count; lane++) {
    const from = (first + lane) * D;
    for (let j = 0; j < D; j++) out[lanes * j + lane] = points[from + j]! - mean[j]!;
  }
}

/** L (D, D) with L Lᵀ = matrix; undefined unless that is symmetric and positive definite. */
function choleskyFactor(matrix: Float64Array, D: number): Float64Array | undefined {
  const square = new Matrix(D, D);
  for (let i = 0; i < D; i++) for (let j = 0; j < D; j++) square.set(i, j, matrix[i * D + j]!);
  if (!square.isSymmetric()) return undefined;
  const cholesky = new CholeskyDecomposition(square);
  if (!cholesky.isPositiveDefinite()) return undefined;
  return Float64Array.from(cholesky.lowerTriangularMatrix.to1DArray());
}

/** The inverse of a lower triangular matrix, by forward substitution, column by column. */
function inverseOfLower(L: Float64Array, D: number): Float64Array {
  const inverse = new Float64Array(D * D);
  for (let j = 0; j < D; j++) {
    inverse[j * D + j] = 1 / L[j * D + j]!;
    for (let i = j + 1; i < D; i++) {
      let sum = 0;
      for (let k = j; k < i; k++) sum += L[i * D + k]! * inverse[k * D + j]!;
      inverse[i * D + j] = -sum / L[i * D + i]!;
    }
  }
  return inverse;
}
