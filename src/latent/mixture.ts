import { z } from "zod";
import { checkWhole } from "../device/arguments.ts";
import { ArgumentError } from "../device/errors.ts";
import { Draws, streams } from "./draws.ts";
import { Gaussian } from "./gaussian.ts";
import { countPoints, requireFinite } from "./points.ts";

const list = z.array(z.number()).min(1);
const json = z.strictObject({ weights: list, means: z.array(list), covariances: z.array(z.array(list)) });

/** A mixture as JSON: weights (K), means (K, D), covariances (K, D, D). */
export type MixtureJson = z.infer<typeof json>;

/** A mixture of K normal distributions in D dimensions, each with a full covariance matrix. */
export class Mixture {
  readonly weights: Float64Array<ArrayBuffer>;
  readonly components: readonly Gaussian[];

  /** Throws ArgumentError unless there are components, and a weight for each, none negative, of sum 1. */
  constructor(weights: ArrayLike<number>, components: readonly Gaussian[]) {
    this.weights = Float64Array.from(weights);
    this.components = components;
    const sum = this.weights.reduce((total, weight) => total + weight, 0);
    if (components.length === 0) throw new ArgumentError("Mixture: expected one component or more");
    if (
      weights.length !== components.length ||
      this.weights.some((w) => !(w >= 0)) ||
      !(Math.abs(sum - 1) <= 1e-6)
    )
      throw new ArgumentError(
        `Mixture: expected ${components.length} weights from 0 on of sum 1, got ${this.weights.length} of sum ${sum}`,
      );
    if (components.some(({ mean }) => mean.length !== this.dimension))
      throw new ArgumentError("Mixture: expected components of one dimension");
  }

  /** D. */
  get dimension(): number {
    return this.components[0]!.mean.length;
  }

  /** The components' means, (K, D). */
  get means(): Float64Array<ArrayBuffer> {
    return Float64Array.from(this.components.flatMap(({ mean }) => [...mean]));
  }

  /** The components' covariances, (K, D, D). */
  get covariances(): Float64Array<ArrayBuffer> {
    return Float64Array.from(this.components.flatMap(({ covariance }) => [...covariance]));
  }

  /** The mean over points (N, D) of the logarithm of the density, in nats. Throws as `responsibilities` does. */
  logLikelihood(points: ArrayLike<number>): number {
    return this.responsibilities(points).logLikelihood;
  }

  /**
   * How probably each point (N, D) came from each component, (N, K); and the mean log-likelihood. Throws ShapeError or
   * NumericalError for points that are not whole or not finite.
   */
  responsibilities(points: ArrayLike<number>): { values: Float64Array; logLikelihood: number } {
    const N = countPoints("Mixture", points, this.dimension);
    requireFinite("Mixture", points, this.dimension);
    const K = this.components.length;
    const values = new Float64Array(N * K);
    this.components.forEach((component, k) =>
      component.logDensities(points, Math.log(this.weights[k]!), values, k, K),
    );
    let sum = 0;
    for (let n = 0; n < N; n++) sum += normaliseLogarithms(values.subarray(n * K, (n + 1) * K));
    return { values, logLikelihood: sum / N };
  }

  /** `count` points (count, D) drawn from the mixture: a pure function of `seed`; more points begin with the same. */
  sample(count: number, seed: number): Float32Array {
    checkWhole("Mixture.sample: count", count, 0);
    const draws = new Draws(seed, streams.samples);
    const out = new Float32Array(count * this.dimension);
    for (let n = 0; n < count; n++)
      this.components[draws.index(this.weights)]!.draw(draws, out, n * this.dimension);
    return out;
  }

  /** Plain lists, for `JSON.stringify`; float64 comes back exactly. */
  toJSON(): MixtureJson {
    const D = this.dimension;
    const rows = (matrix: Float64Array) =>
      Array.from({ length: D }, (_, i) => Array.from(matrix.subarray(i * D, (i + 1) * D)));
    return {
      weights: Array.from(this.weights),
      means: this.components.map(({ mean }) => Array.from(mean)),
      covariances: this.components.map(({ covariance }) => rows(covariance)),
    };
  }

  /** The mixture that `toJSON` wrote. Throws ArgumentError for anything else. */
  static fromJSON(value: unknown): Mixture {
    const parsed = json.safeParse(value);
    if (!parsed.success) throw new ArgumentError(`Mixture.fromJSON: ${z.prettifyError(parsed.error)}`);
    const { weights, means, covariances } = parsed.data;
    const components = means.map((mean, k) => {
      const rows = covariances[k] ?? [];
      if (rows.length !== mean.length || rows.some((row) => row.length !== mean.length))
        throw new ArgumentError(
          `Mixture.fromJSON: expected covariances[${k}] to be ${mean.length} × ${mean.length}, as means[${k}] has it`,
        );
      return new Gaussian(Float64Array.from(mean), Float64Array.from(rows.flat()));
    });
    return new Mixture(weights, components);
  }
}

/** Turns logarithms into shares of sum 1, and returns the logarithm of the sum that they had. */
function normaliseLogarithms(values: Float64Array): number {
  let top = -Infinity;
  for (const value of values) if (value > top) top = value;
  let sum = 0;
  for (let k = 0; k < values.length; k++) sum += values[k] = Math.exp(values[k]! - top);
  for (let k = 0; k < values.length; k++) values[k]! /= sum;
  return top + Math.log(sum);
}
