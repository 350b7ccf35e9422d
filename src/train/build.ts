import { datasetNamed } from "../data/known.ts";
import type { Device } from "../device/device.ts";
import type { Autoencoder } from "../models/autoencoder.ts";
import { ArgumentError } from "../device/errors.ts";
import { hasSetting, modelNamed } from "../models/known.ts";
import type { Architecture } from "../nn/architecture.ts";
import type { OptimizerSettings } from "../optim/settings.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Config } from "./config.ts";

/**
 * The model that a configuration describes, for samples of the shape `input`. Networks that are not the house's come from
 * `architecture`, `architectureFor(config)`: pages do without them.
 *
 * @throws ArgumentError for a configuration that asks for such networks where there is none.
 */
export function buildModel(
  device: Device,
  config: Config,
  input: Shape,
  architecture?: Architecture,
): Autoencoder {
  if ((config.network ?? "house") !== "house" && !architecture)
    throw new ArgumentError(
      `networks of ${config.network} are built by \`hestenes\` and the library, not in pages`,
    );
  const own = Object.entries(config).filter(([name]) => hasSetting(config.model, name));
  const { build } = modelNamed(config.model);
  const chosen = {
    ...Object.fromEntries(own),
    ...{ seed: config.seed, input, architecture },
    output: datasetNamed(config.data).range === "auto" ? "none" : "sigmoid",
  } as unknown as Parameters<typeof build>[1];
  const model = build(device, chosen);
  model.atOnce = Math.min(model.atOnce, config.atOnce ?? Infinity);
  return model;
}

/** The optimizer that a configuration describes. */
export function optimizerSettings({ optimizer: kind, rate, schedule, clip }: Config): OptimizerSettings {
  return { kind, rate, schedule, clip, ...(kind === "sgd" ? { momentum: 0.9 } : {}) };
}
