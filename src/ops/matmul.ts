import { ShapeError } from "../device/errors.ts";
import { MOST_GROUPS } from "../device/kernel.ts";
import { show } from "../tensor/shape.ts";
import { track } from "../tensor/tape.ts";
import { checkOperands, empty, emptyFor, type Tensor } from "../tensor/tensor.ts";
import { note } from "../tensor/trace.ts";
import { epilogueGradients, epilogueOf, fittingSlices, sumSlices, type Epilogue } from "./epilogue.ts";
import { applyApart, isApart, type Activation } from "./lib/activation.ts";
import { byFour, chooseTile, tiledKernel, type Tile } from "./lib/tiles.ts";

const matmulTiles = tiledKernel("matmul");

export interface MatmulOptions {
  /** Multiply by the transpose of each matrix of `a`, which is then (K,M). */
  transposeA?: boolean | undefined;
  /** Multiply by the transpose of each matrix of `b`, which is then (N,K). */
  transposeB?: boolean | undefined;
  /** Added to each row: (N). */
  bias?: Tensor | undefined;
  /** Applied to each element at the end. */
  activation?: Activation | undefined;
  /** Which kernel computes it; the one that is fastest on the device unless given. */
  variant?: Tile | undefined;
}

/**
 * activation(a · b + bias), for a (M,K) and b (K,N): (M,N). Either may be a batch (B,M,K), (B,K,N);
 * a batch of one, or a single matrix, is multiplied with each matrix of the other. For a b that may be larger than what
 * a binding of the device holds, see `affine`.
 *
 * @throws ShapeError where the shapes do not fit.
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  checkOperands("matmul", a, b);
  const { activation = "none" } = options;
  if (!isApart(activation)) return fusedMatmul(a, b, options);
  return applyApart(activation, fusedMatmul(a, b, { ...options, activation: "none" }));
}

/** A `matmul` whose activation is none, or one that its kernel applies: without the kernels of all others in a bundle. */
export function fusedMatmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const { transposeA = false, transposeB = false, bias, activation = "none", variant } = options;
  const [aBatch, M, K] = matrices("a", a, transposeA);
  const [bBatch, depth, N] = matrices("b", b, transposeB);
  if (depth !== K)
    throw new ShapeError(
      `matmul: a ${show(a.shape)}${transposeA ? "ᵀ" : ""} has ${K} columns, b ${show(b.shape)}` +
        `${transposeB ? "ᵀ" : ""} has ${depth} rows; they must be equal`,
    );
  if (aBatch !== bBatch && aBatch !== 1 && bBatch !== 1)
    throw new ShapeError(
      `matmul: a is a batch of ${aBatch} and b of ${bBatch}; one of them must be 1, or both equal`,
    );
  if (bias && bias.size !== N)
    throw new ShapeError(`matmul: bias is ${show(bias.shape)}, expected (${N}), one value for each column`);

  const B = aBatch === 1 ? bBatch : aBatch;
  const y = emptyFor([a, b], a.shape.length === 3 || b.shape.length === 3 ? [B, M, N] : [M, N]);
  product({ a, b, out: y, M, N, K, B, transposeA, transposeB, variant, bias, activation });
  note("matmul", y, [a, b, bias], { transposeA, transposeB, activation });

  return track(y, bias ? [a, b, bias] : [a, b], (dy, gradients) => {
    const { dz, db: dbias } = epilogueGradients(dy, y, options, 2, gradients);
    /** One operand's gradient: a product of the batch, summed over it if the operand was shared. */
    const gradient = (i: number, shared: boolean, factors: Omit<Product, "out" | "B" | "variant">) => {
      if (!gradients.wanted(i)) return undefined;
      const out = gradients.empty(i);
      if (!shared) product({ ...factors, out, B, variant });
      else {
        const parts = empty(out.device, [B, ...out.shape]);
        product({ ...factors, out: parts, B, variant });
        sumSlices(parts, out, 1);
        parts.dispose();
      }
      return out;
    };
    const da = gradient(
      0,
      aBatch < B,
      transposeA
        ? { a: b, b: dz, M: K, N: M, K: N, transposeA: transposeB, transposeB: true }
        : { a: dz, b, M, N: K, K: N, transposeA: false, transposeB: !transposeB },
    );
    const db = gradient(
      1,
      bBatch < B,
      transposeB
        ? { a: dz, b: a, M: N, N: K, K: M, transposeA: true, transposeB: transposeA }
        : { a, b: dz, M: K, N, K: M, transposeA: !transposeA, transposeB: false },
    );
    return [da, db, dbias];
  });
}

