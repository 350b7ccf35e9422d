import { DataError } from "../device/errors.ts";

const side = 32;
const channels = 3;
const plane = side * side;
const record = 1 + channels * plane;
const classes = 10;

/** Shape of one CIFAR-10 image. */
export const cifarShape: readonly number[] = [side, side, channels];

/** Images [count, 32, 32, 3] (RGB beside each other) and their classes. */
export interface CifarImages {
  pixels: Uint8Array;
  labels: Uint8Array;
}

/**
 * Reads CIFAR-10's binary records: a label byte, then the red, green and blue planes. Any whole number of records is
 * taken. Throws DataError when the last record is cut or a label is not 0 … 9.
 * Format: A. Krizhevsky, "Learning multiple layers of features from tiny images", 2009.
 */
export function parseCifar(bytes: Uint8Array, file: string): CifarImages {
  const count = Math.floor(bytes.length / record);
  if (count === 0 || count * record !== bytes.length) {
    throw new DataError(
      file,
      count * record,
      `expected records of ${record} bytes, ${bytes.length - count * record} bytes are left after ${count} of them`,
    );
  }
  const pixels = new Uint8Array(count * channels * plane);
  const labels = new Uint8Array(count);
  for (let image = 0; image < count; image++) {
    const from = image * record;
    const label = bytes[from]!;
    if (label >= classes)
      throw new DataError(file, from, `label ${label} of image ${image} is not one of 0 … 9`);
    labels[image] = label;
    const to = image * channels * plane;
    for (let pixel = 0; pixel < plane; pixel++) {
      for (let c = 0; c < channels; c++)
        pixels[to + pixel * channels + c] = bytes[from + 1 + c * plane + pixel]!;
    }
  }
  return { pixels, labels };
}
