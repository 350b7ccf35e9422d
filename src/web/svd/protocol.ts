import type { AdapterDescription } from "#gpu";
import type { Picture } from "../../data/resize.ts";

/** A picture as a matrix of real numbers, and what it is made of; the factors stay on the device. */
export interface Decomposition {
  shape: PictureShape;
  /** One row of pixels a row, the channels of a pixel side by side; from 0 to 1. */
  matrix: Float32Array;
  /** All singular values, largest first. */
  values: Float32Array;
  /** Median milliseconds of a decomposition, its singular values read back, over `runs` of them. */
  ms: number;
  runs: number;
}

export type PictureShape = Omit<Picture, "data">;

/** What the worker says unasked. */
export type SvdEvent =
  /** The picture is read, and is being decomposed. */
  | { kind: "decoded"; shape: PictureShape }
  /** The device is gone, and all that was left on it: the picture has to be given again. */
  | { kind: "lost"; reason: string };

/** What the worker of the SVD page can be asked. */
export interface SvdApi {
  /** What decomposes: an adapter, or the processor itself where the browser offers none. */
  open(): Promise<Pick<AdapterDescription, "name"> & { kind: AdapterDescription["kind"] | "processor" }>;
  /** Decomposes a picture whose longer side is shrunk to `side`, or one of its own; the others are about the last one. */
  decompose(picture: File | undefined, side: number): Promise<Decomposition>;
  /** The nearest matrix of rank k. */
  atRank(k: number): Promise<Float32Array>;
  /** The gradient of singular value i, counted from 0, by every entry of the matrix. */
  gradient(i: number): Promise<Float32Array>;
}
