import { lineChart, lossChart } from "../shared/charts.ts";
import { byId, download, make } from "../shared/dom.ts";
import { Paced } from "../shared/frames.ts";
import { models } from "./models.ts";
import type { LossEvent, ModelName, SetUp } from "./protocol.ts";
import { RunLog, type LossLine } from "./runLog.ts";

/** Milliseconds between drawings of the charts. */
const chartPause = 300;

/** The losses of the run at hand: their charts, which are there once there is something in them, and their file. */
export class Losses {
  readonly #log = new RunLog();
  readonly #card = byId("losses", HTMLElement);
  readonly #together = byId("loss", HTMLElement);
  readonly #apart = byId("loss-lines", HTMLElement);
  readonly #drawing = new Paced(chartPause, () => this.draw());
  #models: readonly ModelName[] = [];
  #stages: readonly (readonly string[])[] = [];
  /** Of the file. */
  #name = "";

  /** The reading that came last. */
  get last(): LossEvent | undefined {
    return this.#log.last;
  }

  /** Shows those of a run from now on: the one at hand at another rank, or a new one. */
  show({ settings: { models, seed }, stages }: SetUp, goesOn: boolean): void {
    [this.#models, this.#stages, this.#name] = [models, stages, `${models.join("-")}-seed-${seed}`];
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
    const lines = this.#log.lines(this.#models.length);
    const areAlike = this.#areAlike(lines);
    byId("loss-alike", HTMLElement).hidden = this.#together.hidden = !areAlike;
    byId("loss-unlike", HTMLElement).hidden = this.#apart.hidden = areAlike;
    if (areAlike)
      lossChart(
        this.#together,
        lines.map(({ points }) => points),
        this.#models.map((model) => models[model].name),
      );
    else this.#drawApart(lines);
  }

  /** Whether one axis is for all of them: models of a kind, each with one loss. */
  #areAlike(lines: readonly LossLine[]): boolean {
    const kinds = new Set(this.#models.map((model) => models[model].family));
    return kinds.size === 1 && kinds.has("rank") && lines.length === this.#models.length;
  }

  /** A chart for each line, with a scale of its own. */
  #drawApart(lines: readonly LossLine[]): void {
    const titles = lines.map((line) => this.#titleOf(line));
    const hosts = [...this.#apart.querySelectorAll<HTMLElement>("figure")];
    if (hosts.map(({ title }) => title).join("\n") !== titles.join("\n"))
      this.#apart.replaceChildren(...titles.map((title) => emptyFigure(title)));
    [...this.#apart.querySelectorAll<HTMLElement>("figure")].forEach((figure, i) => {
      const { lane, points } = lines[i]!;
      figure.className = `lane-${lane}`;
      figure.querySelector("output")!.value = points.at(-1)!.loss.toPrecision(3);
      lineChart(figure.querySelector<HTMLElement>(".chart")!, points, titles[i]!, lane);
    });
  }

  #titleOf({ lane, stage, phase }: LossLine): string {
    const stages = this.#stages[lane] ?? [];
    const { name } = models[this.#models[lane]!];
    return [name, stages.length > 1 ? `stage ${stage + 1}` : "", phase]
      .filter((part) => part !== "")
      .join(" · ");
  }

  download(): void {
    download(`${this.#name}.jsonl`, this.#log.text(this.#models), "application/jsonl");
  }
}

function emptyFigure(title: string): HTMLElement {
  const caption = make("figcaption", {}, title, " ", make("output", { ariaLive: "off" }));
  return make("figure", { title }, caption, make("div", { className: "chart" }));
}
