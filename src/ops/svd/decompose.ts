import type { Device } from "../../device/device.ts";
import { groupsFor, kernel, linearGrid, MOST_GROUPS, type Operands } from "../../device/kernel.ts";
import { empty, type Tensor } from "../../tensor/tensor.ts";
import { sharers } from "../lib/choice.ts";
import { ALONE, lanes, orthogonaliseColumns, padded } from "./jacobi.ts";

const prepareKernel = kernel("svd/prepare");
const ownKernel = kernel("svd/reduce");
const sharedKernel = kernel("svd/reduce.shared");
const completeKernel = kernel("svd/complete");
const svdKernel = kernel("svd");

/** Parts of all matrices of a batch: less one for what lies past the last. */
const MOST_PARTS = MOST_GROUPS - 1;

/** Parameters of svd/prepare, those that an entry point has no use for. */
const unused = {
  M: 0,
  N: 0,
  P: 0,
  Q: 0,
  B: 0,
  stride: 0,
  rows: 0,
  parts: 0,
  count: 0,
  size: 0,
  sign: 0,
  poison: 0,
};

/** The singular vectors of the short side of a batch of matrices, and what is known from finding them. */
export interface ShortSide {
  /** (count, P, P): in its columns the singular vectors, those of the largest values first; orthonormal. */
  vectors: Tensor;
  /** (count, P): the singular values of `scaled`, largest first. */
  values: Tensor;
  /** (count, M, N): the matrices, each by the power of two that brings its largest entry between 1 and 2. */
  scaled: Tensor;
  /** (count, 4) integers: see lib/svdScale.wgsl. */
  info: Tensor;
}

/**
 * Finds the singular vectors of the short side of a (count, M, N): a pivoted QR factorisation, then
 * one-sided Jacobi on R^T (Drmač & Veselić, SIAM J. Matrix Anal. Appl. 29, 2008). Q is never formed,
 * and no rotations are accumulated: the normalised columns that Jacobi ends with are the vectors.
 */
export function shortSide(a: Tensor): ShortSide {
  const { device } = a;
  const [count, M, N] = a.shape as [number, number, number];
  const P = Math.min(M, N);
  const Q = Math.max(M, N);
  const B = padded(P) / 4;
  return device.scope(() => {
    const info = measure(a);
    const scaled = empty(device, a.shape);
    const w = emptyParts(device, count, Q, P);
    const rows = w.shape[1]! * w.shape[2]!;
    const l = empty(device, [count, P, 4 * B]);
    const norms = empty(device, [count, P]);
    const params = { ...unused, M, N, P, Q, B, stride: strideOf(P), rows, count };
    const constants = { WG: lanes(device, P / 4) };
    const across = P <= 32 ? lanes(device, P) : 64;
    const grid = [Math.ceil((4 * B) / across), groupsFor(rows, 8), count] as const;
    prepareKernel("load", { a, info, b: scaled, w, l }, params, grid, { constants: { WG: across } });
    triangulate(w, P, l, info);
    orthogonaliseColumns(l, info);

    const vectors = empty(device, [count, P, P]);
    const sizes = { M, N, P, B, C: P, K: P, count, zero: 0, poison: 0 };
    svdKernel("sort", { l, lengths: norms, x: vectors }, sizes, [count], { constants });
    const values = complete(vectors, info, { strong: 1e-9, noise: 1e-9, bounded: true });
    return { vectors, values, scaled, info };
  });
}

/** What is known of matrices a (count, M, N) before anything was done: see lib/svdScale.wgsl. */
export function measure(a: Tensor): Tensor {
  const { device } = a;
  const [count, M, N] = a.shape as [number, number, number];
  const info = empty(device, [count, 4]);
  const params = { ...unused, M, N, count };
  const constants = { WG: lanes(device, Math.min(M, N) / 4) };
  prepareKernel("measure", { a, info }, params, [count], { constants });
  return info;
}

/**
 * Results x (count, …) of matrices that were scaled, in the units of the matrices themselves: x · 2^e, or x · 2^−e with
 * sign −1. NaN for matrices that have no factors. Written to y, which is made unless given.
 */
export function rescale(x: Tensor, info: Tensor, sign: 1 | -1 = 1, y = empty(x.device, x.shape)): Tensor {
  const [count] = info.shape as [number];
  const params = { ...unused, count, size: x.size / count, sign, poison: NaN };
  prepareKernel("rescale", { x, info, y }, params, linearGrid(x.size, 64), { constants: { WG: 64 } });
  return y;
}

/** Numbers from one row of a factorisation to the next: an odd number of cache lines, so that they do not get into each other's way. */
function strideOf(P: number): number {
  return 16 * (Math.ceil(P / 16) | 1);
}

/**
 * Matrices of P columns to be factorised (count, parts, rows, stride). Those that are long are cut into parts, of which the
 * last may lack some rows, and the triangles, below each other, are factorised again (Demmel et al., SIAM J. Sci. Comput. 34,
 * 2012): sums stay short, and parts go beside each other. Not where that takes more than the device binds.
 */
function emptyParts(device: Device, count: number, rows: number, P: number): Tensor {
  const most = Math.floor(MOST_PARTS / count);
  const wanted = Math.max(1, Math.min(most, Math.floor(rows / Math.max(128, 4 * P))));
  const each = Math.ceil(rows / wanted);
  const parts = Math.ceil(rows / each);
  const stride = strideOf(P);
  const fits = 4 * count * parts * each * stride <= device.largestBinding;
  return empty(device, fits ? [count, parts, each, stride] : [count, 1, rows, stride]);
}

/**
 * Writes the triangles of w (count, parts, rows, stride), of which the first P columns count and which is used up, to
 * l (count, P, …), and the ranks to info.
 */
