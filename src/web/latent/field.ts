import { byId, make } from "../shared/dom.ts";
import type { CodeOrder } from "./order.ts";

/** More sliders than this would not be understood. */
const mostSliders = 8;

/** The code at the probe: a slider for each of its first coordinates. */
export class CodeField {
  readonly #onMove: (code: Float32Array) => void;
  #sliders: { name: string; input: HTMLInputElement; output: HTMLOutputElement }[] = [];
  #reach = 0;
  /** The code that is shown, if any. */
  code: Float32Array | undefined;

  constructor(onMove: (code: Float32Array) => void) {
    this.#onMove = onMove;
  }

  /** Makes sliders for codes of `codeSize` numbers, which are shown in this order. */
  resize(codeSize: number, order: CodeOrder): void {
    this.code = undefined;
    this.#reach = 0;
    this.#sliders = Array.from({ length: Math.min(mostSliders, codeSize) }, (_, axis) => {
      const input = make("input", { type: "range", id: `axis-${axis}`, step: "any" });
      input.oninput = () => {
        const code = this.code?.slice() ?? new Float32Array(codeSize);
        code[axis] = Number(input.value);
        this.#onMove(code);
      };
      const name = `number ${order.at(axis) + 1}`;
      return { name, input, output: make("output", { ariaLive: "off" }, "0") };
    });
    byId("coordinates", HTMLElement).replaceChildren(
      ...this.#sliders.map(({ name, input, output }) =>
        make("div", { className: "field" }, make("label", { htmlFor: input.id }, name), input, output),
      ),
    );
    byId("probe-words", HTMLElement).textContent =
      codeSize > mostSliders ? `and ${codeSize - mostSliders} more, as in the nearest dot` : "";
  }

  /** Lets the sliders go from −reach to reach, unless they go about that far already: they are not to jump about. */
  stretch(reach: number): void {
    if (reach <= this.#reach && reach > this.#reach / 4) return;
    this.#reach = 1.5 * reach;
    for (const { input } of this.#sliders)
      [input.min, input.max] = [String(-this.#reach), String(this.#reach)];
    if (this.code) this.show(this.code);
  }

  show(code: Float32Array): void {
    this.code = code;
    this.#sliders.forEach(({ input, output }, axis) => {
      input.value = String(code[axis]);
      output.value = input.ariaValueText = code[axis]!.toFixed(2);
    });
  }

  /** Says where the probe is to those who do not see it. */
  say(): void {
    const words = this.#sliders.map(({ name, output }) => `${name}: ${output.value}`);
    byId("probe-said", HTMLElement).textContent = words.join(", ");
  }
}
