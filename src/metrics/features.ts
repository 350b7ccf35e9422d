import { NumericalError } from "../device/errors.ts";
import { countPoints, requireFinite } from "../latent/points.ts";

/** Features of N samples, (N, dimension), in float64. */
export interface Features {
  N: number;
  values: Float64Array;
}

/** Two sets of features whose squares float64 holds: all values are divided by `unit`, a power of two. */
export interface FeaturePair {
  real: Features;
  generated: Features;
  unit: number;
}

/**
 * Both sets of features (N, dimension), divided by the power of two at or below their largest value.
 *
 * @throws ShapeError for values that are no whole points or fewer than `least`, NumericalError for one that is not finite.
 */
export function featurePair(
  op: string,
  real: ArrayLike<number>,
  generated: ArrayLike<number>,
  dimension: number,
  least: number,
): FeaturePair {
  const [r, g] = [
    features(`${op}: real`, real, dimension, least),
    features(`${op}: generated`, generated, dimension, least),
  ];
  const largest = Math.max(largestOf(r.values), largestOf(g.values));
  const unit = largest > 0 ? 2 ** Math.min(1023, Math.floor(Math.log2(largest))) : 1;
  for (const { values } of [r, g]) for (let i = 0; i < values.length; i++) values[i]! /= unit;
  return { real: r, generated: g, unit };
}

/** One set of features in float64, as they are. Throws as `featurePair` does. */
export function features(
  what: string,
  values: ArrayLike<number>,
  dimension: number,
  least: number,
): Features {
  const N = countPoints(what, values, dimension, least);
  requireFinite(what, values, dimension);
  return { N, values: Float64Array.from(values) };
}

/** Evenly spaced ones of the features (N, dimension), at most `most` of them. */
export function thinned({ N, values }: Features, most: number, dimension: number): Float64Array {
  const n = Math.min(N, most);
  const kept = new Float64Array(n * dimension);
  for (let i = 0; i < n; i++) {
    const from = Math.floor((i * N) / n) * dimension;
    kept.set(values.subarray(from, from + dimension), i * dimension);
  }
  return kept;
}

/** The squared distance of point n of `a` (N, dimension) from point m of `b`. */
export function squaredDistance(
  a: Float64Array,
  n: number,
  b: Float64Array,
  m: number,
  dimension: number,
): number {
  let sum = 0;
  for (let i = 0; i < dimension; i++) {
    const difference = a[n * dimension + i]! - b[m * dimension + i]!;
    sum += difference * difference;
  }
  return sum;
}

/** `distance`, unless it left the range of float64. */
export function representable(op: string, distance: number): number {
  if (Number.isFinite(distance)) return distance;
  throw new NumericalError(
    `${op}: the distance of these features is past float64's 1.8e308; scale them down`,
  );
}

function largestOf(values: Float64Array): number {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  return largest;
}
