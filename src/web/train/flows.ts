import { byId } from "../shared/dom.ts";
import { Flow } from "./flow.ts";
import type { DataFacts, Look } from "./protocol.ts";

/** The way of one picture through the models, drawn for each of them. */
export class Flows {
  readonly #looks: () => readonly Look[] | undefined;
  #flows: Flow[] = [];
  /** The picture of the preview that is followed. */
  #traced = 0;

  /** `looks` gives what is known of the models now. */
  constructor(looks: () => readonly Look[] | undefined) {
    this.#looks = looks;
  }

  /** Makes room for the models of a run, or of the one at hand that `goesOn`: that keeps the picture. */
  show(names: readonly string[], data: DataFacts, goesOn: boolean): void {
    if (!goesOn) this.#traced = 0;
    const [H, W, C] = data.shape;
    const next = () => {
      this.#traced = (this.#traced + 1) % (data.preview.length / (H * W * C));
      this.draw();
    };
    this.#flows = names.map((name, i) => new Flow(i, name, data, next));
    byId("flows", HTMLElement).replaceChildren(...this.#flows.map(({ element }) => element));
  }

  draw(): void {
    this.#looks()?.forEach((look, i) => this.#flows[i]?.show(look, this.#traced));
  }
}
