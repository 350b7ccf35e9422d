import { optionsOf } from "../device/arguments.ts";
import { ShapeError } from "../device/errors.ts";
import { kernel, linearGrid } from "../device/kernel.ts";
import { show } from "../tensor/shape.ts";
import { track } from "../tensor/tape.ts";
import { checkTensors, empty, type Tensor } from "../tensor/tensor.ts";
import { sumSlices } from "./epilogue.ts";
import { matmul } from "./matmul.ts";

const triangularKernel = kernel("triangular");
const WG = 64;

export interface TriangularOptions {
  /** Take the upper triangle of a, not the lower. */
  upper?: boolean | undefined;
  /** Solve for the transpose of the triangle. */
  transpose?: boolean | undefined;
}

/**
 * The solution X of T X = b, where T is a triangle of a (N,N), its diagonal included: the lower one unless told, or its
 * transpose. b is (N,M). Either may be a batch (B,N,N), (B,N,M); one, or a batch of one, goes with each of the other. The
 * other triangle of a is not read, and gets a gradient of 0. A 0 on the diagonal gives infinities and NaN.
 *
 * @throws ShapeError where the shapes do not fit.
 */
export function triangularSolve(a: Tensor, b: Tensor, options: TriangularOptions = {}): Tensor {
  checkTensors("triangularSolve", a, b);
  const { upper = false, transpose = false } = optionsOf("triangularSolve", options);
  const { device } = a;
  const N = a.shape.at(-1) ?? 0;
  const isMatrix = ({ shape }: Tensor) => shape.length === 2 || shape.length === 3;
  if (!isMatrix(a) || a.shape.at(-2) !== N)
    throw new ShapeError(
      `triangularSolve: a is ${show(a.shape)}, expected a square matrix or a batch of them`,
    );
  if (!isMatrix(b) || b.shape.at(-2) !== N)
    throw new ShapeError(
      `triangularSolve: b is ${show(b.shape)}; a ${show(a.shape)} needs ${N} rows, or a batch of such`,
    );
  const [aBatch, bBatch] = [a, b].map(({ shape }) => (shape.length === 3 ? shape[0]! : 1)) as [
    number,
    number,
  ];
  if (aBatch !== bBatch && aBatch !== 1 && bBatch !== 1)
    throw new ShapeError(
      `triangularSolve: a is a batch of ${aBatch} and b of ${bBatch}; one of them must be 1, or both equal`,
    );
  const B = aBatch === 1 ? bBatch : aBatch;
  const M = b.shape.at(-1)!;
  const x = empty(device, a.shape.length === 3 || b.shape.length === 3 ? [B, N, M] : [N, M]);
  const params = {
    ...{ B, N, M, a_batch: aBatch > 1 ? N * N : 0, b_batch: bBatch > 1 ? N * M : 0 },
    ...{ row: transpose ? 1 : N, column: transpose ? N : 1 },
  };
  const REVERSE = Number(upper !== transpose);
  const grid =
    x.size === 0 ? ([0] as const) : ([Math.ceil(Math.ceil(M / 2) / WG), ...linearGrid(B, 1)] as const);
  triangularKernel("solve", { a, b, out: x }, params, grid, {
    constants: { REVERSE },
    work: { flops: B * N * N * M },
  });

  return track(x, [a, b], (dx, gradients) => {
    const db = triangularSolve(a, dx, { upper, transpose: !transpose });
    /** The gradient of operand i from those of its batch, which are added up where it was one for all. */
    const summed = (each: Tensor, i: number) => {
      const out = gradients.empty(i);
      if (out.size === each.size) return each;
      sumSlices(each, out, 1);
      return out;
    };
    const ofTriangle = () => {
      const whole = transpose ? matmul(x, db, { transposeB: true }) : matmul(db, x, { transposeB: true });
      const kept = empty(device, whole.shape);
      triangularKernel("triangle", { a: whole, out: kept }, params, linearGrid(kept.size, WG), {
        constants: { UPPER: Number(upper) },
        work: { bytes: 8 * kept.size },
      });
      return summed(kept, 0);
    };
    return [gradients.wanted(0) ? ofTriangle() : undefined, gradients.wanted(1) ? summed(db, 1) : undefined];
  });
}
