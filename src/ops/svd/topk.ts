import { kernel, linearGrid, type Operands } from "../../device/kernel.ts";
import { empty, type Tensor } from "../../tensor/tensor.ts";
import { fusedMatmul as matmul } from "../matmul.ts";
import { leadingColumns } from "./basis.ts";
import { measure, rescale, shortSide } from "./decompose.ts";
import { lanes } from "./jacobi.ts";
import { measureValues } from "./values.ts";

const topkKernel = kernel("svd/topk");

/** Multiplications by h and hᵀ before the vectors are judged. */
const STEPS = 6;

/**
 * Steps of the iteration that finds the gradient's part outside of the block. Its relative error is at most
 * SPREAD ** (2 * (CORRECTIONS + 1)), here 0.3¹² = 5e-7.
 */
const CORRECTIONS = 5;

/** The block is refused where its last value is more than this share of the k-th. */
const SPREAD = 0.3;

/** The least 1 − (s_{k+1} / s_k)², unless the gradient caps it at more. */
const GAP = 0.01;

/** The largest residual ‖hᵀ v_i − s_i u_i‖, in units of s_1, and the largest u_i · u_j. */
const ACCURACY = 32 * 2 ** -23;

/** Random vectors that look for directions which the block has missed. */
const PROBES = 8;

/** What a block of vectors says of the k leading directions of h, and whether that holds. */
export interface Leading {
  /** (B, L): h by the power of two that brings it near 1, and (1, 4), what is known of it: see lib/svdScale.wgsl. */
  h: Tensor;
  info: Tensor;
  /** (1) integer: 1 where the rest is what it says it is. */
  verdict: Tensor;
  /** (L, C): vectors, (C) and their values, the first k of which are singular. */
  block: Tensor;
  values: Tensor;
  /** (L, k): the first of them, signs settled. */
  basis: Tensor;
  /** (B, k): h · basis. */
  coefficients: Tensor;
}

/** Vectors of the block from which k leading directions are found. */
export function blockSize(k: number): number {
  return 8 * Math.ceil((2 * k + 16) / 8);
}

/**
 * The k leading directions of h (B, L), by subspace iteration from random vectors, or from `warm` (L, k) and random ones
 * beside it, and a Jacobi decomposition of what the block sees of h (Halko, Martinsson & Tropp, SIAM Review 53, 2011).
 * The device judges the outcome: by its residuals, that these are singular triplets; by what random vectors find beside the
 * block, that they are the leading ones; and by whether its gradient can be had, without gaps below `gapCap`.
 */
export function findLeading(h: Tensor, k: number, gapCap: number, warm?: Tensor): Leading {
  const { device } = h;
  const [B, L] = h.shape as [number, number];
  const C = blockSize(k);
  const params = {
    L,
    K: k,
    C,
    W: warm ? k : 0,
    size: 0,
    count: 0,
    accuracy: ACCURACY,
    spread: SPREAD,
    gap: Math.max(GAP, gapCap),
  };
  const run = (entry: string, operands: Operands, count: number) =>
    topkKernel(entry, operands, { ...params, count }, linearGrid(count, 64));
  const alone = (entry: string, operands: Operands, W = 0) =>
    topkKernel(entry, operands, { ...params, W }, [1], { constants: { WG: lanes(device, C) } });
  /** Columns that span what those of w do, orthonormal but for rounding errors that grow with their condition. */
  const orthonormal = (w: Tensor) => {
    const m = empty(device, [C, C]);
    alone("invert", { g: matmul(w, w, { transposeA: true }), r: empty(device, [C, C]), m });
    return matmul(w, m);
  };

  return device.scope(() => {
    const info = measure(h.view([1, B, L]));
    const near = empty(device, [B, L]);
    run("bring", { a: h, info, out: near }, B * L);
    let q = empty(device, [L, C]);
    run("start", { a: warm ?? near, out: q }, L * C);
    for (let step = 0; step < STEPS; step++) {
      const z = orthonormal(matmul(near, q));
      q = orthonormal(orthonormal(matmul(near, z, { transposeA: true })));
    }
    const seen = shortSide(matmul(near, q).view([1, B, C]));
    const block = matmul(q, seen.vectors.view([C, C]));
    const values = rescale(seen.values, seen.info).view([C]);
    const [h1, block1, values1] = [near.view([1, B, L]), block.view([1, L, C]), values.view([1, C])];
    const images = measureValues(h1, block1, values1, false).view([B, C]);
    const basis = leadingColumns(block, values, info, k, 0);
    const coefficients = matmul(near, basis);

    const rest = empty(device, [B, L]);
    run("rest", { g: near, x: matmul(images, block, { transposeB: true }), s: values, t: rest }, B * L);
    let y = empty(device, [L, PROBES]);
    run("draw", { s: values, t: y }, L * PROBES);
    for (let turn = 0; turn < 3; turn++) y = matmul(rest, matmul(rest, y), { transposeA: true });
    const x = matmul(near, images, { transposeA: true });
    const e = matmul(basis, basis, { transposeA: true });
    const verdict = empty(device, [1]);
    alone("judge", { u: block, x, e, s: values, y, verdict }, PROBES);
    return { h: near, info, verdict, block, values, basis, coefficients };
  });
}

