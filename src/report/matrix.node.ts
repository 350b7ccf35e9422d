import { Canvas } from "./canvas.node.ts";
import { requireFinite } from "../latent/points.ts";

/** Pixels along a side of the picture, at least, where a row has fewer numbers. */
const LEAST_SIDE = 180;

/**
 * The magnitudes of a square matrix (side, side) as a PNG: dark is 0, bright is `most` and more. Throws ShapeError or
 * NumericalError for values that are not whole rows, or not finite.
 */
export function matrixPicture(values: ArrayLike<number>, side: number, most = 1): Uint8Array {
  requireFinite("matrixPicture", values, side);
  const scale = Math.max(1, Math.ceil(LEAST_SIDE / side));
  const canvas = new Canvas(side * scale, side * scale);
  const magnitudes = Float32Array.from(values, Math.abs);
  canvas.draw(magnitudes, [side, side, 1], 0, 0, scale, { range: [0, most], colormap: "viridis" });
  return canvas.encode();
}
