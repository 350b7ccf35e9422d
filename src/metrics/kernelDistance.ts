import { features, representable, type Features } from "./features.ts";

/**
 * The kernel distance (KID: Bińkowski et al., 2018) between two sets of features (N, dimension): the squared maximum
 * mean discrepancy under the kernel (x · y / dimension + 1)³, estimated without bias. The mean within a set leaves out
 * the pairs of a point with itself, the mean across the sets takes all pairs; so the distance may be slightly negative
 * where both sets come from one distribution, and it is where they are the same points.
 *
 * @throws ShapeError for features that are not whole or of fewer than two points, NumericalError for features that are
 * not finite or whose kernel float64 does not hold.
 */
export function kernelDistance(
  real: ArrayLike<number>,
  generated: ArrayLike<number>,
  dimension: number,
): number {
  const r = features("kernelDistance: real", real, dimension, 2);
  const g = features("kernelDistance: generated", generated, dimension, 2);
  const distance = meanWithin(r, dimension) + meanWithin(g, dimension) - 2 * meanAcross(r, g, dimension);
  return representable("kernelDistance", distance);
}

/** The mean of the kernel over all pairs of two different points of a set. */
function meanWithin({ N, values }: Features, dimension: number): number {
  let total = 0;
  for (let n = 0; n < N; n++)
    for (let m = n + 1; m < N; m++) total += kernel(values, n, values, m, dimension);
  return (2 * total) / (N * (N - 1));
}

/** The mean of the kernel over all pairs of a point of `a` and one of `b`. */
function meanAcross(a: Features, b: Features, dimension: number): number {
  let total = 0;
  for (let n = 0; n < a.N; n++)
    for (let m = 0; m < b.N; m++) total += kernel(a.values, n, b.values, m, dimension);
  return total / (a.N * b.N);
}

function kernel(a: Float64Array, n: number, b: Float64Array, m: number, dimension: number): number {
  let dot = 0;
  for (let i = 0; i < dimension; i++) dot += a[n * dimension + i]! * b[m * dimension + i]!;
  return (dot / dimension + 1) ** 3;
}
