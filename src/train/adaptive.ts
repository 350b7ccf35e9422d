import { ArgumentError } from "../device/errors.ts";
import type { Model } from "../models/model.ts";
import type { Truncation } from "../models/truncation.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { mainLoss, type StepLosses } from "./losses.ts";

/** How a rank is sought. The defaults are those of the authors' code, but for `settle`, which it leaves to its user. */
export interface AdaptiveOptions {
  /** The rank is not lowered below this one; 1 by default. */
  least?: number;
  /** Losses whose mean the last one is compared with; 20. */
  window?: number;
  /** Steps whose loss is near that mean, before the mean becomes what every rank has to reach; 1000. */
  settle?: number;
  /** A loss is near the mean when it differs by less than so many percent; 5. */
  near?: number;
  /** A loss that is enough from the start, in place of waiting for one to settle. */
  wanted?: number;
  /** Steps in a row under the loss that is to be reached, before the rank is lowered; 1. */
  reach?: number;
  /** Steps without progress at a rank, before it is given up for the one above; 500. */
  giveUp?: number;
  /** A loss makes no progress when it differs from the mean by less than so many percent, or is above it; 1. */
  still?: number;
  /** Steps near the mean at the rank that was found, after which training ends; 500. */
  finish?: number;
}

/** What has to happen after a step: nothing, one rank less, back to the rank above, or the end. */
export type Decision = "stay" | "lower" | "raise" | "stop";

/** Where the search is; plain JSON. */
export interface AdaptiveState {
  phase: "settle" | "lower" | "done";
  /** The rank at the beginning, and now. */
  first: number;
  rank: number;
  losses: number[];
  target: number | null;
  count: number;
  patience: number;
}

const defaults = {
  ...{ least: 1, window: 20, settle: 1000, near: 5, wanted: 0 },
  ...{ reach: 1, giveUp: 500, still: 1, finish: 500 },
};

/**
 * The search of the adaptive RRAE for the least rank that does as well as the first one, as a machine that is shown one
 * loss after the other (authors' code, `RRAE_gen_Tracker`):
 *
 * 1. settle: the first rank is trained until its loss stays near its mean, which is then what is to be reached;
 * 2. lower: whenever the loss is under that, the rank is lowered by one; where it makes no progress for long, the rank
 *    before was the least, and its weights come back;
 * 3. done: that rank is trained on until its loss stays near its mean again.
 */
export class AdaptiveRank {
  readonly #options: Required<AdaptiveOptions>;
  #state: AdaptiveState;

  constructor(first: number, options: AdaptiveOptions = {}) {
    this.#options = { ...defaults, ...options };
    for (const [name, value] of Object.entries(this.#options))
      if (!(Number.isFinite(value) && value >= (name === "wanted" ? 0 : Number.MIN_VALUE)))
        throw new ArgumentError(`adaptive rank: ${name} is a number above 0, not ${value}`);
    const { least } = this.#options;
    if (!(Number.isInteger(least) && least >= 1 && least <= first))
      throw new ArgumentError(
        `adaptive rank: least is a whole number from 1 to the rank ${first}, not ${least}`,
      );
    this.#state = { phase: "settle", first, rank: first, losses: [], target: null, count: 0, patience: 0 };
  }

  get rank(): number {
    return this.#state.rank;
  }

  /** Whether the rank is found and trained. */
  get isOver(): boolean {
    const { phase, count } = this.#state;
    return phase === "done" && count >= this.#options.finish;
  }

  get state(): AdaptiveState {
    return { ...this.#state, losses: [...this.#state.losses] };
  }

  restore(state: AdaptiveState): void {
    this.#state = { ...state, losses: [...state.losses] };
  }

  /** Takes the loss of a step, and says what follows from it. */
  observe(loss: number): Decision {
    const { window } = this.#options;
    const { losses, phase } = this.#state;
    losses.push(loss);
    if (losses.length > window) losses.shift();
    const mean = losses.reduce((sum, value) => sum + value, 0) / losses.length;
    if (phase === "settle") return this.#settle(loss, mean);
    return phase === "lower" ? this.#lower(loss, mean) : this.#finish(loss, mean);
  }

  #settle(loss: number, mean: number): Decision {
    const { settle, near, wanted } = this.#options;
    if (percentOff(loss, mean) < near) this.#state.count++;
    if (loss < wanted) this.#begin("lower", wanted);
    else if (this.#state.count >= settle) this.#begin("lower", mean);
    return "stay";
  }

  #lower(loss: number, mean: number): Decision {
    const { reach, giveUp, still, least } = this.#options;
    const state = this.#state;
    state.count = loss < state.target! ? state.count + 1 : 0;
    if (state.count >= reach) {
      if (state.rank === least) {
        this.#begin("done", state.target);
        return "stay";
      }
      state.rank--;
      this.#begin("lower", state.target);
      return "lower";
    }
    if (loss > mean || percentOff(loss, mean) < still) state.patience++;
    if (state.patience < giveUp) return "stay";
    const isFirst = state.rank === state.first; // nothing above it was trained
    if (!isFirst) state.rank++;
    this.#begin("done", state.target);
    return isFirst ? "stay" : "raise";
  }

  #finish(loss: number, mean: number): Decision {
    const { near } = this.#options;
    if (percentOff(loss, mean) < near) this.#state.count++;
    return this.isOver ? "stop" : "stay";
  }

  #begin(phase: AdaptiveState["phase"], target: number | null): void {
    this.#state = { ...this.#state, phase, target, count: 0, patience: 0 };
  }
}

