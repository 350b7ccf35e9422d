import { byId, make } from "../shared/dom.ts";

/** More sliders than this would not be understood. */
const mostSliders = 8;

/** The code at the probe: a slider for each of its first coordinates. */
export class CodeField {
  readonly #onMove: (code: Float32Array) => void;
  #sliders: { input: HTMLInputElement; output: HTMLOutputElement }[] = [];
  /** The code that is shown, if any. */
  code: Float32Array | undefined;

  constructor(onMove: (code: Float32Array) => void) {
    this.#onMove = onMove;
  }

  /** Makes sliders for codes of `codeSize` numbers from −reach to reach. */
  resize(codeSize: number, reach: number): void {
    this.code = undefined;
    this.#sliders = Array.from({ length: Math.min(mostSliders, codeSize) }, (_, axis) => {
      const input = make("input", { type: "range", id: `axis-${axis}`, step: "any" });
      [input.min, input.max, input.value] = [String(-reach), String(reach), "0"];
      input.oninput = () => {
        const code = this.code?.slice() ?? new Float32Array(codeSize);
        code[axis] = Number(input.value);
        this.#onMove(code);
      };
      return { input, output: make("output", {}, "0") };
    });
    byId("coordinates", HTMLElement).replaceChildren(
      ...this.#sliders.map(({ input, output }, axis) =>
        make(
          "div",
          { className: "field" },
          make("label", { htmlFor: input.id }, `number ${axis + 1}`),
          input,
          output,
        ),
      ),
    );
    byId("probe-words", HTMLElement).textContent =
      codeSize > mostSliders ? `and ${codeSize - mostSliders} more, as in the nearest dot` : "";
  }

  show(code: Float32Array): void {
    this.code = code;
    this.#sliders.forEach(({ input, output }, axis) => {
      input.value = String(code[axis]);
      output.value = code[axis]!.toFixed(2);
    });
  }
}
