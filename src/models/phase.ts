import type { Dataset } from "../data/dataset.ts";
import type { RandomState } from "../ops/random.ts";
import type { OptimizerChanges } from "../optim/settings.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Batch } from "./parts.ts";

/** The loss of a batch, and the parts that it is the sum of; tensors of one element. */
export type Losses = { loss: Tensor } & Record<string, Tensor>;

/** One thing that happens in a step of training: a loss, and the parameters that are moved to lower it. */
export interface Phase {
  /** Losses of a model of several phases are called `name.loss` and `name.part`. */
  name: string;
  /** The groups of `model.groups` that get a gradient and an update. All others are constants, forward and backward. */
  moves: readonly string[];
  /**
   * The loss of the batch, recorded with its gradient and update when the phase is first run: JavaScript numbers are
   * fixed by then, `model.scalars` are not.
   */
  loss(x: Batch, noise: RandomState): Losses;
  /** Where its optimizer is not the run's. */
  optimizer?: OptimizerChanges | undefined;
  /** Updates a step; 1 unless given. Its losses are those of the last. */
  times?: number | undefined;
  /** "fresh": each update takes a batch of its own. "same", which is the default: it takes the batch at hand. */
  batch?: "same" | "fresh" | undefined;
  /** What is done to the parameters after each update, on the device: a projection, a running mean. */
  after?(): void;
}

/** Samples that a step computes on the device from those of a data set; see `latents`. */
export interface DerivedData {
  /** What it is computed from; the run's data unless given. */
  readonly from?: Dataset | undefined;
  /** Shape of one of its samples. */
  readonly shape: Shape;
  /** Samples that it takes at once, where that is fewer than the model that is trained does. */
  readonly atOnce?: number | undefined;
  /** Computes a batch; recorded, without a gradient. */
  make(x: Batch, noise: RandomState): Tensor;
}

/** Batches of training samples in the order that `seed` gives: all of them, or `count`. */
export type Samples = (count?: number) => AsyncIterable<Batch>;

/** A part of a run: so many steps of some phases on some data. */
export interface Stage {
  name: string;
  steps: number;
  /** What happens in a step; `model.phases()` unless given. */
  phases?: readonly Phase[] | undefined;
  /** Groups that stay as they are, whatever the phases move; each phase has to have something left to move. */
  frozen?: readonly string[] | undefined;
  /** What it trains on; the run's data unless given. */
  data?: Dataset | DerivedData | undefined;
  /** Where its optimizer is not the run's. */
  optimizer?: OptimizerChanges | undefined;
  /**
   * What is done once, before its first step: something is fitted to the training samples. The same model and samples
   * have to give the same result, to the last bit.
   */
  begin?(samples: Samples): Promise<void>;
}
