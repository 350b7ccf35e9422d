import { byId, make } from "../shared/dom.ts";
import { drawRow } from "../shared/paint.ts";
import { svdOnCpu } from "../shared/svdOnCpu.ts";
import type { DataFacts, Look } from "./protocol.ts";

/** Patterns that are drawn. */
const mostPatterns = 5;
/** Colours of numbers above and below 0; 0 itself is left clear. */
const [above, below] = [
  [220, 60, 40],
  [40, 90, 220],
] as const;

/** What an SVD of a table of codes is, drawn with those of the pictures at hand. */
export class BatchTable {
  readonly #card = byId("batch", HTMLElement);
  #facts: DataFacts | undefined;

  /** Starts over with another run's data. */
  show(facts: DataFacts): void {
    this.#facts = facts;
    this.#card.hidden = true;
  }

  /** Shows the codes of the preview in the model that cuts them by an SVD; nothing where there is none. */
  update(looks: readonly Look[], names: readonly string[]): void {
    const at = looks.findIndex(({ trace }) => trace.long !== undefined);
    const facts = this.#facts;
    this.#card.hidden = at < 0 || !facts;
    if (this.#card.hidden) return;
    const { trace, codeSize: k } = looks[at]!;
    const long = trace.long!;
    const [H, W, C] = facts!.shape;
    const count = facts!.preview.length / (H * W * C);
    const length = long.length / count;
    const { U, S, Vt } = svdOnCpu(long, count, length);
    const most = long.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-30);
    const size = Math.min(count, length);
    const layer = (p: number) =>
      Float32Array.from(
        long,
        (_, i) => U[Math.floor(i / length) * size + p]! * S[p]! * Vt[p * length + (i % length)]!,
      );
    const shares = Array.from(
      S,
      (value) =>
        (value * value) /
        Math.max(
          1e-30,
          S.reduce((sum, s) => sum + s * s, 0),
        ),
    );
    const kept = shares.slice(0, k).reduce((sum, share) => sum + share, 0);

    const [shape, paint] = [facts!.shape, facts!];
    const column = make("div", { className: "heads" });
    for (let i = 0; i < count; i++) {
      const head = make("canvas", { className: "pixels", ariaLabel: `Picture ${i + 1}` });
      head.setAttribute("role", "img");
      drawRow(head, facts!.preview.slice(i * H * W * C, (i + 1) * H * W * C), shape, paint, 1);
      column.append(head);
    }
    const whole = make(
      "figure",
      { className: "table" },
      make("figcaption", {}, make("b", {}, "The table"), ` ${count} pictures, ${length} numbers each`),
      make(
        "div",
        { className: "headed" },
        column,
        heat(long, count, length, most, "The long codes of the pictures, one a row"),
      ),
    );
    const patterns = Array.from({ length: Math.min(mostPatterns, size) }, (_, p) => {
      const isKept = p < k;
      const words = `pattern ${p + 1}: strength ${S[p]!.toPrecision(3)}`;
      return make(
        "figure",
        { className: isKept ? "kept" : "left" },
        make("figcaption", {}, make("b", {}, isKept ? "kept" : "dropped"), ` ${words}`),
        make(
          "div",
          { className: "pattern" },
          heat(
            Float32Array.from({ length: count }, (_, i) => U[i * size + p]!),
            count,
            1,
            1,
            `A number for each picture, of ${words}`,
          ),
          heat(layer(p), count, length, most, `One row, times the number of each picture: ${words}`),
        ),
      );
    });
    byId("batch-table", HTMLElement).replaceChildren(whole, ...patterns);
    const share = (100 * kept).toFixed(kept > 0.995 ? 2 : 1);
    byId("batch-words", HTMLElement).textContent =
      `Of these ${count} pictures' codes in the ${names[at]}, the ${k === 1 ? "strongest pattern holds" : `${k} strongest patterns hold`} ` +
      `${share} % (of the sum of squares). The rest is dropped, now and at every step.`;
  }
}

/** Numbers (rows, columns) as colours: red above 0, blue below, stronger the further; `most` is the strongest. */
function heat(
  values: ArrayLike<number>,
  rows: number,
  columns: number,
  most: number,
  label: string,
): HTMLCanvasElement {
  const canvas = make("canvas", { className: "pixels heat", width: columns, height: rows });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  canvas.getContext("2d")!.putImageData(heatImage(values, rows, columns, most), 0, 0);
  return canvas;
}

/** The pixels of such colours, on nothing. */
export function heatImage(values: ArrayLike<number>, rows: number, columns: number, most: number): ImageData {
  const image = new ImageData(columns, rows);
  for (let i = 0; i < rows * columns; i++) {
    const value = values[i]!;
    const [r, g, b] = value > 0 ? above : below;
    image.data.set([r, g, b, 255 * Math.min(1, Math.abs(value) / most)], 4 * i);
  }
  return image;
}
