import type { Dataset } from "../data/dataset.ts";
import { pcaError } from "../metrics/pca.ts";
import { RelativeError } from "../metrics/relativeError.ts";
import { ArgumentError } from "../device/errors.ts";
import type { Model } from "../models/model.ts";
import { deviceBatches } from "./batching.ts";

/**
 * The relative error of a model's reconstructions over a whole data set at once, in percent:
 * 100 · ‖X̂ − X‖ / ‖X‖, by the inference path. Throws ArgumentError for a model that makes no reconstructions.
 */
export async function relativeErrorOn(model: Model, data: Dataset, batch: number): Promise<number> {
  if (!model.reconstruct)
    throw new ArgumentError("the model makes no reconstructions that could have an error");
  const error = new RelativeError();
  let from = 0;
  for await (const x of deviceBatches(model, data, batch)) {
    using xHat = model.reconstruct(x);
    const count = x.shape[0]!;
    error.add(await xHat.read(), data.values(from, from + count));
    from += count;
  }
  return error.percent;
}

/** The least error of any linear autoencoder with codes of length k on the same samples, in percent: see `pcaError`. */
export function linearBoundOn(data: Dataset, k: number): number {
  return pcaError(data, Math.min(k, data.size, data.count));
}
