import { checkList, checkOptions, checkWhole } from "../device/arguments.ts";
import { ShapeError } from "../device/errors.ts";
import { broadcastShape, normalAxes, sameShape, show, sizeOf, type Shape } from "../tensor/shape.ts";
import { checkOperands, checkTensors, type Tensor } from "../tensor/tensor.ts";
import { mul, sub } from "./arithmetic.ts";
import { roll } from "./arrange.ts";
import { composed } from "./lib/composed.ts";
import { matmul as multiply, type MatmulOptions } from "./matmul.ts";
import { broadcastTo, permute, reshape } from "./rearrange.ts";

export type { MatmulOptions } from "./matmul.ts";

/**
 * activation(a · b + bias) of matrices a (…,M,K) and b (…,K,N): (…,M,N). Their other axes are broadcast as NumPy does. A
 * vector (K) in place of a is a row, in place of b a column, and the result lacks that axis.
 *
 * @throws ShapeError where the shapes do not fit.
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  checkOperands("matmul", a, b);
  checkOptions("matmul", options);
  if (options.bias) checkOperands("matmul", options.bias);
  const ranks = [a.shape.length, b.shape.length] as const;
  if (ranks.every((rank) => rank === 2 || rank === 3)) {
    const [aBatch, bBatch] = [a, b].map(({ shape }) => sizeOf(shape.slice(0, -2)));
    if (aBatch === bBatch || aBatch === 1 || bBatch === 1) return multiply(a, b, options);
  }
  const { transposeA = false, transposeB = false } = options;
  if (ranks.includes(0) || (ranks[0] === 1 && transposeA) || (ranks[1] === 1 && transposeB))
    throw new ShapeError(
      `matmul: a is ${show(a.shape)} and b ${show(b.shape)}; give vectors or matrices, and transpose matrices alone`,
    );
  return composed([a, b, options.bias], () => {
    const left = ranks[0] === 1 ? reshape(a, [1, a.size]) : a;
    const right = ranks[1] === 1 ? reshape(b, [b.size, 1]) : b;
    const batch = broadcastShape("matmul", left.shape.slice(0, -2), right.shape.slice(0, -2));
    const M = left.shape.at(transposeA ? -1 : -2)!;
    const N = right.shape.at(transposeB ? -2 : -1)!;
    const shape = [...batch, ...(ranks[0] === 1 ? [] : [M]), ...(ranks[1] === 1 ? [] : [N])];
    const isShared = sizeOf(right.shape.slice(0, -2)) === 1 && !transposeA;
    const rows = isShared
      ? reshape(left, [sizeOf(left.shape.slice(0, -1)), left.shape.at(-1)!])
      : matricesOf(left, batch);
    return reshape(multiply(rows, matricesOf(right, batch), options), shape);
  });
}

/** The matrices of x as one matrix, if all are to be multiplied by it, or as a batch of the size of `batch`. */
function matricesOf(x: Tensor, batch: Shape): Tensor {
  const own = x.shape.slice(0, -2);
  const matrix = x.shape.slice(-2);
  if (sizeOf(own) === 1) return reshape(x, matrix);
  const isWhole = sizeOf(own) === sizeOf(batch);
  return reshape(isWhole ? x : broadcastTo(x, [...batch, ...matrix]), [sizeOf(batch), ...matrix]);
}

/** The sum of products of two vectors (N), or NumPy's dot of others: over the last axis of a and the last but one of b. */
export function dot(a: Tensor, b: Tensor): Tensor {
  checkTensors("dot", a, b);
  if (a.shape.length <= 2 && b.shape.length <= 2) return matmul(a, b);
  return tensordot(a, b, [[-1], [b.shape.length === 1 ? 0 : -2]]);
}

/** a (N) times b (M), each with each: (N, M). Operands of other shapes are read as lists of their elements. */
export function outer(a: Tensor, b: Tensor): Tensor {
  checkTensors("outer", a, b);
  return composed([a, b], () => mul(reshape(a, [a.size, 1]), reshape(b, [1, b.size])));
}

