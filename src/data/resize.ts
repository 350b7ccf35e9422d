import { checkWhole } from "../device/arguments.ts";

/** Pixels [height, width, channels], bytes. */
export interface Picture {
  height: number;
  width: number;
  channels: number;
  data: Uint8Array;
}

/** Which pixels of a row make one pixel of the resized row, and how much each counts; the weights sum to 1. */
export interface Mix {
  first: number;
  weights: number[];
}

/**
 * Bilinear resampling to height × width, each axis by itself. Where the picture shrinks the triangle widens with it, so
 * that every pixel counts and fine detail does not alias: the values of Pillow's `BILINEAR`, and of torchvision's `Resize`,
 * to one level. (libvips's triangle, after its own box filter, is up to 13 levels away from them, and enlarges by steps.)
 */
export function resize(picture: Picture, height: number, width: number): Picture {
  checkWhole("resize: height", height, 1);
  checkWhole("resize: width", width, 1);
  const { channels, data } = picture;
  if (height === picture.height && width === picture.width) return picture;
  const narrow = new Float32Array(picture.height * width * channels);
  const across = mixes(picture.width, width);
  for (let row = 0; row < picture.height; row++)
    for (let column = 0; column < width; column++) {
      const { first, weights } = across[column]!;
      for (let c = 0; c < channels; c++) {
        let from = (row * picture.width + first) * channels + c;
        let sum = 0;
        for (let i = 0; i < weights.length; i++, from += channels) sum += weights[i]! * data[from]!;
        narrow[(row * width + column) * channels + c] = sum;
      }
    }
  const stride = width * channels;
  const out = new Uint8Array(height * stride);
  const sums = new Float64Array(stride);
  mixes(picture.height, height).forEach(({ first, weights }, row) => {
    sums.fill(0);
    for (let j = 0; j < weights.length; j++)
      for (let i = 0, from = (first + j) * stride; i < stride; i++)
        sums[i]! += weights[j]! * narrow[from + i]!;
    for (let i = 0; i < stride; i++) out[row * stride + i] = Math.round(sums[i]!);
  });
  return { height, width, channels, data: out };
}

/** How a row of `from` pixels becomes one of `to`. */
export function mixes(from: number, to: number): Mix[] {
  const scale = from / to;
  const reach = Math.max(scale, 1);
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale - 0.5;
    const first = Math.max(0, Math.ceil(centre - reach));
    const last = Math.min(from - 1, Math.floor(centre + reach));
    const raw = Array.from({ length: last - first + 1 }, (_, j) => 1 - Math.abs(first + j - centre) / reach);
    const total = raw.reduce((sum, weight) => sum + weight, 0);
    return { first, weights: raw.map((weight) => weight / total) };
  });
}
