import { checkWhole } from "../device/arguments.ts";
import { ArgumentError, ShapeError } from "../device/errors.ts";
import { features, type Features } from "./features.ts";

/**
 * How much of the data's variance reconstructions lose, collected batch by batch in float64 (Asperti, "Variance loss in
 * variational autoencoders", 2020, section 3): for samples x and reconstructions x̂ of `dimension` features each,
 *
 *     variance loss = mean over features of Var x − Var x̂,     mse = mean (x − x̂)²
 *
 * with variances over the samples, divided by their number. The two are equal for the best reconstruction from a code,
 * x̂ = E(x | code), and so for PCA. The paper's sentence names the axes the other way round; its code takes these.
 */
export class VarianceLoss {
  readonly #x: Moments;
  readonly #xHat: Moments;
  #squares = 0;

  /** Throws ArgumentError for a dimension that is no whole number from 1 on. */
  constructor(dimension: number) {
    checkWhole("VarianceLoss: dimension", dimension, 1);
    this.#x = new Moments(dimension);
    this.#xHat = new Moments(dimension);
  }

  /**
   * Adds reconstructions `xHat` and samples `x`, (N, dimension) both. Throws ShapeError for values that are not whole or
   * not as many, NumericalError for values that are not finite.
   */
  add(xHat: ArrayLike<number>, x: ArrayLike<number>): void {
    const made = features("VarianceLoss.add: xHat", xHat, this.#x.dimension, 1);
    const given = features("VarianceLoss.add: x", x, this.#x.dimension, 1);
    if (made.N !== given.N)
      throw new ShapeError(
        `VarianceLoss.add: ${made.N} reconstructions of ${given.N} samples; expected as many`,
      );
    this.#xHat.add(made);
    this.#x.add(given);
    for (let i = 0; i < given.values.length; i++) this.#squares += (given.values[i]! - made.values[i]!) ** 2;
  }

  /** The mean variance of a feature that is lost. Throws ArgumentError before anything was added, as all three do. */
  get loss(): number {
    this.#count();
    return this.#x.meanVariance - this.#xHat.meanVariance;
  }

  /** The mean squared error. */
  get mse(): number {
    return this.#squares / (this.#count() * this.#x.dimension);
  }

  /** The loss over the mean squared error; 1 where all of the error is lost variance. NaN where there is no error. */
  get ratio(): number {
    return this.loss / this.mse;
  }

  #count(): number {
    if (this.#x.count === 0) throw new ArgumentError("VarianceLoss: no values were added");
    return this.#x.count;
  }
}

/** The variance loss of reconstructions `xHat` of samples `x`, (N, dimension) both, beside their mean squared error. */
export function varianceLoss(
  xHat: ArrayLike<number>,
  x: ArrayLike<number>,
  dimension: number,
): Pick<VarianceLoss, "loss" | "mse" | "ratio"> {
  const all = new VarianceLoss(dimension);
  all.add(xHat, x);
  return { loss: all.loss, mse: all.mse, ratio: all.ratio };
}

/** Mean and sum of squares about it of each feature, updated by batches (Chan, Golub and LeVeque, 1983). */
class Moments {
  readonly dimension: number;
  count = 0;
  readonly #mean: Float64Array;
  readonly #squares: Float64Array;

  constructor(dimension: number) {
    this.dimension = dimension;
    this.#mean = new Float64Array(dimension);
    this.#squares = new Float64Array(dimension);
  }

  add({ N, values }: Features): void {
    const D = this.dimension;
    const total = this.count + N;
    for (let i = 0; i < D; i++) {
      let mean = 0;
      for (let at = i; at < values.length; at += D) mean += values[at]! / N;
      let squares = 0;
      for (let at = i; at < values.length; at += D) squares += (values[at]! - mean) ** 2;
      const apart = mean - this.#mean[i]!;
      this.#squares[i]! += squares + (apart ** 2 * this.count * N) / total;
      this.#mean[i]! += (apart * N) / total;
    }
    this.count = total;
  }

  get meanVariance(): number {
    return this.#squares.reduce((sum, value) => sum + value, 0) / (this.count * this.dimension);
  }
}
