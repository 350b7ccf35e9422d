import { checkWhole } from "../device/arguments.ts";
import { ArgumentError, ShapeError } from "../device/errors.ts";
import { Draws, streams } from "./draws.ts";
import { countPoints, requireFinite } from "./points.ts";
import type { Sampler, SavedSampler } from "./sampler.ts";

/** μ and σ of the kept inputs, (K, D) both. */
interface Kept {
  means: Float64Array<ArrayBuffer>;
  deviations: Float64Array<ArrayBuffer>;
}

/**
 * Codes from the aggregated posterior at K kept inputs, (1/K) Σ N(μ(x_k), σ²(x_k)): the mixture that a VampPrior is (Tomczak
 * and Welling, "VAE with a VampPrior", AISTATS 2018, equation 9), with training samples for its pseudo-inputs, which are not
 * trained. As many samples as there are, where that is fewer than K; otherwise some drawn by `seed`.
 */
export class PosteriorSampler implements Sampler {
  readonly kind: string;
  readonly dimension: number;
  readonly fitsTo = "distributions";
  readonly #inputs: number;
  readonly #seed: number;
  #kept: Kept | undefined;

  constructor(kind: string, dimension: number, { inputs = 500, seed = 0 } = {}) {
    checkWhole(`${kind}: inputs`, inputs, 1);
    this.kind = kind;
    this.dimension = dimension;
    this.#inputs = inputs;
    this.#seed = seed;
  }

  /** As `Sampler` has it; ArgumentError also for variances of 0 alone: the encoder then gives codes, not distributions. */
  fit(codes: Float32Array, variances?: Float32Array): void {
    const { kind, dimension: D } = this;
    const N = countPoints(kind, codes, D);
    if (variances?.length !== codes.length)
      throw new ShapeError(`${kind}: expected ${codes.length} variances, got ${variances?.length ?? "none"}`);
    requireFinite(kind, codes, D);
    requireFinite(`${kind}: variances`, variances, D);
    if (variances.some((variance) => variance < 0) || variances.every((variance) => variance === 0))
      throw new ArgumentError(
        `${kind}: expected variances from 0 on, some above; an encoder that gives codes alone has no distributions to draw from`,
      );
    const draws = new Draws(this.#seed, streams.inputs);
    const order = Uint32Array.from({ length: N }, (_, n) => n);
    const K = Math.min(this.#inputs, N);
    for (let k = 0; k < K && K < N; k++) {
      const other = k + Math.floor(draws.uniform() * (N - k));
      [order[k], order[other]] = [order[other]!, order[k]!];
    }
    const rows = (of: Float32Array) =>
      Float64Array.from({ length: K * D }, (_, i) => of[order[Math.floor(i / D)]! * D + (i % D)]!);
    this.#kept = { means: rows(codes), deviations: rows(variances).map(Math.sqrt) };
  }

  sample(count: number, seed: number): Float32Array {
    checkWhole(`${this.kind}: count`, count, 0);
    const { means, deviations } = this.#fitted();
    const D = this.dimension;
    const draws = new Draws(seed, streams.samples);
    const out = new Float32Array(count * D);
    for (let n = 0; n < count; n++) {
      const from = Math.floor((draws.uniform() * means.length) / D) * D;
      for (let j = 0; j < D; j++) out[n * D + j] = means[from + j]! + deviations[from + j]! * draws.normal();
    }
    return out;
  }

  save(): SavedSampler {
    const { means, deviations } = this.#fitted();
    const shape = [means.length / this.dimension, this.dimension];
    return {
      about: { kind: this.kind },
      tensors: new Map([
        ["means", { shape, values: means }],
        ["deviations", { shape, values: deviations }],
      ]),
    };
  }

  /** The sampler that `save` gave. Throws ArgumentError for tensors that are no posteriors of that dimension. */
  static restored(D: number, { about, tensors }: SavedSampler): PosteriorSampler {
    const [means, deviations] = [tensors.get("means")?.values, tensors.get("deviations")?.values];
    const isWhole = means && means.length > 0 && means.length % D === 0;
    if (!isWhole || deviations?.length !== means.length || ![...means, ...deviations].every(Number.isFinite))
      throw new ArgumentError(`${about.kind}: expected finite means and deviations of dimension ${D}`);
    const sampler = new PosteriorSampler(about.kind, D);
    sampler.#kept = { means, deviations };
    return sampler;
  }

  #fitted(): Kept {
    if (!this.#kept) throw new ArgumentError(`${this.kind}: call fit before sample or save`);
    return this.#kept;
  }
}
