import { checkWhole, hint } from "../device/arguments.ts";
import { ArgumentError } from "../device/errors.ts";
import { MixtureSampler } from "../latent/mixtureSampler.ts";
import { PosteriorSampler } from "../latent/posteriorSampler.ts";
import { PUBLISHED, RenormalisedSampler, type Renormalisation } from "../latent/renormalisedSampler.ts";
import type { Sampler, SavedSampler } from "../latent/sampler.ts";
import { VarianceLoss } from "../metrics/varianceLoss.ts";
import { RandomState } from "../ops/random.ts";
import { tensor, type Tensor } from "../tensor/tensor.ts";
import type { Autoencoder } from "./autoencoder.ts";

/** What new codes may come from. */
export const samplerKinds = [
  "prior",
  "gaussian",
  "mixture",
  "mixture-10",
  "second-stage",
  "vampprior",
] as const;
export type SamplerKind = (typeof samplerKinds)[number];

export interface SamplerOptions {
  /** Normal distributions in a mixture: 1 unless given, and 10 of mixture-10. */
  components?: number | undefined;
  /** Training samples whose distributions vampprior keeps; 500 unless given, or all where there are fewer. */
  inputs?: number | undefined;
  /** Whether codes of a second stage have noise of its γ added; as the model has it unless given. */
  gammaNoise?: boolean | undefined;
  /** Brings codes to the spread that they are expected to have; "paper" as the code of the paper does it, without noise of γ. */
  renormalise?: Renormalisation | "paper" | undefined;
  /** Fixes where a fit starts and which inputs are kept; 0 unless given. */
  seed?: number | undefined;
}

/** Codes that a model's networks are drawn at once for: hidden layers are many times as long as codes. */
const atOnce = 4096;

/** Codes that a model draws itself, from its prior or its second stage: there is nothing to fit. */
class ModelSampler implements Sampler {
  readonly kind: string;
  readonly dimension: number;
  readonly fitsTo = "nothing";
  readonly #model: Autoencoder;
  readonly #draw: (count: number, noise: RandomState) => Tensor;
  readonly #told: Readonly<Record<string, unknown>>;

  constructor(
    kind: string,
    model: Autoencoder,
    draw: (count: number, noise: RandomState) => Tensor,
    told: Readonly<Record<string, unknown>> = {},
  ) {
    this.kind = kind;
    this.dimension = model.codeSize;
    this.#model = model;
    this.#draw = draw;
    this.#told = told;
  }

  async fit(): Promise<void> {}

  async sample(count: number, seed: number): Promise<Float32Array> {
    checkWhole(`${this.kind}: count`, count, 0);
    using noise = new RandomState(this.#model.device, seed, 1);
    const codes = new Float32Array(count * this.dimension);
    for (let from = 0; from < count; from += atOnce) {
      using part = this.#draw(Math.min(atOnce, count - from), noise);
      codes.set(await part.read(), from * this.dimension);
    }
    return codes;
  }

  save(): SavedSampler {
    return { about: { kind: this.kind, ...this.#told }, tensors: new Map() };
  }
}

/**
 * A sampler of codes for the model. `prior` draws from the model's prior: N(0, I), unless it has one of its own.
 *
 * @throws ArgumentError for options out of range, and for models that cannot: `second-stage` is for those that have one,
 * `vampprior` for those whose encoder gives a normal distribution (that shows when it is fitted).
 */
export function samplerOf(model: Autoencoder, kind: SamplerKind, options: SamplerOptions = {}): Sampler {
  const { renormalise, ...others } = options;
  if (renormalise === undefined) return plainSampler(model, kind, others);
  if (renormalise !== "paper") return new RenormalisedSampler(plainSampler(model, kind, others), renormalise);
  const inner = plainSampler(model, kind, { gammaNoise: false, ...others });
  // its draws of the prior are multiplied with the target alone
  if (kind === "prior") return new RenormalisedSampler(inner, { target: PUBLISHED.target, own: 1 });
  return new RenormalisedSampler(inner, PUBLISHED, kind === "second-stage" ? lostShareOf(model) : undefined);
}

/** How much of the error of what a second stage makes of codes is lost variance. */
function lostShareOf(model: Autoencoder): (codes: Float32Array) => Promise<number> {
  const D = model.codeSize;
  return async (codes) => {
    const loss = new VarianceLoss(D);
    for (let from = 0; from < codes.length; from += atOnce * D) {
      const part = codes.subarray(from, from + atOnce * D);
      using z = tensor(model.device, part, [part.length / D, D]);
      using made = model.reconstructSecondStage!(z);
      loss.add(await made.read(), part);
    }
    return loss.ratio;
  };
}

function plainSampler(model: Autoencoder, kind: SamplerKind, options: SamplerOptions): Sampler {
  const { codeSize, device } = model;
  const { components, inputs, gammaNoise, seed = 0 } = options;
  switch (kind) {
    case "prior":
      return new ModelSampler(kind, model, (count, noise) => model.drawPrior(count, noise));
    case "second-stage":
      if (!model.drawSecondStage) throw new ArgumentError(`second-stage: this model has no second stage`);
      return new ModelSampler(
        kind,
        model,
        (count, noise) => model.drawSecondStage!(count, noise, gammaNoise),
        gammaNoise === undefined ? {} : { gammaNoise },
      );
    case "gaussian":
      return new MixtureSampler(kind, device, codeSize, { seed });
    case "mixture":
      return new MixtureSampler(kind, device, codeSize, { components: components ?? 1, seed });
    case "mixture-10":
      return new MixtureSampler(kind, device, codeSize, { components: 10, seed });
    case "vampprior":
      return new PosteriorSampler(kind, codeSize, { ...(inputs ? { inputs } : {}), seed });
  }
}

/** The sampler that `save` gave, for the model that it was fitted for. Throws ArgumentError where the two do not go together. */
export function restoreSampler(model: Autoencoder, saved: SavedSampler): Sampler {
  const { kind } = saved.about;
  switch (kind) {
    case "gaussian":
    case "mixture":
    case "mixture-10":
      return MixtureSampler.restored(model.device, model.codeSize, saved);
    case "vampprior":
      return PosteriorSampler.restored(model.codeSize, saved);
    case "prior":
      return samplerOf(model, kind);
    case "second-stage": {
      const { gammaNoise } = saved.about;
      return samplerOf(model, kind, { gammaNoise: typeof gammaNoise === "boolean" ? gammaNoise : undefined });
    }
    case "renormalised":
      return RenormalisedSampler.restored(saved, (inner) => restoreSampler(model, inner));
    default:
      throw new ArgumentError(
        `"${kind}" is no sampler${hint(kind, samplerKinds)}; there are ${samplerKinds.join(", ")}`,
      );
  }
}
