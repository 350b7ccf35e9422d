import { Matrix } from "ml-matrix";
import type { Device } from "../../src/device/device.ts";
import { mul, tanh } from "../../src/ops/elementwise.ts";
import { sum } from "../../src/ops/reduce.ts";
import { backward } from "../../src/tensor/tape.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { rounded, values } from "../check.ts";
import { svdReference, withSpectrum, type Dense } from "./matrices.ts";

/** What truncating h = V S Uᵀ gives, in float64 and with the paper's letters. */
export function truncated({ M: B, N: L, data }: Dense, k: number) {
  const { U: V, S, V: U } = svdReference({ M: B, N: L, data }, "V");
  const leading = Array.from({ length: k }, (_, j) => j);
  const basis = U.subMatrixColumn(leading);
  const kept = V.subMatrixColumn(leading);
  const coefficients = Matrix.from1DArray(B, L, data).mmul(basis);
  return { basis, kept, coefficients, S, U, V, product: coefficients.mmul(basis.transpose()) };
}

/** Σ w_i tanh(x_i), a loss that is linear in nothing. */
export const bent = (w: ArrayLike<number>, x: Matrix | number[]) =>
  (Array.isArray(x) ? x : x.to1DArray()).reduce((total, entry, i) => total + w[i]! * Math.tanh(entry), 0);

/** The same on the device. */
export const bentOn = (device: Device, w: number[], x: Tensor) =>
  sum(mul(device.tensor(w, x.shape), tanh(x)));

/** Central differences of `loss` in every entry of h, in float64. */
export function differences(loss: (h: Dense) => number, h: Dense, step = 1e-6): number[] {
  return h.data.map((_, e) => {
    const moved = (by: number) => loss({ ...h, data: h.data.map((x, i) => (i === e ? x + by : x)) });
    return (moved(step) - moved(-step)) / (2 * step);
  });
}

/** The gradient on the device of the loss that `build` makes of h, or of its output along `seed`. */
export async function gradient(
  device: Device,
  h: Dense & { shape?: number[] },
  build: (h: Tensor) => Tensor,
  seed?: number[],
): Promise<Float32Array> {
  const made = device.tensor(h.data, h.shape ?? [h.M, h.N]);
  made.requiresGrad = true;
  const loss = build(made);
  backward(loss, seed && device.tensor(seed, loss.shape));
  return made.grad!.read();
}

export const geometric = (n: number) => Array.from({ length: n }, (_, i) => 3 * 0.7 ** i);

/** B samples of L latents, as float32 holds them. */
export function latents(B: number, L: number, spectrum = geometric(Math.min(B, L))): Dense {
  const h = withSpectrum(B, L, spectrum, 5 * B + L);
  return { ...h, data: rounded(h.data) };
}

export const distance = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.hypot(...Array.from(a, (x, i) => x - b[i]!));
export const weights = (n: number, seed: number) => rounded(values(n, seed));

/** The gradient of Σ G∘h_k if discarded directions did not matter: G projected to the tangent space. */
export function tangentProjection(h: Dense, k: number, G: number[]): number[] {
  const { basis, kept } = truncated(h, k);
  const g = Matrix.from1DArray(h.M, h.N, G);
  const inRows = kept.mmul(kept.transpose()).mmul(g);
  const rest = Matrix.sub(g, inRows);
  return Matrix.add(inRows, rest.mmul(basis).mmul(basis.transpose())).to1DArray();
}
