import { byId } from "../shared/dom.ts";

/** Where the bars of the drawing stand, in its own units. */
const [left, base, width] = [156, 98, 108];
/** Numbers that are drawn as dropped, however many are kept. */
const dropped = 4;

/** Draws the explanation's bars for models that keep `k` numbers: those that stay, some that do not, and the cut. */
export function drawIdea(k: number): void {
  const count = k + dropped;
  const pitch = width / count;
  const bars = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => {
      const height = 7 + 49 * Math.exp((-3.2 * (from + i)) / count);
      const x = left + (from + i) * pitch;
      return `M${x.toFixed(1)} ${base}v${(-height).toFixed(1)}h${(0.72 * pitch).toFixed(1)}V${base}z`;
    }).join("");
  byId("idea-kept", SVGPathElement).setAttribute("d", bars(0, k));
  byId("idea-dropped", SVGPathElement).setAttribute("d", bars(k, count));
  byId("idea-cut", SVGPathElement).setAttribute("d", `M${(left + (k - 0.14) * pitch).toFixed(1)} 38V104`);
  byId("idea-k", SVGTextElement).textContent = `keep k = ${k}`;
}
