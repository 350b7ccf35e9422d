import { ArgumentError, ShapeError } from "../device/errors.ts";

/**
 * The relative error of a whole set at once, 100 · ‖X̂ − X‖ / ‖X‖ in percent, collected batch by batch in float64.
 * It is not the mean of the batches' errors. Source: the reconstruction error of the VRRAE paper's tables.
 */
export class RelativeError {
  #values = 0;
  #difference = 0;
  #norm = 0;

  /** Adds values `xHat` and the true ones `x`, of equal length. Throws ShapeError when their lengths differ. */
  add(xHat: ArrayLike<number>, x: ArrayLike<number>): void {
    if (xHat.length !== x.length)
      throw new ShapeError(
        `RelativeError.add: xHat has ${xHat.length} values, x has ${x.length}; expected as many`,
      );
    let difference = 0;
    let norm = 0;
    for (let i = 0; i < x.length; i++) {
      const d = xHat[i]! - x[i]!;
      difference += d * d;
      norm += x[i]! * x[i]!;
    }
    this.#values += x.length;
    this.#difference += difference;
    this.#norm += norm;
  }

  /**
   * The error of everything added so far. Where all true values are zero it is 0 for equal values, else infinite; a
   * NaN among the values gives NaN. Throws ArgumentError before any value was added.
   */
  get percent(): number {
    if (this.#values === 0) throw new ArgumentError("RelativeError.percent: no values were added");
    return this.#difference === 0 ? 0 : 100 * Math.sqrt(this.#difference / this.#norm);
  }
}

/** 100 · ‖xHat − x‖ / ‖x‖, in percent; see `RelativeError`. */
export function relativeErrorPercent(xHat: ArrayLike<number>, x: ArrayLike<number>): number {
  const error = new RelativeError();
  error.add(xHat, x);
  return error.percent;
}
