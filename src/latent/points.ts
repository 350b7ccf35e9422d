import { ArgumentError, NumericalError, ShapeError } from "../device/errors.ts";

/** The number N of points (N, dimension). Throws ShapeError unless there are `least` or more, and all are whole. */
export function countPoints(what: string, points: ArrayLike<number>, dimension: number, least = 1): number {
  if (!Number.isInteger(dimension) || dimension < 1)
    throw new ArgumentError(`${what}: expected a dimension from 1 on, got ${dimension}`);
  const count = points.length / dimension;
  if (Number.isInteger(count) && count >= least) return count;
  throw new ShapeError(
    `${what}: expected ${least === 1 ? "one" : least} or more whole points of dimension ${dimension}, got ${points.length} values`,
  );
}

/** Throws NumericalError at the first NaN or infinity among points (N, dimension). */
export function requireFinite(what: string, points: ArrayLike<number>, dimension: number): void {
  for (let i = 0; i < points.length; i++) {
    if (!Number.isFinite(points[i]))
      throw new NumericalError(
        `${what}: coordinate ${i % dimension} of point ${Math.floor(i / dimension)} is ${points[i]}`,
      );
  }
}
