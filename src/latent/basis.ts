import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import type { Device } from "../device/device.ts";
import { checkWhole } from "../device/arguments.ts";
import { ArgumentError, NumericalError, ShapeError } from "../device/errors.ts";
import { matmul } from "../ops/matmul.ts";
import { truncatedSvd } from "../ops/svd.ts";
import { accumulate } from "../tensor/accumulate.ts";
import { show } from "../tensor/shape.ts";
import { zeros, type Tensor } from "../tensor/tensor.ts";

/**
 * How the bases of training batches become one:
 * - `concatenated`: the k leading left singular vectors of all batches' bases side by side, as the
 *   authors do it. Singular values do not count: a direction that is k-th in a batch weighs as much
 *   as the first.
 * - `pca`: the k leading singular vectors of all latent vectors together.
 */
export type BasisForm = "concatenated" | "pca";

/** A basis for inference. */
export interface FittedBasis {
  /** (L, k), row-major; orthonormal columns, in the order of `kept`, signed like `truncatedSvd`. */
  basis: Float32Array;
  /** Singular values of all latent vectors together, largest first; L of them. Worked out when first asked for. */
  readonly singularValues: Float64Array;
  /** The norm of each coefficient over all samples: the singular values within the basis. */
  kept: Float64Array;
}

/**
 * Collects latent batches H (N, L) on the device and finds their basis. Only two L × L matrices
 * are kept: Σ HᵀH, and Σ U_k U_kᵀ, whose leading eigenvectors are the singular vectors of all U_k
 * side by side. Within the span that is found, the basis is turned so that the coefficients of all
 * samples are uncorrelated and sorted by their norm; this changes no reconstruction.
 */
export class BasisFit {
  readonly #latent: number;
  readonly #rank: number;
  readonly #form: BasisForm;
  #moments: Tensor;
  #projectors: Tensor;

  /** Throws ArgumentError unless `latent` is a length L, `rank` a whole number from 1 to L and `form` one of those named. */
  constructor(device: Device, latent: number, rank: number, form: BasisForm) {
    checkWhole("BasisFit: latent", latent, 1);
    checkWhole("BasisFit: rank", rank, 1, latent);
    if (!["concatenated", "pca"].includes(form))
      throw new ArgumentError(`BasisFit: form is "concatenated" or "pca", not "${form}"`);
    this.#latent = latent;
    this.#rank = rank;
    this.#form = form;
    this.#moments = zeros(device, [latent, latent]).keep();
    this.#projectors = zeros(device, [latent, latent]).keep();
  }

  /** Adds the latent vectors h (N, L) of one batch. Throws ShapeError for h of another shape. */
  add(h: Tensor): void {
    if (h.shape.length !== 2 || h.shape[0] === 0 || h.shape[1] !== this.#latent)
      throw new ShapeError(`BasisFit.add: h is ${show(h.shape)}; expected vectors (N, ${this.#latent})`);
    this.#moments = accumulate(this.#moments, matmul(h, h, { transposeA: true }));
    if (this.#form === "pca") return;
    const { basis } = truncatedSvd(h, Math.min(this.#rank, h.shape[0]!));
    this.#projectors = accumulate(this.#projectors, matmul(basis, basis, { transposeB: true }));
  }

  /**
   * The basis of everything that was added; its signs go by vectors `towards` (L, any number), if there are any, as in
   * `truncatedSvd`. Frees what was collected.
   *
   * @throws NumericalError for latent vectors that hold a NaN or an infinity.
   */
  async finish(towards?: Float32Array): Promise<FittedBasis> {
    const L = this.#latent;
    const moments = Matrix.from1DArray(L, L, Array.from(await this.#moments.read()));
    const projectors = Matrix.from1DArray(L, L, Array.from(await this.#projectors.read()));
    this.#moments.dispose();
    this.#projectors.dispose();
    if (![...moments.to1DArray(), ...projectors.to1DArray()].every(Number.isFinite))
      throw new NumericalError("fitBasis: the latent vectors, or their squares, are not finite");
    let all: Eigenpairs | undefined;
    const spectrum = () => (all ??= leading(moments));
    const span = this.#form === "pca" ? spectrum() : leading(projectors);
    const within = span.vectors.subMatrix(0, L - 1, 0, this.#rank - 1);
    const turn = leading(within.transpose().mmul(moments).mmul(within));
    const basis = within.mmul(turn.vectors);
    fixSigns(basis, towards && Matrix.from1DArray(L, towards.length / L, Array.from(towards)));
    return {
      basis: Float32Array.from(basis.to1DArray()),
      get singularValues() {
        return roots(spectrum().values);
      },
      kept: roots(turn.values),
    };
  }
}

/** Eigenvalues and, in the columns of `vectors`, eigenvectors, largest first. */
interface Eigenpairs {
  values: number[];
  vectors: Matrix;
}

function leading(symmetric: Matrix): Eigenpairs {
  const evd = new EigenvalueDecomposition(symmetric, { assumeSymmetric: true });
  const order = evd.realEigenvalues
    .map((_, i) => i)
    .sort((i, j) => evd.realEigenvalues[j]! - evd.realEigenvalues[i]!);
  return {
    values: order.map((i) => evd.realEigenvalues[i]!),
    vectors: evd.eigenvectorMatrix.subMatrixColumn(order),
  };
}

/**
 * Makes the largest entry of each column positive, then the largest product of each with the vectors `towards`: the rules
 * of `truncatedSvd`.
 */
function fixSigns(basis: Matrix, towards?: Matrix): void {
  const turn = (judged: Matrix) => {
    for (let column = 0; column < basis.columns; column++) {
      const entries = judged.getColumn(column);
      const largest = entries.reduce((best, entry) => (Math.abs(entry) > Math.abs(best) ? entry : best), 0);
      if (largest < 0) basis.mulColumn(column, -1);
    }
  };
  turn(basis);
  if (towards) turn(towards.transpose().mmul(basis));
}

function roots(values: readonly number[]): Float64Array {
  return Float64Array.from(values, (value) => Math.sqrt(Math.max(0, value)));
}
