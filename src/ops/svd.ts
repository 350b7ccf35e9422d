import { optionsOf } from "../device/arguments.ts";
import { ArgumentError, NumericalError, ShapeError } from "../device/errors.ts";
import { kernel } from "../device/kernel.ts";
import { copyInto } from "../tensor/accumulate.ts";
import { sameShape, show, sizeOf } from "../tensor/shape.ts";
import { saveFor, track, trackAll } from "../tensor/tape.ts";
import { checkTensors, empty, type Tensor } from "../tensor/tensor.ts";
import { fusedMatmul as matmul } from "./matmul.ts";
import { svdGradient, type Factors } from "./svd/backward.ts";
import { completeImages, rescale, shortSide } from "./svd/decompose.ts";
import { fitsSubgroup, lanes } from "./svd/jacobi.ts";
import { decomposeSmall } from "./svd/small.ts";
import { measureValues } from "./svd/values.ts";
import { decomposeTruncated, truncationParts, type Method } from "./svd/truncation.ts";
import { truncationGradient, type Gauge } from "./svd/truncationGradient.ts";

export type { Method } from "./svd/truncation.ts";
export type { Gauge } from "./svd/truncationGradient.ts";

const svdKernel = kernel("svd");

export interface SvdOptions {
  /**
   * Where two singular values coincide, their vectors have no gradient; its factor 1 / (s_j² − s_i²) is
   * d / (d² + damping²), in units of the larger square. Default 1e-6.
   */
  damping?: number | undefined;
}

/**
 * The thin singular value decomposition a = U diag(S) Vt of a (…, M, N), with r = min(M, N): U (…, M, r)
 * with orthonormal columns, S (…, r) largest first, Vt (…, r, N) with orthonormal rows. Leading axes
 * are a batch. The entry of each column of U that is largest in absolute value is positive. Values are off by less than
 * 1e-6 of the first, with few known exceptions, the factors orthonormal and their product a to LAPACK's test ratios below
 * 10 in up to 180 columns and 20 in 1024 (for both see svd/README.md), also where the rank is deficient, and the
 * numbers subnormal, whatever the adapter makes of those. A matrix with a NaN or an infinity gives NaN throughout on the
 * device, and a NumericalError to `read()`; so does S where a value is past float32's 3.4e38. Without entries, the factors
 * have none either.
 *
 * Pivoted QR, then one-sided Jacobi (Hestenes 1958; Drmač & Veselić 2008), wholly on the device.
 * Gradients flow from all three; vectors of singular values that are rounding errors have none.
 *
 * @throws ShapeError for less than two axes.
 */
export function svd(a: Tensor, options: SvdOptions = {}): Factors {
  checkTensors("svd", a);
  const { damping = 1e-6 } = optionsOf("svd", options);
  const { device } = a;
  if (a.shape.length < 2)
    throw new ShapeError(`svd: a is ${show(a.shape)}; expected a matrix (M, N), or a batch of them`);
  checkPositive("svd", "damping", damping);
  const batch = a.shape.slice(0, -2);
  const [M, N] = a.shape.slice(-2) as [number, number];
  const P = Math.min(M, N);
  const [U, S, Vt] = [
    empty(device, [...batch, M, P]),
    empty(device, [...batch, P]),
    empty(device, [...batch, P, N]),
  ];
  const parts = batchParts(a.size === 0 ? 0 : sizeOf(batch));
  /** The matrices of a part of the batch, in what holds `rows` × `columns` for each. */
  const within = ({ first, count }: Part, whole: Tensor, rows: number, columns: number) =>
    whole.view([count, rows, columns], first * rows * columns);
  const saved = parts.map((part) =>
    device.scope(() => {
      const [uOut, sOut, vOut] = [within(part, U, M, P), within(part, S, 1, P), within(part, Vt, P, N)];
      if (fitsSubgroup(device, Math.max(M, N), P))
        return { ...part, ...decomposeSmall(within(part, a, M, N), { U: uOut, S: sOut, Vt: vOut }) };
      const { vectors, values: near, scaled, info } = shortSide(within(part, a, M, N));
      const others = measureValues(scaled, vectors, near, M < N);
      completeImages(others, info);
      const [u, v] = M < N ? [vectors, others] : [others, vectors];
      const params = { M, N, P, B: 0, C: P, K: P, count: part.count, zero: 0, poison: NaN };
      const constants = { WG: lanes(device, P) };
      const grid = [Math.ceil(P / constants.WG), part.count] as const;
      svdKernel("orient", { u, v, info, uOut, vOut }, params, grid, { constants });
      rescale(near, info, 1, sOut);
      return { ...part, near, info };
    }),
  );

  for (const factor of [U, S, Vt]) factor.inspect = refuse("svd", "a", a);
  const release = saveFor(
    [U, S, Vt],
    [a],
    saved.flatMap(({ near, info }) => [near, info]),
  );
  trackAll([U, S, Vt], [a], ([dU, dS, dVt], gradients) => {
    const made = saved.map((part) =>
      device.scope(() => {
        const flat = { U: within(part, U, M, P), S: part.near, Vt: within(part, Vt, P, N), info: part.info };
        const given = {
          U: dU && within(part, dU, M, P),
          S: dS && within(part, dS, 1, P),
          Vt: dVt && within(part, dVt, P, N),
        };
        return svdGradient(flat, given, damping);
      }),
    );
    release();
    if (made.length === 1) return made;
    const da = gradients.empty(0);
    made.forEach((part, i) => copyInto(within(saved[i]!, da, M, N), part));
    return [da];
  });
  return { U, S, Vt };
}

