import type { Position } from "../data/batches.ts";
import { Dataset } from "../data/dataset.ts";
import { checkOptions } from "../device/arguments.ts";
import { ArgumentError, NumericalError } from "../device/errors.ts";
import type { Device } from "../device/device.ts";
import { Model } from "../models/model.ts";
import type { Stage } from "../models/phase.ts";
import type { RandomState } from "../ops/random.ts";
import type { Stepper } from "../optim/steps.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { AdaptiveState, Search } from "./adaptive.ts";
import { deviceParts } from "./batching.ts";
import type { EvaluationState } from "./early.ts";
import type { StepLosses } from "./losses.ts";
import { StageRun, type StageRunOptions } from "./stageRun.ts";

/** Everything besides tensors that a run needs to go on exactly where it was; plain JSON. */
export interface TrainerState {
  step: number;
  position: Position;
  /** The stage, counted from 0, and the steps of it that are taken; the first one, and all steps, where it is missing. */
  stage?: { index: number; step: number } | undefined;
  /** What the rates of the optimizers were multiplied by, where that was not 1. */
  rateFactor?: number | undefined;
  /** What `model.scalars` were, by name. */
  scalars?: Record<string, number> | undefined;
  /** What `train` knows of its evaluations so far. */
  evaluation?: EvaluationState | undefined;
  /** Where the search for a rank is, if there is one. */
  search?: AdaptiveState | undefined;
}

export interface TrainerOptions extends StageRunOptions {
  /** The parts of the run; one without end, of `model.phases()`, unless given. */
  stages?: readonly Stage[] | undefined;
}

/**
 * Trains a model on a data set, stage by stage: each phase of a step is recorded once and replayed, its only upload the
 * batch. The same seed gives the same weights to the last bit, whether or not the run was interrupted.
 */
export class Trainer implements Stepper {
  readonly model: Model;
  readonly stages: readonly Stage[];
  /** Seeks the rank of the model in the first stage, where it is asked to: after each step, by what `losses` gives. */
  search: Search | undefined;
  readonly #data: Dataset;
  readonly #options: StageRunOptions;
  #index = 0;
  #run: StageRun;
  /** Steps of the stages before. */
  #before = 0;
  /** Steps that this object has taken, and milliseconds that those of the stages before have waited. */
  #taken = 0;
  #waited = 0;

  constructor(model: Model, data: Dataset, given: TrainerOptions) {
    if (!(model instanceof Model)) throw new ArgumentError(`train: a model is needed, not ${String(model)}`);
    if (!(data instanceof Dataset))
      throw new ArgumentError(`train: a Dataset is needed, not ${String(data)}`);
    checkOptions("train", given);
    const { stages, ...options } = given;
    if (data.shape.join() !== model.input.join())
      throw new ArgumentError(
        `train: ${data.name} has samples of shape (${data.shape.join(", ")}), the model takes (${model.input.join(", ")})`,
      );
    this.model = model;
    this.stages = stages ?? [{ name: "train", steps: Infinity }];
    const [first] = this.stages;
    if (!first) throw new ArgumentError("train: a run has one stage at least");
    this.#data = data;
    this.#options = options;
    this.#run = new StageRun(model, data, first, options);
  }

  get device(): Device {
    return this.model.device;
  }

  /** Steps taken so far, in all stages. */
  get step(): number {
    return this.#before + this.#run.step;
  }

  /**
   * Milliseconds that a step has waited for its batch, in the mean: the most by which the device may have waited too. NaN
   * before the second step.
   */
  get waitedPerStep(): number {
    return this.#taken > 1 ? (this.#waited + this.#run.waited) / (this.#taken - 1) : NaN;
  }

  /** The stage at hand. */
  get stage(): Stage {
    return this.#run.stage;
  }

  /** Which of the stages that is, from 0 on. */
  get stageIndex(): number {
    return this.#index;
  }

  /** Steps that all stages have. */
  get totalSteps(): number {
    return this.stages.reduce((sum, { steps }) => sum + steps, 0);
  }

  /** Whether all steps of the stage at hand are taken, or its rank is found. */
  get stageIsOver(): boolean {
    return this.#run.isOver || (this.#index === 0 && (this.search?.isOver ?? false));
  }

