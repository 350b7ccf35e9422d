import type { Dataset } from "../data/dataset.ts";
import { ArgumentError } from "../device/errors.ts";

/** The range of squared norms that a float32 holds at full precision, with a margin for reconstructions. */
const least = 2 ** -126;
const most = 2 ** 120;

/** Values past this are not what networks are made for: they were not scaled. */
const unscaled = 16;

/**
 * Refuses data with which no step could be taken: with a NaN or an infinity, or whose relative error ‖x̂ − x‖ / ‖x‖ no
 * batch could have, because all values are zero, or so small or large that their squares leave the range of float32. Bytes
 * that are read when they are needed are not looked at: they are finite.
 *
 * @throws ArgumentError naming the data set, and the sample and element, or the largest value.
 */
export function checkMagnitude(data: Dataset, batch: number): void {
  refuseNonFinite(data);
  if (data.rows) return;
  const largest = largestValue(data);
  if (largest === 0)
    throw new ArgumentError(
      `train: all values of ${data.name} are zero, and the relative error divides by their norm; give other data`,
    );
  if (largest ** 2 < least || largest ** 2 * batch * data.size > most)
    throw new ArgumentError(
      `train: the largest value of ${data.name} is ${largest.toPrecision(3)} in size: squares of such values, ` +
        `summed over a batch of ${batch}, leave the range of float32; scale the data to about 1`,
    );
}

/** What to do about losses that are not finite: for data far from 1 in size, that they were not scaled. */
export function adviceFor(data: Dataset): string {
  const largest = data.rows ? Math.abs(255 * data.scale + data.offset) : largestValue(data);
  if (largest <= unscaled) return "with a lower --rate, or with --clip";
  return (
    `on scaled data: the values of ${data.name} go up to ${Number(largest.toPrecision(6))}, and networks want them ` +
    `at about 1; for .npy, --divide-by ${Number(largest.toPrecision(6))} does that`
  );
}

function refuseNonFinite({ name, stored, shape, size }: Dataset): void {
  if (stored instanceof Uint8Array) return;
  const at = stored.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  let element = at % size;
  const place: number[] = [];
  for (const extent of [...shape].reverse()) {
    place.unshift(element % extent);
    element = Math.floor(element / extent);
  }
  throw new ArgumentError(
    `train: sample ${Math.floor(at / size)} of ${name} has ${stored[at]} at [${place.join(", ")}] (all from 0); ` +
      `put a number in its place, or leave the sample out`,
  );
}

function largestValue({ stored, scale, offset }: Dataset): number {
  let [low, high] = [Infinity, -Infinity];
  for (const value of stored) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return Math.max(...[low, high].map((value) => Math.abs(value * scale + offset)));
}
