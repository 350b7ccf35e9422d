import { make } from "../shared/dom.ts";
import { imageData } from "../shared/paint.ts";
import { heatImage } from "./batch.ts";
import type { DataFacts, Look } from "./protocol.ts";

/** Numbers of a code that are drawn. */
const mostNumbers = 8;
/** Singular values that are drawn as dropped at least, where there are so many. */
const fewestDropped = 3;

/** One model as a picture goes through it: what its networks make of it now, number by number. */
export class Flow {
  readonly element: HTMLElement;
  readonly #facts: DataFacts;
  readonly #given = make("canvas", { className: "pixels" });
  readonly #redrawn = make("canvas", { className: "pixels" });
  readonly #long = make("canvas", { className: "pixels heat" });
  readonly #values = svg("svg", { viewBox: "0 0 100 64", "aria-hidden": "true" });
  readonly #numbers = svg("svg", { viewBox: "0 0 100 64", "aria-hidden": "true" });
  readonly #longPart = part("long code", this.#long);
  readonly #valuesPart = part("SVD", this.#values);
  readonly #numbersPart = part("numbers", this.#numbers);

  /** `onNext` is called for another picture. */
  constructor(lane: number, name: string, facts: DataFacts, onNext: () => void) {
    this.#facts = facts;
    const next = make(
      "button",
      { className: "next", title: "Another picture", onclick: onNext },
      this.#given,
    );
    next.setAttribute("aria-label", "Another picture");
    this.#valuesPart.classList.add("svd");
    this.element = make(
      "div",
      { className: `flow lane-${lane}` },
      make("p", { className: "name" }, make("i", { className: `swatch lane-${lane}` }), ` ${name}`),
      make(
        "div",
        { className: "parts" },
        part("picture", next),
        part("encoder", net(false)),
        this.#longPart,
        this.#valuesPart,
        this.#numbersPart,
        part("decoder", net(true)),
        part("redrawn", this.#redrawn),
      ),
    );
    this.element.setAttribute("role", "group");
    this.#given.ariaLabel = "The picture as it is given";
    this.#redrawn.ariaLabel = `The picture as ${name} draws it from its numbers`;
    this.#long.ariaLabel = "The long code of the picture: red above 0, blue below";
    for (const canvas of [this.#given, this.#redrawn, this.#long]) canvas.setAttribute("role", "img");
  }

  /** Shows what becomes of picture `at` of the preview. */
  show({ trace, codeSize, spectrum, pictures }: Look, at: number): void {
    const { shape, preview } = this.#facts;
    paint(this.#given, imageData(preview, shape, this.#facts, at));
    paint(this.#redrawn, imageData(pictures, shape, this.#facts, at));
    const count = trace.codes.length / codeSize;
    const { long } = trace;
    this.#longPart.hidden = this.#valuesPart.hidden = long === undefined;
    if (long) {
      const length = long.length / count;
      const own = long.subarray(at * length, (at + 1) * length);
      const columns = Math.ceil(Math.sqrt(length));
      const most = long.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-30);
      paint(
        this.#long,
        heatImage(
          Array.from({ length: columns * columns }, (_, i) => own[i] ?? 0),
          columns,
          columns,
          most,
        ),
      );
      label(this.#longPart, `${length} numbers`);
    }
    if (spectrum) {
      this.#values.replaceChildren(...bars(spectrum, codeSize));
      label(this.#valuesPart, `SVD keeps ${codeSize}`);
    }
    this.#numbers.replaceChildren(...tracks(trace.codes, trace.deviations, codeSize, at));
    label(this.#numbersPart, codeSize === 1 ? "1 number" : `${codeSize} numbers`);
    const own = trace.codes.subarray(at * codeSize, (at + 1) * codeSize);
    const words = Array.from(own.subarray(0, mostNumbers), (value) => value.toFixed(2)).join(", ");
    this.element.setAttribute(
      "aria-label",
      `A picture goes in, becomes the numbers ${words}, and is drawn again from these.`,
    );
  }
}

/** Singular values as bars: those kept, a cut, and some that are dropped. */
function bars(spectrum: Float32Array, k: number): SVGElement[] {
  const shown = spectrum.subarray(0, Math.min(spectrum.length, Math.max(k + fewestDropped, 6)));
  const most = Math.max(...shown, 1e-30);
  const pitch = 96 / shown.length;
  const all = Array.from(shown, (value, i) => {
    const height = Math.max(1, (52 * value) / most);
    const at = { x: 2 + i * pitch, y: 58 - height, width: 0.72 * pitch, height };
    return svg("rect", { ...at, class: i < k ? "kept" : "dropped" });
  });
  const x = 2 + (k - 0.14) * pitch;
  return k < shown.length ? [...all, svg("path", { d: `M${x} 2V62`, class: "cut" })] : all;
}

/** The numbers of a code as places on lines, with those of the other pictures as ticks, and the reach of the noise. */
function tracks(codes: Float32Array, deviations: Float32Array, size: number, at: number): SVGElement[] {
  const shown = Math.min(size, mostNumbers);
  const count = codes.length / size;
  const most = codes.reduce((largest, value, i) => Math.max(largest, Math.abs(value) + deviations[i]!), 1e-3);
  const y = (value: number) => 32 - (29 * value) / most;
  const pitch = 100 / shown;
  return Array.from({ length: shown }, (_, n) => {
    const x = (n + 0.5) * pitch;
    const half = Math.min(7, 0.36 * pitch);
    const own = codes[at * size + n]!;
    const noise = deviations[at * size + n]!;
    const ticks = Array.from({ length: count }, (_, i) => {
      const place = y(codes[i * size + n]!);
      return `M${x - half} ${place}h${2 * half}`;
    }).join("");
    return [
      svg("path", { d: `M${x} 3V61`, class: "track" }),
      svg("rect", {
        x: x - half,
        y: y(own + noise),
        width: 2 * half,
        height: Math.max(0, y(own - noise) - y(own + noise)),
        class: "noise",
      }),
      svg("path", { d: ticks, class: "others" }),
      svg("circle", { cx: x, cy: y(own), r: 4, class: "kept" }),
    ];
  }).flat();
}

/** A network, which narrows what goes through or widens it. */
function net(widens: boolean): SVGElement {
  const shape = svg("path", { d: widens ? "M30 4L4 22V42L30 60Z" : "M4 4L30 22V42L4 60Z", class: "net" });
  const drawn = svg("svg", { viewBox: "0 0 34 64", class: "narrow", "aria-hidden": "true" });
  drawn.append(shape);
  return drawn;
}

function part(words: string, content: Element): HTMLElement {
  return make("div", { className: "part" }, content, make("span", {}, words));
}

function label(host: HTMLElement, words: string): void {
  host.querySelector(":scope > span")!.textContent = words;
}

function paint(canvas: HTMLCanvasElement, image: ImageData): void {
  Object.assign(canvas, { width: image.width, height: image.height });
  canvas.getContext("2d")!.putImageData(image, 0, 0);
}

function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | number>,
): SVGElementTagNameMap[K] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}
