import type { Device } from "../device/device.ts";
import { ae } from "../models/ae.ts";
import type { Autoencoder } from "../models/autoencoder.ts";
import { contractive } from "../models/contractive.ts";
import { irmae } from "../models/irmae.ts";
import { lorae } from "../models/lorae.ts";
import { rrae } from "../models/rrae.ts";
import { sparse } from "../models/sparse.ts";
import { vae } from "../models/vae.ts";
import { vrrae } from "../models/vrrae.ts";
import type { OptimizerSettings } from "../optim/settings.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Config } from "./config.ts";

/**
 * The model that a configuration describes. The latent vector of AE and VAE is as long as the codes
 * of RRAE and VRRAE, k, as in the paper's comparisons; that of the other baselines as theirs, L.
 */
export function buildModel(device: Device, config: Config, input: Shape): Autoencoder {
  const model = modelOf(device, config, input);
  model.atOnce = Math.min(model.atOnce, config.atOnce ?? Infinity);
  return model;
}

function modelOf(device: Device, config: Config, input: Shape): Autoencoder {
  const { latent, rank, beta, gauge, seed, layers, penalty, sparsity, contraction, published } = config;
  switch (config.model) {
    case "ae":
      return ae(device, { input, latent: rank, seed });
    case "long-ae":
      return ae(device, { input, latent, seed });
    case "vae":
      return vae(device, { input, latent: rank, beta, seed });
    case "vae-identity":
      return vae(device, { input, latent: rank, beta, mean: "identity", seed });
    case "rrae":
      return rrae(device, { input, latent, rank, seed });
    case "vrrae":
      return vrrae(device, { input, latent, rank, beta, gauge, seed });
    case "rrae-vae":
      return vrrae(device, { input, latent, rank, beta, gauge, mean: "affine", seed });
    case "irmae":
      return irmae(device, { input, latent, layers, published, seed });
    case "lorae":
      return lorae(device, { input, latent, nuclear: penalty, published, seed });
    case "contractive":
      return contractive(device, { input, latent, penalty, contraction, seed });
    case "sparse":
      return sparse(device, { input, latent, penalty, sparsity, published, seed });
  }
}

/** The optimizer that a configuration describes. */
export function optimizerSettings({ optimizer: kind, rate, schedule, clip }: Config): OptimizerSettings {
  return { kind, rate, schedule, clip, ...(kind === "sgd" ? { momentum: 0.9 } : {}) };
}
