import type { Device } from "../device/device.ts";
import type { Network } from "../nn/networks.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Autoencoder } from "./autoencoder.ts";
import { aeFacts, longAeFacts } from "./pageModels.ts";
import { describeModel } from "./descriptor.ts";
import { checkBuild, type NetworkOptions, networksFor } from "./networks.ts";
import type { Batch } from "./parts.ts";
import type { Losses } from "./phase.ts";
import { latent, rank } from "./settings.ts";

export interface AeOptions extends NetworkOptions {
  /** Length of the latent vector: the bottleneck. */
  latent: number;
}

/**
 * The plain ("diabolo") autoencoder, x → z → x̂, trained on the relative error.
 *
 *     x (N, …input) → encoder → z (N, L) → decoder → x̂ (N, …input)
 */
export class Ae extends Autoencoder {
  readonly codeSize: number;

  constructor(device: Device, networks: { encoder: Network; decoder: Network }, latent: number) {
    super(device, networks);
    this.codeSize = latent;
  }

  loss(x: Batch): Losses {
    return { loss: this.errorOf(this.codeOf(x), x) };
  }

  protected codeOf(x: Batch): Tensor {
    return this.run("encoder", x);
  }
}

/** An `Ae` with the paper's networks, or your own. */
export function ae(device: Device, options: AeOptions): Ae {
  checkBuild("ae", device, options);
  return new Ae(device, networksFor(options, options.latent), options.latent);
}

/** As long as the codes of RRAE and VRRAE, k, as in the paper's comparisons. */
export const aeModel = /* @__PURE__ */ describeModel({
  ...aeFacts,
  settings: () => ({ rank: rank() }),
  build: (device, { rank: latent, ...chosen }) => ae(device, { ...chosen, latent }),
});

/** As long as the latent vector of RRAE and VRRAE, L. */
export const longAeModel = /* @__PURE__ */ describeModel({
  ...longAeFacts,
  settings: () => ({ latent: latent() }),
  build: ae,
});
