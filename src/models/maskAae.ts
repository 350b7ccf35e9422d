import { z } from "zod";
import { definedOnly, type Complete } from "../device/arguments.ts";
import type { Device } from "../device/device.ts";
import { ArgumentError } from "../device/errors.ts";
import { openUnits } from "../latent/spectrum.ts";
import { uniformValues } from "../nn/init.ts";
import type { Network } from "../nn/networks.ts";
import { add, exp, max, mul, neg, square, sub } from "../ops/elementwise.ts";
import { randomNormal, type RandomState } from "../ops/random.ts";
import { mean, sum } from "../ops/reduce.ts";
import { copyInto } from "../tensor/accumulate.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { criticNetwork, judged, wassersteinLoss } from "./adversary.ts";
import { CodedAutoencoder, type CodedOptions } from "./codedAutoencoder.ts";
import { checkBuild, type NetworkOptions, networksFor } from "./networks.ts";
import type { Batch } from "./parts.ts";
import type { Losses, Phase } from "./phase.ts";
import { checkWeight } from "./weight.ts";
import { describeModel } from "./descriptor.ts";
import { maskAaeFacts } from "./pageModels.ts";
import {
  bceFor,
  codeLengthFor,
  criticLayers,
  criticUpdates,
  criticWidth,
  criticWidthsOf,
  latent,
  reconstruction,
  reconstructionOf,
  reduce,
  weight,
} from "./settings.ts";

export interface MaskAaeOptions extends NetworkOptions, CodedOptions {
  /** Widths of the critic's hidden layers; four of 1024 unless given. */
  criticWidths?: readonly number[] | undefined;
  /** Rates of critic and generator; 1e-4 unless given. Autoencoder and mask have the run's; all four are RMSProp's. */
  adversaryRate?: number | undefined;
  /** Rate of the mask, where it is not the run's. */
  maskRate?: number | undefined;
  /** What the reconstruction weighs in the mask's loss; 1000 unless given. The less, the more closes. */
  maskReconstruction?: number | undefined;
  /** The least m that the mask starts from; 0 unless given. The largest is 5. */
  maskStart?: number | undefined;
  /** Critic updates a step; 5 unless given. */
  criticUpdates?: number | undefined;
  /** T: the weight of the mask's polarisation doubles every 4 T steps; as the authors' code has it for the length unless given. */
  period?: number | undefined;
}

const [SPREAD, MOST_POLARISATION, MOST_START] = [100, 2048, 5];

const ENTROPY = { kind: "bce", reduce: "mean" } as const;

/**
 * The masked adversarial autoencoder (Mondal et al., "To regularize or not to regularize?", UAI 2020). A mask
 * α = 1 − exp(−m), m ≥ 0, multiplies codes and draws of the prior alike before decoder and critic see them, and is trained
 * until each number of it is 0 or 1: the model finds out how many it needs. ẑ = α ∘ E(x), p̂ = α ∘ p, p ~ N(0, I):
 *
 *     ae           encoder, decoder    R + 100 · mean((z − mean z)² ∘ exp(−10 α²))
 *     critic       critic              mean D(ẑ) − mean D(p̂) + 10 · gradient penalty; five times, on batches of their own
 *     generator    encoder             −mean D(ẑ)
 *     mask         mask                1000 R + (1 − mean D(ẑ) + mean D(p̂))² + c Σ α (1 − α), then m ← max(m, 0)
 *
 * m starts from numbers drawn evenly between 0 and 5. R is the reconstruction, binary cross-entropy averaged unless said
 * otherwise; the spread runs over the batch. c is 2 / d at first and doubles every 4 T steps up to 2048; from step 5 T on
 * the losses of autoencoder and mask are a fifth.
 */
export class MaskAae extends CodedAutoencoder {
  readonly #options: Complete<
    Pick<MaskAaeOptions, "adversaryRate" | "maskReconstruction" | "criticUpdates" | "period">
  > &
    Pick<MaskAaeOptions, "maskRate">;

