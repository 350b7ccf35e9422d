import { sizeOf } from "../../src/tensor/shape.ts";
import type { Values } from "../engine.ts";

/** The array with its axes in another order: axis i of the result is axis `order[i]` of `values`. */
export function permute({ shape, data }: Values, order: readonly number[]): Values {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const extents = order.map((axis) => shape[axis]!);
  const out = new Float32Array(data.length);
  const index = extents.map(() => 0);
  for (let i = 0, at = 0; i < out.length; i++) {
    out[i] = data[at]!;
    for (let axis = extents.length - 1; axis >= 0; axis--) {
      const stride = strides[order[axis]!]!;
      at += stride;
      if (++index[axis]! < extents[axis]!) break;
      at -= stride * extents[axis]!;
      index[axis] = 0;
    }
  }
  return { shape: extents, data: out };
}

/** Filters (…,R,S) turned by half a turn. */
export function halfTurn({ shape, data }: Values): Values {
  const taps = shape.at(-1)! * shape.at(-2)!;
  const out = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) out[i] = data[i - (i % taps) + taps - 1 - (i % taps)]!;
  return { shape, data: out };
}

/** A filter (R,S,K,C) of a transposed convolution as that of the convolution over an image with gaps, (K,C,R,S). */
export function transposedFilter(w: Values): Values {
  return halfTurn(permute(w, [2, 3, 0, 1]));
}
