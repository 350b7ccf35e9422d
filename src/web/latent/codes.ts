import { interpolate } from "../../latent/interpolation.ts";
import type { Look } from "../train/protocol.ts";
import type { Point3 } from "./camera.ts";

/** Codes in `count` equal steps from that of one sample to that of another, both ends included. */
export function wayBetween({ codes, codeSize }: Look, from: number, to: number, count: number): Float32Array {
  const code = (sample: number) => codes.subarray(sample * codeSize, (sample + 1) * codeSize);
  return interpolate(code(from), code(to), codeSize, count - 2, { ends: true });
}

/** The first three coordinates of each of the codes (N, codeSize), those that there are. */
export function placesOf(codes: Float32Array, codeSize: number): Point3[] {
  return Array.from({ length: Math.floor(codes.length / codeSize) }, (_, i) => {
    const at = i * codeSize;
    return [codes[at]!, codeSize > 1 ? codes[at + 1]! : 0, codeSize > 2 ? codes[at + 2]! : 0];
  });
}

/** A copy of `code` with its first coordinates, at most `axes` of them, at `place`. */
export function movedTo(code: Float32Array, place: Point3, axes: number): Float32Array {
  const moved = code.slice();
  moved.set(place.slice(0, Math.min(axes, code.length)));
  return moved;
}

/** How far the sliders go: past all dots, and the greater part of a standard normal cloud. */
export function reachOf({ codes }: Look): number {
  return codes.reduce((most, value) => Math.max(most, 1.2 * Math.abs(value)), 3);
}
