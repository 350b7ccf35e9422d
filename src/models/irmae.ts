import { z } from "zod";
import type { Device } from "../device/device.ts";
import { ArgumentError } from "../device/errors.ts";
import type { Layer } from "../nn/layer.ts";
import { linear } from "../nn/layers.ts";
import type { Network } from "../nn/networks.ts";
import { sequential } from "../nn/sequential.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Autoencoder } from "./autoencoder.ts";
import { describeModel } from "./descriptor.ts";
import { checkBuild, type NetworkOptions, networksFor } from "./networks.ts";
import type { Batch } from "./parts.ts";
import type { Losses } from "./phase.ts";
import { latent, published } from "./settings.ts";
import { irmaeFacts } from "./pageModels.ts";

export interface IrmaeOptions extends NetworkOptions {
  /** Length L of the latent vector. */
  latent: number;
  /** How many linear maps stand between encoder and decoder; from 1 on. The more, the lower the rank that is learnt. */
  layers: number;
  /**
   * Leave out the last of them, as the code of the VRRAE paper's baselines does: "IRMAE with l layers" there
   * has l − 1. False by default.
   */
  published?: boolean | undefined;
}

/**
 * The implicit rank-minimising autoencoder (Jing, Zbontar & LeCun, 2020): square linear maps without bias
 * between encoder and decoder make gradient descent prefer latent vectors of low rank.
 *
 *     x → encoder → h (N, L) → W_1 → … → W_l → z (N, L) → decoder → x̂,     loss = relative error
 */
export class Irmae extends Autoencoder {
  readonly codeSize: number;

  constructor(
    device: Device,
    networks: { encoder: Network; decoder: Network; linear: Network },
    latent: number,
  ) {
    super(device, networks);
    this.codeSize = latent;
  }

  loss(x: Batch): Losses {
    return { loss: this.errorOf(this.codeOf(x), x) };
  }

  protected codeOf(x: Batch): Tensor {
    return this.run("linear", this.run("encoder", x));
  }
}

/** An `Irmae` with the paper's networks, or your own. */
export function irmae(device: Device, options: IrmaeOptions): Irmae {
  checkBuild("irmae", device, options);
  const { latent, layers, published = false, seed } = options;
  if (!(Number.isInteger(layers) && layers >= 1))
    throw new ArgumentError(
      `irmae: layers, the number of linear maps, is a whole number from 1 on, not ${layers}`,
    );
  const maps = linearMaps(latent, published ? layers - 1 : layers, seed);
  return new Irmae(device, { ...networksFor(options, latent), linear: maps }, latent);
}

/** `count` linear maps of vectors of length `latent`, one after the other, without bias. */
export function linearMaps(latent: number, count: number, seed: number | undefined): Network {
  const layers: Record<string, Layer> = {};
  for (let i = 1; i <= count; i++) layers[`map${i}`] = linear(latent, latent, { bias: false });
  return sequential([latent], layers, { seed, stream: "linear" });
}

export const irmaeModel = /* @__PURE__ */ describeModel({
  ...irmaeFacts,
  settings: () => ({
    latent: latent(),
    layers: z
      .int()
      .min(1)
      .max(64)
      .default(4)
      .meta({ description: "linear maps between encoder and decoder", value: "count" }),
    published: published(),
  }),
  build: irmae,
});