/**
 * The z (L, k) in the complement of the basis with (s_i² − hᵀh) z_i = g_i there, from what was found; zero where the verdict
 * is that it does not hold. What the block spans is solved for directly, the rest by a series in (s_j / s_i)², and the
 * whole corrected by its own remainder, so that the vectors past the k-th need not be exact. Without the basis in g from
 * the first, rounding would be as large as (s_1 / s_k)² times what it is.
 */
export function solveBeside({ h, verdict, block, values, basis }: Leading, g: Tensor): Tensor {
  const { device } = h;
  const [L, K] = basis.shape as [number, number];
  const C = values.size;
  const params = { L, K, C, W: 0, size: 0, count: 0, accuracy: 0, spread: 0, gap: 0 };
  const run = (entry: string, operands: Operands, count: number, W = 0) =>
    topkKernel(entry, operands, { ...params, W, count }, linearGrid(count, 64));
  const y = empty(device, [L, K]);
  return device.scope(() => {
    const beside = empty(device, [L, K]);
    run("without", { g, x: matmul(basis, matmul(basis, g, { transposeA: true })), t: beside }, L * K);
    let left = beside;
    for (let turn = 0; turn <= CORRECTIONS; turn++) {
      if (turn > 0) {
        const x = matmul(h, matmul(h, y), { transposeA: true });
        left = empty(device, [L, K]);
        run("remainder", { s: values, g: beside, x, y, t: left }, L * K);
      }
      const t = matmul(block, left, { transposeA: true });
      run("table", { decided: verdict, s: values, t }, C * K);
      run(
        "correct",
        { decided: verdict, s: values, x: left, e: matmul(block, t), y },
        L * K,
        Math.min(turn, 1),
      );
    }
    return y;
  });
}

/** h where the verdict is against what was found, and zero, which is soon decomposed, otherwise. */
export function gated({ h, info, verdict }: Leading): Tensor {
  const out = empty(h.device, h.shape);
  merge("gate", { decided: verdict, info, a: h, out }, 0);
  return out;
}

/** `found` where the verdict is for it, followed by zeros, and `full` otherwise. */
export function chosen({ verdict }: Leading, found: Tensor, full: Tensor): Tensor {
  const out = empty(found.device, full.shape);
  merge("merge", { decided: verdict, a: found, b: full, out }, found.size);
  return out;
}

/** What is known of h, with what the full solve says of its rotations where it was needed. */
export function adopted({ info, verdict }: Leading, full: Tensor): Tensor {
  const out = empty(info.device, info.shape);
  merge("adopt", { decided: verdict, a: info, b: full, out }, 0);
  return out;
}

function merge(entry: string, operands: Operands & { out: Tensor }, size: number): void {
  const count = operands.out.size;
  const params = { L: 0, K: 0, C: 0, W: 0, size, count, accuracy: 0, spread: 0, gap: 0 };
  topkKernel(entry, operands, params, linearGrid(count, 64));
}
