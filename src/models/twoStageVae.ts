import { z } from "zod";
import type { Device } from "../device/device.ts";
import { checkBuild } from "./networks.ts";
import { ArgumentError } from "../device/errors.ts";
import { concat } from "../nn/branches.ts";
import type { Layers } from "../nn/chain.ts";
import { linear } from "../nn/layers.ts";
import { linearNetwork } from "../nn/networks.ts";
import { sequential, type Network } from "../nn/sequential.ts";
import { add, exp, mul } from "../ops/elementwise.ts";
import { sampleGaussian } from "../ops/gaussian.ts";
import { randomNormal, type RandomState } from "../ops/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { CodeModel } from "./autoencoder.ts";
import { whole } from "./codedAutoencoder.ts";
import { describeModel } from "./descriptor.ts";
import { twoStageFacts } from "./pageModels.ts";
import { gaussianNetworks, type GaussianNetworks } from "./gaussianAutoencoder.ts";
import { latents } from "./latents.ts";
import { Likelihood, type LikelihoodKind } from "./likelihood.ts";
import {
  chosenWeight,
  followed,
  likelihoodLosses,
  likelihoodSettings,
  LikelihoodVae,
  type LikelihoodVaeOptions,
} from "./likelihoodVae.ts";
import type { Batch } from "./parts.ts";
import type { Losses, Phase, Stage } from "./phase.ts";
import { codeLengthFor, length } from "./settings.ts";

export interface TwoStageVaeOptions extends LikelihoodVaeOptions {
  /** Widths of the hidden layers of both networks of the second stage; three of 1024 unless given. */
  secondWidths?: readonly number[] | undefined;
  /** γ of the second stage: "learned" unless given, or "computed" where the first stage's is. */
  secondLikelihood?: Extract<LikelihoodKind, "learned" | "computed"> | undefined;
  /** Steps of the second stage; twice those of the first unless given. */
  secondSteps?: number | undefined;
  /** Whether γ of the second stage times N(0, I) is added to codes that it makes, as Dai and Wipf do; true unless given. */
  gammaNoise?: boolean | undefined;
}

/** The networks of a two-stage VAE: those of the first VAE, and of the second, which models the first one's codes. */
export type TwoStageNetworks = GaussianNetworks &
  Record<"secondEncoder" | "secondMean" | "secondVariance" | "secondDecoder", Network>;

const SECOND_NETWORKS = ["secondEncoder", "secondMean", "secondVariance", "secondDecoder"];

/**
 * The two-stage VAE (Dai and Wipf, "Diagnosing and enhancing VAE models", ICLR 2019): a second VAE learns how the codes of
 * the first are distributed, which need not be N(0, I). Its code u is as long as z.
 *
 *     first      x → z → x̂                                               as `LikelihoodVae`
 *     second     z → [z, hidden] → μ_u, log σ_u²,  u → [u, hidden] → ẑ    with a γ of its own
 *
 * The first stage trains as it is; then it stays, and the second trains on z = μ + ε ∘ σ, drawn afresh in each step by the
 * inference path. New samples are D(ẑ(u) + γ ε), u, ε ~ N(0, I).
 */
export class TwoStageVae extends LikelihoodVae {
  readonly secondLikelihood: Likelihood;
  /** Whether the second stage's γ is added to its codes as noise. */
  gammaNoise: boolean;
  readonly #secondSteps: number | undefined;

  constructor(device: Device, networks: TwoStageNetworks, options: TwoStageVaeOptions) {
    const { likelihood = "computed", secondSteps, gammaNoise = true } = options;
    const { secondLikelihood: kind = likelihood === "computed" ? "computed" : "learned" } = options;
    if (!["learned", "computed"].includes(kind))
      throw new ArgumentError(`twoStageVae: secondLikelihood is learned or computed, not ${kind}`);
    if (secondSteps !== undefined && !(Number.isSafeInteger(secondSteps) && secondSteps >= 1))
      throw new ArgumentError(`twoStageVae: secondSteps is a whole number from 1 on, not ${secondSteps}`);
    const second = new Likelihood("secondGamma", kind, 1);
    super(device, networks, options, {
      parameters: second.parameters,
      state: second.state,
      groups: { second: [...SECOND_NETWORKS, ...second.parameters.map(({ name }) => name)] },
    });
    this.secondLikelihood = second;
    this.gammaNoise = gammaNoise;
    this.#secondSteps = secondSteps;
  }

