import { ArgumentError, ShapeError } from "../device/errors.ts";

/**
 * The relative error of a whole set at once, 100 · ‖X̂ − X‖ / ‖X‖ in percent, collected batch by batch in float64.
 * It is not the mean of the batches' errors. Source: the reconstruction error of the VRRAE paper's tables.
 */
export class RelativeError {
  #values = 0;
  readonly #difference = new SquareSum();
  readonly #norm = new SquareSum();

  /** Adds values `xHat` and the true ones `x`, of equal length. Throws ShapeError when their lengths differ. */
  add(xHat: ArrayLike<number>, x: ArrayLike<number>): void {
    if (xHat.length !== x.length)
      throw new ShapeError(
        `RelativeError.add: xHat has ${xHat.length} values, x has ${x.length}; expected as many`,
      );
    this.#values += x.length;
    this.#difference.add(x.length, (i) => xHat[i]! - x[i]!);
    this.#norm.add(x.length, (i) => x[i]!);
  }

  /**
   * The error of everything added so far. Where all true values are zero it is 0 for equal values, else infinite; a
   * NaN among the values gives NaN. Throws ArgumentError before any value was added.
   */
  get percent(): number {
    if (this.#values === 0) throw new ArgumentError("RelativeError.percent: no values were added");
    const [difference, norm] = [this.#difference, this.#norm];
    return difference.sum === 0
      ? 0
      : 100 * Math.sqrt(difference.sum / norm.sum) * (difference.unit / norm.unit);
  }
}

/** 100 · ‖xHat − x‖ / ‖x‖, in percent; see `RelativeError`. */
export function relativeErrorPercent(xHat: ArrayLike<number>, x: ArrayLike<number>): number {
  const error = new RelativeError();
  error.add(xHat, x);
  return error.percent;
}

/** Σ v² as sum · unit², so that squares neither leave the range of float64 nor vanish in it. */
class SquareSum {
  /** A power of two, at or below the largest |v| so far where that is finite. */
  unit = Number.MIN_VALUE;
  sum = 0;

  /** Adds the squares of value(0) … value(count − 1). */
  add(count: number, value: (i: number) => number): void {
    let largest = this.unit;
    for (let i = 0; i < count; i++) largest = Math.max(largest, Math.abs(value(i)));
    const unit = 2 ** Math.min(1023, Math.floor(Math.log2(largest)));
    if (unit > this.unit) {
      this.sum *= (this.unit / unit) ** 2;
      this.unit = unit;
    }
    let sum = 0;
    for (let i = 0; i < count; i++) sum += (value(i) / this.unit) ** 2;
    this.sum += sum;
  }
}
