import { interpolate } from "../../latent/interpolation.ts";
import type { Look } from "../train/protocol.ts";
import type { Point3 } from "./camera.ts";
import { rgba, type Rgba } from "./colours.ts";

/** Codes in `count` equal steps from that of one sample to that of another, both ends included. */
export function wayBetween({ codes, codeSize }: Look, from: number, to: number, count: number): Float32Array {
  const code = (sample: number) => codes.subarray(sample * codeSize, (sample + 1) * codeSize);
  return interpolate(code(from), code(to), codeSize, count - 2, { ends: true });
}

/** The first three coordinates of a code, those that there are. */
export function place(codes: Float32Array, at: number, codeSize: number): Point3 {
  return [codes[at]!, codeSize > 1 ? codes[at + 1]! : 0, codeSize > 2 ? codes[at + 2]! : 0];
}

/** How far the sliders go: three times the strongest coordinate's root mean square. */
export function strengthOf({ codes }: Look): number {
  const squares = codes.reduce((sum, value) => sum + value * value, 0);
  return Math.max(3, 3 * Math.sqrt(squares / Math.max(1, codes.length)));
}

/** The ends of the axes of so many coordinates, two by two, with their colour. */
export function axes(dimensions: number): [Point3, Rgba][] {
  const far = 1e3;
  const grey = rgba("#808a96", 0.7);
  return Array.from({ length: 2 * dimensions }, (_, end) => {
    const at = (axis: number) => (axis === end >> 1 ? (end % 2 === 0 ? -far : far) : 0);
    return [[at(0), at(1), at(2)], grey];
  });
}
