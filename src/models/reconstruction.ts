import { ArgumentError } from "../device/errors.ts";
import { mul, sigmoid } from "../ops/elementwise.ts";
import { bceWithLogits, mse, relativeError } from "../ops/losses.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * How what a decoder makes is compared with the sample:
 *
 *     mse         (x̂ − x)²
 *     bce         −x log x̂ − (1 − x) log(1 − x̂), for samples from 0 to 1; the decoder gives logits, x̂ their sigmoid
 *     relative    100 ‖x̂ − x‖ / ‖x‖, one ratio for the batch
 *
 * `reduce` says whether the numbers of a sample are averaged or summed; the samples of a batch are averaged. A weight of
 * another term means something only together with it.
 */
export interface Reconstruction {
  kind: "mse" | "bce" | "relative";
  reduce: "mean" | "sum";
}

/** Throws ArgumentError for what is no `Reconstruction`. */
export function checkReconstruction(model: string, { kind, reduce }: Reconstruction): void {
  if (!["mse", "bce", "relative"].includes(kind) || !["mean", "sum"].includes(reduce))
    throw new ArgumentError(
      `${model}: a reconstruction is { kind: "mse", "bce" or "relative", reduce: "mean" or "sum" }, ` +
        `not ${JSON.stringify({ kind, reduce })}`,
    );
}

/** The reconstruction's loss of what the decoder gives, `made`, beside the samples x, both (N, …input): one number. */
export function reconstructionLoss(made: Tensor, x: Tensor, { kind, reduce }: Reconstruction): Tensor {
  if (kind === "relative") return relativeError(made, x);
  const averaged = kind === "mse" ? mse(made, x) : bceWithLogits(made, x);
  return reduce === "mean" ? averaged : mul(averaged, x.size / x.shape[0]!);
}

/** The samples that what a decoder gives stands for. */
export function samplesOf(made: Tensor, { kind }: Reconstruction): Tensor {
  return kind === "bce" ? sigmoid(made) : made;
}
