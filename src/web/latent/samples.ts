import { Latest } from "../shared/latest.ts";
import { drawRow } from "../shared/paint.ts";
import type { Remote } from "../shared/rpc.ts";
import type { DataFacts, TrainApi, TrainEvent } from "../train/protocol.ts";

/** The pictures that the dots stand for, as they were given. */
export class Samples {
  readonly #remote: Remote<TrainApi, TrainEvent>;
  readonly #canvas: HTMLCanvasElement;
  readonly #followed = new Latest<number>((dot) => this.#draw(dot));
  #facts: DataFacts | undefined;
  #shown: number | undefined;

  constructor(remote: Remote<TrainApi, TrainEvent>, canvas: HTMLCanvasElement) {
    this.#remote = remote;
    this.#canvas = canvas;
  }

  /** Starts over with another run's data. */
  show(facts: DataFacts): void {
    this.#facts = facts;
    this.#shown = undefined;
  }

  /** Shows the picture of a dot; of dots that come faster than pictures, the last one counts. */
  follow(dot: number): void {
    if (dot !== this.#shown) this.#followed.give(dot);
    this.#shown = dot;
  }

  async #draw(dot: number): Promise<void> {
    const facts = this.#facts;
    const picture = await this.#remote.call("given", dot).catch(() => undefined);
    if (facts && picture && facts === this.#facts) drawRow(this.#canvas, picture, facts.shape, facts, 1);
  }
}
