import { NumericalError, ShapeError } from "../device/errors.ts";
import { kernel, linearGrid } from "../device/kernel.ts";
import { show } from "../tensor/shape.ts";
import { track } from "../tensor/tape.ts";
import { checkTensors, empty, type Tensor } from "../tensor/tensor.ts";
import { tril } from "./create.ts";
import { matmul } from "./matmul.ts";
import { transpose } from "./rearrange.ts";
import { triangularSolve } from "./triangular.ts";

const choleskyKernel = kernel("cholesky");
const WG = 64;

/** Factors a matrix in each workgroup, or takes an element in each lane. */
function launch(entry: "factor" | "mirror", a: Tensor, out: Tensor): Tensor {
  const N = a.shape.at(-1)!;
  const B = N === 0 ? 0 : a.size / (N * N);
  const grid = entry === "factor" ? linearGrid(B, 1) : linearGrid(a.size, WG);
  const work = entry === "factor" ? { flops: (B * N ** 3) / 3 } : { bytes: 8 * a.size };
  choleskyKernel(entry, { a, out }, { B, N }, grid, { work });
  return out;
}

/**
 * The lower triangular L with L Lᵀ = a, for a symmetric, positive definite matrix a (N,N) or a batch (B,N,N) of them. Of
 * another a it takes the symmetric part, (a + aᵀ) / 2, so that gradients are symmetric.
 *
 * Where a matrix is not positive definite in f32, its L is NaN from the first column on that shows it; the others are not
 * touched. `requireFactor` says so in words. Source of the gradient: Murray, "Differentiation of the Cholesky decomposition",
 * arXiv 1602.07527, equation 8: ā = ½ L⁻ᵀ (P + Pᵀ) L⁻¹, P the lower triangle of Lᵀ L̄ with half its diagonal.
 *
 * @throws ShapeError unless a is a square matrix, or a batch of such.
 */
export function cholesky(a: Tensor): Tensor {
  checkTensors("cholesky", a);
  const { device, shape } = a;
  if ((shape.length !== 2 && shape.length !== 3) || shape.at(-1) !== shape.at(-2))
    throw new ShapeError(`cholesky: a is ${show(shape)}, expected a square matrix or a batch of them`);
  const L = launch("factor", a, empty(device, shape));
  return track(L, [a], (dL) => {
    const P = launch("mirror", matmul(L, tril(dL), { transposeA: true }), empty(device, shape));
    const left = triangularSolve(L, P, { transpose: true });
    return [triangularSolve(L, transpose(left), { transpose: true })];
  });
}

/**
 * Resolves with the factors that `cholesky` gave, if they are.
 *
 * @throws NumericalError that names the first matrix that is not positive definite, and where that shows.
 */
export async function requireFactor(L: Tensor): Promise<Tensor> {
  checkTensors("requireFactor", L);
  const N = L.shape.at(-1)!;
  const values = await L.read();
  const at = Array.from({ length: N === 0 ? 0 : values.length / N }, (_, row) => row).find(
    (row) => !Number.isFinite(values[row * N + (row % N)]),
  );
  if (at === undefined) return L;
  const which = L.shape.length === 3 ? `matrix ${Math.floor(at / N)} of the batch` : "the matrix";
  throw new NumericalError(
    `cholesky: ${which} is not positive definite: its leading ${(at % N) + 1} rows and columns have no finite factor; ` +
      `add a small number to its diagonal`,
  );
}
