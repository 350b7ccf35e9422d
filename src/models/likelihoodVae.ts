import { z } from "zod";
import { checkPositive } from "../device/arguments.ts";
import type { Device } from "../device/device.ts";
import { checkBuild } from "./networks.ts";
import { ArgumentError } from "../device/errors.ts";
import { add, mul } from "../ops/elementwise.ts";
import type { RandomState } from "../ops/random.ts";
import { broadcastTo } from "../ops/rearrange.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { whole } from "./codedAutoencoder.ts";
import { describeModel } from "./descriptor.ts";
import { likelihoodVaeFacts } from "./pageModels.ts";
import {
  GAUSSIAN_GROUPS,
  GaussianAutoencoder,
  gaussianNetworks,
  type GaussianNetworks,
} from "./gaussianAutoencoder.ts";
import { Likelihood, likelihoodKinds, type LikelihoodKind } from "./likelihood.ts";
import type { ModelParts } from "./model.ts";
import type { NetworkOptions } from "./networks.ts";
import type { Batch } from "./parts.ts";
import type { Losses, Phase } from "./phase.ts";
import { codeLengthFor, latent } from "./settings.ts";
import { checkWeight } from "./weight.ts";

export interface LikelihoodVaeOptions extends NetworkOptions {
  /** Length of the code. */
  latent: number;
  /** What is said of samples given their codes; "computed" unless given. */
  likelihood?: LikelihoodKind | undefined;
  /** γ of the likelihood, or what it starts from; 1 unless given. */
  deviation?: number | undefined;
  /**
   * β, the weight of the KL term, which is the mean of the samples; 1 unless given. "balanced" is (2 · side / latent)²
   * with the root of an image's height times width as its side, as the code of Asperti and Trentin has it.
   */
  klWeight?: number | "balanced" | undefined;
  /** A σ of all posteriors that is no network's, as the constant-variance VAE has it (Ghosh et al. 2020, there 0.7). */
  posteriorDeviation?: number | undefined;
}

/** A likelihood's loss, and what else is to be said of a step. */
export function likelihoodLosses(
  { error, squared }: ReturnType<Likelihood["of"]>,
  kl: Tensor,
  weight: Tensor | number,
): Losses {
  const divergence = mul(kl, weight);
  const losses = { loss: add(error, divergence), error, divergence };
  if (!squared) return losses;
  const { mse, variance } = squared;
  return { ...losses, mse, effectiveBeta: mul(mul(variance, weight), 2) };
}

/**
 * The variational autoencoder by what it says of a sample given its code:
 *
 *     x → encoder → h → mean: μ,  → variance: log σ²,     z = μ + ε ∘ σ → decoder → x̂
 *     loss = mean −log p(x | z) + β · KL(N(μ, σ²) ‖ N(0, I))
 *
 * Beside a squared error summed over a sample the KL term weighs 2 γ² β: `effectiveBeta` among the losses.
 * The batch is taken at once.
 */
export class LikelihoodVae extends GaussianAutoencoder {
  readonly likelihood: Likelihood;
  readonly #hasConstantSpread: boolean;

  constructor(
    device: Device,
    networks: GaussianNetworks,
    options: LikelihoodVaeOptions,
    { groups = {}, parameters = [], state = [] }: Omit<ModelParts, "input"> = {},
  ) {
    const {
      latent,
      likelihood: kind = "computed",
      deviation = 1,
      klWeight = 1,
      posteriorDeviation,
    } = options;
    const likelihood = new Likelihood("gamma", kind, deviation);
    if (posteriorDeviation !== undefined)
      checkPositive("likelihoodVae: posteriorDeviation", posteriorDeviation);
    const own = likelihood.parameters.map(({ name }) => name);
    const first = posteriorDeviation === undefined ? GAUSSIAN_GROUPS : ["encoder", "mean", "decoder"];
    const { variance: _variance, ...others } = networks;
    super(
      device,
      posteriorDeviation === undefined ? networks : others,
      latent,
      { kind: kind === "bce" ? "bce" : "mse", reduce: "sum" },
      {
        scalars: {
          klWeight: weightOf(klWeight, networks.encoder.inputShape, latent),
          ...(posteriorDeviation === undefined ? {} : { logVariance: 2 * Math.log(posteriorDeviation) }),
        },
        parameters: [...likelihood.parameters, ...parameters],
        state: [...likelihood.state, ...state],
        groups: { first: [...first, ...own], ...groups },
      },
    );
    this.likelihood = likelihood;
    this.#hasConstantSpread = posteriorDeviation !== undefined;
  }

