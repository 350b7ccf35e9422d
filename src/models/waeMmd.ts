import type { Device } from "../device/device.ts";
import type { Network } from "../nn/networks.ts";
import { add, mul } from "../ops/elementwise.ts";
import { randomNormal, type RandomState } from "../ops/random.ts";
import { CodedAutoencoder, type CodedOptions } from "./codedAutoencoder.ts";
import { mmd, type MmdKernel } from "./mmd.ts";
import { checkBuild, type NetworkOptions, networksFor } from "./networks.ts";
import type { Batch } from "./parts.ts";
import type { Losses } from "./phase.ts";
import { checkWeight } from "./weight.ts";
import { describeModel } from "./descriptor.ts";
import { waeMmdFacts } from "./pageModels.ts";
import {
  codeLengthFor,
  kernel,
  latent,
  reconstruction,
  reconstructionOf,
  reduce,
  weight,
} from "./settings.ts";

export interface WaeMmdOptions extends NetworkOptions, CodedOptions {
  /** λ, the weight of the discrepancy; 200 unless given: 10 beside 0.05 times a squared error, as the authors' code has it. */
  discrepancy?: number | undefined;
  kernel?: MmdKernel | undefined;
}

/**
 * The Wasserstein autoencoder with a maximum mean discrepancy (Tolstikhin et al. 2018, algorithm 2):
 *
 *     x → encoder → z → decoder → x̂,     loss = reconstruction + λ · MMD(z, p),  p ~ N(0, I)
 */
export class WaeMmd extends CodedAutoencoder {
  readonly #kernel: MmdKernel;

  constructor(
    device: Device,
    networks: { encoder: Network; decoder: Network },
    {
      latent,
      reconstruction = { kind: "mse", reduce: "sum" },
      discrepancy = 200,
      kernel = "imq",
    }: WaeMmdOptions,
  ) {
    checkWeight("waeMmd", "discrepancy, the weight of the MMD,", discrepancy);
    super(device, networks, latent, reconstruction, { scalars: { discrepancy } });
    this.#kernel = kernel;
  }

  loss(x: Batch, noise: RandomState): Losses {
    const z = this.codeOf(x);
    const error = this.compared(z, x);
    const weight = this.scalars.get("discrepancy")!.tensor;
    const discrepancy = mul(mmd(z, randomNormal(noise, z.shape), this.#kernel), weight);
    return { loss: add(error, discrepancy), error, discrepancy };
  }
}

/** A `WaeMmd` with the house's networks, or your own. */
export function waeMmd(device: Device, options: WaeMmdOptions): WaeMmd {
  checkBuild("waeMmd", device, options);
  return new WaeMmd(device, networksFor(options, options.latent), options);
}

export const waeMmdModel = /* @__PURE__ */ describeModel({
  ...waeMmdFacts,
  settings: () => ({
    latent: latent(),
    reconstruction: reconstruction(),
    reduce: reduce(),
    discrepancy: weight().optional().meta({ description: "weight of the discrepancy", value: "weight" }),
    kernel: kernel(),
  }),
  defaults: (data) => ({ latent: codeLengthFor(data) }),
  build: (device, chosen) =>
    waeMmd(device, { ...chosen, reconstruction: reconstructionOf(chosen, { kind: "mse", reduce: "sum" }) }),
});
