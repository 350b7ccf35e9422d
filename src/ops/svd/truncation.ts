import { kernel, linearGrid, type Operands } from "../../device/kernel.ts";
import { accumulate } from "../../tensor/accumulate.ts";
import { empty, zeros, type Tensor } from "../../tensor/tensor.ts";
import { matmul } from "../matmul.ts";
import { lanes } from "./jacobi.ts";
import { orthonormalise, shortSide } from "./decompose.ts";

const svdKernel = kernel("svd");
const truncationKernel = kernel("svd/truncation");

/** What is left of h (B, L) = V diag(s) Uᵀ when its k largest singular values are kept. */
export interface Truncation {
  h: Tensor;
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
      const { vectors, values, info } = shortSide(h.view([1, B, L]));
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
        const images = matmul(h, leading(vectors, values, B, B), { transposeA: true }).view([1, L, k]);
        const lengths = orthonormalise(images, info, { strong: 0.1, scaled: true, zero });
        basis = leading(images, lengths, L, k);
      }
      const coefficients = matmul(h, basis);
      return { h, basis, coefficients, values: values.view([P]), vectors: vectors.view([P, P]) };
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
 * Writes the gradient of h to `out`.
 *
 * With g = Ū + hᵀ ᾱ, for the gradients Ū of the basis and ᾱ of the coefficients, the kept vectors turn
 * against each other by the antisymmetric part of U_kᵀ g, divided by s_j² − s_i², and towards the
 * discarded ones by z, where (s_i² − R Rᵀ) z_i = (1 − U_k U_kᵀ) g_i and R is what the truncation leaves of
 * hᵀ. The gradient is (ᾱ + C N + h z) U_kᵀ + C zᵀ. A loss of the product C U_kᵀ alone has N = 0, so none of
 * the kept values' differences appear in it.
 */
export function truncationGradient(
  kept: Truncation,
  given: Cotangents,
  options: TruncationOptions,
  out: Tensor,
) {
  const { h, basis, coefficients, values, vectors } = kept;
  const { device } = h;
  const [B, L] = h.shape as [number, number];
  const K = basis.shape[1]!;
  const P = values.size;
  const { gauge, damping, gapCap } = options;
  const params = {
    ...{ B, L, P, K, tau: roundingLevel(B, L), cap: gapCap },
    damping: gauge === "damped" ? damping : 0,
    gauge: Number(gauge !== "off"),
    whole: Number(given.product !== undefined),
  };
  const run = (entry: string, operands: Operands, output: Tensor) => {
    truncationKernel(entry, operands, params, linearGrid(output.size, 64));
    return output;
  };

  device.scope(() => {
    const { product } = given;
    const dc = product ? matmul(product, basis) : (given.coefficients ?? zeros(device, [B, K]));
    const du = product ? matmul(product, coefficients, { transposeA: true }) : given.basis;
    const image = matmul(h, dc, { transposeA: true });
    const g = du ? accumulate(image, du) : image;
    const inner = matmul(basis, g, { transposeA: true });

    let z: Tensor;
    if (L <= B) {
      const t = matmul(vectors, g, { transposeA: true });
      z = matmul(vectors, run("divide", { t, s: values }, t));
    } else {
      const outer = empty(device, [L, K]);
      run("project", { g, u: basis, inner, out: outer }, outer);
      const t = matmul(vectors, matmul(h, outer), { transposeA: true });
      const back = matmul(h, matmul(vectors, run("divide", { t, s: values }, t)), { transposeA: true });
      z = empty(device, [L, K]);
      run("unscale", { g: outer, z: back, s: values, out: z }, z);
    }

    const n = empty(device, [K, K]);
    const ds = given.values ?? zeros(device, [K]);
    run("gauge", { inner, d: ds, s: values, out: n }, n);
    const w = empty(device, [B, K]);
    run("tilt", { d: dc, c: coefficients, inner: n, z: matmul(h, z), out: w }, w);
    run("assemble", { w, u: basis, c: coefficients, z, s: values, d: product ?? dc, out }, out);
  });
}
