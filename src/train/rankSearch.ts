import { ArgumentError } from "../device/errors.ts";
import { BasisAutoencoder } from "../models/basisAutoencoder.ts";
import {
  AdaptiveRank,
  type AdaptiveOptions,
  type AdaptiveState,
  type Decision,
  type Search,
} from "./adaptive.ts";
import type { StepLosses, Trainer } from "./trainer.ts";

/**
 * Lets `AdaptiveRank` decide on the rank of the model of a trainer, by the error of its reconstructions. The weights of
 * every rank that was good enough are kept until the next one is; when they come back, the optimizer starts anew.
 *
 * An RRAE is adapted as in the authors' code. That code cannot adapt a VRRAE, whose affine maps have the size of the rank;
 * here those keep their size, and the coefficients that are left use their leading block (see `Vrrae`).
 */
export class RankSearch implements Search {
  readonly #rank: AdaptiveRank;
  readonly #trainer: Trainer;
  readonly #model: BasisAutoencoder;
  #good: Float32Array | undefined;

  constructor(trainer: Trainer, options: AdaptiveOptions = {}) {
    const { model } = trainer;
    if (!(model instanceof BasisAutoencoder))
      throw new ArgumentError(
        "adaptive rank: only models that truncate, RRAE and VRRAE, have a rank to adapt",
      );
    this.#trainer = trainer;
    this.#model = model;
    this.#rank = new AdaptiveRank(model.codeSize, options);
  }

  get state(): AdaptiveState {
    return this.#rank.state;
  }

  get isOver(): boolean {
    return this.#rank.isOver;
  }

  get good(): Float32Array | undefined {
    return this.#good;
  }

  restore(state: AdaptiveState, good: Float32Array | undefined): void {
    this.#rank.restore(state);
    this.#good = good;
    this.#model.setRank(state.rank);
    this.#trainer.rerecord();
  }

  async afterStep({ losses }: StepLosses): Promise<Decision> {
    const decision = this.#rank.observe(losses.error ?? losses.loss!);
    const { arena } = this.#model;
    if (decision === "lower") this.#good = await arena.values.read();
    if (decision === "raise") {
      arena.values.write(this.#good!);
      for (const tensor of this.#trainer.optimizer.state().values())
        tensor.write(new Float32Array(tensor.size));
    }
    if (decision === "lower" || decision === "raise") {
      this.#model.setRank(this.#rank.rank);
      this.#trainer.rerecord();
    }
    return decision;
  }
}
