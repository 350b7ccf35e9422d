import { z } from "zod";
import type { Device } from "../device/device.ts";
import { ArgumentError } from "../device/errors.ts";
import type { Network } from "../nn/networks.ts";
import { add, mul, sigmoid, square, sub } from "../ops/elementwise.ts";
import { affine } from "../ops/lib/affine.ts";
import { randomNormal, type RandomState } from "../ops/random.ts";
import { sum } from "../ops/reduce.ts";
import { tensor, type Tensor } from "../tensor/tensor.ts";
import { Autoencoder } from "./autoencoder.ts";
import { describeModel } from "./descriptor.ts";
import { checkBuild, type NetworkOptions, networksFor } from "./networks.ts";
import { checkWeight } from "./weight.ts";
import { partsOf, type Batch } from "./parts.ts";
import type { Losses } from "./phase.ts";
import { latent, penalty } from "./settings.ts";
import { contractiveFacts } from "./pageModels.ts";

/** How the contractive penalty is computed: see `Contractive`. */
export type Contraction = "last-layer" | "estimator";

export interface ContractiveOptions extends NetworkOptions {
  /** Length L of the latent vector. */
  latent: number;
  /** Weight β of the penalty, which is summed over the batch. */
  penalty: number;
  contraction?: Contraction | undefined;
}

/** Length of the step that the estimator takes along a direction of unit variance per pixel. */
const STEP = 1e-2;

/**
 * The contractive autoencoder (Rifai et al., 2011): a latent vector that changes little with its sample.
 *
 *     x → encoder → z = sigmoid(h) (N, L) → decoder → x̂,     loss = relative error + β Σ_n ‖∂z_n/∂x_n‖²
 *
 * "last-layer" (the default, and what the VRRAE paper's baseline uses) takes the Jacobian of the encoder's last
 * affine map alone, for which Σ_l (z_l (1 − z_l))² Σ_d W_dl² is exact; it is the whole one where the encoder
 * has one layer. "estimator" takes that of the whole encoder, by one random direction v ~ N(0, I) per
 * sample: E ‖J v‖² = ‖J‖², with J v from the difference of two encodings.
 */
export class Contractive extends Autoencoder {
  readonly codeSize: number;
  readonly #contraction: Contraction;

  constructor(
    device: Device,
    networks: { encoder: Network; decoder: Network },
    { latent, penalty, contraction = "last-layer" }: ContractiveOptions,
  ) {
    checkWeight("contractive", "penalty, the weight of the Jacobian,", penalty);
    if (!["last-layer", "estimator"].includes(contraction))
      throw new ArgumentError(
        `contractive: contraction is "last-layer" or "estimator", not "${contraction}"`,
      );
    super(device, networks, { scalars: { penalty } });
    this.codeSize = latent;
    this.#contraction = contraction;
  }

  /** Weight of the penalty, from the next step on. */
  get penalty(): number {
    return this.scalars.get("penalty")!.value;
  }

  set penalty(penalty: number) {
    checkWeight("contractive", "penalty, the weight of the Jacobian,", penalty);
    this.scalars.get("penalty")!.write(penalty);
  }

  loss(x: Batch, noise: RandomState): Losses {
    const z = this.codeOf(x);
    const error = this.errorOf(z, x);
    const jacobian = this.#contraction === "estimator" ? this.#estimate(x, z, noise) : this.#ofLastLayer(z);
    const contraction = mul(jacobian, this.scalars.get("penalty")!.tensor);
    return { loss: add(error, contraction), error, contraction };
  }

  protected codeOf(x: Batch): Tensor {
    return sigmoid(this.run("encoder", x));
  }

  /** Σ_n Σ_l (z_nl (1 − z_nl))² Σ_d W_dl². */
  #ofLastLayer(z: Tensor): Tensor {
    const weights = [...this.arena.parameters.keys()].filter((name) => /^encoder\..*weight$/.test(name));
    const weight = this.arena.get(weights.at(-1)!);
    const ones = tensor(this.device, new Float32Array(weight.shape[0]!).fill(1), [1, weight.shape[0]!]);
    const columns = affine(ones, square(weight)); // their sums, also of a weight that no binding holds
    return sum(mul(square(sub(z, square(z))), columns));
  }

  /** Σ_n ‖E(x_n + STEP v_n) − E(x_n)‖² / STEP². */
  #estimate(x: Batch, z: Tensor, noise: RandomState): Tensor {
    const nudged = partsOf(x).map((part) => add(part, mul(randomNormal(noise, part.shape), STEP)));
    const moved = this.codeOf(nudged);
    return mul(sum(square(sub(moved, z))), 1 / STEP ** 2);
  }
}

/** A `Contractive` with the paper's networks, or your own. */
export function contractive(device: Device, options: ContractiveOptions): Contractive {
  checkBuild("contractive", device, options);
  return new Contractive(device, networksFor(options, options.latent), options);
}

export const contractiveModel = /* @__PURE__ */ describeModel({
  ...contractiveFacts,
  settings: () => ({
    latent: latent(),
    penalty: penalty(),
    contraction: z
      .enum(["last-layer", "estimator"])
      .default("last-layer")
      .meta({ description: "Jacobian penalised", value: "form" }),
  }),
  build: contractive,
});