function percentOff(loss: number, mean: number): number {
  return (100 * Math.abs(loss - mean)) / Math.abs(mean);
}

/** What a search changes when it changes the rank: a trainer. */
interface Searched {
  readonly model: Model;
  readonly moments: ReadonlyMap<string, Tensor>;
  rerecord(): void;
}

/**
 * Lets `AdaptiveRank` decide on the rank of the model of a trainer, by the error of its reconstructions. The weights of
 * every rank that was good enough are kept until the next one is; when they come back, the optimizer starts anew.
 *
 * An RRAE is adapted as in the authors' code. That code cannot adapt a VRRAE, whose affine maps have the size of the rank;
 * here those keep their size, and the coefficients that are left use their leading block (see `Vrrae`).
 */
export class RankSearch {
  readonly search: AdaptiveRank;
  readonly #trainer: Searched;
  readonly #truncation: Truncation;
  #good: Float32Array | undefined;

  constructor(trainer: Searched, options: AdaptiveOptions = {}) {
    const { truncation } = trainer.model;
    if (!truncation)
      throw new ArgumentError(
        "adaptive rank: only models that truncate, RRAE and VRRAE, have a rank to adapt",
      );
    this.#trainer = trainer;
    this.#truncation = truncation;
    this.search = new AdaptiveRank(truncation.codeSize, options);
  }

  /** Whether the last step was the one to end with. */
  get isOver(): boolean {
    return this.search.isOver;
  }

  /** The weights of the last rank that was good enough, laid out as those of the arena. */
  get good(): Float32Array | undefined {
    return this.#good;
  }

  /** Goes on from a state, with the weights of the last rank that was good enough, if there was one. */
  restore(state: AdaptiveState, good: Float32Array | undefined): void {
    this.search.restore(state);
    this.#good = good;
    this.#truncation.setRank(state.rank);
    this.#trainer.rerecord();
  }

  /** Looks at the losses of the step just taken, and changes rank and weights where they ask for it. */
  async afterStep({ losses }: StepLosses): Promise<Decision> {
    const decision = this.search.observe(losses.error ?? mainLoss(losses));
    const { arena } = this.#trainer.model;
    if (decision === "lower") this.#good = await arena.values.read();
    if (decision === "raise") {
      arena.values.write(this.#good!);
      for (const tensor of this.#trainer.moments.values()) tensor.write(new Float32Array(tensor.size));
    }
    if (decision === "lower" || decision === "raise") {
      this.#truncation.setRank(this.search.rank);
      this.#trainer.rerecord();
    }
    return decision;
  }
}
