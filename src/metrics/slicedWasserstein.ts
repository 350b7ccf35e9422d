import { ArgumentError } from "../device/errors.ts";
import { Draws, streams } from "../latent/draws.ts";
import { countPoints, requireFinite } from "../latent/points.ts";

/**
 * The sliced Wasserstein distance between two sets of as many points (N, dimension), features or pixels: the root of
 * the mean, over random directions, of the squared 2-Wasserstein distance of the two projections, which sorting
 * gives (Rabin et al., 2012). In the units of the points.
 *
 * @throws ArgumentError for sets of different sizes, ShapeError or NumericalError for points that are not whole or
 * not finite.
 */
export function slicedWasserstein(
  real: ArrayLike<number>,
  generated: ArrayLike<number>,
  dimension: number,
  { directions = 256, seed = 0 }: { directions?: number; seed?: number } = {},
): number {
  const N = countPoints("slicedWasserstein: real", real, dimension);
  if (countPoints("slicedWasserstein: generated", generated, dimension) !== N)
    throw new ArgumentError(
      `slicedWasserstein: ${N} real points and ${generated.length / dimension} generated ones; expected as many`,
    );
  requireFinite("slicedWasserstein: real", real, dimension);
  requireFinite("slicedWasserstein: generated", generated, dimension);
  const draws = new Draws(seed, streams.directions);
  let total = 0;
  for (let d = 0; d < directions; d++) {
    const direction = Float64Array.from({ length: dimension }, () => draws.normal());
    const length = Math.hypot(...direction);
    const [a, b] = [real, generated].map((points) => project(points, direction, length).sort());
    for (let n = 0; n < N; n++) total += (a![n]! - b![n]!) ** 2 / N;
  }
  return Math.sqrt(total / directions);
}

function project(points: ArrayLike<number>, direction: Float64Array, length: number): Float64Array {
  const dimension = direction.length;
  return Float64Array.from({ length: points.length / dimension }, (_, n) => {
    let dot = 0;
    for (let i = 0; i < dimension; i++) dot += points[n * dimension + i]! * direction[i]!;
    return dot / length;
  });
}
