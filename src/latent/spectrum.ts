import { checkNumber } from "../device/arguments.ts";
import { countPoints, requireFinite } from "./points.ts";

/**
 * The variance of each of D latent coordinates over N samples: mu is (N, D), the result (D), in float64.
 *
 * @throws ShapeError or NumericalError for mu that is not whole or not finite.
 */
export function variances(mu: Float32Array, dimension: number): Float64Array {
  const N = countPoints("variances", mu, dimension);
  requireFinite("variances", mu, dimension);
  const means = new Float64Array(dimension);
  mu.forEach((value, i) => (means[i % dimension]! += value / N));
  const squares = new Float64Array(dimension);
  mu.forEach((value, i) => (squares[i % dimension]! += (value - means[i % dimension]!) ** 2));
  return squares.map((sum) => sum / N);
}

/** One deviation for coordinates of these variances: the root of the mean of them, or the mean of their roots. */
export function deviationOf(each: Float64Array, average: "variance" | "deviation" = "variance"): number {
  const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return average === "variance" ? Math.sqrt(mean(each)) : mean(each.map(Math.sqrt));
}

/**
 * How many latent coordinates a mask lets through: those whose α, from 0 to 1, is `threshold` at least. Source: the code of
 * Mondal et al., "To regularize or not to regularize?", UAI 2020.
 */
export function openUnits(mask: Float32Array, threshold = 0.1): number {
  checkNumber("openUnits: threshold", threshold, 0);
  return mask.filter((alpha) => alpha >= threshold).length;
}

/**
 * How many latent coordinates carry something: those whose mean mu (N, D) varies over the samples with a variance above
 * `threshold`. All others have collapsed onto the prior. Source: Burda, Grosse & Salakhutdinov, "Importance weighted
 * autoencoders", ICLR 2016, §5.
 */
export function activeUnits(mu: Float32Array, dimension: number, threshold = 1e-2): number {
  checkNumber("activeUnits: threshold", threshold, 0);
  return variances(mu, dimension).filter((variance) => variance > threshold).length;
}
