import { checkList } from "../device/arguments.ts";
import { ArgumentError, ShapeError } from "../device/errors.ts";
import { kernel, linearGrid } from "../device/kernel.ts";
import {
  broadcastShape,
  checkShape,
  normalAxes,
  sameShape,
  show,
  sizeOf,
  stridesOf,
  type Shape,
} from "../tensor/shape.ts";
import { track } from "../tensor/tape.ts";
import { checkOperands, checkTensors, emptyFor, type Tensor } from "../tensor/tensor.ts";
import { note } from "../tensor/trace.ts";
import { checkCountable } from "./lib/countable.ts";
import { nested, ordered, putInto } from "./lib/places.ts";
import { axisParams, broadcastStrides, mergeAxes, rankOf, type Walk } from "./lib/strided.ts";
import { sumTo } from "./reduce.ts";

const rearrangeKernel = kernel("rearrange");
const WG = 64;
const noAxes = Object.fromEntries(
  ["e", "s", "x", "b"].flatMap((name) => Object.entries(axisParams(name, []))),
);
const nothing = { offset: 0, L: 1, width: 0, R: 0, K: 0, value: 0, ...noAxes };

/** Fills `out` with elements of x: from `offset` on, along `walk`. */
function gather(out: Tensor, x: Tensor, walk: Walk, offset = 0): Tensor {
  return alongWalk("gather", out, x, walk, offset);
}

/** Moves elements of `x` to `out`, of which one is walked along: from `offset` on, in strides that may be negative. */
function alongWalk(entry: "gather" | "scatter", out: Tensor, x: Tensor, walk: Walk, offset: number): Tensor {
  const N = entry === "gather" ? out.size : x.size;
  const strides = walk.strides[0]!.map((stride) => stride >>> 0); // places are counted modulo 2^32
  const axes = { ...axisParams("e", walk.extents, 1), ...axisParams("s", strides) };
  rearrangeKernel(entry, { x, out }, { ...nothing, N, offset, ...axes }, linearGrid(N, WG), {
    constants: rankOf(walk),
    work: { bytes: 8 * N },
  });
  return out;
}

function sliceInto(out: Tensor, x: Tensor, starts: readonly number[]): Tensor {
  const strides = stridesOf(x.shape);
  const offset = starts.reduce((sum, start, axis) => sum + start * strides[axis]!, 0);
  return gather(out, x, mergeAxes("slice", out.shape, [strides]), offset);
}

function padInto(out: Tensor, x: Tensor, before: readonly number[], value: number): Tensor {
  const N = out.size;
  const axes = {
    ...axisParams("e", out.shape, 1),
    ...axisParams("x", x.shape, 1),
    ...axisParams("b", before),
    ...axisParams("s", stridesOf(x.shape)),
  };
  const constants = { RANK: Math.max(1, out.shape.length) };
  const work = { bytes: 4 * (N + x.size) };
  rearrangeKernel("pad", { x, out }, { ...nothing, N, value, ...axes }, linearGrid(N, WG), {
    constants,
    work,
  });
  return out;
}

/**
 * The same elements under another shape, in the same memory: nothing is copied. One extent may be -1, for
 * what the others leave.
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  checkOperands("reshape", x);
  checkList("reshape: the shape", shape);
  const known = sizeOf(shape.filter((extent) => extent !== -1));
  const open = shape.filter((extent) => extent === -1).length;
  const full = shape.map((extent) => (extent === -1 && known > 0 ? x.size / known : extent));
  if (open > 1 || sizeOf(full) !== x.size || !full.every((extent) => Number.isInteger(extent) && extent >= 0))
    throw new ShapeError(`reshape: ${show(shape)} does not hold the ${x.size} elements of ${show(x.shape)}`);
  const y = x.view(full);
  note("reshape", y, [x]);
  return track(y, [x], (dy) => [dy]);
}

/** The axes of x in another order: axis i of the result is axis `axes[i]` of x. */
export function permute(x: Tensor, axes: readonly number[]): Tensor {
  checkOperands("permute", x);
  checkList("permute: the list of axes", axes);
  const order = axes.map((axis) => normalAxes("permute", x.shape.length, axis)[0]!);
  if (order.length !== x.shape.length || new Set(order).size !== order.length)
    throw new ShapeError(`permute: axes ${show(axes)} of ${show(x.shape)}; name each axis once`);
  const turn = (out: Tensor, from: Tensor, by: readonly number[]) => {
    const strides = stridesOf(from.shape);
    return gather(out, from, mergeAxes("permute", out.shape, [by.map((axis) => strides[axis]!)]));
  };
  const y = emptyFor(
    [x],
    order.map((axis) => x.shape[axis]!),
  );
  const inverse = order.map((_, axis) => order.indexOf(axis));
  note("permute", y, [x], { axes: order });
  return track(turn(y, x, order), [x], (dy, gradients) => [turn(gradients.empty(0), dy, inverse)]);
}

