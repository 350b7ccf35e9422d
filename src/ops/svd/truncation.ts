import { kernel, linearGrid, type Operands } from "../../device/kernel.ts";
import { accumulate } from "../../tensor/accumulate.ts";
import { empty, zeros, type Tensor } from "../../tensor/tensor.ts";
import { matmul } from "../matmul.ts";
import { lanes } from "./jacobi.ts";
import { orthonormalise, rescale, shortSide } from "./decompose.ts";

const svdKernel = kernel("svd");
const truncationKernel = kernel("svd/truncation");

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
  /** (P): all singular values, P = min(B, L). */
  values: Tensor;
  /** (P, P): in its columns all singular vectors of the shorter side, U where L ≤ B, V otherwise. */
  vectors: Tensor;
}

/** Singular values up to this many times the largest are rounding errors. */
export function roundingLevel(B: number, L: number): number {
  return Math.max(B, L) * 2 ** -23;
}

/** Decomposes h (B, L) and keeps k directions. Nothing is put on the tape. */
export function decomposeTruncated(h: Tensor, k: number): Truncation {
  const { device } = h;
  const [B, L] = h.shape as [number, number];
  const P = Math.min(B, L);
  return device.scope(() =>
    device.noGrad(() => {
      const { vectors, values, scaled, info } = shortSide(h.view([1, B, L]));
      const zero = roundingLevel(B, L);
      /** The k leading columns of u (M, C), their signs settled; s tells which are dead. */
      const leading = (u: Tensor, s: Tensor, M: number, C: number) => {
        const uOut = empty(device, [M, k]);
        const WG = lanes(device, k);
        const params = { M, N: 0, P: 0, B: 0, C, K: k, count: 1, zero, poison: NaN };
        svdKernel("basis", { u, s, info, uOut }, params, [Math.ceil(k / WG)], { constants: { WG } });
        return uOut;
      };
      let basis: Tensor;
      if (L <= B) basis = leading(vectors, values, L, L);
      else {
        const images = matmul(scaled, leading(vectors, values, B, B), { transposeA: true }).view([1, L, k]);
        const lengths = orthonormalise(images, info, { strong: 0.1, zero });
        basis = leading(images, lengths, L, k);
      }
      const near = scaled.view([B, L]);
      const coefficients = matmul(near, basis);
      const shaped = { values: values.view([P]), vectors: vectors.view([P, P]) };
      return { h: near, info, basis, coefficients, ...shaped };
    }),
  );
}

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
  const { h, info, basis: u, coefficients: c, values: s, vectors } = kept;
  const { device } = h;
  const [B, L] = h.shape as [number, number];
  const K = u.shape[1]!;
  const P = s.size;
  const { gauge, damping, gapCap } = options;
  const params = {
    ...{ B, L, P, K, tau: roundingLevel(B, L), cap: gapCap },
    damping: gauge === "damped" ? damping : 0,
    gauge: Number(gauge !== "off"),
  };
  /** A launch with a lane per element of the first of its outputs. */
  const run = (entry: string, operands: Operands, size: number) =>
    truncationKernel(entry, operands, params, linearGrid(size, 64));
  const transposeA = true;

  return device.scope(() => {
    const { product } = given;
    const dc = product ? matmul(product, u) : (given.coefficients ?? zeros(device, [B, K]));
    // with h and c by 2^−e, ᾱ of the unscaled coefficients and 2^−e Ū give the gradient of the unscaled h
    const du = product ? matmul(product, c, { transposeA }) : given.basis && rescale(given.basis, info, -1);
    const image = matmul(h, dc, { transposeA });
    const g = du ? accumulate(image, du) : image;
    const inner = matmul(u, g, { transposeA });

    let z: Tensor;
    if (L <= B) {
      const t = matmul(vectors, g, { transposeA });
      run("divide", { t, s }, P * K);
      z = matmul(vectors, t);
    } else {
      // the vectors of the discarded side are h's images of those at hand: s_j u_j = hᵀ v_j, and by way of
      // 1 / (s_i² − s_j²) = (1 + s_j² / (s_i² − s_j²)) / s_i² nothing is divided by the small s_j
      const outer = empty(device, [L, K]);
      run("project", { g, z: matmul(u, inner), out: outer }, L * K);
      const t = matmul(vectors, matmul(h, outer), { transposeA });
      run("divide", { t, s }, P * K);
      const back = matmul(h, matmul(vectors, t), { transposeA });
      z = empty(device, [L, K]);
      run("unscale", { g: outer, z: back, s, out: z }, L * K);
    }

    let all = z; // what the kept vectors turn by: towards the discarded ones, and against each other
    if (given.values || (!product && gauge !== "off")) {
      const n = empty(device, [K, K]);
      run("gauge", { inner, d: given.values ?? zeros(device, [K]), s, out: n }, K * K);
      all = accumulate(matmul(u, n), z);
    }
    const left = empty(device, [B, 2 * K]);
    run("tilt", { d: dc, c, z: matmul(h, all), out: left }, B * K);
    const right = empty(device, [L, 2 * K]);
    run("beside", { u, z, out: right }, L * K);
    const dh = matmul(left, right, { transposeB: true });
    if (product) run("replace", { t: dh, d: product, s }, B * L);
    return dh;
  });
}
