import { checkNumber, checkWhole } from "../device/arguments.ts";
import { ArgumentError } from "../device/errors.ts";
import { cluster } from "./clusters.ts";
import { Draws, streams } from "./draws.ts";
import { Gaussian, weightedGaussian } from "./gaussian.ts";
import { Mixture } from "./mixture.ts";
import { countPoints, requireFinite } from "./points.ts";

/** Options of `fitMixture`; the defaults are those of scikit-learn's GaussianMixture. */
export interface MixtureOptions {
  /** Number of normal distributions; 1 by default. */
  components?: number;
  /** Fixes the start. */
  seed?: number;
  /** Ends the fit when the mean log-likelihood gains less; 1e-3 by default. */
  tolerance?: number;
  /** Added to the diagonals of the covariances, in squared units of the points; 1e-6 by default. */
  regularisation?: number;
  /** At most so many rounds; 100 by default. */
  iterations?: number;
  /** Fits from so many starts and keeps the likeliest; 1 by default. */
  starts?: number;
  /** Called in each round with the mean log-likelihood that it starts from, in nats. */
  onIteration?: (logLikelihood: number) => void;
}

/** The weight, in points, of a component that no point belongs to. */
const nothing = 10 * Number.EPSILON;

/**
 * Fits a mixture of normal distributions with full covariances to points (N, dimension) by expectation maximisation
 * (Dempster, Laird & Rubin 1977), from groups found by k-means. The log-likelihood rises from round to round; a round
 * that would lower it, as the regularisation can, is undone and ends the fit. Points without spread in some direction,
 * or altogether, get the regularisation for variance there.
 *
 * @throws ShapeError, NumericalError or ArgumentError for points that are not whole, not finite or fewer than components;
 * ArgumentError for options outside of their range.
 */
export function fitMixture(points: Float32Array, dimension: number, options: MixtureOptions = {}): Mixture {
  const { components = 1, seed = 0, starts = 1, tolerance, regularisation, iterations } = options;
  const N = countPoints("fitMixture", points, dimension);
  requireFinite("fitMixture", points, dimension);
  if (!(Number.isInteger(components) && components >= 1 && components <= N))
    throw new ArgumentError(
      `fitMixture: expected from 1 to ${N} components for ${N} points, got ${components}`,
    );
  checkWhole("fitMixture: starts", starts, 1);
  if (iterations !== undefined) checkWhole("fitMixture: iterations", iterations, 1);
  if (tolerance !== undefined) checkNumber("fitMixture: tolerance", tolerance, 0);
  if (regularisation !== undefined) checkNumber("fitMixture: regularisation", regularisation, 0);

  const draws = new Draws(seed, streams.clusters);
  const fit = () =>
    expectationMaximisation(points, dimension, start(points, dimension, components, draws, options), options);
  let best = fit();
  for (let more = 1; more < starts; more++) {
    const other = fit();
    if (other.logLikelihood > best.logLikelihood) best = other;
  }
  return best.mixture;
}

/** A normal distribution for each of K groups. */
function start(
  points: Float32Array,
  D: number,
  K: number,
  draws: Draws,
  { regularisation = 1e-6 }: MixtureOptions,
): Mixture {
  const { labels, centres } = cluster(points, D, K, draws);
  const shares = new Float64Array(labels.length * K);
  labels.forEach((label, n) => (shares[n * K + label] = 1));
  return maximise(points, D, shares, regularisation, (k) => {
    const point = new Float64Array(D * D);
    for (let i = 0; i < D; i++) point[i * D + i] = Math.max(regularisation, Number.EPSILON);
    return new Gaussian(centres.slice(k * D, (k + 1) * D), point);
  });
}

function expectationMaximisation(
  points: Float32Array,
  D: number,
  first: Mixture,
  { tolerance = 1e-3, regularisation = 1e-6, iterations = 100, onIteration }: MixtureOptions,
): { mixture: Mixture; logLikelihood: number } {
  let mixture = first;
  let logLikelihood = -Infinity;
  let next = first;
  for (let round = 0; round < iterations; round++) {
    const { values, logLikelihood: found } = next.responsibilities(points);
    if (found < logLikelihood) break;
    onIteration?.(found);
    const gain = found - logLikelihood;
    mixture = next;
    logLikelihood = found;
    if (gain < tolerance) break;
    next = maximise(points, D, values, regularisation, (k) => mixture.components[k]!);
  }
  return { mixture, logLikelihood };
}

/** The mixture that fits points of these shares (N, K) best; `unused` gives the components that no point belongs to. */
function maximise(
  points: Float32Array,
  D: number,
  shares: Float64Array,
  regularisation: number,
  unused: (k: number) => Gaussian,
): Mixture {
  const K = shares.length / (points.length / D);
  const totals = new Float64Array(K).fill(nothing);
  shares.forEach((share, i) => (totals[i % K]! += share));
  const sum = totals.reduce((all, total) => all + total, 0);
  const components = Array.from(totals, (total, offset) =>
    total > 2 * nothing
      ? weightedGaussian(points, D, shares, { offset, stride: K, total, regularisation })
      : unused(offset),
  );
  return new Mixture(
    totals.map((total) => total / sum),
    components,
  );
}
