import { ArgumentError, NumericalError, ShapeError } from "../device/errors.ts";
import { kernel } from "../device/kernel.ts";
import { show } from "../tensor/shape.ts";
import { needsTape, track, trackAll } from "../tensor/tape.ts";
import { empty, type Tensor } from "../tensor/tensor.ts";
import { matmul } from "./matmul.ts";
import { svdGradient, type Factors } from "./svd/backward.ts";
import { complete, shortSide } from "./svd/decompose.ts";
import { lanes } from "./svd/jacobi.ts";
import { decomposeTruncated, truncationGradient, type Gauge } from "./svd/truncation.ts";

export type { Gauge } from "./svd/truncation.ts";

const svdKernel = kernel("svd");

export interface SvdOptions {
  /**
   * Where two singular values coincide, their vectors have no gradient; its factor 1 / (s_j² − s_i²) is
   * d / (d² + damping²), in units of the larger square. Default 1e-6.
   */
  damping?: number;
}

/**
 * The thin singular value decomposition a = U diag(S) Vt of a (…, M, N), with r = min(M, N): U (…, M, r)
 * with orthonormal columns, S (…, r) largest first, Vt (…, r, N) with orthonormal rows. Leading axes
 * are a batch. The entry of each column of U that is largest in absolute value is positive. All three are
 * exact to a few rounding errors for every finite matrix, U and V orthonormal also where the rank is deficient.
 * A matrix with a NaN or an infinity gives NaN throughout on the device, and a NumericalError to `read()`.
 *
 * Pivoted QR, then one-sided Jacobi (Hestenes 1958; Drmač & Veselić 2008), wholly on the device.
 * Gradients flow from all three; vectors of singular values that are rounding errors have none.
 *
 * @throws ShapeError for less than two axes, or no entries.
 */
export function svd(a: Tensor, { damping = 1e-6 }: SvdOptions = {}): Factors {
  const { device } = a;
  if (a.shape.length < 2 || a.size === 0)
    throw new ShapeError(`svd: a is ${show(a.shape)}; expected a matrix, or a batch of them, with entries`);
  checkPositive("svd", "damping", damping);
  const batch = a.shape.slice(0, -2);
  const [M, N] = a.shape.slice(-2) as [number, number];
  const P = Math.min(M, N);
  const count = a.size / (M * N);
  const factors = device.scope(() => {
    const matrices = a.view([count, M, N]);
    const { vectors, info } = shortSide(matrices);
    const others = device.noGrad(() => matmul(matrices, vectors, { transposeA: M < N }));
    const S = complete(others, info);
    const [u, v] = M < N ? [vectors, others] : [others, vectors];
    const U = empty(device, [...batch, M, P]);
    const Vt = empty(device, [...batch, P, N]);
    const params = { M, N, P, B: 0, C: P, K: P, count, zero: 0, poison: NaN };
    const constants = { WG: lanes(device, P) };
    const grid = [Math.ceil(P / constants.WG), count] as const;
    svdKernel("orient", { u, v, info, uOut: U, vOut: Vt }, params, grid, { constants });
    return { U, S: S.view([...batch, P]), Vt };
  });

  refuseNaN("svd", "a", a, [factors.U, factors.S, factors.Vt]);
  trackAll([factors.U, factors.S, factors.Vt], [a], ([dU, dS, dVt]) => {
    const shapes = { U: [count, M, P], S: [count, P], Vt: [count, P, N] };
    const { U, S, Vt } = factors;
    const flat = { U: U.view(shapes.U), S: S.view(shapes.S), Vt: Vt.view(shapes.Vt) };
    const given = { U: dU?.view(shapes.U), S: dS?.view(shapes.S), Vt: dVt?.view(shapes.Vt) };
    return [svdGradient(flat, given, damping)];
  });
  return factors;
}

export interface TruncatedSvdOptions {
  /**
   * What the gradient makes of rotations among the kept vectors, which it divides by d = s_j² − s_i²:
   * "exact" divides, "damped" (the default) multiplies by d / (d² + η²), "off" leaves them out. A loss that
   * depends on coefficients · basisᵀ alone has no such part.
   */
  gauge?: Gauge;
  /** η of "damped", in units of the largest s². Default 1e-4. */
  damping?: number;
  /** The least 1 − (s_j / s_i)² of a discarded and a kept value that the gradient divides by. Default 1e-3. */
  gapCap?: number;
}

/** What `truncatedSvd` gives. */
export interface TruncatedSvd {
  /** (B, k): h · basis = V_k diag(S_k), the coordinates of each sample. */
  coefficients: Tensor;
  /** (L, k): U_k, orthonormal columns. */
  basis: Tensor;
  /** (k): the singular values that are kept, largest first. */
  singularValues: Tensor;
  /** (min(B, L)): all singular values; no gradient flows through them. */
  spectrum: Tensor;
}

