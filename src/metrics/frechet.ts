import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { countPoints, requireFinite } from "../latent/points.ts";

/**
 * The Fréchet distance between the normal distributions fitted to two sets of features (N, dimension):
 *
 *     ‖m_r − m_g‖² + tr(S_r + S_g − 2 (S_r^½ S_g S_r^½)^½)
 *
 * with covariances over N − 1. On features of an Inception network this is the FID (Heusel et al., 2017); on any
 * others it is on a scale of its own. It is biased upwards by few samples: use ten or more per dimension, and the
 * same number wherever distances are compared. Float64, by two symmetric eigenvalue problems; where points are fewer than
 * their dimension, by one of their number: the last term is the nuclear norm of A_r A_gᵀ, where S = Aᵀ A.
 *
 * @throws ShapeError or NumericalError for features that are not whole, fewer than two, or not finite.
 */
export function frechetDistance(
  real: ArrayLike<number>,
  generated: ArrayLike<number>,
  dimension: number,
): number {
  if (Math.max(real.length, generated.length) < dimension * dimension)
    return ofFewPoints(real, generated, dimension);
  const r = moments("real", real, dimension);
  const g = moments("generated", generated, dimension);
  const means = r.mean.reduce((sum, m, i) => sum + (m - g.mean[i]!) ** 2, 0);
  const root = squareRoot(r.covariance);
  const middle = root.mmul(g.covariance).mmul(root);
  const crossed = eigenvalues(middle).reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0);
  return Math.max(0, means + r.covariance.trace() + g.covariance.trace() - 2 * crossed);
}

function ofFewPoints(real: ArrayLike<number>, generated: ArrayLike<number>, dimension: number): number {
  const r = deviations("real", real, dimension);
  const g = deviations("generated", generated, dimension);
  const means = r.mean.reduce((sum, m, i) => sum + (m - g.mean[i]!) ** 2, 0);
  const products = r.points.mmul(g.points.transpose());
  const crossed = eigenvalues(products.mmul(products.transpose())).reduce(
    (sum, value) => sum + Math.sqrt(Math.max(0, value)),
    0,
  );
  return Math.max(0, means + r.points.norm() ** 2 + g.points.norm() ** 2 - 2 * crossed);
}

/** The mean of points (N, dimension), and their deviations from it over the root of N − 1: A of the covariance Aᵀ A. */
function deviations(what: string, points: ArrayLike<number>, dimension: number) {
  const { N, mean } = meanOf(what, points, dimension);
  const scale = 1 / Math.sqrt(N - 1);
  const rows = Array.from({ length: N }, (_, n) =>
    Array.from(mean, (m, i) => (points[n * dimension + i]! - m) * scale),
  );
  return { mean, points: new Matrix(rows) };
}

function meanOf(what: string, points: ArrayLike<number>, dimension: number) {
  const N = countPoints(`frechetDistance: ${what}`, points, dimension, 2);
  requireFinite(`frechetDistance: ${what}`, points, dimension);
  const mean = new Float64Array(dimension);
  for (let i = 0; i < points.length; i++) mean[i % dimension]! += points[i]! / N;
  return { N, mean };
}

/** Mean and covariance of points (N, dimension). */
function moments(what: string, points: ArrayLike<number>, dimension: number) {
  const { N, mean } = meanOf(what, points, dimension);
  const covariance = Matrix.zeros(dimension, dimension);
  const centred = new Float64Array(dimension);
  for (let n = 0; n < N; n++) {
    for (let i = 0; i < dimension; i++) centred[i] = points[n * dimension + i]! - mean[i]!;
    for (let i = 0; i < dimension; i++) {
      const row = centred[i]! / (N - 1);
      for (let j = 0; j <= i; j++) covariance.set(i, j, covariance.get(i, j) + row * centred[j]!);
    }
  }
  for (let i = 0; i < dimension; i++) for (let j = 0; j < i; j++) covariance.set(j, i, covariance.get(i, j));
  return { mean, covariance };
}

function eigenvalues(symmetric: Matrix): number[] {
  const even = symmetric.clone().add(symmetric.transpose()).mul(0.5);
  return new EigenvalueDecomposition(even, { assumeSymmetric: true }).realEigenvalues;
}

/** The symmetric square root of a positive semidefinite matrix. */
function squareRoot(symmetric: Matrix): Matrix {
  const { realEigenvalues, eigenvectorMatrix: Q } = new EigenvalueDecomposition(symmetric, {
    assumeSymmetric: true,
  });
  const roots = Matrix.diag(realEigenvalues.map((value) => Math.sqrt(Math.max(0, value))));
  return Q.mmul(roots).mmul(Q.transpose());
}
