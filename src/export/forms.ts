import { sizeOf, stridesOf, type Shape } from "../tensor/shape.ts";

/**
 * How the numbers of a tensor lie elsewhere: element i there is element `from[i]` here. It is a permutation, so that the way
 * back is known as well.
 */
export interface Form {
  shape: Shape;
  from: Uint32Array;
}

/** The extents of an image whose numbers are one vector: here by rows, columns, channels; elsewhere by channels, rows, columns. */
export type ImageOrder = readonly [H: number, W: number, C: number];

/** The axes in another order, as `permute` has it. */
export function permuted(shape: Shape, axes: readonly number[]): Form {
  const strides = stridesOf(shape);
  const target = axes.map((axis) => shape[axis]!);
  const steps = stridesOf(target);
  const from = new Uint32Array(sizeOf(shape));
  for (let i = 0; i < from.length; i++) {
    let [rest, at] = [i, 0];
    axes.forEach((axis, k) => {
      const index = Math.floor(rest / steps[k]!);
      rest -= index * steps[k]!;
      at += index * strides[axis]!;
    });
    from[i] = at;
  }
  return { shape: target, from };
}

/** The numbers as they are, under a shape of as many. */
export function asIs(shape: Shape): Form {
  return { shape, from: Uint32Array.from({ length: sizeOf(shape) }, (_, i) => i) };
}

/** Filters (R, S, C / groups, K) as PyTorch and ONNX have them: (K, C / groups, R, S), of transposed convolutions too. */
export function filterForm(shape: Shape): Form {
  return permuted(shape, [3, 2, 0, 1]);
}

/** Where number `i` of a vector in PyTorch's order of an image stands in ours. */
function placeOf([H, W, C]: ImageOrder, i: number): number {
  const pixels = H * W;
  return (i % pixels) * C + Math.floor(i / pixels);
}

/** A vector of one number for each of an image, whose last axis is in PyTorch's order; in ours without an order. */
export function vectorForm(shape: Shape, order: ImageOrder | undefined): Form {
  if (!order) return asIs(shape);
  const F = shape.at(-1)!;
  const from = Uint32Array.from({ length: sizeOf(shape) }, (_, i) => i - (i % F) + placeOf(order, i % F));
  return { shape, from };
}

/**
 * A weight (inputs, outputs), or (outputs, inputs) where it is `transposed`, as PyTorch and ONNX have it: (outputs, inputs);
 * with the inputs and the outputs in PyTorch's order where they are images.
 */
export function weightForm(
  [rows, columns]: readonly [number, number],
  transposed: boolean,
  inputs?: ImageOrder,
  outputs?: ImageOrder,
): Form {
  const [K, N] = transposed ? [columns, rows] : [rows, columns];
  const places = (count: number, order: ImageOrder | undefined) =>
    Uint32Array.from({ length: count }, (_, i) => (order ? placeOf(order, i) : i));
  const [ofInput, ofOutput] = [places(K, inputs), places(N, outputs)];
  const from = new Uint32Array(K * N);
  for (let n = 0; n < N; n++)
    for (let k = 0; k < K; k++)
      from[n * K + k] = transposed ? ofOutput[n]! * K + ofInput[k]! : ofInput[k]! * N + ofOutput[n]!;
  return { shape: [N, K], from };
}

/** The numbers as they lie elsewhere. */
export function moved(values: Float32Array, { from }: Form): Float32Array<ArrayBuffer> {
  const out = new Float32Array(from.length);
  for (let i = 0; i < from.length; i++) out[i] = values[from[i]!]!;
  return out;
}

/** The way back from `moved`. */
export function movedBack(values: Float32Array, { from }: Form): Float32Array<ArrayBuffer> {
  const out = new Float32Array(from.length);
  for (let i = 0; i < from.length; i++) out[from[i]!] = values[i]!;
  return out;
}
