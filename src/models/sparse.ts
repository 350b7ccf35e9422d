import { z } from "zod";
import type { Device } from "../device/device.ts";
import { ArgumentError } from "../device/errors.ts";
import type { Network } from "../nn/networks.ts";
import { add, clamp, log, mul, sigmoid, sub } from "../ops/elementwise.ts";
import { mean, sum } from "../ops/reduce.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Autoencoder } from "./autoencoder.ts";
import { describeModel } from "./descriptor.ts";
import { checkBuild, type NetworkOptions, networksFor } from "./networks.ts";
import { checkWeight } from "./weight.ts";
import type { Batch } from "./parts.ts";
import type { Losses } from "./phase.ts";
import { latent, penalty, published } from "./settings.ts";
import { sparseFacts } from "./pageModels.ts";

export interface SparseOptions extends NetworkOptions {
  /** Length L of the latent vector. */
  latent: number;
  /** Weight β of the sparsity term. */
  penalty: number;
  /** The mean activation ρ that is aimed at, between 0 and 1; 0.05 by default. */
  sparsity?: number | undefined;
  /**
   * Compare ρ with the mean of all activations of all units at once, as the VRRAE paper's baseline does, which a
   * few busy units can satisfy. False by default.
   */
  published?: boolean | undefined;
}

/** Means are kept this far from 0 and 1, where the divergence is infinite. */
const EDGE = 1e-6;

/**
 * The sparse autoencoder: each latent unit is to be active for few samples.
 *
 *     x → encoder → z = sigmoid(h) (N, L) → decoder → x̂,     loss = relative error + β Σ_l KL(ρ ‖ mean_n z_nl)
 *
 * where KL(ρ ‖ r) = ρ log(ρ / r) + (1 − ρ) log((1 − ρ) / (1 − r)) is that of two Bernoulli distributions.
 */
export class Sparse extends Autoencoder {
  readonly codeSize: number;
  readonly #sparsity: number;
  readonly #published: boolean;

  constructor(
    device: Device,
    networks: { encoder: Network; decoder: Network },
    { latent, penalty, sparsity = 0.05, published = false }: SparseOptions,
  ) {
    checkWeight("sparse", "penalty, the weight of the sparsity term,", penalty);
    if (!(sparsity > 0 && sparsity < 1))
      throw new ArgumentError(
        `sparse: sparsity, the mean activation, lies between 0 and 1; it is ${sparsity}`,
      );
    super(device, networks, { scalars: { penalty } });
    this.codeSize = latent;
    this.#sparsity = sparsity;
    this.#published = published;
  }

  /** Weight of the sparsity term, from the next step on. */
  get penalty(): number {
    return this.scalars.get("penalty")!.value;
  }

  set penalty(penalty: number) {
    checkWeight("sparse", "penalty, the weight of the sparsity term,", penalty);
    this.scalars.get("penalty")!.write(penalty);
  }

  loss(x: Batch): Losses {
    const z = this.codeOf(x);
    const error = this.errorOf(z, x);
    const activity = this.#published ? mean(z) : mean(z, [0]);
    const sparsity = mul(sum(bernoulliKl(this.#sparsity, activity)), this.scalars.get("penalty")!.tensor);
    return { loss: add(error, sparsity), error, sparsity };
  }

  protected codeOf(x: Batch): Tensor {
    return sigmoid(this.run("encoder", x));
  }
}

/** KL(ρ ‖ r) of Bernoulli distributions, for each element of r. */
function bernoulliKl(rho: number, r: Tensor): Tensor {
  const active = clamp(r, EDGE, 1 - EDGE);
  const entropy = rho * Math.log(rho) + (1 - rho) * Math.log(1 - rho);
  const cross = add(mul(log(active), rho), mul(log(sub(1, active)), 1 - rho));
  return sub(entropy, cross);
}

/** A `Sparse` with the paper's networks, or your own. */
export function sparse(device: Device, options: SparseOptions): Sparse {
  checkBuild("sparse", device, options);
  return new Sparse(device, networksFor(options, options.latent), options);
}

export const sparseModel = /* @__PURE__ */ describeModel({
  ...sparseFacts,
  settings: () => ({
    latent: latent(),
    penalty: penalty(),
    sparsity: z
      .number()
      .gt(0)
      .lt(1)
      .default(0.05)
      .meta({ description: "mean activation that is aimed at", value: "mean" }),
    published: published(),
  }),
  defaults: () => ({ penalty: 1 }),
  build: sparse,
});