/**
 * The k leading directions of a batch of B latent vectors, h (B, L), one to a row: where papers hold
 * Y = hᵀ = U S Vᵀ with a sample to a column, here h = V S Uᵀ, the coefficients are h U_k = V_k S_k (B, k) and
 * the basis is U_k (L, k). h is not centred. The entry of each basis vector that is largest in absolute
 * value is positive. Where h has fewer than k directions, the other columns are zero, and so
 * is their gradient.
 *
 * The gradient includes that of the kept directions towards the discarded ones, from all triplets. It squares
 * singular values, so it holds where they lie between 1e-18 and 1e18; scale h beforehand if they do not.
 *
 * @throws ShapeError for h that is no matrix, ArgumentError for k not within 1 and min(B, L) and for a gauge
 * that is none of those named.
 */
export function truncatedSvd(h: Tensor, k: number, options: TruncatedSvdOptions = {}): TruncatedSvd {
  const { gauge = "damped", damping = 1e-4, gapCap = 1e-3 } = options;
  checkTruncation("truncatedSvd", h, k);
  if (!["exact", "damped", "off"].includes(gauge))
    throw new ArgumentError(`truncatedSvd: gauge is "exact", "damped" or "off", not "${gauge}"`);
  checkPositive("truncatedSvd", "damping", damping);
  checkPositive("truncatedSvd", "gapCap", gapCap);
  const kept = decomposeTruncated(h, k);
  const { coefficients, basis, values: spectrum } = kept;
  const singularValues = spectrum.view([k]);
  refuseNaN("truncatedSvd", "h", h, [coefficients, basis, singularValues, spectrum]);
  if (!needsTape([h])) kept.vectors.dispose();
  trackAll([coefficients, basis, singularValues], [h], ([dc, du, ds]) => {
    const given = { coefficients: dc, basis: du, values: ds };
    const dh = truncationGradient(kept, given, { gauge, damping, gapCap });
    kept.vectors.dispose();
    return [dh];
  });
  return { coefficients, basis, singularValues, spectrum };
}

export interface TruncateOptions {
  /** The least 1 − (s_j / s_i)² of a discarded and a kept value that the gradient divides by. Default 1e-3. */
  gapCap?: number;
}

/**
 * The matrix of rank k nearest to h (B, L): V_k S_k U_kᵀ. Its gradient has no differences of kept singular
 * values in it, so it is well conditioned however close they are; only s_k = s_{k+1}, where the
 * matrix itself is not unique, is singular, and capped. Where h has fewer than k directions, it is its own
 * truncation, and the gradient passes unchanged. Singular values between 1e-18 and 1e18, as for `truncatedSvd`.
 *
 * @throws ShapeError for h that is no matrix, ArgumentError for k not within 1 and min(B, L).
 */
export function truncate(h: Tensor, k: number, { gapCap = 1e-3 }: TruncateOptions = {}): Tensor {
  checkTruncation("truncate", h, k);
  checkPositive("truncate", "gapCap", gapCap);
  const { device } = h;
  const kept = decomposeTruncated(h, k);
  const product = device.noGrad(() => matmul(kept.coefficients, kept.basis, { transposeB: true }));
  refuseNaN("truncate", "h", h, [product]);
  const release = () => {
    for (const part of [kept.basis, kept.coefficients, kept.values, kept.vectors]) part.dispose();
  };
  if (!needsTape([h])) release();
  return track(product, [h], (dy) => {
    const dh = truncationGradient(kept, { product: dy }, { gauge: "off", damping: 1, gapCap });
    release();
    return [dh];
  });
}

/** Reading a factor of a matrix that is not finite is an error; on the device it is NaN. */
function refuseNaN(op: string, operand: string, { shape }: Tensor, factors: readonly Tensor[]): void {
  for (const factor of factors)
    factor.inspect = (values) => {
      if (Number.isNaN(values[0]))
        throw new NumericalError(
          `${op}: ${operand} ${show(shape)} holds a NaN or an infinity, so it has no factors`,
        );
    };
}

function checkTruncation(op: string, h: Tensor, k: number): void {
  if (h.shape.length !== 2 || h.size === 0)
    throw new ShapeError(`${op}: h is ${show(h.shape)}; expected a batch of latent vectors (B, L)`);
  const most = Math.min(...h.shape);
  if (!Number.isInteger(k) || k < 1 || k > most)
    throw new ArgumentError(
      `${op}: k is ${k}; h ${show(h.shape)} can be cut to whole ranks from 1 to ${most}`,
    );
}

function checkPositive(op: string, name: string, value: number): void {
  if (!(value > 0)) throw new ArgumentError(`${op}: ${name} is ${value}; expected a number above 0`);
}
