import { kernel } from "../../device/kernel.ts";
import { empty, type Tensor } from "../../tensor/tensor.ts";
import { fusedMatmul as matmul } from "../matmul.ts";
import { lanes } from "./jacobi.ts";

const svdKernel = kernel("svd");

/**
 * Singular values up to this many times the largest are rounding errors: sums of n terms are off by some 0.3 √n ε of their
 * largest part, where the usual n ε (NumPy's `matrix_rank`) would drop directions of 0.7 % in 60,000 samples.
 */
export function roundingLevel(B: number, L: number): number {
  return 2 * Math.sqrt(Math.max(B, L)) * 2 ** -23;
}

/**
 * The k leading columns of u (M, C), their signs settled; zero where their values, s, are not more than `zero` times the
 * first, and NaN where info says so.
 */
export function leadingColumns(u: Tensor, s: Tensor, info: Tensor, k: number, zero: number): Tensor {
  const { device } = u;
  const [M, C] = u.shape.slice(-2) as [number, number];
  const uOut = empty(device, [M, k]);
  const WG = lanes(device, k);
  const params = { M, N: 0, P: 0, B: 0, C, K: k, count: 1, zero, poison: NaN };
  svdKernel("basis", { u, s, info, uOut }, params, [Math.ceil(k / WG)], { constants: { WG } });
  return uOut;
}

/**
 * Turns each column of a basis (L, k), and that of the coefficients (B, k) with it, to the side of the one of the vectors
 * `towards` (L, any number) that it is most along; leaves it as it is where its products with them are zero.
 */
export function follow(towards: Tensor, basis: Tensor, coefficients: Tensor): void {
  const { device } = basis;
  const [L, K] = basis.shape as [number, number];
  const products = matmul(towards, basis, { transposeA: true });
  const WG = lanes(device, K);
  const params = {
    M: L,
    N: coefficients.shape[0]!,
    P: 0,
    B: 0,
    C: towards.shape[1]!,
    K,
    count: 1,
    zero: 0,
    poison: NaN,
  };
  const operands = { u: products, uOut: basis, vOut: coefficients };
  svdKernel("follow", operands, params, [Math.ceil(K / WG)], { constants: { WG } });
  products.dispose();
}
