import type { Dataset } from "../data/dataset.ts";
import { ArgumentError } from "../device/errors.ts";

/** The range of squared norms that a float32 holds at full precision, with a margin for reconstructions. */
const least = 2 ** -126;
const most = 2 ** 120;

/**
 * Refuses data whose relative error ‖x̂ − x‖ / ‖x‖ no batch could have: all values zero, or so small or large that
 * their squares leave the range of float32. A NaN is left for the loss to find; bytes that are read when they are needed
 * are not looked at.
 *
 * @throws ArgumentError naming the data set and its largest value.
 */
export function checkMagnitude(data: Dataset, batch: number): void {
  if (data.rows) return;
  let [low, high] = [Infinity, -Infinity];
  for (const value of data.stored) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const largest = Math.max(...[low, high].map((value) => Math.abs(value * data.scale + data.offset)));
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
