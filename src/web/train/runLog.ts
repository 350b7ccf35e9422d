import { mainLoss, OF_PHASE } from "../../train/losses.ts";
import type { LossEvent, ModelName } from "./protocol.ts";

/** A loss over the steps: of one model, in one of its stages, and there of one of its phases. */
export interface LossLine {
  lane: number;
  stage: number;
  /** Empty where the stage has one phase alone. */
  phase: string;
  points: { step: number; loss: number }[];
}

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

  /** The losses of each of `lanes` models, stage by stage and phase by phase; evenly thinned, the last one among them. */
  lines(lanes: number): LossLine[] {
    const stride = Math.ceil(this.#events.length / shownPoints);
    const last = this.#events.length - 1;
    const shown = this.#events.filter((_, i) => (last - i) % stride === 0);
    const lines = new Map<string, LossLine>();
    for (let lane = 0; lane < lanes; lane++)
      for (const { step, losses, stages } of shown)
        for (const [name, loss] of Object.entries(losses[lane] ?? {})) {
          if (name !== "loss" && !name.endsWith(OF_PHASE)) continue;
          const [stage, phase] = [stages[lane]!, name.slice(0, -OF_PHASE.length)];
          const key = [lane, stage, phase].join();
          const line = lines.get(key) ?? { lane, stage, phase, points: [] };
          lines.set(key, line);
          line.points.push({ step, loss });
        }
    return [...lines.values()];
  }

  /** The lines that `hestenes train` logs, one for each model and reading, with the model's name. */
  text(models: readonly ModelName[]): string {
    return this.#events
      .flatMap(({ step, epoch, seconds, losses }) =>
        losses.map((own, i) => {
          const { loss = mainLoss(own), ...parts } = own;
          return { model: models[i], step, epoch, loss, parts, seconds };
        }),
      )
      .map((line) => JSON.stringify(line) + "\n")
      .join("");
  }
}
