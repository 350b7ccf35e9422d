import type { BasisForm, FittedBasis } from "../latent/basis.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Batch } from "./parts.ts";
import type { Stage } from "./phase.ts";

/** What models have that cut their latent batch to a rank by an SVD: a rank, and a basis for inference. */
export interface Truncation {
  /** The rank that it was built with: `setRank` may lower it, and raise it back to here. */
  readonly largestRank: number;
  /** The rank k that latent batches are cut to. */
  readonly codeSize: number;
  /** L. */
  readonly latentSize: number;
  /** The fixed basis U_f (L, k), if there is one yet. */
  readonly basis: Tensor | undefined;
  /** The latent vectors (N, L) of samples (N, …input), before they are cut. */
  latentVectors(x: Tensor): Tensor;
  /** Cuts to another rank from now on; the basis goes. */
  setRank(rank: number): void;
  /** Fixes the basis: orthonormal columns, (L, k) row-major. */
  setBasis(values: ArrayLike<number>): void;
  /** As `setBasis`, with the basis that the model had when its weights were saved, for training to go on from. */
  restoreBasis(values: ArrayLike<number>): void;
  /** Fixes the basis from the latent vectors of training batches. */
  fitBasis(batches: Iterable<Batch> | AsyncIterable<Batch>, form?: BasisForm): Promise<FittedBasis>;
  /** A second stage of training, by the inference path: encoder and basis are fixed, the rest learns to do with them. */
  fineTuning(steps: number): Stage;
}
