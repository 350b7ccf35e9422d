import { kernel, linearGrid } from "../../device/kernel.ts";
import { accumulate } from "../../tensor/accumulate.ts";
import { empty, zeros, type Tensor } from "../../tensor/tensor.ts";
import { fusedMatmul as matmul } from "../matmul.ts";
import { rescale } from "./decompose.ts";

const backwardKernel = kernel("svd/backward");

/** The factors of matrices a (count, M, N): U (count, M, P), S (count, P), Vt (count, P, N). */
export interface Factors<T = Tensor> {
  U: T;
  S: T;
  Vt: T;
}

/** Factors of matrices that were brought near 1, and what `rescale` takes to bring S back. */
export interface ScaledFactors extends Factors {
  info: Tensor;
}

/**
 * The gradient of a = U diag(S) Vt, from those of its thin factors; absent ones are zero:
 *
 *     U [ F∘(A − Aᵀ) S + S F∘(B − Bᵀ) + diag(dS) ] Vt + (1 − U Uᵀ) dU S⁻¹ Vt + U S⁻¹ dVt (1 − V Vᵀ)
 *
 * with A = Uᵀ dU, B = Vt dVtᵀ, F_ij = 1 / (s_j² − s_i²) (Giles, NA-08-01, 2008; Townsend, 2016). `damping`
 * bounds F where two values coincide, relative to the larger square. `given` is of the factors of a itself, with S
 * in its units, and so is the gradient.
 */
export function svdGradient(
  factors: ScaledFactors,
  given: Factors<Tensor | undefined>,
  damping: number,
): Tensor {
  const { U, S, Vt, info } = factors;
  const { device } = U;
  const [count, M, P] = U.shape as [number, number, number];
  const N = Vt.shape[2]!;
  const tau = Math.max(M, N) * 2 ** -23;
  const params = { P, R: P, C: P, count, rows: 0, outerU: 0, outerV: 0, tau, damping };
  const outerU = M > N && given.U !== undefined;
  const outerV = N > M && given.Vt !== undefined;
  return device.scope(() => {
    /** x (count, R, C), its columns or rows divided by the singular values. */
    const unscale = (x: Tensor, rows: boolean) => {
      const [, R, C] = x.shape as [number, number, number];
      const out = empty(device, x.shape);
      const sizes = { ...params, R, C, rows: Number(rows) };
      backwardKernel("unscale", { x, s: S, out }, sizes, linearGrid(x.size, 64));
      return out;
    };
    const none = zeros(device, [count, P, P]);
    // with S by 2^−e, dS of the unscaled values and 2^−e dU, 2^−e dVt give the gradient of the unscaled a
    const [dU, dVt] = [given.U, given.Vt].map((part) => part && rescale(part, info, -1));
    const au = dU ? matmul(U, dU, { transposeA: true }) : none;
    const av = dVt ? matmul(Vt, dVt, { transposeB: true }) : none;
    const ds = given.S ?? zeros(device, [count, P]);
    const middle = empty(device, [count, P, P]);
    backwardKernel(
      "middle",
      { au, av, ds, s: S, out: middle },
      { ...params, outerU: Number(outerU), outerV: Number(outerV) },
      linearGrid(middle.size, 64),
    );
    let right = matmul(middle, Vt);
    if (outerV) right = accumulate(right, unscale(dVt!, true));
    const inner = matmul(U, right);
    return outerU ? accumulate(inner, matmul(unscale(dU!, false), Vt)) : inner;
  });
}
