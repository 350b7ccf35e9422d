import type { Dataset } from "../data/dataset.ts";
import { checkOptions, checkWhole } from "../device/arguments.ts";
import { ArgumentError, NumericalError } from "../device/errors.ts";
import type { BasisForm } from "../latent/basis.ts";
import { Model } from "../models/model.ts";
import type { Stage } from "../models/phase.ts";
import { steps as take } from "../optim/steps.ts";
import type { AdaptiveOptions } from "./adaptive.ts";
import { deviceParts } from "./batching.ts";
import { Early, type EarlyOptions } from "./early.ts";
import { relativeErrorOn } from "./evaluate.ts";
import type { StepLosses } from "./losses.ts";
import type { Optimization } from "./phaseRun.ts";
import { ProgressLine } from "./progressLine.ts";
import { RankSearch } from "./rankSearch.ts";
import { readModel, readTrainer, restoreModel, restoreTrainer, type Checkpoint } from "./state.ts";
import { Trainer } from "./trainer.ts";

/** What a run measures on data that it does not train on; less is better. */
export interface Evaluation {
  step: number;
  value: number;
  /** Whether no one before was better. */
  isBest: boolean;
}

export interface TrainOptions extends EarlyOptions {
  /** Steps of the first stage, which is the only one of most models. */
  steps: number;
  batch: number;
  /** Learning rate of AdaBelief, the paper's optimizer; 1e-3 by default. */
  rate?: number | undefined;
  /** Another optimizer, instead of AdaBelief: its settings, or a function that makes one of a group of parameters. */
  optimizer?: Optimization | undefined;
  /** Stages of your own, instead of what the model has. */
  stages?: readonly Stage[] | undefined;
  /** Fixes the order of the samples and the noise; 0 by default. */
  seed?: number | undefined;
  /** How RRAE and VRRAE get their inference basis after the last step; or the basis itself, (L, k) row-major. */
  basis?: BasisForm | Float32Array | undefined;
  /** Seeks the least rank of an RRAE or VRRAE that does as well as the one it was built with; ends the stage there. */
  adaptive?: AdaptiveOptions | undefined;
  /** A second stage of RRAE and VRRAE, with basis and encoder fixed: the decoder learns to do with them. */
  fineTune?: { steps: number; rate?: number | undefined } | undefined;
  /** Parts in which a batch goes through the networks, whose gradients add up: the same update in less memory; 1. */
  accumulate?: number | undefined;
  /** Called after each step is launched; may change `trainer.rateFactor` and the model's scalars. */
  onStep?: ((step: number, trainer: Trainer) => void | Promise<void>) | undefined;
  /** Called every `logEvery` (100) steps with the losses. */
  onLog?: ((losses: StepLosses) => void) | undefined;
  logEvery?: number | undefined;
  /** Data that the relative error is measured on, every `evaluateEvery` steps; a tenth of `steps` unless given. */
  validation?: Dataset | undefined;
  evaluateEvery?: number | undefined;
  /** What is measured instead. RRAE and VRRAE have their basis by then. */
  evaluate?: ((model: Model) => number | Promise<number>) | undefined;
  onEvaluate?: ((evaluation: Evaluation, trainer: Trainer) => void | Promise<void>) | undefined;
  /** Whether the model ends with the weights of the best evaluation; so where there is a `patience`, unless given. */
  keepBest?: boolean | undefined;
  /** Called every `saveEvery` steps, a tenth of `steps` unless given, and after the last, with all that `resume` needs. */
  onSave?: ((checkpoint: Checkpoint) => void | Promise<void>) | undefined;
  saveEvery?: number | undefined;
  /**
   * Goes on from a checkpoint of a run with the same model, data and options, and ends with the same bits as one that was
   * not stopped. What was logged before is not in `history`.
   */
  resume?: Checkpoint | undefined;
  /** A line of progress on the terminal; shown unless false where standard error is one. */
  progress?: boolean | undefined;
  /** Ends the training after the step at hand. */
  signal?: AbortSignal | undefined;
}

/** A trained model and how it got there. */
export interface Run<M extends Model = Model> {
  model: M;
  /** The losses of every `logEvery`-th step, and of the last one of each stage; steps count through all stages. */
  history: StepLosses[];
  /** What was measured on the way. */
  evaluations: Evaluation[];
  /** Steps taken in all. */
  step: number;
  /** The relative error on a data set, in percent. Throws ArgumentError for a model that makes no reconstructions. */
  error(data: Dataset): Promise<number>;
}

/** Before the names of the weights of the best evaluation, in a checkpoint. */
const ofBest = "best.";

/**
 * Trains `model` on `data`, and gives RRAE and VRRAE their inference basis. Nothing is written to
 * disk but by `onSave`: see `saveCheckpoint`. Throws NumericalError when a loss is no number, ArgumentError for
 * options or data that nothing can be trained with.
 */
