import { checkNumber, checkWhole } from "../device/arguments.ts";

export interface EarlyOptions {
  /** Evaluations in a row that do not come under the best so far, after which training ends; without it, it does not. */
  patience?: number | undefined;
  /** By how much an evaluation has to come under the best so far to count as better; 0. */
  minDelta?: number | undefined;
  /** Multiplies the learning rate by `factor` (0.1) after `patience` evaluations in a row that are no better. */
  plateau?: { factor?: number | undefined; patience: number } | undefined;
}

/** What is known of the evaluations so far; plain JSON. */
export interface EvaluationState {
  /** The best evaluation and its step; none before the first. */
  best: { value: number; step: number } | null;
  /** Evaluations in a row that were no better, and those of them since the rate was last lowered. */
  since: number;
  flat: number;
}

/** Looks at one evaluation after the other, of which less is better, and says what follows. */
export class Early {
  readonly #options: EarlyOptions;
  state: EvaluationState = { best: null, since: 0, flat: 0 };

  constructor({ patience, minDelta = 0, plateau }: EarlyOptions) {
    if (patience !== undefined) checkWhole("train: patience", patience, 1);
    checkNumber("train: minDelta", minDelta, 0);
    if (plateau) {
      checkWhole("train: plateau.patience", plateau.patience, 1);
      checkNumber("train: plateau.factor", plateau.factor ?? 0.1, 0, 1);
    }
    this.#options = { patience, minDelta, plateau };
  }

  /** Whether there was no better evaluation for as long as `patience` says. */
  get isOver(): boolean {
    return this.state.since >= (this.#options.patience ?? Infinity);
  }

  /** Takes an evaluation: whether it is the best so far, and what the rate is to be multiplied by. */
  observe(step: number, value: number): { isBest: boolean; factor: number } {
    const { minDelta, plateau } = this.#options;
    const { best, since, flat } = this.state;
    if (best === null || value < best.value - minDelta!) {
      this.state = { best: { value, step }, since: 0, flat: 0 };
      return { isBest: true, factor: 1 };
    }
    const isFlat = plateau !== undefined && flat + 1 >= plateau.patience;
    this.state = { best, since: since + 1, flat: isFlat ? 0 : flat + 1 };
    return { isBest: false, factor: isFlat ? (plateau.factor ?? 0.1) : 1 };
  }
}
