import type { Results } from "../report/summary.node.ts";
import type { Session } from "../runs/session.node.ts";
import { readJson } from "./json.ts";
import { codesOf } from "../train/generate.ts";
import type { Column, Sampling } from "./columns.ts";
import type { Judge, Likeness } from "./judge.ts";

/** A model that is measured, and what is known of it by then; what several metrics need is made once. */
export class Subject {
  readonly session: Session;
  readonly sampling: Sampling;
  /** Distances of the columns of images that were compared. */
  readonly likenesses: Partial<Record<Column, Likeness>> = {};
  readonly judge: Judge | undefined;
  readonly #made = new Map<string, Promise<unknown>>();

  constructor(session: Session, sampling: Sampling = {}, judge?: Judge) {
    this.session = session;
    this.sampling = sampling;
    this.judge = judge;
  }

  /** What was found when the training was over. */
  get results(): Results {
    return readJson(this.session.folder.file("metrics.json")) as Results;
  }

  get codeSize(): number {
    return this.session.model.codeSize;
  }

  /** The codes of the first training samples (N, codeSize): as many as bases are fitted on. */
  codes(): Promise<Float32Array> {
    const { model, data, config } = this.session;
    return this.once("codes", () => codesOf(model, data.train, config.basisCount));
  }

  /** What `body` gives, which is called once for each `name`. */
  once<T>(name: string, body: () => Promise<T>): Promise<T> {
    const made = (this.#made.get(name) as Promise<T> | undefined) ?? body();
    this.#made.set(name, made);
    return made;
  }
}
