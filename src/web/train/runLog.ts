import type { LossPoint } from "../shared/charts.ts";
import type { LossEvent, ModelName } from "./protocol.ts";

/** Points of a chart's line: more would not be seen. */
const shownPoints = 300;

/** The losses that were read in a run so far. */
export class RunLog {
  #events: LossEvent[] = [];

  get isEmpty(): boolean {
    return this.#events.length === 0;
  }

  add(event: LossEvent): void {
    this.#events.push(event);
  }

  clear(): void {
    this.#events = [];
  }

  /** Forgets what came after `step`: the run went back there. */
  cutTo(step: number): void {
    this.#events = this.#events.filter((event) => event.step <= step);
  }

  /** The losses of each of `lanes` models, evenly thinned, the last one among them. */
  points(lanes: number): LossPoint[][] {
    const stride = Math.ceil(this.#events.length / shownPoints);
    const last = this.#events.length - 1;
    const shown = this.#events.filter((_, i) => (last - i) % stride === 0);
    return Array.from({ length: lanes }, (_, lane) =>
      shown.map(({ step, losses }) => ({ step, lane, loss: losses[lane]?.loss ?? NaN })),
    );
  }

  /** The lines that `hestenes train` logs, one for each model and reading, with the model's name. */
  text(models: readonly ModelName[]): string {
    return this.#events
      .flatMap(({ step, epoch, seconds, losses }) =>
        losses.map(({ loss, ...parts }, i) => ({ model: models[i], step, epoch, loss, parts, seconds })),
      )
      .map((line) => JSON.stringify(line) + "\n")
      .join("");
  }
}