/** Matrices of a batch that are decomposed together. */
interface Part {
  first: number;
  count: number;
}

/** A grid has 65,535 workgroups along an axis; parts of 64 matrices each start where a binding may. */
const TOGETHER = 65_472;

function batchParts(count: number): Part[] {
  return Array.from({ length: Math.ceil(count / TOGETHER) }, (_, i) => ({
    first: i * TOGETHER,
    count: Math.min(TOGETHER, count - i * TOGETHER),
  }));
}

export interface TruncatedSvdOptions {
  /**
   * What the gradient makes of rotations among the kept vectors, which it divides by d = s_j² − s_i²:
   * "exact" divides, "damped" (the default) multiplies by d / (d² + η²), "off" leaves them out. A loss that
   * depends on coefficients · basisᵀ alone has no such part.
   */
  gauge?: Gauge | undefined;
  /** η of "damped", in units of the largest s². Default 1e-4. */
  damping?: number | undefined;
  /** The least 1 − (s_j / s_i)² of a discarded and a kept value that the gradient divides by. Default 1e-3. */
  gapCap?: number | undefined;
  /**
   * "full" decomposes h wholly; "topk" finds the k leading directions alone, and decomposes h wholly where they
   * turn out inexact or too close to the others, which the device finds by itself; "auto" (the default) takes "topk"
   * where it is faster: for large h and small k.
   */
  method?: Method | undefined;
  /** (L, k): the basis of a similar h, from which "topk" starts. The result is as exact with any. */
  warm?: Tensor | undefined;
  /**
   * (L, any number): vectors for the signs to go by, for instance the basis of the step before. Each basis vector points
   * to the side of the one of them that it is most along; where all of them are zero, the usual rule holds.
   */
  towards?: Tensor | undefined;
}

/** What `truncatedSvd` gives. */
export interface TruncatedSvd {
  /** (B, k): h · basis = V_k diag(S_k), the coordinates of each sample. */
  coefficients: Tensor;
  /** (L, k): U_k, orthonormal columns. */
  basis: Tensor;
  /** (k): the singular values that are kept, largest first. */
  singularValues: Tensor;
  /**
   * (min(B, L)): all singular values. Where the method "topk" went without them: the first k, estimates that are too small
   * for some of the next, and zeros for the rest. No gradient flows through them.
   */
  spectrum: Tensor;
}

/**
 * The k leading directions of a batch of B latent vectors, h (B, L), one to a row: where papers hold
 * Y = hᵀ = U S Vᵀ with a sample to a column, here h = V S Uᵀ, the coefficients are h U_k = V_k S_k (B, k) and
 * the basis is U_k (L, k). h is not centred. The entry of each basis vector that is largest in absolute
 * value is positive, unless `towards` says otherwise. Where h has fewer than k directions, the other columns are zero, and so
 * is their gradient.
 *
 * The gradient includes that of the kept directions towards the discarded ones, from all triplets.
 *
 * @throws ShapeError for h that is no matrix, ArgumentError for k not within 1 and min(B, L) and for a gauge
 * that is none of those named.
 */