  /** Whether that is so of the last stage. */
  get isOver(): boolean {
    return this.stageIsOver && this.#index === this.stages.length - 1;
  }

  /** What the optimizers of the stage at hand keep, by name. */
  get moments(): ReadonlyMap<string, Tensor> {
    return this.#run.moments();
  }

  /** Where the stage at hand draws its noise from. */
  get noise(): RandomState {
    return this.#run.noise;
  }

  /** What the rates of all optimizers of the stage at hand are multiplied by, from the next step on; 1 unless set. */
  get rateFactor(): number {
    return this.#run.phases[0]!.rateFactor;
  }

  set rateFactor(factor: number) {
    for (const phase of this.#run.phases) phase.rateFactor = factor;
  }

  /** Launches a step; of the recordings of its phases, none before the first step. */
  get launches(): number {
    return this.#run.phases.reduce(
      (sum, { program, phase }) => sum + (program?.length ?? 0) * (phase.times ?? 1),
      0,
    );
  }

  /** Goes on to the next stage where the one at hand is over, and begins a stage that has taken no step yet. */
  async ready(): Promise<void> {
    while (this.stageIsOver && !this.isOver) this.endStage();
    if (this.#run.step > 0 || !this.stage.begin) return;
    const { batch, seed } = this.#options;
    await this.stage.begin((count) =>
      deviceParts(this.model, this.#data, batch, { seed, ...(count === undefined ? {} : { count }) }),
    );
  }

  /** Ends the stage at hand before its steps are taken: the next one begins. Throws ArgumentError in the last one. */
  endStage(): void {
    const { step } = this;
    if (this.#index + 1 >= this.stages.length)
      throw new ArgumentError(`train: ${this.stage.name} is the last stage of the run`);
    this.#enter(this.#index + 1);
    this.#before = step;
  }

  /** Launches one step; does not wait for it. */
  advance(): void {
    this.#run.advance();
    this.#taken++;
  }

  /** Launches one step without the recording, to the same effect: for `device.watch` to see its tensors. */
  advanceEagerly(): void {
    this.#run.advanceEagerly();
  }

  /** Records the step anew when it is next taken: after the model was changed in a way that its launches hold. */
  rerecord(): void {
    this.#run.rerecord();
  }

  /** The losses of the last step; none just before it is recorded anew. Throws NumericalError if one of them is not a number. */
  async losses(): Promise<StepLosses> {
    const losses = await this.#run.readLosses();
    const bad = Object.entries(losses).find(([, value]) => !Number.isFinite(value));
    if (bad) throw new NumericalError(`step ${this.step}: ${bad[0]} is ${bad[1]}`);
    return { step: this.step, epoch: this.#run.batches.position.epoch, losses };
  }

  state(): TrainerState {
    const { search, model } = this;
    const scalars = [...model.scalars].map(([name, { value }]) => [name, value]);
    return {
      step: this.step,
      position: this.#run.batches.position,
      ...(this.#index > 0 ? { stage: { index: this.#index, step: this.#run.step } } : {}),
      ...(scalars.length > 0 ? { scalars: Object.fromEntries(scalars) as Record<string, number> } : {}),
      ...(this.rateFactor === 1 ? {} : { rateFactor: this.rateFactor }),
      ...(search ? { search: search.state } : {}),
    };
  }

  /** Goes on from a state. Throws ArgumentError for one of a stage that there is not. */
  restore({ step, position, stage = { index: 0, step }, scalars = {}, rateFactor = 1 }: TrainerState): void {
    if (!this.stages[stage.index])
      throw new ArgumentError(
        `train: there is no stage ${stage.index + 1}; the run has ${this.stages.length}`,
      );
    if (stage.index !== this.#index) this.#enter(stage.index);
    this.#before = step - stage.step;
    this.#run.restore(stage.step, position);
    this.rateFactor = rateFactor;
    for (const [name, value] of Object.entries(scalars)) this.model.scalars.get(name)?.write(value);
  }

  /** Frees what training needed; the model stays. */
  dispose(): void {
    this.#run.dispose();
  }

  #enter(index: number): void {
    this.#run.dispose();
    this.#waited += this.#run.waited;
    this.#run = new StageRun(this.model, this.#data, this.stages[index]!, this.#options);
    this.#index = index;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