  protected override posterior(x: Batch): { mu: Tensor; logVariance: Tensor } {
    if (!this.#hasConstantSpread) return super.posterior(x);
    const mu = this.run("mean", this.run("encoder", x));
    return { mu, logVariance: broadcastTo(this.scalars.get("logVariance")!.tensor, mu.shape) };
  }

  loss(x: Batch, noise: RandomState): Losses {
    const { z, kl } = this.drawn(x, noise);
    const likely = this.likelihood.of(this.run("decoder", z), whole(x), this);
    return likelihoodLosses(likely, kl, this.scalars.get("klWeight")!.tensor);
  }

  override phases(): readonly Phase[] {
    return [
      followed(this, this.likelihood, {
        name: "train",
        moves: ["first"],
        loss: (x, noise) => this.loss(x, noise),
      }),
    ];
  }
}

/** A phase after whose updates the likelihood follows the error of its batch. */
export function followed(model: LikelihoodVae, likelihood: Likelihood, phase: Phase): Phase {
  let mse: Tensor | undefined;
  return {
    ...phase,
    loss(x, noise) {
      const losses = phase.loss(x, noise);
      mse = losses.mse;
      return losses;
    },
    after() {
      if (mse) likelihood.follow({ mse }, model);
    },
  };
}

function weightOf(weight: number | "balanced", input: Shape, latent: number): number {
  if (weight !== "balanced") {
    checkWeight("likelihoodVae", "klWeight, the weight of the KL term,", weight);
    return weight;
  }
  if (input.length !== 3)
    throw new ArgumentError(
      `likelihoodVae: a balanced klWeight goes by the side of an image; samples are (${input.join(", ")})`,
    );
  const [H, W] = input as [number, number, number];
  return (4 * H * W) / latent ** 2;
}

/** A `LikelihoodVae` with the house's networks, or your own encoder, of any number of features, and decoder. */
export function likelihoodVae(device: Device, options: LikelihoodVaeOptions): LikelihoodVae {
  checkBuild("likelihoodVae", device, options);
  return new LikelihoodVae(device, gaussianNetworks(options), options);
}

/** What the likelihoods of a configuration are told. */
export const likelihoodSettings = () => ({
  latent: latent(),
  likelihood: z.enum(likelihoodKinds).optional().meta({
    description:
      "of samples given their codes: cross-entropy, or normal with a γ of this kind (default computed)",
  }),
  deviation: z
    .number()
    .positive()
    .optional()
    .meta({ description: "γ of the likelihood, or what it starts from (default 1)", value: "γ" }),
  klWeight: z
    .number()
    .min(0)
    .optional()
    .meta({ description: "weight of the KL term, the mean of the samples (default 1)", value: "weight" }),
  balanced: z.boolean().optional().meta({
    description: "the weight of the KL term is (2 · side / latent)², for images",
  }),
});

/** The weight that a configuration asks for. */
export function chosenWeight({
  klWeight,
  balanced,
}: {
  klWeight?: number | undefined;
  balanced?: boolean | undefined;
}) {
  return { klWeight: balanced === true ? ("balanced" as const) : (klWeight ?? 1) };
}

export const likelihoodVaeModel = /* @__PURE__ */ describeModel({
  ...likelihoodVaeFacts,
  parts: { divergence: "β·KL", effectiveBeta: "effective β", mse: "squared error" },
  settings: () => ({
    ...likelihoodSettings(),
    posteriorDeviation: z
      .number()
      .positive()
      .optional()
      .meta({ description: "one σ of all posteriors, in place of a network's", value: "σ" }),
  }),
  defaults: (data) => ({ latent: codeLengthFor(data) }),
  build: (device, chosen) => likelihoodVae(device, { ...chosen, ...chosenWeight(chosen) }),
});
