import { kernel } from "../../device/kernel.ts";
import { empty, type Tensor } from "../../tensor/tensor.ts";
import { strongImages } from "./decompose.ts";
import { holders, SWEEPS, toleranceOf } from "./jacobi.ts";
import { WEAK } from "./values.ts";

const smallKernel = kernel("svd/small");

/** The factors of a batch of matrices. */
export interface Outputs {
  /** (count, M, P), (count, P) and (count, P, N). */
  U: Tensor;
  S: Tensor;
  Vt: Tensor;
}

/**
 * Decomposes small matrices a (count, M, N) in one launch: writes their factors, signs settled, and returns what the gradient
 * asks for, their values before they are scaled back, and what is known of them, see lib/svdScale.wgsl.
 */
export function decomposeSmall(a: Tensor, { U, S, Vt }: Outputs): { near: Tensor; info: Tensor } {
  const { device } = a;
  const [count, M, N] = a.shape as [number, number, number];
  const [P, Q] = [Math.min(M, N), Math.max(M, N)];
  const near = empty(device, [count, P]);
  const info = empty(device, [count, 4]);
  const params = {
    ...{ M, N, P, Q, lanes: holders(P), sweeps: SWEEPS, tolerance: toleranceOf(P) },
    ...{ weak: WEAK, strong: strongImages(Q), poison: NaN },
  };
  smallKernel("decompose", { a, u: U, vt: Vt, s: S, near, info }, params, [count]);
  return { near, info };
}