/** The batch, rows and columns of an operand, after its transposition. */
function matrices(operand: string, x: Tensor, transposed: boolean): [number, number, number] {
  checkOperands(`matmul: ${operand}`, x);
  const { shape } = x;
  if (shape.length !== 2 && shape.length !== 3)
    throw new ShapeError(`matmul: ${operand} is ${show(shape)}, expected a matrix or a batch of matrices`);
  const [rows, columns] = shape.slice(-2) as [number, number];
  const batch = shape.length === 3 ? shape[0]! : 1;
  return transposed ? [batch, columns, rows] : [batch, rows, columns];
}

export interface Product extends Epilogue {
  a: Tensor;
  b: Tensor;
  out: Tensor;
  /** The matrices after transposition: (M,K) · (K,N), B of them. */
  M: number;
  N: number;
  K: number;
  B: number;
  transposeA: boolean;
  transposeB: boolean;
  variant: Tile | undefined;
}

/** Launches the product that the fields describe; deep ones in slices of the depth, which are added after. */
export function product({
  a,
  b,
  out,
  M,
  N,
  K,
  B,
  transposeA,
  transposeB,
  variant,
  ...epilogue
}: Product): void {
  const tile = variant ?? chooseTile(out.device, { label: "matmul.tile", rows: M, columns: N });
  const most = Math.floor(MOST_GROUPS / B); // that a grid has beside each other
  const Z = fittingSlices(Math.min(most, slicesOf(tile, M, N, K, B)), out);
  const parts = Z > 1 ? empty(out.device, [Z, ...out.shape]) : out;
  const { constants, bias } = epilogueOf(Z > 1 ? {} : epilogue, b);
  const operands = { a, a4: a, b, b4: b, out: parts, bias };
  const params = {
    ...{ M, N, K, Z },
    ...{ a_batch: a.size > M * K ? M * K : 0, a_row: transposeA ? 1 : K, a_column: transposeA ? M : 1 },
    ...{ b_batch: b.size > K * N ? K * N : 0, b_row: transposeB ? 1 : N, b_column: transposeB ? K : 1 },
  };
  const loads = {
    A_BY_DEPTH: transposeA ? 0 : byFour(K),
    A_BY_ROW: transposeA ? byFour(M) : 0,
    B_BY_DEPTH: transposeB ? byFour(K) : 0,
    B_BY_COLUMN: transposeB ? 0 : byFour(N),
    WHOLE: byFour(N),
    WHOLE_DEPTH: byFour(K),
  };
  matmulTiles(
    "tile",
    operands,
    params,
    { rows: M, columns: N, depths: Z * B, rowVectors: transposeA && M % 4 === 0 },
    { tile, constants: { ...constants, ...loads }, work: { flops: 2 * B * M * N * K } },
  );
  if (Z === 1) return;
  sumSlices(parts, out, N, epilogue);
  parts.dispose();
}

/**
 * Into how many slices the depth is cut: enough for every core or multiprocessor, and on CPU adapters so many that
 * the panel of b that a column of tiles reads stays in the cache (measured on lavapipe).
 */
function slicesOf(tile: Tile, M: number, N: number, K: number, B: number): number {
  if (tile === "staged") {
    const tiles = Math.ceil(M / 64) * Math.ceil(N / 64) * B;
    return Math.max(1, Math.min(Math.ceil(K / 128), Math.floor(264 / tiles)));
  }
  const tiles = Math.ceil(M / 32) * Math.ceil(N / 32) * B;
  return Math.max(1, Math.min(Math.ceil(K / 256), Math.max(Math.ceil(K / 2048), Math.ceil(8 / tiles))));
}
