import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { countPoints, requireFinite } from "./points.ts";

/**
 * How straight the way through points (N, D) is, one after the other: the distance of its ends over its length, from 0 to
 * 1; 1 where all points are the same. Throws ShapeError for values that are no whole points.
 */
export function straightness(way: Float32Array, dimension: number): number {
  const N = countPoints("straightness", way, dimension);
  requireFinite("straightness", way, dimension);
  const between = (a: number, b: number) =>
    Math.hypot(
      ...Array.from({ length: dimension }, (_, i) => way[a * dimension + i]! - way[b * dimension + i]!),
    );
  let length = 0;
  for (let n = 1; n < N; n++) length += between(n - 1, n);
  return length > 0 ? between(0, N - 1) / length : 1;
}

/**
 * The deviation of points mu (N, D) along their narrowest direction, over that along their widest: 1 where they lie
 * as far in all directions, 0 on a line or a plane within. Unlike the variances of the coordinates it does not depend
 * on where the axes lie. 0 where all points are the same.
 */
export function roundness(mu: Float32Array, dimension: number): number {
  const N = countPoints("roundness", mu, dimension);
  requireFinite("roundness", mu, dimension);
  const means = new Float64Array(dimension);
  mu.forEach((value, i) => (means[i % dimension]! += value / N));
  const centred = Matrix.from1DArray(
    N,
    dimension,
    Array.from(mu, (value, i) => value - means[i % dimension]!),
  );
  const scatter = centred.transpose().mmul(centred);
  const { realEigenvalues } = new EigenvalueDecomposition(scatter, { assumeSymmetric: true });
  const widest = Math.max(...realEigenvalues);
  return widest > 0 ? Math.sqrt(Math.max(0, Math.min(...realEigenvalues)) / widest) : 0;
}