/** x with its last two axes exchanged. */
export function transpose(x: Tensor): Tensor {
  checkOperands("transpose", x);
  const rank = x.shape.length;
  if (rank < 2) throw new ShapeError(`transpose: ${show(x.shape)} has not two axes to exchange`);
  const order = x.shape.map((_, axis) => axis);
  return permute(x, [...order.slice(0, -2), rank - 1, rank - 2]);
}

/** The block of `sizes` elements of x that begins at `starts`. */
export function slice(x: Tensor, starts: readonly number[], sizes: readonly number[]): Tensor {
  checkOperands("slice", x);
  checkList("slice: the list of starts", starts);
  checkList("slice: the list of sizes", sizes);
  const fits = x.shape.every((extent, axis) => {
    const [start, size] = [starts[axis] ?? -1, sizes[axis] ?? -1];
    return [start, size].every((n) => Number.isInteger(n) && n >= 0) && start + size <= extent;
  });
  if (!fits || starts.length !== x.shape.length || sizes.length !== x.shape.length)
    throw new ShapeError(
      `slice: starts ${show(starts)}, sizes ${show(sizes)} do not lie in ${show(x.shape)}`,
    );
  const y = sliceInto(emptyFor([x], sizes), x, starts);
  note("slice", y, [x], { starts, sizes });
  return track(y, [x], (dy, gradients) => [padInto(gradients.empty(0), dy, starts, 0)]);
}

/**
 * Every `steps[axis]`-th element of x along each axis: `sizes[axis]` of them from `starts[axis]` on; backwards where a
 * step is negative.
 */
export function stridedSlice(
  x: Tensor,
  starts: readonly number[],
  sizes: readonly number[],
  steps: readonly number[],
): Tensor {
  checkOperands("stridedSlice", x);
  for (const list of [starts, sizes, steps])
    checkList("stridedSlice: a list of starts, sizes or steps", list);
  const fits = x.shape.every((extent, axis) => {
    const [start, size, step] = [starts[axis] ?? NaN, sizes[axis] ?? NaN, steps[axis] ?? NaN];
    const last = start + (size - 1) * step;
    const whole = [start, size, step].every((n) => Number.isInteger(n)) && size >= 0 && step !== 0;
    return whole && (size === 0 || [start, last].every((n) => n >= 0 && n < extent));
  });
  const rank = x.shape.length;
  if (!fits || [starts, sizes, steps].some(({ length }) => length !== rank))
    throw new ShapeError(
      `stridedSlice: starts ${show(starts)}, sizes ${show(sizes)}, steps ${show(steps)} do not lie in ${show(x.shape)}`,
    );
  const strides = stridesOf(x.shape);
  const y = emptyFor([x], sizes);
  const walk = mergeAxes("stridedSlice", y.shape, [strides.map((stride, axis) => stride * steps[axis]!)]);
  const offset = y.size && starts.reduce((sum, start, axis) => sum + start * strides[axis]!, 0);
  note("slice", y, [x], { starts, sizes, steps });
  return track(gather(y, x, walk, offset), [x], (dy, gradients) => {
    const dx = gradients.empty(0);
    rearrangeKernel("fill", { out: dx }, { ...nothing, N: x.size }, linearGrid(x.size, WG));
    return [alongWalk("scatter", dx, dy, walk, offset)];
  });
}

/** x with the order of its elements reversed along `axes`, all by default. */
export function flip(x: Tensor, axes?: number | readonly number[]): Tensor {
  checkOperands("flip", x);
  const turned = normalAxes("flip", x.shape.length, axes);
  const reversed = x.shape.map((extent, axis) => turned.includes(axis) && extent > 0);
  return stridedSlice(
    x,
    x.shape.map((extent, axis) => (reversed[axis] ? extent - 1 : 0)),
    x.shape,
    reversed.map((is) => (is ? -1 : 1)),
  );
}

