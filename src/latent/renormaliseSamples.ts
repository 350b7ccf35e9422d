import { requireFinite } from "./points.ts";
import type { Renormalisation } from "./renormalisedSampler.ts";
import { deviationOf, variances } from "./spectrum.ts";

/** How samples are renormalised. */
export interface SampleRenormalisation extends Pick<Renormalisation, "per" | "average"> {
  /** What numbers are cut to afterwards; nothing unless given. The paper's code cuts to [0, 1], and averages deviations. */
  clip?: readonly [least: number, most: number] | undefined;
}

/**
 * Samples `made` (N, dimension) spread about their means as far as samples `x` are: by one factor for all numbers of a sample,
 * or for each. The paper's code does it to reconstructions (Asperti, "Variance loss in variational autoencoders", 2020). A
 * number without spread stays as it is.
 *
 * @throws ShapeError for samples that are not whole, NumericalError for numbers that are not finite.
 */
export function renormaliseSamples(
  made: Float32Array,
  x: Float32Array,
  dimension: number,
  { per = "scalar", average = "variance", clip }: SampleRenormalisation = {},
): Float32Array {
  requireFinite("renormaliseSamples: made", made, dimension);
  requireFinite("renormaliseSamples: x", x, dimension);
  const [own, wanted] = [variances(made, dimension), variances(x, dimension)];
  const factor = (up: Float64Array, down: Float64Array) => {
    const [to, from] = [deviationOf(up, average), deviationOf(down, average)];
    return from > 0 ? to / from : 1;
  };
  const all = factor(wanted, own);
  const factors = own.map((_, i) =>
    per === "scalar" ? all : factor(wanted.subarray(i, i + 1), own.subarray(i, i + 1)),
  );
  const means = new Float64Array(dimension);
  const N = made.length / dimension;
  made.forEach((value, i) => (means[i % dimension]! += value / N));
  const [least, most] = clip ?? [-Infinity, Infinity];
  return made.map((value, i) => {
    const mean = means[i % dimension]!;
    return Math.min(most, Math.max(least, (value - mean) * factors[i % dimension]! + mean));
  });
}
