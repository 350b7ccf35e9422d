import type { Device } from "../device/device.ts";
import type { Network } from "../nn/networks.ts";
import { truncate } from "../ops/svd.ts";
import { BasisAutoencoder } from "./basisAutoencoder.ts";
import { rraeFacts } from "./pageModels.ts";
import { describeModel } from "./descriptor.ts";
import { checkBuild, type NetworkOptions, networksFor } from "./networks.ts";
import type { Batch } from "./parts.ts";
import type { Losses } from "./phase.ts";
import { latent, rank } from "./settings.ts";

export interface RraeOptions extends NetworkOptions {
  /** Length L of the latent vector. */
  latent: number;
  /** Rank k that each latent batch is cut to. */
  rank: number;
}

/**
 * The rank reduction autoencoder in its strong form: the latent batch H (N, L) is replaced by its
 * best approximation of rank k before it is decoded.
 *
 *     x → encoder → H = V S Uᵀ → V_k S_k U_kᵀ → decoder → x̂,     loss = relative error
 */
export class Rrae extends BasisAutoencoder {
  constructor(
    device: Device,
    networks: { encoder: Network; decoder: Network },
    { latent, rank }: RraeOptions,
  ) {
    super(device, networks, latent, rank);
  }

  loss(x: Batch): Losses {
    const h = this.run("encoder", x);
    return { loss: this.errorOf(truncate(h, this.codeSize), x) };
  }
}

/** An `Rrae` with the paper's networks, or your own. */
export function rrae(device: Device, options: RraeOptions): Rrae {
  checkBuild("rrae", device, options);
  return new Rrae(device, networksFor(options, options.latent), options);
}

export const rraeModel = /* @__PURE__ */ describeModel({
  ...rraeFacts,
  settings: () => ({ latent: latent(), rank: rank() }),
  build: rrae,
});
