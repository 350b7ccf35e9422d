import { checkPositive } from "../device/arguments.ts";
import { ArgumentError } from "../device/errors.ts";
import type { ParameterSpec, StateSpec } from "../nn/parameter.ts";
import { add, clamp, div, exp, log, min, mul, sqrt } from "../ops/elementwise.ts";
import { bceWithLogits, mse } from "../ops/losses.ts";
import { sum } from "../ops/reduce.ts";
import { copyInto } from "../tensor/accumulate.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Model } from "./model.ts";

export const likelihoodKinds = ["bce", "fixed", "learned", "computed", "optimal"] as const;

/**
 * How likely samples are, given what a decoder makes of their codes: −log p(x | z) = Σ (x − x̂)² / (2 γ²) + P (log γ +
 * ½ log 2π) over the P numbers of a sample, with one γ for all of them.
 *
 *     bce         −x log x̂ − (1 − x) log(1 − x̂) instead, for samples from 0 to 1; the decoder gives logits
 *     fixed       γ stays what it is
 *     learned     γ is a parameter, by its logarithm (Dai and Wipf, "Diagnosing and enhancing VAE models", ICLR 2019)
 *     computed    γ² is a running mean of the squared error that never rises: after each step
 *                 γ² ← min(γ², 0.99 γ² + 0.01 · mean (x − x̂)²)
 *                 (Asperti and Trentin, "Balancing reconstruction error and Kullback–Leibler divergence", 2020)
 *     optimal     γ² is the mean squared error of the batch (Rybkin et al., "Simple and effective VAE training with
 *                 calibrated decoders", ICML 2021, σ-VAE), from e⁻¹² on
 */
export type LikelihoodKind = (typeof likelihoodKinds)[number];

const LOG_ROOT_TWO_PI = Math.log(2 * Math.PI) / 2;
/** The least γ² of "optimal". */
const LEAST = Math.exp(-12);
/** How much of a step's error goes into the running mean. */
const SHARE = 0.01;

/** What a likelihood says of a batch. */
export interface Likeliness {
  /** −log p(x | z), summed over the numbers of a sample, as the mean of the samples. */
  error: Tensor;
  /** The mean squared error, and γ²; none of "bce". */
  squared?: { mse: Tensor; variance: Tensor } | undefined;
}

/** A likelihood with what it keeps in a model, under the name `name`. */
export class Likelihood {
  readonly kind: LikelihoodKind;
  /** What it trains: log γ. */
  readonly parameters: readonly ParameterSpec[];
  /** γ², where it is not trained; steps write it where it is computed. */
  readonly state: readonly StateSpec[];
  readonly #name: string;

  /** `deviation` is γ, or what it starts from. */
  constructor(name: string, kind: LikelihoodKind, deviation: number) {
    if (!likelihoodKinds.includes(kind))
      throw new ArgumentError(`a likelihood is ${likelihoodKinds.join(", ")}, not ${String(kind)}`);
    checkPositive("deviation, the γ of a likelihood,", deviation);
    const kept = (value: number) => ({ name, shape: [1], values: Float32Array.of(value) });
    this.kind = kind;
    this.parameters = kind === "learned" ? [kept(Math.log(deviation))] : [];
    this.state = kind === "computed" || kind === "fixed" ? [kept(deviation ** 2)] : [];
    this.#name = name;
  }

  /** What it says of samples x, (N, …) as what the decoder `made` of their codes; `model` holds what it keeps. */
  of(made: Tensor, x: Tensor, model: Model): Likeliness {
    const P = x.size / x.shape[0]!;
    if (this.kind === "bce") return { error: mul(bceWithLogits(made, x), P) };
    const squared = mse(made, x);
    const { variance, logVariance } = this.#spread(squared, model);
    const ratio = variance === undefined ? mul(squared, exp(mul(logVariance, -1))) : div(squared, variance);
    const error = mul(add(add(ratio, logVariance), 2 * LOG_ROOT_TWO_PI), P / 2);
    return { error, squared: { mse: squared, variance: variance ?? exp(logVariance) } };
  }

  /** γ, where it does not depend on a batch. */
  deviation(model: Model): Tensor | undefined {
    if (this.kind === "learned") return exp(sum(model.arena.get(this.#name)));
    const variance = model.state.get(this.#name);
    return variance && sqrt(sum(variance));
  }

  /** What is done after a step whose mean squared error was `mse`. */
  follow({ mse: squared }: { mse: Tensor }, model: Model): void {
    if (this.kind !== "computed") return;
    const variance = model.state.get(this.#name)!;
    copyInto(variance, min(variance, add(mul(variance, 1 - SHARE), mul(squared, SHARE))));
  }

  /** γ² and its logarithm; the logarithm alone where it is what is trained. */
  #spread(squared: Tensor, model: Model): { variance?: Tensor | undefined; logVariance: Tensor } {
    if (this.kind === "learned") return { logVariance: mul(sum(model.arena.get(this.#name)), 2) };
    const kept = model.state.get(this.#name);
    const variance = kept ? sum(kept) : clamp(squared, LEAST, 3e38);
    return { variance, logVariance: log(variance) };
  }
}
