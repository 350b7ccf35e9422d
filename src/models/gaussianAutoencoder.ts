import { chain } from "../nn/branches.ts";
import { linearNetwork, type Network } from "../nn/networks.ts";
import { exp } from "../ops/elementwise.ts";
import { sampleGaussian } from "../ops/gaussian.ts";
import type { RandomState } from "../ops/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { CodedAutoencoder, type CodedOptions } from "./codedAutoencoder.ts";
import { architectureOf, networksFor, type NetworkOptions } from "./networks.ts";
import type { Batch } from "./parts.ts";

/** The networks of a model whose encoder gives a normal distribution for each sample. */
export type GaussianNetworks = Record<string, Network> &
  Record<"encoder" | "mean" | "variance" | "decoder", Network>;

/** The groups of such a model that are trained together. */
export const GAUSSIAN_GROUPS = ["encoder", "mean", "variance", "decoder"] as const;

/**
 * An autoencoder that gives a normal distribution of codes for each sample, and draws from it while it trains:
 *
 *     x → encoder → h → mean: μ,  → variance: log σ²,     z = μ + ε ∘ σ
 */
export abstract class GaussianAutoencoder extends CodedAutoencoder {
  /** μ and log σ² of each sample, (N, codeSize) both. */
  protected posterior(x: Batch): { mu: Tensor; logVariance: Tensor } {
    const h = this.run("encoder", x);
    return { mu: this.run("mean", h), logVariance: this.run("variance", h) };
  }

  /** A draw z of each sample's distribution, and KL(N(μ, σ²) ‖ N(0, I)) as the mean of the samples. */
  protected drawn(x: Batch, noise: RandomState): { z: Tensor; kl: Tensor; mu: Tensor; logVariance: Tensor } {
    const { mu, logVariance } = this.posterior(x);
    const { z, betaKl: kl } = sampleGaussian(mu, logVariance, noise, 1 / mu.shape[0]!);
    return { z, kl, mu, logVariance };
  }

  protected override codeOf(x: Batch): Tensor {
    return this.posterior(x).mu;
  }

  protected override varianceOf(x: Batch): Tensor {
    return exp(this.posterior(x).logVariance);
  }

  /** Codes of a batch, drawn from N(μ, σ²). */
  override draw(x: Batch, noise: RandomState): Tensor {
    return this.asConstant(() => this.device.scope(() => this.drawn(x, noise).z));
  }
}

/**
 * The networks of such a model: those of its architecture, or the first paper's; or your own encoder, which may give any number
 * of features h, and decoder.
 */
export function gaussianNetworks(options: NetworkOptions & CodedOptions): GaussianNetworks {
  const { latent, seed, encoder: own, decoder: made } = options;
  const chosen = own ? undefined : architectureOf(options, latent);
  if (chosen) {
    const { features, posterior, mean, variance, decoder } = chosen.layers;
    const encoder = chosen.network("encoder", options.input, { ...features, posterior: chain(posterior) });
    const given = encoder.outputShape;
    const [h] = given as readonly [number];
    return {
      ...networksFor(
        { ...options, encoder, decoder: made ?? chosen.network("decoder", [latent], decoder) },
        latent,
        h,
      ),
      mean: chosen.network("mean", given, mean),
      variance: chosen.network("variance", given, variance),
    };
  }
  const [features = latent] = own?.outputShape ?? [];
  const { encoder, decoder } = networksFor(options, latent, features);
  return {
    encoder,
    mean: linearNetwork(features, latent, { seed, stream: "mean" }),
    variance: linearNetwork(features, latent, { seed, stream: "variance" }),
    decoder,
  };
}
