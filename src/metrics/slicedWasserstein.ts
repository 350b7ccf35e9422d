import { checkSeed, checkWhole } from "../device/arguments.ts";
import { ArgumentError } from "../device/errors.ts";
import { Draws, streams } from "../latent/draws.ts";
import { featurePair, representable, type Features } from "./features.ts";

/** Options of `slicedWasserstein`. */
export interface SlicedWassersteinOptions {
  /** Random directions that are averaged over, from 1 on; 256 by default. */
  directions?: number | undefined;
  /** Fixes the directions: a whole number of 32 bits; 0 by default. */
  seed?: number | undefined;
}

/**
 * The sliced Wasserstein distance between two sets of as many points (N, dimension), features or pixels: the root of
 * the mean, over random directions, of the squared 2-Wasserstein distance of the two projections, which sorting
 * gives (Rabin et al., 2012). In the units of the points.
 *
 * @throws ArgumentError for sets of different sizes and for options outside of their range, ShapeError or NumericalError
 * for points that are not whole or not finite.
 */
export function slicedWasserstein(
  real: ArrayLike<number>,
  generated: ArrayLike<number>,
  dimension: number,
  { directions = 256, seed = 0 }: SlicedWassersteinOptions = {},
): number {
  checkWhole("slicedWasserstein: directions", directions, 1);
  checkSeed("slicedWasserstein: seed", seed);
  const pair = featurePair("slicedWasserstein", real, generated, dimension, 1);
  const { N } = pair.real;
  if (pair.generated.N !== N)
    throw new ArgumentError(
      `slicedWasserstein: ${N} real points and ${pair.generated.N} generated ones; expected as many`,
    );
  const draws = new Draws(seed, streams.directions);
  let total = 0;
  for (let d = 0; d < directions; d++) {
    const direction = unitVector(draws, dimension);
    const [a, b] = [project(pair.real, direction).sort(), project(pair.generated, direction).sort()];
    for (let n = 0; n < N; n++) total += (a[n]! - b[n]!) ** 2 / N;
  }
  return representable("slicedWasserstein", Math.sqrt(total / directions) * pair.unit);
}

/** A direction, all alike: normal numbers divided by their length. */
function unitVector(draws: Draws, dimension: number): Float64Array {
  const direction = Float64Array.from({ length: dimension }, () => draws.normal());
  const length = Math.sqrt(direction.reduce((sum, value) => sum + value * value, 0));
  return direction.map((value) => value / length);
}

function project({ N, values }: Features, direction: Float64Array): Float64Array {
  const D = direction.length;
  const out = new Float64Array(N);
  for (let n = 0; n < N; n++) for (let i = 0; i < D; i++) out[n]! += values[n * D + i]! * direction[i]!;
  return out;
}
