import type { AdapterDescription } from "#gpu";

/** A matrix with its factors left on the device. */
export interface Decomposition {
  /** All singular values, largest first. */
  values: Float32Array;
  /** Median milliseconds of a decomposition, its singular values read back, over `runs` of them. */
  ms: number;
  runs: number;
}

/** The device is gone, and all that was left on it: the picture has to be given again. */
export interface LostEvent {
  kind: "lost";
  reason: string;
}

/** What the worker of the SVD page can be asked. */
export interface SvdApi {
  open(): Promise<AdapterDescription>;
  /** Decomposes a matrix (rows, columns), row-major; the others below are about the last one. */
  decompose(matrix: Float32Array, rows: number, columns: number): Promise<Decomposition>;
  /** The nearest matrix of rank k. */
  atRank(k: number): Promise<Float32Array>;
  /** The gradient of singular value i, counted from 0, by every entry of the matrix. */
  gradient(i: number): Promise<Float32Array>;
}
