import type { LossPoint } from "../shared/charts.ts";
import type { LossEvent, ModelName } from "./protocol.ts";

/** Points of a chart's line: more would not be seen. */
const shownPoints = 300;
/** Readings that are kept: when there are more, every other one is forgotten, and of those to come as many. */
const mostReadings = 4096;

/** The losses that were read in a run so far, the first and the last among them; evenly thinned in a long run. */
export class RunLog {
  #events: LossEvent[] = [];
  /** One in so many readings is kept, besides the last one. */
  #stride = 1;
  #count = 0;

  /** The reading that came last. */
  get last(): LossEvent | undefined {
    return this.#events.at(-1);
  }

  add(event: LossEvent): void {
    const isLastKept = (this.#count - 1) % this.#stride === 0;
    if (!isLastKept && this.#count > 0) this.#events.pop();
    this.#events.push(event);
    this.#count++;
    if (this.#events.length <= mostReadings) return;
    this.#events = this.#events.filter((_, i) => i % 2 === 0);
    this.#stride *= 2;
  }

  clear(): void {
    this.#restart([]);
  }

  /** Forgets what came after `step`: the run went back there. */
  cutTo(step: number): void {
    this.#restart(this.#events.filter((event) => event.step <= step));
  }

  #restart(events: LossEvent[]): void {
    this.#events = events;
    if (events.length === 0) this.#stride = 1;
    this.#count = events.length === 0 ? 0 : (events.length - 1) * this.#stride + 1;
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
