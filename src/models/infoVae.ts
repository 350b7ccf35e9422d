import { z } from "zod";
import type { Device } from "../device/device.ts";
import { checkBuild } from "./networks.ts";
import { ArgumentError } from "../device/errors.ts";
import { add, mul } from "../ops/elementwise.ts";
import { randomNormal, type RandomState } from "../ops/random.ts";
import type { CodedOptions } from "./codedAutoencoder.ts";
import { GaussianAutoencoder, gaussianNetworks, type GaussianNetworks } from "./gaussianAutoencoder.ts";
import { mmd, type MmdKernel } from "./mmd.ts";
import type { NetworkOptions } from "./networks.ts";
import type { Batch } from "./parts.ts";
import type { Losses } from "./phase.ts";
import { describeModel } from "./descriptor.ts";
import { infoVaeFacts } from "./pageModels.ts";
import { codeLengthFor, kernel, latent, reconstruction, reconstructionOf, reduce } from "./settings.ts";

export interface InfoVaeOptions extends NetworkOptions, CodedOptions {
  /** α of the paper: how much less than 1 the KL term weighs; 0 unless given. With 1 there is none (the MMD-VAE). */
  alpha?: number | undefined;
  /** λ of the paper; 1000 unless given. The discrepancy weighs α + λ − 1. */
  lambda?: number | undefined;
  kernel?: MmdKernel | undefined;
}

/**
 * The InfoVAE (Zhao, Song and Ermon 2017, equation 6):
 *
 *     loss = reconstruction + (1 − α) · KL(N(μ, σ²) ‖ N(0, I)) + (α + λ − 1) · MMD(z, p),  p ~ N(0, I)
 *
 * KL is the mean of the samples, and the reconstruction sums the numbers of each unless it says otherwise.
 */
export class InfoVae extends GaussianAutoencoder {
  readonly #alpha: number;
  readonly #lambda: number;
  readonly #kernel: MmdKernel;

  constructor(
    device: Device,
    networks: GaussianNetworks,
    {
      latent,
      reconstruction = { kind: "mse", reduce: "sum" },
      alpha = 0,
      lambda = 1000,
      kernel = "imq",
    }: InfoVaeOptions,
  ) {
    if (!(alpha <= 1 && alpha + lambda >= 1 && Number.isFinite(lambda)))
      throw new ArgumentError(
        `infoVae: alpha is at most 1, and lambda at least 1 − alpha, so that no term weighs less than 0; ` +
          `not ${alpha} and ${lambda}`,
      );
    super(device, networks, latent, reconstruction);
    this.#alpha = alpha;
    this.#lambda = lambda;
    this.#kernel = kernel;
  }

  loss(x: Batch, noise: RandomState): Losses {
    const { z, kl } = this.drawn(x, noise);
    const error = this.compared(z, x);
    const weight = this.#alpha + this.#lambda - 1;
    const discrepancy = mul(mmd(z, randomNormal(noise, z.shape), this.#kernel), weight);
    const matched = add(error, discrepancy);
    if (this.#alpha === 1) return { loss: matched, error, discrepancy };
    const divergence = mul(kl, 1 - this.#alpha);
    return { loss: add(matched, divergence), error, divergence, discrepancy };
  }
}

/** An `InfoVae` with the house's networks, or your own encoder and decoder. */
export function infoVae(device: Device, options: InfoVaeOptions): InfoVae {
  checkBuild("infoVae", device, options);
  return new InfoVae(device, gaussianNetworks(options), options);
}

export const infoVaeModel = /* @__PURE__ */ describeModel({
  ...infoVaeFacts,
  settings: () => ({
    latent: latent(),
    reconstruction: reconstruction(),
    reduce: reduce(),
    alpha: z
      .number()
      .max(1)
      .optional()
      .meta({ description: "how much less than 1 KL weighs", value: "share" }),
    lambda: z
      .number()
      .optional()
      .meta({ description: "weight of KL and discrepancy together", value: "weight" }),
    kernel: kernel(),
  }),
  defaults: (data) => ({ latent: codeLengthFor(data) }),
  build: (device, chosen) =>
    infoVae(device, { ...chosen, reconstruction: reconstructionOf(chosen, { kind: "mse", reduce: "sum" }) }),
});