/** x with `margins[axis] = [before, after]` elements of `value` around it along each axis. */
export function pad(x: Tensor, margins: readonly (readonly [number, number])[], value = 0): Tensor {
  checkOperands("pad", x);
  checkList("pad: the list of margins", margins);
  for (const margin of margins) checkList("pad: the margins of an axis", margin);
  const whole = margins.flat().every((n) => Number.isInteger(n) && n >= 0);
  if (margins.length !== x.shape.length || x.shape.length > 8 || !whole)
    throw new ShapeError(
      `pad: margins ${JSON.stringify(margins)} for ${show(x.shape)}; give [before, after], from 0, for each axis (8 at most)`,
    );
  const before = margins.map(([n]) => n);
  const shape = x.shape.map((extent, axis) => extent + margins[axis]![0] + margins[axis]![1]);
  const y = padInto(emptyFor([x], shape), x, before, value);
  note("pad", y, [x], { margins, value });
  return track(y, [x], (dy, gradients) => [sliceInto(gradients.empty(0), dy, before)]);
}

/** x repeated to `shape` as NumPy's broadcasting does. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  checkOperands("broadcastTo", x);
  checkShape("broadcastTo", shape);
  if (!sameShape(broadcastShape("broadcastTo", x.shape, shape), shape))
    throw new ShapeError(`broadcastTo: ${show(x.shape)} cannot be repeated to ${show(shape)}`);
  const walk = mergeAxes("broadcastTo", shape, [broadcastStrides(x.shape, shape)]);
  const y = gather(emptyFor([x], shape), x, walk);
  note("broadcastTo", y, [x]);
  return track(y, [x], (dy, gradients) => [sumTo(gradients.empty(0), dy)]);
}

/** The tensors of `list` one after another along `axis`; their other extents agree. */
export function concat(list: readonly Tensor[], axis = 0): Tensor {
  checkList("concat: the list of tensors", list);
  checkOperands("concat", ...list);
  const [first] = list;
  if (!first) throw new ArgumentError("concat: the list is empty; give at least one tensor");
  const [at] = normalAxes("concat", first.shape.length, axis) as [number];
  const others = (shape: Shape) => shape.filter((_, i) => i !== at);
  for (const [i, x] of list.entries())
    if (x.shape.length !== first.shape.length || !sameShape(others(x.shape), others(first.shape)))
      throw new ShapeError(
        `concat: operand ${i} is ${show(x.shape)}, which differs from ${show(first.shape)} in more than axis ${axis}`,
      );
  const starts = list.map((_, i) => list.slice(0, i).reduce((sum, x) => sum + x.shape[at]!, 0));
  const total = list.reduce((sum, x) => sum + x.shape[at]!, 0);
  const out = emptyFor(
    list,
    first.shape.map((extent, i) => (i === at ? total : extent)),
  );
  const inner = sizeOf(first.shape.slice(at + 1));
  list.forEach((x, i) => {
    const params = { ...nothing, N: x.size, L: x.shape[at]! * inner, width: total * inner };
    const work = { bytes: 8 * x.size };
    rearrangeKernel("place", { x, out }, { ...params, offset: starts[i]! * inner }, linearGrid(x.size, WG), {
      work,
    });
  });

  note("concat", out, list, { axis: at });
  return track(out, list, (dy, gradients) =>
    list.map((_, i) => {
      if (!gradients.wanted(i)) return undefined;
      return sliceInto(
        gradients.empty(i),
        dy,
        out.shape.map((_, axis) => (axis === at ? starts[i]! : 0)),
      );
    }),
  );
}

/**
 * The rows of x (R, …) that `indices` (K), whole numbers as f32, name: (K, …). A row of NaN stands for an index that
 * is none of 0 … R-1. The gradient of a row named more than once is the sum of its gradients, in the same order each time.
 */
export function gatherRows(x: Tensor, indices: Tensor): Tensor {
  checkOperands("gatherRows", x);
  checkTensors("gatherRows", indices);
  if (x.shape.length === 0 || indices.shape.length !== 1)
    throw new ShapeError(
      `gatherRows: x is ${show(x.shape)} and indices ${show(indices.shape)}; give (R, …) and (K)`,
    );
  const [R] = x.shape as [number];
  const [K] = indices.shape as [number];
  checkCountable("gatherRows", R);
  const L = sizeOf(x.shape.slice(1));
  const N = K * L;
  const params = { ...nothing, N, L, R, K };
  const y = emptyFor([x], [K, ...x.shape.slice(1)]);
  const work = { bytes: 8 * N };
  rearrangeKernel("rows", { x, indices, out: y }, { ...params, value: NaN }, linearGrid(N, WG), { work });
  note("gatherRows", y, [x, indices]);

  return track(y, [x], (dy, gradients) => {
    const dx = gradients.empty(0);
    rearrangeKernel("fill", { out: dx }, { ...params, N: x.size }, linearGrid(x.size, WG));
    const at = nested("gatherRows", x.shape, indices.view([K, 1]));
    return [putInto(dx, ordered(at), dy, at)];
  });
}
