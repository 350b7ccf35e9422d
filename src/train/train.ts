import type { Dataset } from "../data/dataset.ts";
import { ArgumentError } from "../device/errors.ts";
import type { Autoencoder } from "../models/autoencoder.ts";
import { BasisAutoencoder } from "../models/basisAutoencoder.ts";
import type { BasisForm } from "../latent/basis.ts";
import { adaBelief, type Optimizer } from "../optim/optimizer.ts";
import { deviceBatches } from "./batching.ts";
import { relativeErrorOn } from "./evaluate.ts";
import { Trainer, type StepLosses } from "./trainer.ts";

export interface TrainOptions {
  steps: number;
  batch: number;
  /** Learning rate of AdaBelief, the paper's optimizer; 1e-3 by default. */
  rate?: number;
  /** Your own optimizer over `model.arena`, instead of AdaBelief. */
  optimizer?: Optimizer;
  /** Fixes the order of the samples and the noise; 0 by default. */
  seed?: number;
  /** How RRAE and VRRAE get their inference basis after the last step. */
  basis?: BasisForm;
  /** Called every `logEvery` (100) steps with the losses. */
  onLog?: (losses: StepLosses) => void;
  logEvery?: number;
  /** Ends the training after the step at hand. */
  signal?: AbortSignal;
}

/** A trained model and how it got there. */
export interface Run {
  model: Autoencoder;
  history: StepLosses[];
  /** The relative error on a data set, in percent. */
  error(data: Dataset): Promise<number>;
}

/**
 * Trains `model` on `data`, and gives RRAE and VRRAE their inference basis. Nothing is written to
 * disk: `hestenes train` does that. Throws NumericalError when a loss is no number, ArgumentError for
 * options or data that nothing can be trained with.
 */
export async function train(model: Autoencoder, data: Dataset, options: TrainOptions): Promise<Run> {
  const { steps, batch, rate = 1e-3, seed = 0, logEvery = 100, basis, onLog, signal } = options;
  for (const [name, value] of Object.entries({ steps, logEvery }))
    if (!(Number.isSafeInteger(value) && value >= 1))
      throw new ArgumentError(`train: ${name} is a whole number from 1 on, not ${value}`);
  const optimizer = options.optimizer ?? adaBelief(model.arena, { rate });
  const trainer = new Trainer(model, data, optimizer, { batch, seed });
  const history: StepLosses[] = [];
  try {
    while (trainer.step < steps && !signal?.aborted) {
      trainer.advance();
      if (trainer.step % 4 === 0) await model.device.finish();
      if (trainer.step % logEvery !== 0 && trainer.step !== steps) continue;
      const losses = await trainer.losses();
      history.push(losses);
      onLog?.(losses);
    }
    if (model instanceof BasisAutoencoder)
      await model.fitBasis(deviceBatches(model, data, batch, { seed }), basis);
  } finally {
    trainer.dispose();
    if (!options.optimizer) optimizer.dispose();
  }
  return { model, history, error: (set) => relativeErrorOn(model, set, batch) };
}
