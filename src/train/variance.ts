import type { Dataset } from "../data/dataset.ts";
import { varianceLaw, type VarianceLaw } from "../metrics/varianceLaw.ts";
import { VarianceLoss } from "../metrics/varianceLoss.ts";
import type { Autoencoder } from "../models/autoencoder.ts";
import { RandomState } from "../ops/random.ts";
import { deviceBatches } from "./batching.ts";
import { distributionsOf } from "./generate.ts";

/** Samples that go through the networks at a time. */
const chunk = 100;

/** The variance law of a model over the first `count` samples, all unless given. */
export async function varianceLawOn(
  model: Autoencoder,
  data: Dataset,
  count = data.count,
): Promise<VarianceLaw> {
  const { codes, variances } = await distributionsOf(model, data, count);
  return varianceLaw(codes, variances, model.codeSize);
}

/** Which samples are looked at, and how they are made anew. */
export interface VarianceLossOptions {
  /** The first so many samples; all unless given. */
  count?: number | undefined;
  /** Decode a draw of each sample's code, as training does, fixed by this seed; the code itself unless given. */
  drawn?: number | undefined;
}

/**
 * The variance loss of a model's reconstructions by the inference path. Those of drawn codes are what the decoder is
 * trained to make, the mean of samples with that code, so that their loss is close to their mean squared error. A code that
 * is the mean of its draws lies nearer to the origin than they do, and has both smaller variance and smaller error.
 */
export async function varianceLossOn(
  model: Autoencoder,
  data: Dataset,
  { count = data.count, drawn }: VarianceLossOptions = {},
): Promise<VarianceLoss> {
  const loss = new VarianceLoss(data.size);
  const noise = drawn === undefined ? undefined : new RandomState(model.device, drawn);
  let from = 0;
  for await (const x of deviceBatches(model, data, chunk, { count })) {
    using code = noise ? model.draw(x, noise) : model.encode(x);
    using xHat = model.decode(code);
    const N = x.shape[0]!;
    loss.add(await xHat.read(), data.values(from, from + N));
    from += N;
  }
  noise?.dispose();
  return loss;
}
