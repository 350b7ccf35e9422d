import { barChart, laneColours } from "../shared/charts.ts";
import { make } from "../shared/dom.ts";
import { drawRow } from "../shared/paint.ts";
import { models } from "./models.ts";
import { MaskBars } from "./mask.ts";
import type { DataFacts, Look, ModelName } from "./protocol.ts";
import { things } from "./words.ts";

/** Pictures that fill a card's width; fewer are no larger. */
const fullRow = 8;

/** What a visitor does with a model. */
interface Actions {
  onSave: () => void;
  onNextStage: () => void;
}

/** The card of one model: its reconstructions, its error, and the strengths of its latent directions. */
export class ModelCard {
  readonly element: HTMLElement;
  readonly #index: number;
  readonly #facts: DataFacts;
  readonly #output = make("canvas", { className: "pixels" });
  readonly #error = make("dd", { className: "headline" }, "–");
  readonly #loss = make("dd", {}, "–");
  readonly #use = make("dd", {}, "–");
  readonly #things = make("dd", {}, "–");
  readonly #spread = make("div", { className: "chart" });
  readonly #spectrum = make("div", { className: "chart" });
  readonly #singular = make("div", { hidden: true });
  readonly #bars = make("details", { className: "bars" }, make("summary", {}, "How much its numbers vary"));
  #drawBars = () => {};
  readonly #mask = new MaskBars();
  readonly #stages: readonly string[];
  readonly #stage = make("p", { className: "progress" });
  readonly #next = make("button", {}, "Go on to the next stage");

  constructor(
    index: number,
    model: ModelName,
    parameters: number,
    stages: readonly string[],
    facts: DataFacts,
    { onSave, onNextStage }: Actions,
  ) {
    this.#index = index;
    this.#facts = facts;
    this.#stages = stages;
    this.#next.onclick = onNextStage;
    const input = make("canvas", { className: "pixels" });
    drawRow(input, facts.preview, facts.shape, this.#facts, this.#count);
    input.setAttribute("role", "img");
    input.setAttribute(
      "aria-label",
      `${this.#count} ${this.#count === 1 ? "picture" : "pictures"} that the model ${facts.isHeldOut ? "never trained" : "trains"} on`,
    );
    this.#output.setAttribute("role", "img");
    for (const row of [input, this.#output])
      row.style.maxWidth = `${Math.min(1, this.#count / fullRow) * 100}%`;
    const { name, about, paper } = models[model];
    const cited = make("a", { href: paper }, "paper");
    cited.setAttribute("aria-label", `The paper of ${name}`);
    const save = make("button", { className: "quiet", onclick: onSave }, `Save ${name}`);
    save.setAttribute("aria-label", `Save ${name} as a file that this page opens again`);
    const figures = [
      [facts.isHeldOut ? "error on unseen pictures" : "error on training pictures", this.#error],
      ["loss", this.#loss],
      ["numbers in use", this.#use],
      ["different things they say", this.#things],
    ] as const;
    this.#singular.append(
      make("h3", { className: "soft" }, "Singular values of its long codes: kept, and dropped"),
      this.#spectrum,
    );
    this.#bars.append(
      make("h3", { className: "soft" }, "How much each number varies"),
      this.#spread,
      this.#singular,
    );
    this.#bars.ontoggle = () => this.#drawBars();
    const wide = matchMedia("(min-width: 641px)"); // on a phone they are folded up, so that both models are seen together
    this.#bars.open = wide.matches;
    wide.onchange = () => (this.#bars.open ||= wide.matches);
    this.element = make(
      "article",
      { className: `card lane lane-${index}` },
      make(
        "div",
        { className: "row" },
        make(
          "h2",
          {},
          name,
          " ",
          make("span", {}, `${about} ·\u00a0${parameters.toLocaleString("en")}\u00a0weights · `, cited),
        ),
        save,
      ),
      make("div", { className: "row stages", hidden: stages.length < 2 }, this.#stage, this.#next),
      make(
        "div",
        { className: "rows" },
        make("span", {}, "given"),
        input,
        make("span", {}, "redrawn"),
        this.#output,
      ),
      make(
        "dl",
        { className: "numbers" },
        ...figures.map(([term, value]) => make("div", {}, make("dt", {}, term), value)),
      ),
      this.#bars,
      this.#mask.element,
    );
  }

  get #count(): number {
    const [H, W, C] = this.#facts.shape;
    return this.#facts.preview.length / (H * W * C);
  }

  /** Shows what the model makes of the data now; `most` is what a number of any of the models varies by. */
  show(look: Look, most: number): void {
    drawRow(this.#output, look.pictures, this.#facts.shape, this.#facts, this.#count);
    const error = `${look.error.toPrecision(3)} %`;
    this.#output.setAttribute("aria-label", `The same pictures redrawn, with a relative error of ${error}`);
    this.#error.textContent = error;
    const collapsed = look.active < look.codeSize;
    this.#use.replaceChildren(
      `${look.active} `,
      make("small", { className: collapsed ? "collapsed" : "" }, `of ${look.codeSize}`),
    );
    const different = things(look);
    this.#things.replaceChildren(
      `${different} `,
      make("small", { className: different < look.codeSize ? "collapsed" : "" }, `of ${look.codeSize}`),
    );
    this.#showStage(look.stage);
    this.#mask.show(look.mask, look.active);
    this.#drawBars = () => {
      const colour = laneColours[this.#index]!;
      barChart(this.#spread, look.spread, { most, colour, label: "How much each number varies" });
      this.#singular.hidden = look.spectrum === undefined;
      if (!look.spectrum) return;
      const label = "Singular values, from the largest on";
      barChart(this.#spectrum, look.spectrum, { kept: look.codeSize, colour, label });
    };
    if (this.#bars.open) this.#drawBars();
  }

  #showStage(stage: number): void {
    const count = this.#stages.length;
    this.#stage.replaceChildren(make("b", {}, `Stage ${stage + 1} of ${count}`), ` · ${this.#stages[stage]}`);
    this.#next.hidden = stage + 1 >= count;
  }

  showLoss(loss: number): void {
    this.#loss.textContent = loss.toPrecision(3);
  }
}
