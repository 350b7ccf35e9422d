import type { Device } from "../device/device.ts";
import { linearNetwork, type Network } from "../nn/networks.ts";
import { add } from "../ops/elementwise.ts";
import { sampleGaussian } from "../ops/gaussian.ts";
import type { RandomState } from "../ops/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Autoencoder, type Losses } from "./autoencoder.ts";
import { networksFor, type NetworkOptions } from "./networks.ts";
import { checkWeight } from "./weight.ts";
import type { Batch } from "./parts.ts";

export interface VaeOptions extends NetworkOptions {
  /** Length of the latent vector. */
  latent: number;
  /** Weight of the KL term, which is summed over the batch (β of the paper, eq. 2, divided by the batch size). */
  beta: number;
  /** f: a trained affine map, or the identity as in the paper's ablation (section 5). "affine" by default. */
  mean?: "affine" | "identity";
}

/**
 * The variational autoencoder (paper, section 2):
 *
 *     x → encoder → h (N, L) → mean: μ = W_f h + b_f
 *                            → variance: log σ² = W_g h + b_g
 *     z = μ + ε ∘ σ → decoder → x̂,     loss = relative error + β · KL(N(μ, σ²) ‖ N(0, I))
 */
export class Vae extends Autoencoder {
  readonly codeSize: number;
  /** Weight of the KL term; a recorded step keeps the one that it was recorded with. */
  beta: number;

  constructor(
    device: Device,
    networks: { encoder: Network; decoder: Network; mean?: Network; variance: Network },
    { latent, beta }: VaeOptions,
  ) {
    checkWeight("vae", "beta, the weight of the KL term,", beta);
    super(device, networks);
    this.codeSize = latent;
    this.beta = beta;
  }

  loss(x: Batch, noise: RandomState): Losses {
    const h = this.run("encoder", x);
    const mu = this.#mean(h);
    const logVariance = this.run("variance", h);
    const { z, betaKl } = sampleGaussian(mu, logVariance, noise, this.beta);
    const error = this.errorOf(z, x);
    return { loss: add(error, betaKl), error, betaKl };
  }

  protected codeOf(x: Batch): Tensor {
    return this.#mean(this.run("encoder", x));
  }

  protected sampleOf(code: Tensor): Tensor {
    return this.run("decoder", code);
  }

  /** f: the identity where there is no network for it. */
  #mean(h: Tensor): Tensor {
    return this.networks.mean ? this.run("mean", h) : h;
  }
}

/** A `Vae` with the paper's networks, or your own. */
export function vae(device: Device, options: VaeOptions): Vae {
  const { latent, seed, mean = "affine" } = options;
  const networks = {
    ...networksFor(options, latent),
    ...(mean === "affine" ? { mean: linearNetwork(latent, latent, { seed, stream: "mean" }) } : {}),
    variance: linearNetwork(latent, latent, { seed, stream: "variance" }),
  };
  return new Vae(device, networks, options);
}