export async function train<M extends Model>(
  model: M,
  data: Dataset,
  options: TrainOptions,
): Promise<Run<M>> {
  checkOptions("train", options);
  if (!(model instanceof Model)) throw new ArgumentError(`train: a model is needed, not ${String(model)}`);
  const { steps, batch, rate = 1e-3, seed = 0, fineTune, adaptive, signal, validation } = options;
  const { logEvery = 100, accumulate = 1, patience } = options;
  const often = Math.max(1, Math.round(steps / 10));
  const { evaluateEvery = often, saveEvery = often, keepBest = patience !== undefined } = options;
  const { truncation } = model;
  if (fineTune && !truncation)
    throw new ArgumentError("train: only RRAE and VRRAE have a basis to be fine-tuned with");
  const { resume } = options;
  if (
    resume !== undefined &&
    !(resume?.model instanceof Map && resume.optimizer instanceof Map && resume.state)
  )
    throw new ArgumentError("train: resume is a checkpoint, as `loadCheckpoint` and `onSave` give it");
  const counts = { steps, logEvery, accumulate, ...(fineTune && { fineTune: fineTune.steps }) };
  for (const [name, value] of Object.entries(counts)) checkWhole(`train: ${name}`, value, 1);
  checkWhole("train: evaluateEvery", evaluateEvery, 1);
  checkWhole("train: saveEvery", saveEvery, 1);
  const evaluate = options.evaluate ?? (validation && (() => relativeErrorOn(model, validation, batch)));
  if (!evaluate && (keepBest || options.plateau))
    throw new ArgumentError(
      "train: patience, keepBest and plateau look at evaluations; give validation data",
    );

  const early = new Early(options);
  let best: Checkpoint["model"] | undefined;
  const stages = [...(options.stages ?? model.stages(steps))];
  const fitBasis = async (count?: number) => {
    if (options.basis instanceof Float32Array) truncation?.setBasis(options.basis);
    else {
      const samples = deviceParts(model, data, batch, { seed, ...(count === undefined ? {} : { count }) });
      await truncation?.fitBasis(samples, options.basis);
    }
  };
  if (fineTune && truncation)
    stages.push({
      ...truncation.fineTuning(fineTune.steps),
      ...(fineTune.rate === undefined ? {} : { optimizer: { rate: fineTune.rate } }),
      begin: () => fitBasis(),
    });
  const optimizer = options.optimizer ?? { kind: "adabelief", rate };
  const { atOnce } = model;
  model.atOnce = Math.min(atOnce, Math.ceil(batch / accumulate));
  const history: StepLosses[] = [];
  const evaluations: Evaluation[] = [];
  try {
    using trainer = new Trainer(model, data, { batch, seed, optimizer, stages });
    if (adaptive) trainer.search = new RankSearch(trainer, adaptive);
    if (resume) {
      await restoreTrainer(trainer, resume);
      early.state = resume.state.evaluation ?? early.state;
      best = bestOf(resume);
    }
    /** Whether the basis is fixed by now: that of the first stage stays. */
    const isFixed = () => fineTune !== undefined && trainer.stage !== stages[0];
    const progress =
      options.progress === false ? undefined : new ProgressLine(trainer.step, trainer.totalSteps);
    const measure = async (step: number) => {
      if (!isFixed()) await fitBasis(8 * batch);
      const value = await evaluate!(model);
      if (!Number.isFinite(value)) throw new NumericalError(`step ${step}: the evaluation is ${value}`);
      const { isBest, factor } = early.observe(step, value);
      if (factor !== 1) trainer.rateFactor *= factor;
      if (isBest && keepBest) best = await readModel(model);
      evaluations.push({ step, value, isBest });
      await options.onEvaluate?.(evaluations.at(-1)!, trainer);
    };
    const checkpoint = async (): Promise<Checkpoint> => {
      const { model, optimizer, state } = await readTrainer(trainer);
      const kept = [...(best ?? [])].map(([name, part]) => [ofBest + name, part] as const);
      return {
        model,
        optimizer: new Map([...optimizer, ...kept]),
        state: { ...state, ...(evaluate ? { evaluation: early.state } : {}) },
      };
    };
    if (!early.isOver)
      for await (const step of take(trainer, { signal })) {
        await options.onStep?.(step, trainer);
        const isSearched = trainer.search !== undefined && trainer.stage === stages[0];
        const isLogged = step % logEvery === 0 || trainer.stageIsOver;
        if (isSearched || isLogged) {
          const losses = await trainer.losses();
          if (isSearched) await trainer.search?.afterStep(losses);
          if (isLogged || trainer.stageIsOver) {
            history.push(losses);
            progress?.tell(losses, evaluations.at(-1)?.value);
            options.onLog?.(losses);
          }
        }
        if (evaluate && (step % evaluateEvery === 0 || trainer.isOver)) await measure(step);
        progress?.show(step);
        const isLast = trainer.isOver || early.isOver || signal?.aborted;
        if (options.onSave && (step % saveEvery === 0 || isLast)) await options.onSave(await checkpoint());
        if (early.isOver) break;
      }
    progress?.end();
    if (best && keepBest) restoreModel(model, best);
    if (!isFixed()) await fitBasis();
    const { step } = trainer;
    return { model, history, evaluations, step, error: (set) => relativeErrorOn(model, set, batch) };
  } finally {
    model.atOnce = atOnce;
  }
}

/** The weights of the best evaluation before a checkpoint was made. */
function bestOf({ optimizer }: Checkpoint): Checkpoint["model"] | undefined {
  const kept = [...optimizer].filter(([name]) => name.startsWith(ofBest));
  return kept.length > 0 ? new Map(kept.map(([name, part]) => [name.slice(ofBest.length), part])) : undefined;
}
