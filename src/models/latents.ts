import type { Dataset } from "../data/dataset.ts";
import type { Autoencoder } from "./autoencoder.ts";
import type { DerivedData } from "./phase.ts";

/**
 * The codes of a model as data for another one to train on, (codeSize) each: drawn afresh from the samples of each batch,
 * by the inference path, and without a gradient. The samples are those of `from`, or of the run that this is a part of.
 */
export function latents(model: Autoencoder, from?: Dataset): DerivedData {
  const { atOnce, codeSize } = model;
  return { from, atOnce, shape: [codeSize], make: (x, noise) => model.draw(x, noise) };
}
