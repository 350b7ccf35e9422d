import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { countPoints, requireFinite } from "./points.ts";

/**
 * The deviations of codes mu (N, D) along the principal directions of their cloud, largest first, (D): of two numbers that
 * rise and fall together, one is 0.
 *
 * @throws ShapeError or NumericalError for mu that is not whole or not finite.
 */
export function principalDeviations(mu: Float32Array, dimension: number): Float64Array {
  const N = countPoints("principalDeviations", mu, dimension);
  requireFinite("principalDeviations", mu, dimension);
  const points = Matrix.from1DArray(N, dimension, Array.from(mu)).center("column");
  const covariance = points.transpose().mmul(points).div(N);
  const { realEigenvalues } = new EigenvalueDecomposition(covariance, { assumeSymmetric: true });
  return Float64Array.from(realEigenvalues.reverse(), (value) => Math.sqrt(Math.max(0, value)));
}
