import { make } from "../shared/dom.ts";
import type { Camera } from "./camera.ts";

/** Numbers along each edge, about. */
const wanted = 5;

/** The numbers at the plane's edges; there are none in space. */
export class Ticks {
  readonly element = make("div", { className: "ticks", ariaHidden: "true" });
  #shown = "";

  /** Shows the scale of what `camera` sees. */
  show(camera: Camera): void {
    const ticks = camera.dimensions === 2 ? ticksOf(camera) : [];
    const shown = JSON.stringify(ticks);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.element.replaceChildren(
      ...ticks.map(({ side, at, text }) => {
        const tick = make("span", { className: side }, text);
        tick.style.setProperty("--at", `${(100 * at).toFixed(1)}%`);
        return tick;
      }),
    );
  }
}

/** Round numbers that are seen, with where they are, from the left or from the top. */
function ticksOf({
  centre: [x, y],
  reach,
  aspect,
}: Camera): { side: "across" | "up"; at: number; text: string }[] {
  const wide = reach * aspect;
  return [
    ...roundNumbers(x - wide, x + wide).map((value) => {
      return { side: "across" as const, at: (value - x + wide) / (2 * wide), text: textOf(value) };
    }),
    ...roundNumbers(y - reach, y + reach).map((value) => {
      return { side: "up" as const, at: (y + reach - value) / (2 * reach), text: textOf(value) };
    }),
  ].filter(({ at }) => at > 0.04 && at < 0.96); // the others would stand over the edge
}

const textOf = (value: number) => String(Number(value.toPrecision(6))).replace("-", "−");

/** Multiples of 1, 2 or 5 times a power of ten from `low` to `high`. */
export function roundNumbers(low: number, high: number): number[] {
  const rough = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((digit) => digit * power).find((size) => size >= rough * 0.999)!;
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, i) => (first + i) * step);
}
