import { z } from "zod";
import { definedOnly } from "../device/arguments.ts";
import type { Device } from "../device/device.ts";
import { linearNetwork, type Network } from "../nn/networks.ts";
import { add, exp } from "../ops/elementwise.ts";
import { sampleGaussian } from "../ops/gaussian.ts";
import { matmul } from "../ops/matmul.ts";
import type { RandomState } from "../ops/random.ts";
import { pad, slice } from "../ops/rearrange.ts";
import { truncatedSvd, type Gauge } from "../ops/svd.ts";
import { copyInto } from "../tensor/accumulate.ts";
import { noGrad } from "../tensor/record.ts";
import { zeros, type Tensor } from "../tensor/tensor.ts";
import { BasisAutoencoder, LAST_BASIS } from "./basisAutoencoder.ts";
import { rraeVaeFacts, vrraeFacts } from "./pageModels.ts";
import { describeModel } from "./descriptor.ts";
import { checkBuild, type NetworkOptions, networksFor } from "./networks.ts";
import { checkWeight } from "./weight.ts";
import type { Batch } from "./parts.ts";
import type { Losses } from "./phase.ts";
import { beta, latent, rank } from "./settings.ts";

export interface VrraeOptions extends NetworkOptions {
  /** Length L of the latent vector. */
  latent: number;
  /** Rank k of the truncated SVD: the number of coefficients that are sampled. */
  rank: number;
  /** Weight of the KL term, which is summed over the batch (β of the paper, eq. 2, divided by the batch size). */
  beta: number;
  /**
   * f: the identity, which makes a VRRAE, or a trained affine map, the "RRAE + VAE" of the paper's ablation
   * (section 5, appendix A.1), whose means are no SVD coefficients. "identity" by default.
   */
  mean?: "identity" | "affine" | undefined;
  /** How the gradient treats rotations within the kept basis; see `truncatedSvd`. "damped" by default. */
  gauge?: Gauge | undefined;
}

/**
 * The variational rank reduction autoencoder (paper, section 3): the coefficients of a truncated SVD
 * of the latent batch are the means of the distributions that are sampled.
 *
 *     x → encoder → H (N, L) = V S Uᵀ        α = V_k S_k (N, k)   basis U_k (L, k)
 *     log σ² = W_g α + b_g                   z = α + ε ∘ σ
 *     z U_kᵀ (N, L) → decoder → x̂,           loss = relative error + β · KL(N(α, σ²) ‖ N(0, I))
 *
 * Where `mean` is "affine", the means are μ = W_f α + b_f in place of α, but the variances those of α. With β = 0 the noise stays and the KL term goes (the paper's ablation).
 *
 * A singular vector and its negative are as good as each other for the truncation, but not for log σ², which is affine in
 * the coefficients: so the signs of a step's vectors follow those of the step before.
 *
 * `setRank` lowers k: coefficients come in the order of their singular values, so those that are left have the leading
 * block of W_g and W_f, which stay as large as they were.
 */
export class Vrrae extends BasisAutoencoder {
  readonly #gauge: Gauge;
  /** (L, largest k): the basis of the last step; zeros where there is none yet, and beside one of a lowered rank. */
  readonly #lastBasis: Tensor;
  override readonly carried: ReadonlyMap<string, Tensor>;

