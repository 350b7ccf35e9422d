import { EigenvalueDecomposition, Matrix, SingularValueDecomposition } from "ml-matrix";
import { covariance, meanOf } from "./covariance.ts";
import { featurePair, representable, type Features } from "./features.ts";

/**
 * The Fréchet distance (Dowson & Landau, 1982) between the normal distributions fitted to two sets of features
 * (N, dimension):
 *
 *     ‖m_r − m_g‖² + tr(S_r + S_g − 2 (S_r^½ S_g S_r^½)^½)
 *
 * with covariances over N − 1. On features of an Inception network this is the FID (Heusel et al., 2017); on any
 * others it is on a scale of its own. It is biased upwards by few samples: use ten or more per dimension, and the
 * same number wherever distances are compared.
 *
 * In float64, to about 1e-7 of the traces, whatever the ranks of the covariances: with S = Fᵀ F, the trace of the root
 * is the sum of the singular values of F_r F_gᵀ.
 *
 * @throws ShapeError for features that are not whole or of fewer than two points, NumericalError for features that are
 * not finite or a distance that float64 does not hold.
 */
export function frechetDistance(
  real: ArrayLike<number>,
  generated: ArrayLike<number>,
  dimension: number,
): number {
  const pair = featurePair("frechetDistance", real, generated, dimension, 2);
  const r = moments(pair.real, dimension);
  const g = moments(pair.generated, dimension);
  const means = r.mean.reduce((sum, m, i) => sum + (m - g.mean[i]!) ** 2, 0);
  const crossed = nuclearNorm(r.factor.mmul(g.factor.transpose()));
  const spread = r.factor.norm() ** 2 + g.factor.norm() ** 2;
  const distance = Math.max(0, means + spread - 2 * crossed);
  return representable("frechetDistance", distance * pair.unit * pair.unit);
}

/** The mean of features, and a factor F of their covariance Fᵀ F, (least of N and dimension, dimension). */
function moments({ N, values }: Features, dimension: number): { mean: Float64Array; factor: Matrix } {
  const mean = meanOf(values, dimension);
  if (N > dimension) return { mean, factor: factorOf(covariance(values, mean)) };
  const factor = new Matrix(N, dimension);
  for (let n = 0; n < N; n++)
    for (let i = 0; i < dimension; i++)
      factor.set(n, i, (values[n * dimension + i]! - mean[i]!) / Math.sqrt(N - 1));
  return { mean, factor };
}

/** Λ^½ Qᵀ of S = Q Λ Qᵀ; eigenvalues that are rounding errors of the largest count as 0, else their roots would not be small. */
function factorOf(symmetric: Matrix): Matrix {
  const size = scaleToOne(symmetric);
  const { realEigenvalues, eigenvectorMatrix: Q } = new EigenvalueDecomposition(symmetric, {
    assumeSymmetric: true,
  });
  const least = Math.max(0, ...realEigenvalues) * symmetric.rows * Number.EPSILON;
  const roots = realEigenvalues.map((value) => (value > least ? Math.sqrt(value * size) : 0));
  return Q.transpose().mulColumnVector(roots);
}

/** The sum of the singular values. */
function nuclearNorm(matrix: Matrix): number {
  const size = scaleToOne(matrix);
  const { diagonal } = new SingularValueDecomposition(matrix, {
    computeLeftSingularVectors: false,
    computeRightSingularVectors: false,
    autoTranspose: true,
  });
  return size * diagonal.reduce((sum, value) => sum + value, 0);
}

/** Divides a matrix by its largest entry, which it returns: decompositions fail on numbers whose squares vanish. */
function scaleToOne(matrix: Matrix): number {
  const largest = Math.max(matrix.max(), -matrix.min());
  if (largest > 0) matrix.div(largest);
  return largest;
}
