import { definedOnly } from "../device/arguments.ts";
import type { Device } from "../device/device.ts";
import { linearNetwork, type Network } from "../nn/networks.ts";
import { add, exp } from "../ops/elementwise.ts";
import { sampleGaussian, type GaussianSample } from "../ops/gaussian.ts";
import type { RandomState } from "../ops/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Autoencoder } from "./autoencoder.ts";
import { vaeFacts, vaeIdentityFacts } from "./pageModels.ts";
import { describeModel } from "./descriptor.ts";
import { checkBuild, type NetworkOptions, networksFor } from "./networks.ts";
import { checkWeight } from "./weight.ts";
import type { Batch } from "./parts.ts";
import type { Losses } from "./phase.ts";
import { beta, rank } from "./settings.ts";

export interface VaeOptions extends NetworkOptions {
  /** Length of the latent vector. */
  latent: number;
  /** Weight of the KL term, which is summed over the batch (β of the paper, eq. 2, divided by the batch size). */
  beta: number;
  /** f: a trained affine map, or the identity as in the paper's ablation (section 5). "affine" by default. */
  mean?: "affine" | "identity" | undefined;
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

  constructor(
    device: Device,
    networks: { encoder: Network; decoder: Network; mean?: Network | undefined; variance: Network },
    { latent, beta }: VaeOptions,
  ) {
    checkWeight("vae", "beta, the weight of the KL term,", beta);
    super(device, definedOnly(networks), { scalars: { beta } });
    this.codeSize = latent;
  }

  /** Weight of the KL term, from the next step on. */
  get beta(): number {
    return this.scalars.get("beta")!.value;
  }

  set beta(beta: number) {
    checkWeight("vae", "beta, the weight of the KL term,", beta);
    this.scalars.get("beta")!.write(beta);
  }

  loss(x: Batch, noise: RandomState): Losses {
    const { z, betaKl } = this.#sampled(x, noise);
    const error = this.errorOf(z, x);
    return { loss: add(error, betaKl), error, betaKl };
  }

  /** Codes of a batch, drawn from N(μ, σ²). */
  override draw(x: Batch, noise: RandomState): Tensor {
    return this.asConstant(() => this.device.scope(() => this.#sampled(x, noise).z));
  }

  #sampled(x: Batch, noise: RandomState): GaussianSample {
    const h = this.run("encoder", x);
    const logVariance = this.run("variance", h);
    return sampleGaussian(this.#mean(h), logVariance, noise, this.scalars.get("beta")!.tensor);
  }

  protected codeOf(x: Batch): Tensor {
    return this.#mean(this.run("encoder", x));
  }

  protected override varianceOf(x: Batch): Tensor {
    return exp(this.run("variance", this.run("encoder", x)));
  }

  /** f: the identity where there is no network for it. */
  #mean(h: Tensor): Tensor {
    return this.networks.mean ? this.run("mean", h) : h;
  }
}

/** A `Vae` with the paper's networks, or your own. */
export function vae(device: Device, options: VaeOptions): Vae {
  checkBuild("vae", device, options);
  const { latent, seed, mean = "affine" } = options;
  const networks = {
    ...networksFor(options, latent),
    ...(mean === "affine" ? { mean: linearNetwork(latent, latent, { seed, stream: "mean" }) } : {}),
    variance: linearNetwork(latent, latent, { seed, stream: "variance" }),
  };
  return new Vae(device, networks, options);
}

export const vaeModel = /* @__PURE__ */ describeModel({
  ...vaeFacts,
  parts: { betaKl: "β·KL" },
  settings: () => ({ rank: rank(), beta: beta() }),
  build: (device, { rank: latent, ...chosen }) => vae(device, { ...chosen, latent }),
});

export const vaeIdentityModel = /* @__PURE__ */ describeModel({
  ...vaeIdentityFacts,
  settings: () => ({ rank: rank(), beta: beta() }),
  build: (device, { rank: latent, ...chosen }) => vae(device, { ...chosen, latent, mean: "identity" }),
});
