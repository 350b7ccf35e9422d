import type { DataFacts } from "../train/protocol.ts";

export type Rgba = readonly [number, number, number, number];

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
const plain: Rgba = [0.26, 0.52, 0.96, 1];

export function rgba(hex: string, alpha = 1): Rgba {
  const value = Number.parseInt(hex.slice(1), 16);
  return [(value >> 16) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255, alpha];
}

/** The colour of sample `i`: of its class, or of its bump's place, so that neighbours look alike. */
export function colourOfSample({ labels, centres }: DataFacts, i: number): Rgba {
  if (labels) return rgba(classes[labels[i]! % classes.length]!);
  if (!centres) return plain;
  const [u, v] = [centres[2 * i]! + 0.5, centres[2 * i + 1]! + 0.5];
  const mix = (a: number, b: number, c: number, d: number) =>
    (1 - v) * ((1 - u) * a + u * b) + v * ((1 - u) * c + u * d);
  return [mix(0.16, 0.95, 0.1, 0.98), mix(0.38, 0.3, 0.72, 0.75), mix(0.95, 0.45, 0.55, 0.15), 1];
}
