import { ShapeError } from "../../device/errors.ts";
import { kernel, linearGrid } from "../../device/kernel.ts";
import { normalAxes, sameShape, show, sizeOf, stridesOf, type Shape } from "../../tensor/shape.ts";
import { empty, type Tensor } from "../../tensor/tensor.ts";
import { checkCountable } from "./countable.ts";
import { orderPairs } from "./order.ts";
import { axisParams } from "./strided.ts";

export const scatterKernel = kernel("scatter");
export const WG = 64;
const noAxes = { ...axisParams("e", []), ...axisParams("s", []) };
export const none = { N: 0, K: 1, R: 0, B: 1, L: 1, D: 0, value: 0, ...noAxes };

/** Slices of a tensor that indices name: their places, K of slices of L elements. */
export interface Places {
  places: Tensor;
  K: number;
  L: number;
}

export function along(name: string, x: Shape, indices: Tensor, axis: number): Places {
  const [at] = normalAxes(name, x.length, axis) as [number];
  const others = (shape: Shape) => shape.filter((_, i) => i !== at);
  if (indices.shape.length !== x.length || !sameShape(others(indices.shape), others(x)))
    throw new ShapeError(
      `${name}: indices ${show(indices.shape)} and ${show(x)} differ in more than axis ${axis}`,
    );
  checkCountable(name, x[at]!);
  const N = indices.size;
  const params = { ...none, N, K: indices.shape[at]!, R: x[at]!, B: sizeOf(x.slice(at + 1)) };
  const places = empty(indices.device, [N]);
  scatterKernel("along", { indices, places }, params, linearGrid(N, WG), { work: { bytes: 8 * N } });
  return { places, K: N, L: 1 };
}

export function nested(name: string, x: Shape, indices: Tensor): Places {
  const D = indices.shape.at(-1);
  if (D === undefined || D === 0 || D > x.length || D > 8)
    throw new ShapeError(
      `${name}: indices are ${show(indices.shape)}; their last axis holds 1 to ${Math.min(8, x.length)} coordinates in ${show(x)}`,
    );
  for (const extent of x.slice(0, D)) checkCountable(name, extent);
  const K = indices.size / D;
  const eight = (list: readonly number[]) => Array.from({ length: 8 }, (_, i) => list[i] ?? 0);
  const [extents, strides] = [eight(x.slice(0, D)), eight(stridesOf(x.slice(0, D)))];
  const axes = {
    e0: extents.slice(0, 4),
    e1: extents.slice(4),
    s0: strides.slice(0, 4),
    s1: strides.slice(4),
  };
  const places = empty(indices.device, [K]);
  scatterKernel("nested", { indices, places }, { ...none, N: K, D, ...axes }, linearGrid(K, WG), {
    work: { bytes: 4 * (indices.size + K) },
  });
  return { places, K, L: sizeOf(x.slice(D)) };
}

/** Reads the slices of x to `out`; `value` stands for one that is not there. */
export function pickInto(out: Tensor, x: Tensor, { places, L }: Places, value = NaN): Tensor {
  const params = { ...none, N: out.size, L, value };
  scatterKernel("pick", { x, found: places, out }, params, linearGrid(out.size, WG), {
    work: { bytes: 8 * out.size },
  });
  return out;
}

/** The places with their numbers, in the order of the places. */
export function ordered({ places, K }: Places): Tensor {
  const written = empty(places.device, [2 * K]);
  scatterKernel("pair", { found: places, written }, { ...none, N: K }, linearGrid(K, WG));
  return orderPairs(written, K);
}

/** Writes the sum of the updates of each place, or the last of them, to `out`, which keeps its other slices. */
export function putInto(
  out: Tensor,
  pairs: Tensor,
  updates: Tensor,
  { K, L }: Places,
  LAST: 0 | 1 = 0,
): Tensor {
  const params = { ...none, N: updates.size, K, L };
  scatterKernel("put", { pairs, updates, out }, params, linearGrid(updates.size, WG), {
    constants: { LAST },
    work: { bytes: 8 * updates.size },
  });
  return out;
}
