import { ArgumentError } from "../device/errors.ts";
import { featurePair, squaredDistance, type Features } from "./features.ts";

/** How the supports of two sets of features overlap; each from 0 to 1, but for density, which may be larger. */
export interface Overlap {
  /** Share of generated points that lie within reach of a real one (Kynkäänniemi et al., 2019): are they any good? */
  precision: number;
  /** Share of real points that lie within reach of a generated one: is every kind there? */
  recall: number;
  /** Mean number, over k, of real points within whose reach a generated one lies (Naeem et al., 2020): precision that outliers do not inflate. */
  density: number;
  /** Share of real points that have a generated one within their reach (Naeem et al., 2020). */
  coverage: number;
}

/** Options of `overlap`. */
export interface OverlapOptions {
  /** Which neighbour of a point its reach goes to: from 1 to one less than there are points; 5 by default. */
  k?: number | undefined;
}

/**
 * Precision, recall, density and coverage of generated features against real ones, both (N, dimension). A point's
 * reach is its distance to the k-th nearest other point of its own set.
 *
 * A distance that equals the reach counts for precision and recall, but not for density and coverage: so it is in the
 * code of either paper's authors. The density of a set beside itself is therefore 1; where more than k real points
 * coincide their reach is 0, and nothing covers them.
 *
 * @throws ArgumentError for k that is not a whole number within its range, ShapeError or NumericalError for features
 * that are not whole, of fewer than two points or not finite.
 */
export function overlap(
  real: ArrayLike<number>,
  generated: ArrayLike<number>,
  dimension: number,
  { k = 5 }: OverlapOptions = {},
): Overlap {
  const pair = featurePair("overlap", real, generated, dimension, 2);
  for (const what of ["real", "generated"] as const) {
    const { N } = pair[what];
    if (!(Number.isInteger(k) && k >= 1 && k < N))
      throw new ArgumentError(`overlap: ${what}: k is ${k}; with ${N} points it goes from 1 to ${N - 1}`);
  }
  const [N, M] = [pair.real.N, pair.generated.N];
  const reachOfReal = reaches(pair.real, dimension, k);
  const reachOfGenerated = reaches(pair.generated, dimension, k);

  const [precise, recalled, covered] = [new Uint8Array(M), new Uint8Array(N), new Uint8Array(N)];
  let dense = 0;
  for (let n = 0; n < N; n++) {
    for (let m = 0; m < M; m++) {
      const apart = squaredDistance(pair.real.values, n, pair.generated.values, m, dimension);
      if (apart <= reachOfReal[n]!) precise[m] = 1;
      if (apart <= reachOfGenerated[m]!) recalled[n] = 1;
      if (apart < reachOfReal[n]!) {
        dense++;
        covered[n] = 1;
      }
    }
  }
  const share = (marks: Uint8Array) => marks.reduce((sum, mark) => sum + mark, 0) / marks.length;
  return {
    precision: share(precise),
    recall: share(recalled),
    density: dense / (k * M),
    coverage: share(covered),
  };
}

/** The squared distance of each point to the k-th nearest other one. */
function reaches({ N, values }: Features, dimension: number, k: number): Float64Array {
  const reach = new Float64Array(N);
  const distances = new Float64Array(N);
  for (let n = 0; n < N; n++) {
    for (let m = 0; m < N; m++) distances[m] = squaredDistance(values, n, values, m, dimension);
    distances[n] = Infinity;
    reach[n] = distances.slice().sort()[k - 1]!;
  }
  return reach;
}
