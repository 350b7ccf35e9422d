import { ArgumentError } from "../device/errors.ts";
import { countPoints, requireFinite } from "../latent/points.ts";

/** How the supports of two sets of features overlap; each from 0 to 1, but for density, which may be larger. */
export interface Overlap {
  /** Share of generated points that lie within reach of a real one (Kynkäänniemi et al., 2019): are they any good? */
  precision: number;
  /** Share of real points that lie within reach of a generated one: is every kind there? */
  recall: number;
  /** Mean number, over k, of real points within whose reach a generated one lies (Naeem et al., 2020): precision that outliers do not inflate. */
  density: number;
  /** Share of real points that have a generated one within their reach. */
  coverage: number;
}

/**
 * Precision, recall, density and coverage of generated features against real ones, both (N, dimension). A point's
 * reach is its distance to the k-th nearest other point of its own set.
 *
 * @throws ArgumentError where a set has not more than k points, ShapeError or NumericalError for features that are
 * not whole or not finite.
 */
export function overlap(
  real: ArrayLike<number>,
  generated: ArrayLike<number>,
  dimension: number,
  { k = 5 }: { k?: number } = {},
): Overlap {
  const [N, M] = [real, generated].map((points, i) => {
    const what = `overlap: ${i === 0 ? "real" : "generated"}`;
    requireFinite(what, points, dimension);
    const count = countPoints(what, points, dimension);
    if (!(Number.isInteger(k) && k >= 1 && k < count))
      throw new ArgumentError(`${what}: k is ${k}; with ${count} points it goes from 1 to ${count - 1}`);
    return count;
  }) as [number, number];
  const reachOfReal = reaches(real, dimension, k);
  const reachOfGenerated = reaches(generated, dimension, k);

  const near = { real: new Uint32Array(M), covered: new Uint8Array(N), recalled: new Uint8Array(N) };
  for (let n = 0; n < N; n++) {
    for (let m = 0; m < M; m++) {
      const apart = squaredDistance(real, n, generated, m, dimension);
      if (apart <= reachOfReal[n]!) {
        near.real[m]!++;
        near.covered[n] = 1;
      }
      if (apart <= reachOfGenerated[m]!) near.recalled[n] = 1;
    }
  }
  const total = (list: Iterable<number>) => [...list].reduce((sum, value) => sum + value, 0);
  return {
    precision: near.real.filter((count) => count > 0).length / M,
    recall: total(near.recalled) / N,
    density: total(near.real) / (k * M),
    coverage: total(near.covered) / N,
  };
}

/** The squared distance of each point to the k-th nearest other one. */
function reaches(points: ArrayLike<number>, dimension: number, k: number): Float64Array {
  const N = points.length / dimension;
  const reach = new Float64Array(N);
  const distances = new Float64Array(N);
  for (let n = 0; n < N; n++) {
    for (let m = 0; m < N; m++) distances[m] = squaredDistance(points, n, points, m, dimension);
    distances[n] = Infinity;
    reach[n] = distances.slice().sort()[k - 1]!;
  }
  return reach;
}

function squaredDistance(
  a: ArrayLike<number>,
  n: number,
  b: ArrayLike<number>,
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
