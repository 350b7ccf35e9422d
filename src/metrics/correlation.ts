import { ArgumentError } from "../device/errors.ts";
import { countPoints } from "../latent/points.ts";
import { covarianceMatrix } from "./covariance.ts";

/** How far the coordinates of codes are from being uncorrelated. */
export interface AbsoluteCorrelation {
  /** The mean of |R_ij| over all i ≠ j, R the correlation matrix: the NAC. */
  readonly correlation: number;
  /** The same of the covariance matrix. */
  readonly covariance: number;
  /** Codes that were looked at, N. */
  readonly samples: number;
  /** What independent coordinates get from so many codes: √(2 / (π N)), the mean of |x| for x ~ N(0, 1 / N). */
  readonly floor: number;
  /** The coordinates that were looked at. */
  readonly coordinates: readonly number[];
}

/**
 * The normalised absolute correlation (NAC) of codes (N, dimension): how large the entries of their correlation matrix
 * are beside its diagonal. Mondal et al. (UAI 2020, table 2) give a table of it and no formula; this reading has a sibling
 * of the covariances, as the table's heading says. Look at the coordinates that a mask leaves open, all unless given;
 * those that have the same value in all codes correlate with nothing and count as 0. Both are 0 where a single
 * coordinate is left.
 *
 * @throws ShapeError for codes that are not whole or fewer than two, NumericalError for values that are not finite,
 * ArgumentError for coordinates that codes do not have.
 */
export function absoluteCorrelation(
  codes: ArrayLike<number>,
  dimension: number,
  coordinates: readonly number[] = Array.from({ length: dimension }, (_, i) => i),
): AbsoluteCorrelation {
  const samples = countPoints("absoluteCorrelation", codes, dimension, 2);
  const stray = coordinates.find((i) => !(Number.isInteger(i) && i >= 0 && i < dimension));
  if (stray !== undefined)
    throw new ArgumentError(`absoluteCorrelation: codes of ${dimension} numbers have no number ${stray}`);
  const C = covarianceMatrix(codes, dimension);
  const at = (i: number, j: number) => C[i * dimension + j]!;
  const pairs = coordinates.length * (coordinates.length - 1);
  const meanOver = (entry: (i: number, j: number) => number) =>
    pairs === 0
      ? 0
      : coordinates.reduce(
          (sum, i) => coordinates.reduce((row, j) => (i === j ? row : row + Math.abs(entry(i, j))), sum),
          0,
        ) / pairs;
  return {
    correlation: meanOver((i, j) => at(i, j) / (Math.sqrt(at(i, i)) * Math.sqrt(at(j, j)) || Infinity)),
    covariance: meanOver(at),
    samples,
    floor: Math.sqrt(2 / (Math.PI * samples)),
    coordinates,
  };
}
