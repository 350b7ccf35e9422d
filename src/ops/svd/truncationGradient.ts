import { kernel, linearGrid, type Operands } from "../../device/kernel.ts";
import { accumulate } from "../../tensor/accumulate.ts";
import { empty, zeros, type Tensor } from "../../tensor/tensor.ts";
import { fusedMatmul as matmul } from "../matmul.ts";
import { roundingLevel } from "./basis.ts";
import { rescale } from "./decompose.ts";
import { solveBeside } from "./topk.ts";
import type { Truncation } from "./truncation.ts";

const truncationKernel = kernel("svd/truncation");

/** How the gradient treats rotations within the kept basis: see `truncatedSvd`. */
export type Gauge = "exact" | "damped" | "off";

export interface TruncationOptions {
  gauge: Gauge;
  /** Relative to s_1², below which differences of s_i² are damped. */
  damping: number;
  /** The least 1 − (s_j / s_i)² of a discarded and a kept value that the gradient reckons with. */
  gapCap: number;
}

/** Gradients of what a truncation gives; those that are absent are zero. */
export interface Cotangents {
  basis?: Tensor | undefined;
  coefficients?: Tensor | undefined;
  values?: Tensor | undefined;
  /** Of the product coefficients · basisᵀ: it takes the place of all others. */
  product?: Tensor | undefined;
}

/**
 * The gradient of h (B, L), in its own units: `given` is of what `rescale` makes of a truncation.
 *
 * With g = Ū + hᵀ ᾱ, for the gradients Ū of the basis and ᾱ of the coefficients, the kept vectors turn
 * against each other by N, the antisymmetric part of U_kᵀ g divided by s_j² − s_i², and towards the
 * discarded ones by z, where (s_i² − R Rᵀ) z_i = (1 − U_k U_kᵀ) g_i and R is what the truncation leaves of
 * hᵀ. The gradient is (ᾱ + h (z + U_k N)) U_kᵀ + C zᵀ. A loss of the product C U_kᵀ alone has N = 0, so none of
 * the kept values' differences appear in it.
 */
export function truncationGradient(kept: Truncation, given: Cotangents, options: TruncationOptions): Tensor {
  const { h, info, basis: u, coefficients: c, values: s, all, leading } = kept;
  const { device } = h;
  const [B, L] = h.shape as [number, number];
  const K = u.shape[1]!;
  const P = s.size;
  const { gauge, damping, gapCap } = options;
  const params = {
    ...{ B, L, P, K, tau: roundingLevel(B, L), cap: gapCap },
    damping: gauge === "damped" ? damping : 0,
    gauge: Number(gauge !== "off"),
    poison: NaN,
  };
  /** A launch with a lane per element of the first of its outputs. */
  const run = (entry: string, operands: Operands, size: number) =>
    truncationKernel(entry, operands, params, linearGrid(size, 64));
  const transposeA = true;
  /** x (L, K) without what the basis spans of it, of which `along` is uᵀ x. */
  const beside = (x: Tensor, along: Tensor) => {
    const out = empty(device, [L, K]);
    run("project", { g: x, z: matmul(u, along), out }, L * K);
    return out;
  };

  return device.scope(() => {
    const { product } = given;
    const dc = product ? matmul(product, u) : (given.coefficients ?? zeros(device, [B, K]));
    // with h and c by 2^−e, ᾱ of the unscaled coefficients and 2^−e Ū give the gradient of the unscaled h
    const du = product ? matmul(product, c, { transposeA }) : given.basis && rescale(given.basis, info, -1);
    const image = matmul(h, dc, { transposeA });
    const g = du ? accumulate(image, du) : image;
    const inner = matmul(u, g, { transposeA });

    let z: Tensor;
    const { vectors } = all;
    if (L <= B) {
      const t = matmul(vectors, g, { transposeA });
      run("divide", { t, s: all.values }, P * K);
      z = matmul(vectors, t);
    } else {
      // the vectors of the discarded side are h's images of those at hand: s_j u_j = hᵀ v_j, and by way of
      // 1 / (s_i² − s_j²) = (1 + s_j² / (s_i² − s_j²)) / s_i² nothing is divided by the small s_j; what rounding leaves of
      // it along the basis would come back (s_1 / s_i)² times as large, and is taken out at the end
      const outer = beside(g, inner);
      const t = matmul(vectors, matmul(h, outer), { transposeA });
      run("divide", { t, s: all.values }, P * K);
      const back = matmul(h, matmul(vectors, t), { transposeA });
      const solved = empty(device, [L, K]);
      run("unscale", { g: outer, z: back, s: all.values, out: solved }, L * K);
      z = beside(solved, matmul(u, solved, { transposeA }));
    }
    if (leading) z = accumulate(z, solveBeside(leading, g)); // one of the two is zero

    let turn = z; // what the kept vectors turn by: towards the discarded ones, and against each other
    if (given.values || (!product && gauge !== "off")) {
      const n = empty(device, [K, K]);
      run("gauge", { inner, d: given.values ?? zeros(device, [K]), s, out: n }, K * K);
      turn = accumulate(matmul(u, n), z);
    }
    const left = empty(device, [B, 2 * K]);
    run("tilt", { d: dc, c, z: matmul(h, turn), out: left }, B * K);
    const right = empty(device, [L, 2 * K]);
    run("beside", { u, z, out: right }, L * K);
    const dh = matmul(left, right, { transposeB: true });
    if (product) run("replace", { t: dh, d: product, s, info }, B * L);
    return dh;
  });
}
