import type { Device } from "../device/device.ts";
import { checkNumber, checkWhole, type Complete } from "../device/arguments.ts";
import { ArgumentError } from "../device/errors.ts";
import { cluster } from "./clusters.ts";
import { Draws, streams } from "./draws.ts";
import { Expectation, type Fitted, type Frame } from "./expectation.ts";
import { Gaussian, regularised, weightedGaussian } from "./gaussian.ts";
import { Mixture } from "./mixture.ts";
import { countPoints, requireFinite } from "./points.ts";
import { productOfLower, squareOfLower, whitened } from "./whitened.ts";

/** Options of `fitMixture`; the defaults are those of scikit-learn's GaussianMixture. */
export interface MixtureOptions {
  /** Number of normal distributions; 1 by default. */
  components?: number | undefined;
  /** Fixes the start. */
  seed?: number | undefined;
  /** Ends the fit when the mean log-likelihood gains less; 1e-3 by default. */
  tolerance?: number | undefined;
  /** Added to the diagonals of the covariances, in squared units of the points; 1e-6 by default. */
  regularisation?: number | undefined;
  /** At most so many rounds; 100 by default. */
  iterations?: number | undefined;
  /** Fits from so many starts and keeps the likeliest; 1 by default. */
  starts?: number | undefined;
  /** The component, from 0 on, that each of the N points belongs to at the start; groups found by k-means unless given. */
  labels?: Uint32Array | undefined;
  /** Called in each round with the mean log-likelihood that it comes to, in nats. */
  onIteration?: ((logLikelihood: number) => void) | undefined;
}

/**
 * Fits a mixture of normal distributions with full covariances to points (N, dimension) by expectation maximisation on the
 * device, from groups found by k-means. As in scikit-learn the fit ends a round after the gain falls short of the tolerance;
 * a round that would lower the log-likelihood, as the regularisation can, is undone and ends it. A component that no point
 * belongs to is moved to the point that is least likely. Points without spread in some direction, or altogether, get the
 * regularisation for variance there. A single component is what it is by its definition, in float64.
 *
 * It works in coordinates in which all points have mean 0 and covariance I: f32 then has digits for small differences far
 * from 0, and for directions of little spread.
 *
 * @throws ShapeError, NumericalError or ArgumentError for points that are not whole, not finite or fewer than components;
 * ArgumentError for options outside of their range.
 */
export async function fitMixture(
  device: Device,
  points: Float32Array,
  dimension: number,
  options: MixtureOptions = {},
): Promise<Mixture> {
  const { components = 1, seed = 0, starts = 1, labels } = options;
  const { regularisation = 1e-6, tolerance = 1e-3, iterations = 100 } = options;
  const N = countPoints("fitMixture", points, dimension);
  requireFinite("fitMixture", points, dimension);
  if (!(Number.isInteger(components) && components >= 1 && components <= N))
    throw new ArgumentError(
      `fitMixture: expected from 1 to ${N} components for ${N} points, got ${components}`,
    );
  checkWhole("fitMixture: starts", starts, 1);
  checkWhole("fitMixture: iterations", iterations, 1);
  checkNumber("fitMixture: tolerance", tolerance, 0);
  checkNumber("fitMixture: regularisation", regularisation, 0);

  if (labels && !(labels.length === N && labels.every((label) => label < components)))
    throw new ArgumentError(`fitMixture: expected ${N} labels below ${components}`);

  const draws = new Draws(seed, streams.clusters);
  const share = { offset: 0, stride: 1, total: N, regularisation };
  const whole = weightedGaussian(points, dimension, new Float64Array(N).fill(1), share);
  if (components === 1) return new Mixture([1], [whole]);
  const frame: Frame = {
    ...{ points: whitened(points, whole), D: dimension, K: components },
    regularisation: squareOfLower(whole.inverse, dimension).map((value) => value * regularisation),
  };
  let best: Fitted | undefined;
  for (let start = 0; start < starts; start++) {
    const first = labels ?? (await cluster(device, points, dimension, components, draws));
    const fitted = await maximised(device, frame, occupied(points, dimension, components, first), {
      ...{ tolerance, iterations },
      onIteration: (found) => options.onIteration?.(found + whole.logScale),
    });
    if (!best || fitted.logLikelihood > best.logLikelihood) best = fitted;
  }
  return mixtureOf(best!, whole);
}

/** Rounds from the start that `labels` give, until they gain no more. */
async function maximised(
  device: Device,
  frame: Frame,
  labels: Uint32Array,
  {
    tolerance,
    iterations,
    onIteration,
  }: Complete<Pick<MixtureOptions, "tolerance" | "iterations" | "onIteration">>,
): Promise<Fitted> {
  using expectation = new Expectation(device, frame, labels);
  let best = await expectation.round();
  onIteration(best.logLikelihood);
  let gain = Infinity;
  for (let round = 1; round < iterations && gain >= tolerance; round++) {
    const found = await expectation.round();
    gain = found.logLikelihood - best.logLikelihood;
    if (!(gain >= 0)) return best;
    onIteration(found.logLikelihood);
    best = found;
  }
  if (gain >= tolerance) return best;
  const last = await expectation.round();
  if (!(last.logLikelihood >= best.logLikelihood)) return best;
  onIteration(last.logLikelihood);
  return last;
}

/** The mixture in the coordinates of the points. */
function mixtureOf({ weights, means, factors }: Fitted, whole: Gaussian): Mixture {
  const D = whole.mean.length;
  const components = Array.from(weights, (_, k) => {
    const mean = whole.mean.map((value, i) => {
      for (let j = 0; j <= i; j++) value += whole.factor[i * D + j]! * means[k * D + j]!;
      return value;
    });
    const factor = productOfLower(whole.factor, factors.subarray(k * D * D, (k + 1) * D * D), D);
    return new Gaussian(mean, regularised(squareOfLower(factor, D), D, 0));
  });
  return new Mixture(weights, components);
}

/** Labels under which every component has a point: one without any gets that which is farthest from its group's mean. */
function occupied(points: Float32Array, D: number, K: number, labels: Uint32Array): Uint32Array {
  const counts = new Uint32Array(K);
  for (const label of labels) counts[label]!++;
  const empty = Array.from(counts.keys()).filter((k) => counts[k] === 0);
  if (empty.length === 0) return labels;
  const means = new Float64Array(K * D);
  points.forEach((value, i) => {
    const label = labels[Math.floor(i / D)]!;
    means[label * D + (i % D)]! += value / counts[label]!;
  });
  const distances = new Float64Array(labels.length);
  points.forEach((value, i) => {
    const n = Math.floor(i / D);
    distances[n]! += (value - means[labels[n]! * D + (i % D)]!) ** 2;
  });
  const out = labels.slice();
  const order = Array.from(distances.keys()).sort((a, b) => distances[b]! - distances[a]!);
  for (const n of order) {
    if (counts[out[n]!]! < 2 || empty.length === 0) continue;
    counts[out[n]!]!--;
    out[n] = empty.shift()!;
    counts[out[n]]!++;
  }
  return out;
}
