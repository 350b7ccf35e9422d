import { Batches, type Position } from "../data/batches.ts";
import type { Dataset } from "../data/dataset.ts";
import type { AdaptiveState, Search } from "./adaptive.ts";
import { checkMagnitude } from "./magnitude.ts";
import { ArgumentError, NumericalError } from "../device/errors.ts";
import type { Autoencoder, Losses } from "../models/autoencoder.ts";
import { partSizes, type Batch } from "../models/parts.ts";
import { RandomState } from "../ops/random.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import { record, type Program } from "../tensor/record.ts";
import { backward } from "../tensor/tape.ts";
import { empty, type Tensor } from "../tensor/tensor.ts";

/** Everything besides weights and optimizer that a run needs to go on exactly where it was. */
export interface TrainerState {
  step: number;
  position: Position;
  /** Where the search for a rank is, if there is one. */
  search?: AdaptiveState;
}

/** The loss and its parts at one step. */
export interface StepLosses {
  step: number;
  epoch: number;
  losses: Record<string, number>;
}

export interface TrainerOptions {
  batch: number;
  seed: number;
  /** What is minimised; the model's own loss unless given. */
  loss?: (x: Batch, noise: RandomState) => Losses;
}

/**
 * Trains a model on a data set: each step is recorded once and replayed, its only upload the batch.
 * The same seed gives the same weights to the last bit, whether or not the run was interrupted.
 */
export class Trainer {
  readonly model: Autoencoder;
  readonly batches: Batches;
  readonly optimizer: Optimizer;
  readonly noise: RandomState;
  /** Seeks the rank of the model, where it is asked to: after each step, by what `losses` gives. */
  search: Search | undefined;
  #step = 0;
  readonly #loss: (x: Batch, noise: RandomState) => Losses;
  /** The batch, or its parts where the model takes fewer samples at once. */
  readonly #inputs: Tensor[];
  readonly #batch: Float32Array;
  #program: Program | undefined;
  #losses: Record<string, Tensor> | undefined;

  constructor(
    model: Autoencoder,
    data: Dataset,
    optimizer: Optimizer,
    { batch, seed, loss = (x, noise) => model.loss(x, noise) }: TrainerOptions,
  ) {
    if (data.shape.join() !== model.input.join())
      throw new ArgumentError(
        `train: ${data.name} has samples of shape (${data.shape.join(", ")}), the model takes (${model.input.join(", ")})`,
      );
    checkMagnitude(data, batch);
    this.model = model;
    this.#loss = loss;
    this.optimizer = optimizer;
    this.batches = new Batches(data, { batch, seed });
    this.#batch = new Float32Array(batch * data.size);
    this.#inputs = partSizes(batch, model.atOnce).map((size) => empty(model.device, [size, ...model.input]));
    this.noise = new RandomState(model.device, seed);
  }

  /** Steps taken so far. */
  get step(): number {
    return this.#step;
  }

  /** Launches one step; does not wait for it. */
  advance(): void {
    this.#nextBatch();
    if (this.#program) return this.#program.run();
    const { program, result } = record(this.model.device, () => this.#runStep());
    this.#program = program;
    this.#losses = result;
  }

  /** Launches one step without the recording, to the same effect: for `device.watch` to see its tensors. */
  advanceEagerly(): void {
    this.#nextBatch();
    this.model.device.scope(() => void this.#runStep());
  }

  /** Records the step anew when it is next taken: after the model was changed in a way that its launches hold. */
  rerecord(): void {
    this.#program?.dispose();
    this.#program = undefined;
    for (const part of Object.values(this.#losses ?? {})) part.dispose();
    this.#losses = undefined;
  }

  #nextBatch(): void {
    this.batches.next(this.#batch);
    let from = 0;
    for (const input of this.#inputs) {
      input.write(this.#batch.subarray(from, from + input.size));
      from += input.size;
    }
    this.#step++;
  }

  #runStep(): Record<string, Tensor> {
    const losses = this.#loss(this.#inputs.length === 1 ? this.#inputs[0]! : this.#inputs, this.noise);
    backward(losses.loss);
    this.optimizer.step();
    return losses;
  }

  /** The losses of the last step. Throws NumericalError if one of them is not a number. */
  async losses(): Promise<StepLosses> {
    const losses: Record<string, number> = {};
    for (const [name, part] of Object.entries(this.#losses ?? {})) losses[name] = await part.item();
    const bad = Object.entries(losses).find(([, value]) => !Number.isFinite(value));
    if (bad) throw new NumericalError(`step ${this.#step}: ${bad[0]} is ${bad[1]}`);
    return { step: this.#step, epoch: this.batches.position.epoch, losses };
  }

  state(): TrainerState {
    const { search } = this;
    return {
      step: this.#step,
      position: this.batches.position,
      ...(search ? { search: search.state } : {}),
    };
  }

  restore({ step, position }: TrainerState): void {
    this.#step = step;
    this.batches.seek(position);
  }

  /** Frees what training needed; model and optimizer stay. */
  dispose(): void {
    this.rerecord();
    this.noise.dispose();
    for (const input of this.#inputs) input.dispose();
  }
}
