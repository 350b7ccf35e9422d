import { ArgumentError } from "../device/errors.ts";
import type { Truncation } from "../models/truncation.ts";
import {
  AdaptiveRank,
  type AdaptiveOptions,
  type AdaptiveState,
  type Decision,
  type Search,
} from "./adaptive.ts";
import { mainLoss, type StepLosses } from "./losses.ts";
import type { Trainer } from "./trainer.ts";

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
  readonly #truncation: Truncation;
  #good: Float32Array | undefined;

  constructor(trainer: Trainer, options: AdaptiveOptions = {}) {
    const { truncation } = trainer.model;
    if (!truncation)
      throw new ArgumentError(
        "adaptive rank: only models that truncate, RRAE and VRRAE, have a rank to adapt",
      );
    this.#trainer = trainer;
    this.#truncation = truncation;
    this.#rank = new AdaptiveRank(truncation.codeSize, options);
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
    this.#truncation.setRank(state.rank);
    this.#trainer.rerecord();
  }

  async afterStep({ losses }: StepLosses): Promise<Decision> {
    const decision = this.#rank.observe(losses.error ?? mainLoss(losses));
    const { arena } = this.#trainer.model;
    if (decision === "lower") this.#good = await arena.values.read();
    if (decision === "raise") {
      arena.values.write(this.#good!);
      for (const tensor of this.#trainer.moments.values()) tensor.write(new Float32Array(tensor.size));
    }
    if (decision === "lower" || decision === "raise") {
      this.#truncation.setRank(this.#rank.rank);
      this.#trainer.rerecord();
    }
    return decision;
  }
}
