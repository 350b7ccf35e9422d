import type { Gaussian } from "./gaussian.ts";

/** Points in coordinates y = L⁻¹ (x − m), in which those of N(m, L Lᵀ) have mean 0 and covariance I. */
export function whitened(points: ArrayLike<number>, { mean, inverse }: Gaussian): Float32Array {
  const D = mean.length;
  const N = points.length / D;
  const out = new Float32Array(points.length);
  const centred = new Float64Array(D);
  for (let n = 0; n < N; n++) {
    for (let j = 0; j < D; j++) centred[j] = points[n * D + j]! - mean[j]!;
    for (let i = 0; i < D; i++) {
      let value = 0;
      for (let j = 0; j <= i; j++) value += inverse[i * D + j]! * centred[j]!;
      out[n * D + i] = value;
    }
  }
  return out;
}

/** a · b, both lower triangular (D, D). */
export function productOfLower(a: ArrayLike<number>, b: ArrayLike<number>, D: number): Float64Array {
  const out = new Float64Array(D * D);
  for (let i = 0; i < D; i++)
    for (let j = 0; j <= i; j++)
      for (let k = j; k <= i; k++) out[i * D + j]! += a[i * D + k]! * b[k * D + j]!;
  return out;
}

/** f fᵀ of a lower triangular f (D, D). */
export function squareOfLower(f: ArrayLike<number>, D: number): Float64Array {
  const out = new Float64Array(D * D);
  for (let i = 0; i < D; i++)
    for (let j = 0; j <= i; j++) {
      for (let k = 0; k <= j; k++) out[i * D + j]! += f[i * D + k]! * f[j * D + k]!;
      out[j * D + i] = out[i * D + j]!;
    }
  return out;
}
