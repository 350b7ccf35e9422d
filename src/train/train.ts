import type { Dataset } from "../data/dataset.ts";
import { ArgumentError } from "../device/errors.ts";
import type { Autoencoder } from "../models/autoencoder.ts";
import { BasisAutoencoder } from "../models/basisAutoencoder.ts";
import type { BasisForm } from "../latent/basis.ts";
import { adaBelief, type Optimizer } from "../optim/optimizer.ts";
import type { Batch } from "../models/parts.ts";
import type { RandomState } from "../ops/random.ts";
import type { AdaptiveOptions } from "./adaptive.ts";
import { deviceParts } from "./batching.ts";
import { relativeErrorOn } from "./evaluate.ts";
import { RankSearch } from "./rankSearch.ts";
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
  /** How RRAE and VRRAE get their inference basis after the last step; or the basis itself, (L, k) row-major. */
  basis?: BasisForm | Float32Array;
  /** Seeks the least rank of an RRAE or VRRAE that does as well as the one it was built with; ends training there. */
  adaptive?: AdaptiveOptions;
  /** A second stage of RRAE and VRRAE, with basis and encoder fixed: the decoder learns to do with them. */
  fineTune?: { steps: number; rate?: number };
  /** Called every `logEvery` (100) steps with the losses. */
  onLog?: (losses: StepLosses) => void;
  logEvery?: number;
  /** Ends the training after the step at hand. */
  signal?: AbortSignal;
}

type Stage = Pick<TrainOptions, "logEvery" | "onLog" | "signal"> & { adaptive?: AdaptiveOptions | undefined };

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
  const { steps, batch, rate = 1e-3, seed = 0, logEvery = 100, basis, fineTune } = options;
  for (const [name, value] of Object.entries({
    steps,
    logEvery,
    ...(fineTune && { fineTune: fineTune.steps }),
  }))
    if (!(Number.isSafeInteger(value) && value >= 1))
      throw new ArgumentError(`train: ${name} is a whole number from 1 on, not ${value}`);
  if (fineTune && !(model instanceof BasisAutoencoder))
    throw new ArgumentError("train: only RRAE and VRRAE have a basis to be fine-tuned with");
  const history: StepLosses[] = [];
  const optimizer = options.optimizer ?? adaBelief(model.arena, { rate });
  try {
    await stage(new Trainer(model, data, optimizer, { batch, seed }), steps, options, history);
  } finally {
    if (!options.optimizer) optimizer.dispose();
  }
  if (!(model instanceof BasisAutoencoder)) return runOf(model, history, batch);
  if (basis instanceof Float32Array) model.setBasis(basis);
  else await model.fitBasis(deviceParts(model, data, batch, { seed }), basis);
  if (!fineTune || options.signal?.aborted) return runOf(model, history, batch);
  const second = adaBelief(model.arena, { rate: fineTune.rate ?? rate });
  try {
    const loss = (x: Batch, noise: RandomState) => model.fineTuneLoss(x, noise);
    const trainer = new Trainer(model, data, second, { batch, seed, loss });
    await stage(trainer, fineTune.steps, { ...options, adaptive: undefined }, history);
  } finally {
    second.dispose();
  }
  return runOf(model, history, batch);
}

/** Takes the steps of a stage, and frees its trainer. */
async function stage(
  trainer: Trainer,
  steps: number,
  { logEvery = 100, onLog, signal, adaptive }: Stage,
  history: StepLosses[],
): Promise<void> {
  try {
    const search = adaptive && new RankSearch(trainer, adaptive);
    let ends = false;
    while (trainer.step < steps && !ends && !signal?.aborted) {
      trainer.advance();
      const isLogged = trainer.step % logEvery === 0 || trainer.step === steps;
      if (!search && trainer.step % 4 === 0) await trainer.model.device.finish();
      if (!search && !isLogged) continue;
      const losses = await trainer.losses();
      ends = (await search?.afterStep(losses)) === "stop";
      if (!isLogged && !ends) continue;
      history.push(losses);
      onLog?.(losses);
    }
  } finally {
    trainer.dispose();
  }
}

function runOf(model: Autoencoder, history: StepLosses[], batch: number): Run {
  return { model, history, error: (set) => relativeErrorOn(model, set, batch) };
}
