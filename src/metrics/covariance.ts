import { Matrix } from "ml-matrix";
import { features } from "./features.ts";

/**
 * The covariance (D, D) of points (N, D) over N − 1, row-major in float64.
 *
 * @throws ShapeError for points that are not whole or fewer than two, NumericalError for values that are not finite.
 */
export function covarianceMatrix(points: ArrayLike<number>, dimension: number): Float64Array {
  const { values } = features("covarianceMatrix", points, dimension, 2);
  return Float64Array.from(covariance(values, meanOf(values, dimension)).to1DArray());
}

/** The mean (D) of points (N, D). */
export function meanOf(values: Float64Array, D: number): Float64Array {
  const mean = new Float64Array(D);
  for (let i = 0; i < values.length; i++) mean[i % D]! += values[i]! / (values.length / D);
  return mean;
}

/** The covariance over N − 1 of points (N, D) with that mean (D). */
export function covariance(values: Float64Array, mean: Float64Array): Matrix {
  const D = mean.length;
  const N = values.length / D;
  const sums = new Float64Array(D * D);
  const centred = new Float64Array(D);
  for (let n = 0; n < N; n++) {
    for (let i = 0; i < D; i++) centred[i] = values[n * D + i]! - mean[i]!;
    for (let i = 0; i < D; i++) for (let j = 0; j <= i; j++) sums[i * D + j]! += centred[i]! * centred[j]!;
  }
  const matrix = new Matrix(D, D);
  for (let i = 0; i < D; i++)
    for (let j = 0; j <= i; j++) {
      matrix.set(i, j, sums[i * D + j]! / (N - 1));
      matrix.set(j, i, sums[i * D + j]! / (N - 1));
    }
  return matrix;
}