  /** The loss of codes z (N, codeSize) in the second stage. */
  secondLoss(z: Batch, noise: RandomState): Losses {
    const codes = whole(z);
    const h = this.run("secondEncoder", codes);
    const [mu, logVariance] = [this.run("secondMean", h), this.run("secondVariance", h)];
    const { z: u, betaKl: kl } = sampleGaussian(mu, logVariance, noise, 1 / codes.shape[0]!);
    return likelihoodLosses(this.secondLikelihood.of(this.run("secondDecoder", u), codes, this), kl, 1);
  }

  override get secondStage(): CodeModel {
    return {
      encode: (z) => this.quietly(() => this.run("secondMean", this.run("secondEncoder", z))),
      variance: (z) => this.quietly(() => exp(this.run("secondVariance", this.run("secondEncoder", z)))),
      decode: (u) => this.quietly(() => this.run("secondDecoder", u)),
    };
  }

  override stages(steps: number): readonly Stage[] {
    const second: Phase = {
      name: "second",
      moves: ["second"],
      loss: (z, noise) => this.secondLoss(z, noise),
    };
    return [
      { name: "first", steps },
      {
        name: "second",
        steps: secondStepsAfter(steps, this.#secondSteps),
        phases: [followed(this, this.secondLikelihood, second)],
        data: latents(this),
      },
    ];
  }

  override drawSecondStage(count: number, noise: RandomState, gammaNoise?: boolean): Tensor {
    return this.asConstant(() => this.device.scope(() => this.newCodes(count, noise, gammaNoise)));
  }

  /** ẑ of codes z (N, codeSize), by the mean of u. */
  override reconstructSecondStage(codes: Tensor): Tensor {
    const made = () => this.run("secondDecoder", this.run("secondMean", this.run("secondEncoder", codes)));
    return this.asConstant(() => this.device.scope(made));
  }

  /** Codes of the second stage. */
  protected override newCodes(count: number, noise: RandomState, gammaNoise = this.gammaNoise): Tensor {
    const z = this.run("secondDecoder", this.priorCodes(count, noise));
    const deviation = this.secondLikelihood.deviation(this);
    if (!gammaNoise || !deviation) return z;
    return add(z, mul(randomNormal(noise, z.shape), deviation));
  }
}

/** A `TwoStageVae` with the house's networks in the first stage, or your own encoder and decoder. */
export function twoStageVae(device: Device, options: TwoStageVaeOptions): TwoStageVae {
  checkBuild("twoStageVae", device, options);
  const { latent, seed, secondWidths = [1024, 1024, 1024] } = options;
  const features = latent + (secondWidths.at(-1) ?? latent);
  const init = (stream: string) => ({ seed, stream });
  const hidden = { input: {}, hidden: affineLayers(latent, secondWidths) };
  const networks = {
    ...gaussianNetworks(options),
    secondEncoder: sequential([latent], { skip: concat(hidden) }, init("secondEncoder")),
    secondMean: linearNetwork(features, latent, init("secondMean")),
    secondVariance: linearNetwork(features, latent, init("secondVariance")),
    secondDecoder: sequential(
      [latent],
      { skip: concat(hidden), linear: linear(features, latent) },
      init("secondDecoder"),
    ),
  };
  return new TwoStageVae(device, networks, options);
}

const secondStepsAfter = (steps: number, secondSteps: number | undefined) => secondSteps ?? 2 * steps;

/** Affine maps with ReLU after each. */
function affineLayers(inputs: number, widths: readonly number[]): Layers {
  return Object.fromEntries(
    widths.map((width, i) => [
      `linear${i + 1}`,
      linear(i === 0 ? inputs : widths[i - 1]!, width, { activation: "relu" }),
    ]),
  );
}

export const twoStageModel = /* @__PURE__ */ describeModel({
  ...twoStageFacts,
  parts: { divergence: "β·KL", effectiveBeta: "effective β", mse: "squared error" },
  settings: () => ({
    ...likelihoodSettings(),
    secondWidth: length().optional().meta({
      description: "units of each of the second stage's three hidden layers (default 1024)",
      value: "units",
    }),
    secondSteps: z
      .int()
      .positive()
      .optional()
      .meta({ description: "steps of the second stage (default twice the first's)", value: "count" }),
  }),
  defaults: (data) => ({ latent: codeLengthFor(data) }),
  laterSteps: (steps, { secondSteps }) => secondStepsAfter(steps, secondSteps),
  build: (device, { secondWidth = 1024, ...chosen }) =>
    twoStageVae(device, {
      ...chosen,
      ...chosenWeight(chosen),
      secondWidths: [secondWidth, secondWidth, secondWidth],
    }),
});
