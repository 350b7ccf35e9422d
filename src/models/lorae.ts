import type { Device } from "../device/device.ts";
import type { Network } from "../nn/networks.ts";
import { add, mul } from "../ops/elementwise.ts";
import { sum } from "../ops/reduce.ts";
import { svd } from "../ops/svd.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Autoencoder } from "./autoencoder.ts";
import { describeModel } from "./descriptor.ts";
import { linearMaps } from "./irmae.ts";
import { checkBuild, type NetworkOptions, networksFor } from "./networks.ts";
import { checkWeight } from "./weight.ts";
import type { Batch } from "./parts.ts";
import type { Losses } from "./phase.ts";
import { latent, penalty, published } from "./settings.ts";
import { loraeFacts } from "./pageModels.ts";

export interface LoraeOptions extends NetworkOptions {
  /** Length L of the latent vector. */
  latent: number;
  /** Weight λ of the nuclear norm; 1e-3 by default. */
  nuclear?: number | undefined;
  /**
   * Penalise the linear map without applying it, as the code of the VRRAE paper's baselines does: the model is
   * then a plain autoencoder. False by default.
   */
  published?: boolean | undefined;
}

/**
 * The low-rank autoencoder: one square linear map without bias between encoder and decoder, whose nuclear
 * norm, the sum of its singular values, is part of the loss. Its gradient is U Vᵀ, by way of `svd`.
 *
 *     x → encoder → h (N, L) → W → z (N, L) → decoder → x̂,     loss = relative error + λ ‖W‖_*
 */
export class Lorae extends Autoencoder {
  readonly codeSize: number;
  readonly #published: boolean;

  constructor(
    device: Device,
    networks: { encoder: Network; decoder: Network; linear: Network },
    { latent, nuclear = 1e-3, published = false }: LoraeOptions,
  ) {
    checkWeight("lorae", "nuclear, the weight of the nuclear norm,", nuclear);
    super(device, networks, { scalars: { nuclear } });
    this.codeSize = latent;
    this.#published = published;
  }

  /** Weight of the nuclear norm, from the next step on. */
  get nuclear(): number {
    return this.scalars.get("nuclear")!.value;
  }

  set nuclear(nuclear: number) {
    checkWeight("lorae", "nuclear, the weight of the nuclear norm,", nuclear);
    this.scalars.get("nuclear")!.write(nuclear);
  }

  loss(x: Batch): Losses {
    const error = this.errorOf(this.codeOf(x), x);
    const { S } = svd(this.arena.get("linear.map1.weight"));
    const nuclearNorm = mul(sum(S), this.scalars.get("nuclear")!.tensor);
    return { loss: add(error, nuclearNorm), error, nuclearNorm };
  }

  protected codeOf(x: Batch): Tensor {
    const h = this.run("encoder", x);
    return this.#published ? h : this.run("linear", h);
  }
}

/** A `Lorae` with the paper's networks, or your own. */
export function lorae(device: Device, options: LoraeOptions): Lorae {
  checkBuild("lorae", device, options);
  const { latent, seed } = options;
  const networks = { ...networksFor(options, latent), linear: linearMaps(latent, 1, seed) };
  return new Lorae(device, networks, options);
}

export const loraeModel = /* @__PURE__ */ describeModel({
  ...loraeFacts,
  parts: { nuclearNorm: "nuclear norm" },
  settings: () => ({ latent: latent(), penalty: penalty(), published: published() }),
  build: (device, { penalty: nuclear, ...chosen }) => lorae(device, { ...chosen, nuclear }),
});
