import { ArgumentError, ShapeError } from "../device/errors.ts";
import { features } from "./features.ts";

/** A coordinate of codes with more than this mean variance is told nothing of the samples. */
const INACTIVE = 0.8;

/** What the codes of samples, N(μ, σ²) each, have in the mean of the samples; lists have a number for each coordinate. */
export interface VarianceLaw {
  /** E μ. */
  readonly mean: Float64Array;
  /** Var μ, over N. */
  readonly spread: Float64Array;
  /** E σ². */
  readonly variance: Float64Array;
  /** E μ² + E σ², which is 1 where the KL term does its work. */
  readonly law: Float64Array;
  /** The mean of `law` over the coordinates. */
  readonly meanLaw: number;
  /** Whether a coordinate is in use: E σ² is at most 0.8. */
  readonly active: readonly boolean[];
  /** How many are. */
  readonly activeUnits: number;
}

/**
 * The variance law of a variational autoencoder (Asperti, "Variance loss in variational autoencoders", 2020, equation 4):
 * over all samples E μ² + E σ² = 1 in every coordinate of the codes, with E μ = 0. `mu` and `variance` (N, dimension) hold
 * μ and σ² of each sample; codes that are no draws have variances of 0.
 *
 * A coordinate is called active by the rule of the same authors: one that the decoder does not use has E σ² close to 1,
 * so more than 0.8.
 *
 * @throws ShapeError for values that are not whole or not as many, NumericalError for values that are not finite,
 * ArgumentError for a negative variance.
 */
export function varianceLaw(
  mu: ArrayLike<number>,
  variance: ArrayLike<number>,
  dimension: number,
): VarianceLaw {
  const { N, values } = features("varianceLaw: mu", mu, dimension, 1);
  const given = features("varianceLaw: variance", variance, dimension, 1);
  if (given.N !== N)
    throw new ShapeError(`varianceLaw: ${N} means, but ${given.N} variances; expected as many`);
  const negative = given.values.findIndex((value) => value < 0);
  if (negative >= 0)
    throw new ArgumentError(
      `varianceLaw: variance: coordinate ${negative % dimension} of point ${Math.floor(negative / dimension)} is ` +
        `${given.values[negative]}; a variance is not negative`,
    );
  const averaged = (value: (i: number) => number) => {
    const sums = new Float64Array(dimension);
    for (let i = 0; i < values.length; i++) sums[i % dimension]! += value(i);
    return sums.map((sum) => sum / N);
  };
  const mean = averaged((i) => values[i]!);
  const spread = averaged((i) => (values[i]! - mean[i % dimension]!) ** 2);
  const ofVariance = averaged((i) => given.values[i]!);
  const law = mean.map((m, i) => m * m + spread[i]! + ofVariance[i]!);
  const active = Array.from(ofVariance, (value) => value <= INACTIVE);
  return {
    mean,
    spread,
    variance: ofVariance,
    law,
    meanLaw: law.reduce((sum, value) => sum + value, 0) / dimension,
    active,
    activeUnits: active.filter(Boolean).length,
  };
}
