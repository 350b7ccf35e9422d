import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { checkSeed, checkWhole } from "../device/arguments.ts";
import { Draws, streams } from "../latent/draws.ts";
import { features, squaredDistance, thinned } from "./features.ts";

/** What the coordinates of codes are like beside those of N(0, I); lists have a number for each coordinate. */
export interface CodeMoments {
  /** 0 for N(0, I). */
  readonly mean: Float64Array;
  /** Over N; 1 for N(0, I). */
  readonly variance: Float64Array;
  /** The third moment about the mean over that of the deviation; 0 for N(0, I), NaN where all values are the same. */
  readonly skewness: Float64Array;
  /** The fourth moment about the mean over the squared variance, less 3; 0 for N(0, I), NaN where all values are the same. */
  readonly kurtosis: Float64Array;
  /**
   * Eigenvalues of the covariance over N, the largest first; all 1 for N(0, I). The singular values of the centred codes
   * are √(N λ).
   */
  readonly eigenvalues: Float64Array;
}

/**
 * Moments of codes (N, dimension), in float64.
 *
 * @throws ShapeError for codes that are not whole or fewer than two, NumericalError for values that are not finite.
 */
export function codeMoments(codes: ArrayLike<number>, dimension: number): CodeMoments {
  const { N, values } = features("codeMoments", codes, dimension, 2);
  const mean = new Float64Array(dimension);
  for (let i = 0; i < values.length; i++) mean[i % dimension]! += values[i]! / N;
  for (let i = 0; i < values.length; i++) values[i]! -= mean[i % dimension]!;
  const moment = (power: number) => {
    const sums = new Float64Array(dimension);
    for (let i = 0; i < values.length; i++) sums[i % dimension]! += values[i]! ** power / N;
    return sums;
  };
  const variance = moment(2);
  const centred = Matrix.from1DArray(N, dimension, values);
  const covariance = centred.transpose().mmul(centred).div(N);
  const { realEigenvalues } = new EigenvalueDecomposition(covariance, { assumeSymmetric: true });
  return {
    mean,
    variance,
    skewness: moment(3).map((m, i) => m / variance[i]! ** 1.5),
    kurtosis: moment(4).map((m, i) => m / variance[i]! ** 2 - 3),
    eigenvalues: Float64Array.from(realEigenvalues, (value) => Math.max(0, value)).sort((a, b) => b - a),
  };
}

/** Options of `normalityTest`. */
export interface NormalityTestOptions {
  /** Codes that are compared, evenly spaced ones of all; 500 by default. Time goes with the square of their number. */
  samples?: number | undefined;
  /** Sets of N(0, I) whose distance says what chance makes; 199 by default. */
  draws?: number | undefined;
  /** Fixes those sets: a whole number of 32 bits; 0 by default. */
  seed?: number | undefined;
}

/** How far codes are from N(0, I). */
export interface NormalityTest {
  /** The squared energy distance 2 E ‖z − Z‖ − E ‖Z − Z'‖ − E ‖z − z'‖ of the codes z from Z ~ N(0, I); 0 for N(0, I) alone. */
  readonly distance: number;
  /** How probably as many codes of N(0, I) are as far from it. */
  readonly pValue: number;
  /** Codes that were compared. */
  readonly samples: number;
}

/**
 * Tests whether codes (N, dimension) come from N(0, I): all of it, means and variances too. Any other distribution is
 * found with enough codes. The p-value is (1 + sets at least as far) / (1 + sets), so 0.005 at the least for 199 sets.
 * Source: Székely and Rizzo, "A new test for multivariate normality", 2005, equation 5, without its standardisation.
 *
 * @throws ShapeError for codes that are not whole or fewer than two, NumericalError for values that are not finite,
 * ArgumentError for options outside of their range.
 */
export function normalityTest(
  codes: ArrayLike<number>,
  dimension: number,
  { samples = 500, draws = 199, seed = 0 }: NormalityTestOptions = {},
): NormalityTest {
  checkWhole("normalityTest: samples", samples, 2);
  checkWhole("normalityTest: draws", draws, 1);
  checkSeed("normalityTest: seed", seed);
  const chosen = thinned(features("normalityTest", codes, dimension, 2), samples, dimension);
  const n = chosen.length / dimension;
  const distance = distanceFromNormal(chosen, dimension);
  const noise = new Draws(seed, streams.normality);
  let asFar = 0;
  for (let draw = 0; draw < draws; draw++) {
    const set = Float64Array.from({ length: n * dimension }, () => noise.normal());
    if (distanceFromNormal(set, dimension) >= distance) asFar++;
  }
  return { distance, pValue: (1 + asFar) / (1 + draws), samples: n };
}

/** The squared energy distance of points (n, D) from N(0, I). */
function distanceFromNormal(points: Float64Array, D: number): number {
  const n = points.length / D;
  let across = 0;
  for (let i = 0; i < n; i++) {
    let square = 0;
    for (let j = i * D; j < (i + 1) * D; j++) square += points[j]! ** 2;
    across += meanDistance(square, D) / n;
  }
  let within = 0;
  for (let i = 0; i < n; i++)
    for (let j = 0; j < i; j++) within += Math.sqrt(squaredDistance(points, i, points, j, D));
  // Z − Z' is √2 N(0, I)
  return 2 * across - Math.SQRT2 * meanDistance(0, D) - (2 * within) / (n * n);
}

/**
 * E ‖a − Z‖ for Z ~ N(0, I) in D dimensions and ‖a‖² = `square`: the mean of the noncentral χ distribution,
 * √2 Σ_k P(k) Γ(D/2 + k + ½) / Γ(D/2 + k), P the Poisson distribution of mean ‖a‖² / 2. Summed from its mode to both sides.
 */
export function meanDistance(square: number, D: number): number {
  const rate = square / 2;
  if (rate > 1e6) return Math.sqrt(square) * (1 + (D - 1) / (2 * square));
  const mode = Math.floor(rate);
  const top = gammaRatio(D / 2 + mode);
  let [total, weights] = [top, 1];
  for (let k = mode, weight = 1, ratio = top; weight > 1e-17; k++) {
    ratio *= ((D + 1) / 2 + k) / (D / 2 + k);
    weight *= rate / (k + 1);
    total += weight * ratio;
    weights += weight;
  }
  for (let k = mode, weight = 1, ratio = top; k > 0 && weight > 1e-17; k--) {
    ratio *= (D / 2 + k - 1) / ((D + 1) / 2 + k - 1);
    weight *= k / rate;
    total += weight * ratio;
    weights += weight;
  }
  return (Math.SQRT2 * total) / weights;
}

/** Γ(y + ½) / Γ(y), by its asymptotic series (Abramowitz and Stegun, 6.1.47) where that is exact. */
function gammaRatio(y: number): number {
  let factor = 1;
  for (; y < 40; y++) factor *= y / (y + 0.5);
  const u = 1 / y;
  const series = 1 + u * (-1 / 8 + u * (1 / 128 + u * (5 / 1024 + u * (-21 / 32768 - (399 / 262144) * u))));
  return factor * Math.sqrt(y) * series;
}