  constructor(
    device: Device,
    networks: { encoder: Network; decoder: Network; mean?: Network | undefined; variance: Network },
    { latent, rank, beta, gauge = "damped" }: VrraeOptions,
  ) {
    checkWeight("vrrae", "beta, the weight of the KL term,", beta);
    super(device, definedOnly(networks), latent, rank, { scalars: { beta } });
    this.#gauge = gauge;
    this.#lastBasis = zeros(device, [latent, rank], "parameter").keep();
    this.carried = new Map([[LAST_BASIS, this.#lastBasis]]);
  }

  /** Weight of the KL term, from the next step on. */
  get beta(): number {
    return this.scalars.get("beta")!.value;
  }

  set beta(beta: number) {
    checkWeight("vrrae", "beta, the weight of the KL term,", beta);
    this.scalars.get("beta")!.write(beta);
  }

  loss(x: Batch, noise: RandomState): Losses {
    const h = this.run("encoder", x);
    const { coefficients: alpha, basis } = truncatedSvd(h, this.codeSize, {
      gauge: this.#gauge,
      towards: this.#lastBasis,
    });
    this.#remember(basis);
    const mu = this.#mean(alpha);
    const logVariance = this.#affine("variance", alpha);
    const { z, betaKl } = sampleGaussian(mu, logVariance, noise, this.scalars.get("beta")!.tensor);
    const error = this.errorOf(matmul(z, basis, { transposeB: true }), x);
    return { loss: add(error, betaKl), error, betaKl };
  }

  override restoreBasis(values: ArrayLike<number>): void {
    super.restoreBasis(values);
    this.#remember(this.basis!);
  }

  #remember(basis: Tensor): void {
    noGrad(this.device, () => this.device.scope(() => copyInto(this.#lastBasis, this.#widened(basis))));
  }

  /** x (…, k) with zeros up to the rank that the model was built with. */
  #widened(x: Tensor): Tensor {
    const missing = this.largestRank - this.codeSize;
    if (missing === 0) return x;
    return pad(x, [
      [0, 0],
      [0, missing],
    ]);
  }

  protected override codeOf(x: Batch): Tensor {
    return this.#mean(super.codeOf(x));
  }

  protected override varianceOf(x: Batch): Tensor {
    return exp(this.#affine("variance", super.codeOf(x)));
  }

  /** f: the identity where there is no network for it. */
  #mean(alpha: Tensor): Tensor {
    return this.networks.mean ? this.#affine("mean", alpha) : alpha;
  }

  /** An affine map between coefficients (N, k), by the leading block of the one for all that the model was built with. */
  #affine(name: "mean" | "variance", alpha: Tensor): Tensor {
    if (this.codeSize === this.largestRank) return this.run(name, alpha);
    return slice(this.run(name, this.#widened(alpha)), [0, 0], alpha.shape);
  }

  /** As in training the means are sampled, with variances that are trained on; but without the KL term. */
  protected override fineTuningLoss(x: Batch, noise: RandomState): Losses {
    return {
      loss: this.errorOf(
        this.latentOf(
          this.#drawn(
            this.asConstant(() => super.codeOf(x)),
            noise,
          ),
        ),
        x,
      ),
    };
  }

  /** Codes of a batch, drawn from N(μ, σ²); there has to be a basis. */
  override draw(x: Batch, noise: RandomState): Tensor {
    return this.asConstant(() => this.device.scope(() => this.#drawn(super.codeOf(x), noise)));
  }

  #drawn(alpha: Tensor, noise: RandomState): Tensor {
    return sampleGaussian(this.#mean(alpha), this.#affine("variance", alpha), noise).z;
  }
}

/** A `Vrrae` with the paper's networks, or your own. */
export function vrrae(device: Device, options: VrraeOptions): Vrrae {
  checkBuild("vrrae", device, options);
  const { latent, rank, seed, mean = "identity" } = options;
  const networks = {
    ...networksFor(options, latent),
    ...(mean === "affine" ? { mean: linearNetwork(rank, rank, { seed, stream: "mean" }) } : {}),
    variance: linearNetwork(rank, rank, { seed, stream: "variance" }),
  };
  return new Vrrae(device, networks, options);
}

const settings = () => ({
  latent: latent(),
  rank: rank(),
  beta: beta(),
  gauge: z
    .enum(["exact", "damped", "off"])
    .default("damped")
    .meta({ description: "gradient within the basis", value: "rule" }),
});

export const vrraeModel = /* @__PURE__ */ describeModel({
  ...vrraeFacts,
  settings,
  build: vrrae,
});

export const rraeVaeModel = /* @__PURE__ */ describeModel({
  ...rraeVaeFacts,
  settings,
  build: (device, chosen) => vrrae(device, { ...chosen, mean: "affine" }),
});
