import { countPoints, requireFinite } from "../latent/points.ts";

/**
 * The kernel distance (KID: Bińkowski et al., 2018) between two sets of features (N, dimension): the squared maximum
 * mean discrepancy under the kernel (x · y / dimension + 1)³, estimated without bias from all pairs, so that it may
 * be slightly negative where both come from one distribution.
 *
 * @throws ShapeError or NumericalError for features that are not whole, fewer than two, or not finite.
 */
export function kernelDistance(
  real: ArrayLike<number>,
  generated: ArrayLike<number>,
  dimension: number,
): number {
  for (const [what, points] of Object.entries({ real, generated })) {
    countPoints(`kernelDistance: ${what}`, points, dimension, 2);
    requireFinite(`kernelDistance: ${what}`, points, dimension);
  }
  return (
    meanKernel(real, real, dimension) +
    meanKernel(generated, generated, dimension) -
    2 * meanKernel(real, generated, dimension)
  );
}

/** The mean of the kernel over all pairs of a point of `a` and one of `b`; over those of two different points in one set. */
function meanKernel(a: ArrayLike<number>, b: ArrayLike<number>, dimension: number): number {
  const [N, M] = [a.length / dimension, b.length / dimension];
  let total = 0;
  for (let n = 0; n < N; n++) {
    for (let m = a === b ? n + 1 : 0; m < M; m++) {
      let dot = 0;
      for (let i = 0; i < dimension; i++) dot += a[n * dimension + i]! * b[m * dimension + i]!;
      total += (dot / dimension + 1) ** 3;
    }
  }
  return a === b ? (2 * total) / (N * (N - 1)) : total / (N * M);
}
