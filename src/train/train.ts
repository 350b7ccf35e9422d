import type { Dataset } from "../data/dataset.ts";
import { checkOptions } from "../device/arguments.ts";
import { ArgumentError } from "../device/errors.ts";
import type { BasisForm } from "../latent/basis.ts";
import { Model } from "../models/model.ts";
import type { Stage } from "../models/phase.ts";
import { steps as take } from "../optim/steps.ts";
import type { AdaptiveOptions } from "./adaptive.ts";
import { deviceParts } from "./batching.ts";
import { relativeErrorOn } from "./evaluate.ts";
import type { StepLosses } from "./losses.ts";
import type { Optimization } from "./phaseRun.ts";
import { RankSearch } from "./rankSearch.ts";
import { Trainer } from "./trainer.ts";

export interface TrainOptions {
  /** Steps of the first stage, which is the only one of most models. */
  steps: number;
  batch: number;
  /** Learning rate of AdaBelief, the paper's optimizer; 1e-3 by default. */
  rate?: number;
  /** Another optimizer, instead of AdaBelief: its settings, or a function that makes one of a group of parameters. */
  optimizer?: Optimization;
  /** Stages of your own, instead of what the model has. */
  stages?: readonly Stage[];
  /** Fixes the order of the samples and the noise; 0 by default. */
  seed?: number;
  /** How RRAE and VRRAE get their inference basis after the last step; or the basis itself, (L, k) row-major. */
  basis?: BasisForm | Float32Array;
  /** Seeks the least rank of an RRAE or VRRAE that does as well as the one it was built with; ends the stage there. */
  adaptive?: AdaptiveOptions;
  /** A second stage of RRAE and VRRAE, with basis and encoder fixed: the decoder learns to do with them. */
  fineTune?: { steps: number; rate?: number };
  /** Called every `logEvery` (100) steps with the losses. */
  onLog?: (losses: StepLosses) => void;
  logEvery?: number;
  /** Ends the training after the step at hand. */
  signal?: AbortSignal;
}

/** A trained model and how it got there. */
export interface Run<M extends Model = Model> {
  model: M;
  /** The losses of every `logEvery`-th step, and of the last one of each stage; steps count through all stages. */
  history: StepLosses[];
  /** The relative error on a data set, in percent. Throws ArgumentError for a model that makes no reconstructions. */
  error(data: Dataset): Promise<number>;
}

/**
 * Trains `model` on `data`, and gives RRAE and VRRAE their inference basis. Nothing is written to
 * disk: `hestenes train` does that. Throws NumericalError when a loss is no number, ArgumentError for
 * options or data that nothing can be trained with.
 */
export async function train<M extends Model>(
  model: M,
  data: Dataset,
  options: TrainOptions,
): Promise<Run<M>> {
  checkOptions("train", options);
  if (!(model instanceof Model)) throw new ArgumentError(`train: a model is needed, not ${String(model)}`);
  const { steps, batch, rate = 1e-3, seed = 0, logEvery = 100, fineTune, adaptive, signal } = options;
  const { truncation } = model;
  if (fineTune && !truncation)
    throw new ArgumentError("train: only RRAE and VRRAE have a basis to be fine-tuned with");
  for (const [name, value] of Object.entries({
    steps,
    logEvery,
    ...(fineTune && { fineTune: fineTune.steps }),
  }))
    if (!(Number.isSafeInteger(value) && value >= 1))
      throw new ArgumentError(`train: ${name} is a whole number from 1 on, not ${value}`);

  let hasBasis = false;
  const fitBasis = async () => {
    hasBasis = true;
    if (options.basis instanceof Float32Array) truncation?.setBasis(options.basis);
    else await truncation?.fitBasis(deviceParts(model, data, batch, { seed }), options.basis);
  };
  const stages = [...(options.stages ?? model.stages(steps))];
  if (fineTune && truncation)
    stages.push({
      ...truncation.fineTuning(fineTune.steps),
      ...(fineTune.rate === undefined ? {} : { optimizer: { rate: fineTune.rate } }),
      begin: fitBasis,
    });
  const optimizer = options.optimizer ?? { kind: "adabelief", rate };
  const trainer = new Trainer(model, data, { batch, seed, optimizer, stages });
  const history: StepLosses[] = [];
  try {
    if (adaptive) trainer.search = new RankSearch(trainer, adaptive);
    for await (const step of take(trainer, { signal })) {
      const isSearched = trainer.search !== undefined && trainer.stage === stages[0];
      const isLogged = step % logEvery === 0 || trainer.stageIsOver;
      if (!isSearched && !isLogged) continue;
      const losses = await trainer.losses();
      if (isSearched) await trainer.search?.afterStep(losses);
      if (!isLogged && !trainer.stageIsOver) continue;
      history.push(losses);
      options.onLog?.(losses);
    }
  } finally {
    trainer.dispose();
  }
  if (!hasBasis) await fitBasis();
  return { model, history, error: (set) => relativeErrorOn(model, set, batch) };
}
