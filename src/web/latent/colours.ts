import { make } from "../shared/dom.ts";
import type { DataFacts } from "../train/protocol.ts";

/** Ten colours that are told apart on light and dark, for classes. */
const classes = [
  "#4269d0",
  "#efb118",
  "#ff725c",
  "#6cc5b0",
  "#3ca951",
  "#ff8ab7",
  "#a463f2",
  "#97bbf5",
  "#9c6b4e",
  "#9498a0",
];
const plain = "#4385f5";

type Rgb = readonly [number, number, number];
/** The colours of spots at the corners: low left, low right, high left, high right. */
const corners: readonly [Rgb, Rgb, Rgb, Rgb] = [
  [41, 97, 242],
  [242, 77, 115],
  [26, 184, 140],
  [250, 191, 38],
];

/** The colour of a spot at (u, v) of its picture, both from 0 to 1: neighbours look alike. */
function colourOfPlace(u: number, v: number): string {
  const mixed = [0, 1, 2].map((c) => {
    const [a, b, d, e] = corners.map((corner) => corner[c]!) as [number, number, number, number];
    return Math.round((1 - v) * ((1 - u) * a + u * b) + v * ((1 - u) * d + u * e));
  });
  return `rgb(${mixed.join(" ")})`;
}

/** The colour of sample `i`: of its class, or of its bump's place. */
export function colourOfSample({ labels, centres }: DataFacts, i: number): string {
  if (labels) return classes[labels[i]! % classes.length]!;
  return centres ? colourOfPlace(centres[2 * i]! + 0.5, centres[2 * i + 1]! + 0.5) : plain;
}

function coloured(colour: string, className = ""): HTMLElement {
  const sign = make("i", { className });
  sign.style.background = colour;
  return sign;
}

/** What the colours of the dots mean, in words and colours; nothing where they mean nothing. */
export function colourKey({ labels, centres, names }: DataFacts): (HTMLElement | string)[] {
  if (labels) {
    const there = [...new Set(labels)].sort((a, b) => a - b);
    const sign = (label: number) => coloured(classes[label % classes.length]!, "swatch");
    return there.map((label) => make("span", {}, sign(label), ` ${names?.[label] ?? label}`));
  }
  if (!centres) return [];
  const side = 8;
  const cells = Array.from({ length: side * side }, (_, i) => {
    const [u, v] = [(i % side) / (side - 1), 1 - Math.floor(i / side) / (side - 1)];
    return coloured(colourOfPlace(u, v));
  });
  const square = make("span", { className: "places" }, ...cells);
  return [make("span", {}, square, " A dot's colour is where in its picture the spot is.")];
}
