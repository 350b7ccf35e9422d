import type { PictureShape } from "./protocol.ts";

const up = [220, 60, 40] as const;
const down = [40, 90, 220] as const;

/**
 * Signed values (H, W, C) as one picture: red where a brighter pixel makes the number larger, blue where it makes it
 * smaller, white where it changes nothing. The channels of a pixel are added up.
 */
export function signedImage(values: Float32Array, { height, width, channels }: PictureShape): ImageData {
  const sums = new Float32Array(height * width);
  values.forEach((value, at) => (sums[Math.floor(at / channels)]! += value));
  const largest = sums.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);
  const image = new ImageData(width, height);
  sums.forEach((value, pixel) => {
    const strength = Math.sqrt(Math.abs(value) / largest);
    const [r, g, b] = value > 0 ? up : down;
    const mix = (channel: number) => 255 + strength * (channel - 255);
    image.data.set([mix(r), mix(g), mix(b), 255], 4 * pixel);
  });
  return image;
}
