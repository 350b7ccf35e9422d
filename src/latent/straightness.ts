import { countPoints } from "./points.ts";

/**
 * How straight the way through points (N, D) is, one after the other: the distance of its ends over its length, from 0 to
 * 1; 1 where all points are the same. Throws ShapeError for values that are no whole points.
 */
export function straightness(way: Float32Array, dimension: number): number {
  const N = countPoints("straightness", way, dimension);
  const between = (a: number, b: number) =>
    Math.hypot(
      ...Array.from({ length: dimension }, (_, i) => way[a * dimension + i]! - way[b * dimension + i]!),
    );
  let length = 0;
  for (let n = 1; n < N; n++) length += between(n - 1, n);
  return length > 0 ? between(0, N - 1) / length : 1;
}
