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

/** Where the gradient of a singular value is largest, in words: what a brighter pixel there does to it. */
export function strongest(
  value: number,
  gradient: Float32Array,
  { width, channels }: Pick<PictureShape, "width" | "channels">,
): string {
  if (value === 0) return "This singular value is 0: its pattern draws nothing, and no pixel counts most.";
  let at = 0;
  gradient.forEach((slope, i) => {
    if (Math.abs(slope) > Math.abs(gradient[at]!)) at = i;
  });
  const row = Math.floor(at / (width * channels));
  const column = Math.floor(at / channels) % width;
  const colour = channels === 3 ? ` ${["red", "green", "blue"][at % 3]}` : "";
  return `Strongest at row ${row + 1}, column ${column + 1}${colour}: slope ${gradient[at]!.toFixed(5)}.`;
}