function triangulate(w: Tensor, P: number, l: Tensor, info: Tensor): void {
  const { device } = w;
  const [count, parts, rows, stride] = w.shape as [number, number, number, number];
  const cut = w.view([count * parts, rows, stride]);
  if (parts === 1) {
    reduce(cut, P, l, info);
    return;
  }
  const triangles = empty(device, [count * parts, P, l.shape[2]!]);
  const order = reduce(cut, P, triangles, empty(device, [count * parts, 4]), 0);
  const stacked = emptyParts(device, count, parts * P, P);
  const left = stacked.shape[1]! * stacked.shape[2]!;
  const params = { ...unused, P, B: l.shape[2]! / 4, stride, rows: left, parts, count };
  const WG = lanes(device, P);
  const grid = [Math.ceil(P / WG), parts + 1, count] as const;
  prepareKernel("stack", { l: triangles, order, w: stacked }, params, grid, { constants: { WG } });
  triangulate(stacked, P, l, info);
}

/**
 * The triangles of w (count, Q, stride), and which column came when (count, P). Where w is not `whole` but part of longer
 * matrices, its columns may be noise, and l need not be zero before.
 */
function reduce(w: Tensor, P: number, l: Tensor, info: Tensor, whole: 0 | 1 = 1): Tensor {
  const { device } = w;
  const [count, Q, stride] = w.shape as [number, number, number];
  const params = { P, Q, B: l.shape[2]! / 4, stride, k: 0, whole };
  const work = { flops: 2 * count * Q * P * P };
  const columns = { norms: empty(device, [count, P]), order: empty(device, [count, P]) };
  const panel = empty(device, [count, Q, 4]);
  const WG = lanes(device, P / 4);
  const constants = { WG };
  const operands = { info, w, l, ...columns, panel };
  const reduceKernel = sharers(device) === 8 ? sharedKernel : ownKernel;
  if (P <= ALONE) {
    reduceKernel("reduce", operands, params, [count], { constants, work });
    return columns.order;
  }
  reduceKernel("begin", { w, ...columns }, params, [Math.ceil(P / WG), count], { constants });
  const found = empty(device, [count, 12]);
  for (let k = 0; k < P; k += 4) {
    reduceKernel("next", { ...operands, found }, { ...params, k }, [count], { constants });
    const left = P - k - 4;
    const work = { flops: 16 * count * Q * left };
    const grid = [Math.ceil(left / 4 / WG), count] as const;
    if (left > 0)
      reduceKernel("project", { w, l, ...columns, panel, found }, { ...params, k }, grid, {
        constants,
        work,
      });
  }
  return columns.order;
}

/**
 * The `strong` of images, of Q entries, of orthonormal vectors. Rounding leaves some ε / s in the products of those of values
 * s, in units of the first, and LAPACK compares them with Q ε.
 */
export function strongImages(Q: number): number {
  return Math.max(0.1, 4 / Q);
}

/** Columns of a panel of svd/complete. */
const PANEL = 16;

interface CompleteOptions {
  /** Columns longer than so many times the first are known to be orthogonal to each other. */
  strong: number;
  /** Columns not longer than so many times the first are rounding errors, which the others' complement takes the place of. */
  noise: number;
  /**
   * Columns not longer than so many times the first may be rounding errors too: the complement takes their place if they are
   * within the span of the others.
   */
  doubtful?: number | undefined;
  /** Whether no more columns than the rank in `info` have a length other than zero. */
  bounded?: boolean | undefined;
}

/**
 * Makes the columns of y (count, Q, K), longest first, orthonormal in place, and returns the lengths (count, K) that they
 * had, in descending order. `many`: by many workgroups, where there are enough columns.
 */
function complete(
  y: Tensor,
  info: Tensor,
  { strong, noise, doubtful = 0, bounded = false }: CompleteOptions,
  many = false,
): Tensor {
  const { device } = y;
  const [count, Q, K] = y.shape as [number, number, number];
  const s = empty(device, [count, K]);
  const x = empty(device, [count, Q, PANEL]);
  const t = empty(device, [count, K, PANEL]);
  const params = { Q, K, first: 0, again: 0, bounded: Number(bounded), strong, noise, doubtful };
  const WG = lanes(device, Q);
  const run = (entry: string, operands: Operands, wanted: number, place = {}) =>
    completeKernel(entry, operands, { ...params, ...place }, [groupsFor(wanted, WG), count], {
      constants: { WG },
    });
  if (!many || K <= ALONE) run("alone", { y, info, s, x, t }, WG);
  else {
    run("measure", { y, s }, K);
    for (let first = 0; first < K; first += PANEL) {
      run("take", { y, s, x, t }, Q, { first });
      for (const again of [0, 1, 2]) {
        if (first > 0) {
          run("products", { y, s, x, t }, first / 4, { first });
          run("subtract", { y, s, x, t }, 4 * Math.ceil(Q / 4), { first });
        }
        run("settle", { y, s, x, t }, WG, { first, again });
      }
    }
    run("finish", { info, s }, WG);
  }
  x.dispose();
  t.dispose();
  return s;
}

/** Images not longer than so many times the first are rounding errors; taken for such, longer ones would be missed in U S Vᵀ. */
const NOISE = 8 * 2 ** -23;

/** Makes images y (count, Q, K) of orthonormal vectors orthonormal, as `complete` does; by many workgroups, if there are many. */
export function completeImages(y: Tensor, info: Tensor, noise = NOISE): Tensor {
  const Q = y.shape[1]!;
  return complete(y, info, { strong: strongImages(Q), noise, doubtful: 4 * Math.sqrt(Q) * 2 ** -23 }, true);
}