export function truncatedSvd(h: Tensor, k: number, options: TruncatedSvdOptions = {}): TruncatedSvd {
  checkTensors("truncatedSvd", h);
  const {
    gauge = "damped",
    damping = 1e-4,
    gapCap = 1e-3,
    method = "auto",
    warm,
    towards,
  } = optionsOf("truncatedSvd", options);
  checkTruncation("truncatedSvd", h, k);
  checkTensors("truncatedSvd", ...[warm, towards].filter((given) => given !== undefined));
  if (!["exact", "damped", "off"].includes(gauge))
    throw new ArgumentError(`truncatedSvd: gauge is "exact", "damped" or "off", not "${gauge}"`);
  checkPositive("truncatedSvd", "damping", damping);
  checkPositive("truncatedSvd", "gapCap", gapCap);
  checkMethod("truncatedSvd", method);
  if (warm && !sameShape(warm.shape, [h.shape[1]!, k]))
    throw new ShapeError(
      `truncatedSvd: warm is ${show(warm.shape)}, expected (L, k), ${show([h.shape[1]!, k])}`,
    );
  if (towards && !(towards.shape.length === 2 && towards.shape[0] === h.shape[1]))
    throw new ShapeError(
      `truncatedSvd: towards is ${show(towards.shape)}, expected vectors (${h.shape[1]}, any number)`,
    );
  const kept = decomposeTruncated(h, k, { method, gapCap, warm, towards });
  const { basis, info } = kept;
  const coefficients = rescale(kept.coefficients, info);
  const spectrum = rescale(kept.values, info);
  const singularValues = spectrum.view([k]);
  for (const part of [coefficients, basis, singularValues, spectrum])
    part.inspect = refuse("truncatedSvd", "h", h);
  const results = [coefficients, basis, singularValues];
  const release = saveFor(results, [h], truncationParts(kept, basis));
  trackAll(results, [h], ([dc, du, ds]) => {
    const given = { coefficients: dc, basis: du, values: ds };
    const dh = truncationGradient(kept, given, { gauge, damping, gapCap });
    release();
    return [dh];
  });
  return { coefficients, basis, singularValues, spectrum };
}

export interface TruncateOptions {
  /** The least 1 − (s_j / s_i)² of a discarded and a kept value that the gradient divides by. Default 1e-3. */
  gapCap?: number | undefined;
  /** As for `truncatedSvd`. */
  method?: Method | undefined;
}

/**
 * The matrix of rank k nearest to h (B, L): V_k S_k U_kᵀ. Its gradient has no differences of kept singular
 * values in it, so it is well conditioned however close they are; only s_k = s_{k+1}, where the
 * matrix itself is not unique, is singular, and capped. Where h has fewer than k directions, it is its own
 * truncation, and the gradient passes unchanged.
 *
 * @throws ShapeError for h that is no matrix, ArgumentError for k not within 1 and min(B, L).
 */
export function truncate(h: Tensor, k: number, options: TruncateOptions = {}): Tensor {
  checkTensors("truncate", h);
  const { gapCap = 1e-3, method = "auto" } = optionsOf("truncate", options);
  checkTruncation("truncate", h, k);
  checkMethod("truncate", method);
  checkPositive("truncate", "gapCap", gapCap);
  const { device } = h;
  const kept = decomposeTruncated(h, k, { method, gapCap });
  const product = device.scope(() =>
    device.noGrad(() => rescale(matmul(kept.coefficients, kept.basis, { transposeB: true }), kept.info)),
  );
  product.inspect = refuse("truncate", "h", h);
  const release = saveFor([product], [h], truncationParts(kept));
  return track(product, [h], (dy) => {
    const dh = truncationGradient(kept, { product: dy }, { gauge: "off", damping: 1, gapCap });
    release();
    return [dh];
  });
}

/** Says which matrix has no factors, or some that float32 cannot hold, when they are read; on the device they are NaN. */
function refuse(op: string, operand: string, { shape }: Tensor): (values: Float32Array) => void {
  const batch = shape.slice(0, -2);
  const count = sizeOf(batch);
  return (values) => {
    const bad = values.findIndex((x) => !Number.isFinite(x));
    if (bad < 0) return;
    const matrix = Math.floor((bad * count) / values.length);
    const place = batch.map((_, i) => Math.floor(matrix / sizeOf(batch.slice(i + 1))) % batch[i]!);
    const what = `${op}: ${operand} ${show(shape)}${batch.length > 0 ? `, matrix [${place.join(", ")}]` : ""}`;
    throw new NumericalError(
      Number.isNaN(values[bad])
        ? `${what} holds a NaN or an infinity, or its rotations do not settle, so it has no factors`
        : `${what} is too large: what is read is past float32's 3.4e38; scale it down beforehand`,
    );
  };
}

function checkTruncation(op: string, h: Tensor, k: number): void {
  checkTensors(op, h);
  if (h.shape.length !== 2 || h.size === 0)
    throw new ShapeError(
      `${op}: h is ${show(h.shape)}; expected a batch of latent vectors (B, L), with entries`,
    );
  const most = Math.min(...h.shape);
  if (!Number.isInteger(k) || k < 1 || k > most)
    throw new ArgumentError(
      `${op}: k is ${k}; h ${show(h.shape)} can be cut to whole ranks from 1 to ${most}`,
    );
}

function checkMethod(op: string, method: string): void {
  if (!["auto", "full", "topk"].includes(method))
    throw new ArgumentError(`${op}: method is "auto", "full" or "topk", not "${method}"`);
}

function checkPositive(op: string, name: string, value: number): void {
  if (!(value > 0)) throw new ArgumentError(`${op}: ${name} is ${value}; expected a number above 0`);
}