  constructor(
    device: Device,
    networks: { encoder: Network; decoder: Network; critic: Network },
    {
      latent,
      seed = 0,
      reconstruction = ENTROPY,
      adversaryRate = 1e-4,
      maskRate,
      maskReconstruction = 1000,
      maskStart = 0,
      criticUpdates = 5,
      period = latent <= 20 ? 75 : Math.min(10_000, Math.floor((1125 * latent) / 10)),
    }: MaskAaeOptions,
  ) {
    for (const [name, value] of Object.entries({ criticUpdates, period }))
      if (!(Number.isSafeInteger(value) && value >= 1))
        throw new ArgumentError(`maskAae: ${name} is a whole number from 1 on, not ${value}`);
    checkWeight("maskAae", "maskReconstruction, the weight of the reconstruction,", maskReconstruction);
    if (!(maskStart >= 0 && maskStart <= MOST_START))
      throw new ArgumentError(`maskAae: maskStart is a number from 0 to ${MOST_START}, not ${maskStart}`);
    const { encoder, decoder, critic } = networks;
    const half = (MOST_START - maskStart) / 2;
    super(device, { encoder, decoder, critic }, latent, reconstruction, {
      parameters: [
        {
          name: "mask",
          shape: [latent],
          values: uniformValues(latent, half, seed, "mask").map((value) => value + maskStart + half),
        },
      ],
      scalars: { polarisation: 2 / latent, scale: 1 },
    });
    this.#options = {
      ...{ adversaryRate, maskReconstruction, criticUpdates, period },
      ...(maskRate !== undefined && { maskRate }),
    };
  }

  /** α (codeSize), from 0 up to 1. */
  override mask(): Tensor {
    return sub(1, exp(neg(this.arena.get("mask"))));
  }

  /** How many dimensions the mask leaves. */
  async activeDimensions(): Promise<number> {
    const mask = this.asConstant(() => this.mask());
    const values = await mask.read();
    mask.dispose();
    return openUnits(values);
  }

  /** The loss of the autoencoder's phase. */
  loss(x: Batch): Losses {
    const z = this.run("encoder", x);
    const mask = this.mask();
    const scale = this.scalars.get("scale")!.tensor;
    const error = mul(this.compared(mul(z, mask), x), scale);
    const off = square(sub(z, mean(z, 0, true)));
    const spread = mul(mean(mul(off, exp(mul(square(mask), -10)))), mul(scale, SPREAD));
    return { loss: add(error, spread), error, spread };
  }

  override phases(): readonly Phase[] {
    const { adversaryRate, maskRate, criticUpdates } = this.#options;
    const ofAdversary = { kind: "rmsprop", rate: adversaryRate } as const;
    return [
      {
        ...{ name: "ae", moves: ["encoder", "decoder"], optimizer: { kind: "rmsprop" } },
        loss: (x) => this.loss(x),
      },
      {
        ...{
          name: "critic",
          moves: ["critic"],
          times: criticUpdates,
          batch: "fresh",
          optimizer: ofAdversary,
        },
        loss: (x, noise) => {
          const { codes, draws } = this.#masked(x, noise);
          return wassersteinLoss(this.network("critic"), draws, codes, noise);
        },
      },
      {
        ...{ name: "generator", moves: ["encoder"], optimizer: ofAdversary },
        loss: (x, noise) => ({ loss: neg(judged(this.network("critic"), this.#masked(x, noise).codes)) }),
      },
      {
        ...{
          name: "mask",
          moves: ["mask"],
          optimizer: { kind: "rmsprop", ...(maskRate !== undefined && { rate: maskRate }) },
        },
        loss: (x, noise) => this.#maskLoss(x, noise),
        after: () => {
          const mask = this.arena.get("mask");
          copyInto(mask, max(mask, 0));
        },
      },
    ];
  }

  /** c and the scale of two losses follow the number of steps taken. */
  override beforeStep(step: number): void {
    const { period } = this.#options;
    const doublings = Math.floor(step / (4 * period));
    this.scalars
      .get("polarisation")!
      .write(Math.min(MOST_POLARISATION, (2 / this.codeSize) * 2 ** doublings));
    this.scalars.get("scale")!.write(step >= 5 * period ? 1 / 5 : 1);
  }

  #maskLoss(x: Batch, noise: RandomState): Losses {
    const { codes, draws } = this.#masked(x, noise);
    const mask = this.mask();
    const scale = this.scalars.get("scale")!.tensor;
    const error = mul(
      this.again(() => this.compared(codes, x)),
      mul(scale, this.#options.maskReconstruction),
    );
    const critic = this.network("critic");
    const mismatch = mul(square(sub(1, sub(judged(critic, codes), judged(critic, draws)))), scale);
    const weight = mul(this.scalars.get("polarisation")!.tensor, scale);
    const polarisation = mul(sum(sub(mask, square(mask))), weight);
    return { loss: add(add(error, mismatch), polarisation), error, mismatch, polarisation };
  }

  /** ẑ and p̂. */
  #masked(x: Batch, noise: RandomState): { codes: Tensor; draws: Tensor } {
    const codes = this.again(() => this.codeOf(x));
    return { codes, draws: mul(randomNormal(noise, codes.shape), this.mask()) };
  }

  protected override codeOf(x: Batch): Tensor {
    return mul(this.run("encoder", x), this.mask());
  }

  protected override priorCodes(count: number, noise: RandomState): Tensor {
    return mul(super.priorCodes(count, noise), this.mask());
  }
}

/** A `MaskAae` with the house's networks, or your own encoder and decoder. */
export function maskAae(device: Device, options: MaskAaeOptions): MaskAae {
  checkBuild("maskAae", device, options);
  const { latent, seed, criticWidths = [1024, 1024, 1024, 1024] } = options;
  const critic = criticNetwork(latent, criticWidths, { seed, stream: "critic" });
  return new MaskAae(
    device,
    { ...networksFor({ reconstruction: ENTROPY, ...definedOnly(options) }, latent), critic },
    options,
  );
}

export const maskAaeModel = /* @__PURE__ */ describeModel({
  ...maskAaeFacts,
  settings: () => ({
    latent: latent(),
    reconstruction: reconstruction(),
    reduce: reduce(),
    criticWidth: criticWidth(),
    criticLayers: criticLayers(),
    criticUpdates: criticUpdates(),
    adversaryRate: z
      .number()
      .positive()
      .optional()
      .meta({ description: "learning rate of critic and generator (default 1e-4)", value: "rate" }),
    maskRate: z
      .number()
      .positive()
      .optional()
      .meta({ description: "learning rate of the mask (default the run's)", value: "rate" }),
    maskReconstruction: weight().optional().meta({
      description: "weight of the reconstruction in the mask's loss (default 1000)",
      value: "weight",
    }),
    maskStart: z.number().min(0).max(MOST_START).optional().meta({
      description: "least m that the mask, 1 - exp(-m), starts from (default 0; the largest is 5)",
      value: "m",
    }),
    period: z.int().positive().optional().meta({
      description: "steps of a quarter of the time in which the mask's weight doubles",
      value: "steps",
    }),
  }),
  defaults: (data) => ({ latent: 2 * codeLengthFor(data), reconstruction: bceFor(data), rate: 5e-4 }),
  build: (device, chosen) =>
    maskAae(device, {
      ...chosen,
      criticWidths: criticWidthsOf(chosen, 1024, 4),
      reconstruction: reconstructionOf(chosen, ENTROPY),
    }),
});
