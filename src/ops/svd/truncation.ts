import type { Tensor } from "../../tensor/tensor.ts";
import { fusedMatmul as matmul } from "../matmul.ts";
import { follow, leadingColumns, roundingLevel } from "./basis.ts";
import { completeImages, shortSide } from "./decompose.ts";
import { ALONE } from "./jacobi.ts";
import { measureValues } from "./values.ts";
import { adopted, blockSize, chosen, findLeading, gated, type Leading } from "./topk.ts";

/**
 * What is left of h (B, L) = V diag(s) Uᵀ when its k largest singular values are kept, with h by the power of two that
 * brings it near 1: nothing is too large or too small to be squared. `rescale` brings results back.
 */
export interface Truncation {
  h: Tensor;
  /** (1, 4) integers: see lib/svdScale.wgsl. */
  info: Tensor;
  /** (L, k): U_k, with a zero column where h has fewer than k directions. */
  basis: Tensor;
  /** (B, k): h U_k = V_k diag(s_k). */
  coefficients: Tensor;
  /** (P): all singular values, P = min(B, L); zeros after those that were found where the top-k path was taken. */
  values: Tensor;
  /** (P, P): in its columns all singular vectors of the shorter side, U where L ≤ B, V otherwise, and their values. */
  all: { vectors: Tensor; values: Tensor };
  /** Of the top-k path; where its verdict is for it, `all` has no meaning and zero values. */
  leading?: Leading | undefined;
}

/** A truncation's tensors, except `kept`. */
export function truncationParts({ all, leading, ...own }: Truncation, kept?: Tensor): Tensor[] {
  const parts: Tensor[] = [own, all, { ...leading }].flatMap((some) => Object.values(some));
  return parts.filter((part) => part !== kept);
}

/**
 * "full": all triplets. "topk": those that are kept, from a block of vectors, with all as a fallback that the device
 * decides on. "auto": the cheaper one.
 */
export type Method = "auto" | "full" | "topk";

export interface DecomposeOptions {
  method: Method;
  /** Where the gradient caps gaps: 1 − (s_{k+1} / s_k)² below it are for the full solve. */
  gapCap: number;
  /** (L, k): where "topk" starts. */
  warm?: Tensor | undefined;
  /** (L, any number): vectors that the signs go by. */
  towards?: Tensor | undefined;
}

/** Decomposes h (B, L) and keeps k directions. Nothing is put on the tape. */
export function decomposeTruncated(
  h: Tensor,
  k: number,
  { method, gapCap, warm, towards }: DecomposeOptions,
): Truncation {
  const { device } = h;
  return device.scope(() =>
    device.noGrad(() => {
      const kept = usesBlock(h, k, method) ? decomposeByBlock(h, k, gapCap, warm) : decomposeFully(h, k);
      if (towards) follow(towards, kept.basis, kept.coefficients);
      return kept;
    }),
  );
}

function decomposeByBlock(h: Tensor, k: number, gapCap: number, warm: Tensor | undefined): Truncation {
  const leading = findLeading(h, k, gapCap, warm);
  const full = decomposeFully(gated(leading), k);
  return {
    h: leading.h,
    info: adopted(leading, full.info),
    basis: chosen(leading, leading.basis, full.basis),
    coefficients: chosen(leading, leading.coefficients, full.coefficients),
    values: chosen(leading, leading.values, full.values),
    all: full.all,
    leading,
  };
}

/**
 * Whether the top-k path is taken, whose block has fewer vectors than there are. For "auto": whether it pays, by the table in
 * README.md beside this file.
 */
function usesBlock({ shape }: Tensor, k: number, method: Method): boolean {
  const P = Math.min(...shape);
  const C = blockSize(k);
  return C < P && (method === "topk" || (method === "auto" && P > ALONE && 4 * C <= P));
}

function decomposeFully(h: Tensor, k: number): Truncation {
  const [B, L] = h.shape as [number, number];
  const P = Math.min(B, L);
  const { vectors, values, scaled, info } = shortSide(h.view([1, B, L]));
  measureValues(scaled, vectors, values, B < L).dispose();
  const zero = roundingLevel(B, L);
  let basis: Tensor;
  if (L <= B) basis = leadingColumns(vectors, values, info, k, zero);
  else {
    const kept = leadingColumns(vectors, values, info, k, zero);
    const images = matmul(scaled, kept, { transposeA: true }).view([1, L, k]);
    const lengths = completeImages(images, info, zero);
    basis = leadingColumns(images, lengths, info, k, zero);
  }
  const near = scaled.view([B, L]);
  const all = { vectors: vectors.view([P, P]), values: values.view([P]) };
  return { h: near, info, basis, coefficients: matmul(near, basis), values: all.values, all };
}