/**
 * Sums of products of a and b over pairs of axes: the last `axes` of a with the first of b, or those that two lists name. The
 * other axes of a come first in the result, then those of b.
 *
 * @throws ShapeError where the axes do not have the same extents.
 */
export function tensordot(
  a: Tensor,
  b: Tensor,
  axes: number | readonly [readonly number[], readonly number[]] = 2,
): Tensor {
  checkTensors("tensordot", a, b);
  const [ra, rb] = [a.shape.length, b.shape.length];
  if (typeof axes === "number") checkWhole("tensordot: the number of axes", axes, 0, Math.min(ra, rb));
  else {
    checkList("tensordot: the pair of lists of axes", axes);
    for (const i of [0, 1] as const) checkList("tensordot: a list of axes", axes[i]);
  }
  const count = (n: number, from: number) => Array.from({ length: n }, (_, i) => from + i);
  const pairs = typeof axes === "number" ? [count(axes, ra - axes), count(axes, 0)] : axes;
  const normal = (rank: number, list: readonly number[]) =>
    list.map((axis) => normalAxes("tensordot", rank, axis)[0]!);
  const [of, and] = [normal(ra, pairs[0]), normal(rb, pairs[1])];
  const extents = of.map((axis) => a.shape[axis]!);
  if (
    !sameShape(
      extents,
      and.map((axis) => b.shape[axis]!),
    )
  )
    throw new ShapeError(
      `tensordot: axes ${show(of)} of a ${show(a.shape)} and ${show(and)} of b ${show(b.shape)} differ in their extents`,
    );
  const others = (rank: number, used: readonly number[]) =>
    count(rank, 0).filter((axis) => !used.includes(axis));
  const [aOwn, bOwn] = [others(ra, of), others(rb, and)];
  const shape = [...aOwn.map((axis) => a.shape[axis]!), ...bOwn.map((axis) => b.shape[axis]!)];
  const K = sizeOf(extents);
  return composed([a, b], () => {
    const left = reshape(permute(a, [...aOwn, ...of]), [sizeOf(aOwn.map((axis) => a.shape[axis]!)), K]);
    const right = reshape(permute(b, [...and, ...bOwn]), [K, sizeOf(bOwn.map((axis) => b.shape[axis]!))]);
    return reshape(multiply(left, right), shape);
  });
}

/**
 * The cross products of vectors a and b of three elements along `axis`, the last unless given; their other axes are broadcast.
 *
 * @throws ShapeError where the axis has not three elements.
 */
export function cross(a: Tensor, b: Tensor, axis = -1): Tensor {
  checkTensors("cross", a, b);
  for (const x of [a, b])
    if (x.shape[normalAxes("cross", x.shape.length, axis)[0]!] !== 3)
      throw new ShapeError(
        `cross: axis ${axis} of a ${show(a.shape)} and b ${show(b.shape)} is to have 3 elements`,
      );
  return composed([a, b], () => {
    const next = (x: Tensor) => roll(x, -1, axis);
    return next(sub(mul(a, next(b)), mul(next(a), b)));
  });
}

/** The matrix of all products of an element of a (M,N) with b (P,Q): blocks of b, (M·P, N·Q). */
export function kron(a: Tensor, b: Tensor): Tensor {
  checkTensors("kron", a, b);
  const [[M, N], [P, Q]] = [a.shape, b.shape] as [number[], number[]];
  if (a.shape.length !== 2 || b.shape.length !== 2)
    throw new ShapeError(`kron: a is ${show(a.shape)} and b ${show(b.shape)}; give two matrices`);
  return composed([a, b], () =>
    reshape(mul(reshape(a, [M!, 1, N!, 1]), reshape(b, [1, P!, 1, Q!])), [M! * P!, N! * Q!]),
  );
}
