import type { PictureShape } from "./protocol.ts";

/** The share of the sum of squares that the first k singular values have. */
export function energy(values: Float32Array, k: number): number {
  const squares = Array.from(values, (value) => value * value);
  const total = squares.reduce((sum, square) => sum + square, 0);
  return total === 0 ? 1 : squares.slice(0, k).reduce((sum, square) => sum + square, 0) / total;
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(share > 0.999 && share < 1 ? 3 : 1)} %`;
}

export function subscript(i: number): string {
  return String(i).replaceAll(/\d/g, (digit) => String.fromCharCode(0x2080 + Number(digit)));
}

/** A picture's size, as people say it. */
export function sizeInWords({ width, height, channels }: PictureShape): string {
  return `${width} × ${height} pixels, ${channels === 1 ? "grey" : "red, green and blue"}`;
}

/** What a copy of rank k has to store. */
export function inWords(k: number, kept: number, all: number): string {
  const [few, many] = [kept.toLocaleString("en"), all.toLocaleString("en")];
  const patterns = k === 1 ? "The one kept pattern is" : `Each of the ${k} kept patterns is`;
  const numbers = `${patterns} one column times one row: ${few} numbers instead of ${many}.`;
  return kept < all ? numbers : `${numbers} That is more than the picture itself.`;
}

/** The sum over the channels of each pixel of values (H, W, C). */
export function byPixel(values: Float32Array, channels: number): Float32Array {
  const sums = new Float32Array(values.length / channels);
  values.forEach((value, at) => (sums[Math.floor(at / channels)]! += value));
  return sums;
}

/** Where the gradient of a singular value is largest, in words: what a pixel that is brighter in all its colours does to it. */
export function strongest(
  value: number,
  gradient: Float32Array,
  { width, channels }: Pick<PictureShape, "width" | "channels">,
): string {
  if (value === 0) return "This singular value is 0: its pattern draws nothing, and no pixel counts most.";
  const slopes = byPixel(gradient, channels);
  const at = slopes.reduce((most, slope, i) => (Math.abs(slope) > Math.abs(slopes[most]!) ? i : most), 0);
  const [row, column] = [Math.floor(at / width), at % width];
  const all = channels === 3 ? ", its three colours together" : "";
  return `Strongest at row ${row + 1}, column ${column + 1}: slope ${slopes[at]!.toFixed(5)}${all}.`;
}
