import { lossChart } from "../shared/charts.ts";
import { byId, download } from "../shared/dom.ts";
import { Paced } from "../shared/frames.ts";
import { models } from "./models.ts";
import type { LossEvent, ModelName } from "./protocol.ts";
import { RunLog } from "./runLog.ts";

/** Milliseconds between drawings of the chart. */
const chartPause = 300;

/** The losses of the run at hand: their chart, which is there once there is something in it, and their file. */
export class Losses {
  readonly #log = new RunLog();
  readonly #card = byId("losses", HTMLElement);
  readonly #chart = byId("loss", HTMLElement);
  readonly #drawing = new Paced(chartPause, () => this.draw());
  #models: readonly ModelName[] = [];

  /** The reading that came last. */
  get last(): LossEvent | undefined {
    return this.#log.last;
  }

  /** Shows those of `models` from now on: the same run at another rank, or a new one. */
  show(models: readonly ModelName[], goesOn: boolean): void {
    this.#models = models;
    if (!goesOn) this.#log.clear();
    this.draw();
  }

  add(event: LossEvent): void {
    this.#log.add(event);
    if (this.#card.hidden) this.draw();
    else this.#drawing.ask();
  }

  /** Forgets what came after `step`: the run went back there. */
  cutTo(step: number): void {
    this.#log.cutTo(step);
    this.draw();
  }

  draw(): void {
    this.#card.hidden = this.last === undefined;
    if (this.#card.hidden) return;
    const names = this.#models.map((model) => models[model].name);
    lossChart(this.#chart, this.#log.points(names.length), names);
  }

  download(): void {
    download("history.jsonl", this.#log.text(this.#models), "application/jsonl");
  }
}
