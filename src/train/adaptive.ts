import { checkNumber, checkPositive, checkWhole, type Complete, definedOnly } from "../device/arguments.ts";

/** How a rank is sought. The defaults are those of the authors' code, but for `settle`, which it leaves to its user. */
export interface AdaptiveOptions {
  /** The rank is not lowered below this one; 1 by default. */
  least?: number | undefined;
  /** Losses whose mean the last one is compared with; 20. */
  window?: number | undefined;
  /** Steps whose loss is near that mean, before the mean becomes what every rank has to reach; 1000. */
  settle?: number | undefined;
  /** A loss is near the mean when it differs by less than so many percent; 5. */
  near?: number | undefined;
  /** A loss that is enough from the start, in place of waiting for one to settle. */
  wanted?: number | undefined;
  /** Steps in a row under the loss that is to be reached, before the rank is lowered; 1. */
  reach?: number | undefined;
  /** Steps without progress at a rank, before it is given up for the one above; 500. */
  giveUp?: number | undefined;
  /** A loss makes no progress when it differs from the mean by less than so many percent, or is above it; 1. */
  still?: number | undefined;
  /** Steps near the mean at the rank that was found, after which training ends; 500. */
  finish?: number | undefined;
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

/** What seeks a rank beside a trainer. */
export interface Search {
  readonly state: AdaptiveState;
  /** Whether the last step was the one to end with. */
  readonly isOver: boolean;
  /** The weights of the last rank that was good enough, laid out as those of the arena. */
  readonly good: Float32Array | undefined;
  /** Goes on from a state, with the weights of the last rank that was good enough, if there was one. */
  restore(state: AdaptiveState, good: Float32Array | undefined): void;
  /** Looks at the losses of the step just taken, and changes rank and weights where they ask for it. */
  afterStep(step: { losses: Record<string, number> }): Promise<Decision>;
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
  readonly #options: Complete<AdaptiveOptions>;
  #state: AdaptiveState;

  constructor(first: number, options: AdaptiveOptions = {}) {
    this.#options = { ...defaults, ...definedOnly(options) };
    const { least, near, still, wanted, ...steps } = this.#options;
    checkWhole("adaptive rank: least", least, 1, first);
    for (const [name, value] of Object.entries({ near, still }))
      checkPositive(`adaptive rank: ${name}`, value);
    checkNumber("adaptive rank: wanted", wanted, 0);
    for (const [name, value] of Object.entries(steps)) checkWhole(`adaptive rank: ${name}`, value, 1);
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
