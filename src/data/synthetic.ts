import { Matrix, QrDecomposition } from "ml-matrix";
import { checkSeed, checkWhole } from "../device/arguments.ts";
import { ArgumentError } from "../device/errors.ts";
import { Draws } from "../latent/draws.ts";
import { Dataset } from "./dataset.ts";
import { mostValues, streams } from "./random.ts";

/** Which map the points go through. */
export interface SyntheticMapOptions {
  /** n, the numbers that a point is made from; 8 unless given. */
  intrinsic?: number | undefined;
  /** D, the numbers that a point has; 32 unless given. */
  ambient?: number | undefined;
  /** Fixes the map, and the points; 0 unless given. */
  seed?: number | undefined;
}

/** Options of `synthetic`. */
export interface SyntheticOptions extends SyntheticMapOptions {
  /** Points to train on; 10,000 unless given. */
  count?: number | undefined;
  /** Points to test on; 2,000 unless given. */
  testCount?: number | undefined;
}

/**
 * A smooth injective map f from Rⁿ to R^D that holds points at least as far apart as they were:
 *
 *     f(z) = A z + Q g(z),    g_j(z) = a · sin(w_j · z + φ_j),    j = 1 … D − n
 *
 * [A Q] is orthogonal, the w_j are unit vectors and the φ_j phases, all drawn by `seed`. So ‖f(z) − f(z′)‖² =
 * ‖z − z′‖² + ‖g(z) − g(z′)‖² ≥ ‖z − z′‖²: assumption A1 of the MaskAAE paper holds with the bound 1. a makes the bent
 * coordinates of points from N(0, I) weigh together about as much as the straight ones.
 *
 * @returns the image (D) of a point (n).
 * @throws ArgumentError unless n and D are whole numbers from 1 on with n ≤ D ≤ 1024.
 */
export function syntheticMap({ intrinsic: n = 8, ambient: D = 32, seed = 0 }: SyntheticMapOptions = {}): (
  z: ArrayLike<number>,
) => Float64Array {
  checkWhole("synthetic: ambient", D, 1, 1024);
  checkWhole("synthetic: intrinsic", n, 1, D);
  checkSeed("synthetic: seed", seed);
  const draws = new Draws(seed, streams.map);
  const normals = (rows: number, columns: number) =>
    Array.from({ length: rows }, () => Array.from({ length: columns }, () => draws.normal()));
  const frame = new QrDecomposition(new Matrix(normals(D, D))).orthogonalMatrix.to2DArray();
  const directions = normals(D - n, n).map((w) => {
    const length = Math.hypot(...w);
    return w.map((value) => value / length);
  });
  const phases = directions.map(() => 2 * Math.PI * draws.uniform());
  const amplitude = Math.sqrt((2 * n) / (D - n));
  return (z) => {
    const bent = directions.map(
      (w, j) => amplitude * Math.sin(w.reduce((sum, value, i) => sum + value * z[i]!, phases[j]!)),
    );
    return Float64Array.from(frame, (row) =>
      row.reduce((sum, value, i) => sum + value * (i < n ? z[i]! : bent[i - n]!), 0),
    );
  };
}

/**
 * Points of R^D that lie on a surface of n dimensions: the images of points drawn from N(0, I) of Rⁿ under `syntheticMap`,
 * as vectors of shape [D].
 *
 * @throws ArgumentError for dimensions that the map refuses, or counts that are none or make more than 2²⁸ values.
 */
export function synthetic({
  intrinsic = 8,
  ambient = 32,
  seed = 0,
  count = 10_000,
  testCount = 2000,
}: SyntheticOptions = {}): { train: Dataset; test: Dataset } {
  const map = syntheticMap({ intrinsic, ambient, seed });
  const points = (part: "train" | "test", N: number) => {
    checkWhole(`synthetic: ${part === "train" ? "count" : "testCount"}`, N, 1);
    if (N * ambient > mostValues)
      throw new ArgumentError(
        `synthetic: ${N} points of ${ambient} numbers are ${N * ambient} values, more than ${mostValues}; ` +
          `lower the count or ambient`,
      );
    const draws = new Draws(seed, streams[part]);
    const stored = new Float32Array(N * ambient);
    for (let at = 0; at < N; at++)
      stored.set(map(Array.from({ length: intrinsic }, () => draws.normal())), at * ambient);
    return new Dataset({ name: `synthetic ${part}`, shape: [ambient], stored });
  };
  return { train: points("train", count), test: points("test", testCount) };
}
