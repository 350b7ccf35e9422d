import { checkList } from "../device/arguments.ts";
import { ArgumentError, ShapeError } from "../device/errors.ts";
import { normalAxes, show } from "../tensor/shape.ts";
import { checkOperands, checkTensors, tensor, type Tensor } from "../tensor/tensor.ts";
import { composed } from "./lib/composed.ts";
import { split } from "./pieces.ts";
import { broadcastTo, concat, gatherRows, pad, permute, reshape, slice } from "./rearrange.ts";

const numbered = (rank: number) => Array.from({ length: rank }, (_, axis) => axis);
const oneAxis = (name: string, x: Tensor, axis: number) => normalAxes(name, x.shape.length, axis)[0]!;

/** x without its axes of extent 1: all of them, or those that are named, which have to be. */
export function squeeze(x: Tensor, axes?: number | readonly number[]): Tensor {
  checkOperands("squeeze", x);
  const gone =
    axes === undefined
      ? numbered(x.shape.length).filter((axis) => x.shape[axis] === 1)
      : normalAxes("squeeze", x.shape.length, axes);
  const wide = gone.find((axis) => x.shape[axis] !== 1);
  if (wide !== undefined)
    throw new ShapeError(`squeeze: axis ${wide} of ${show(x.shape)} is ${x.shape[wide]}, not 1`);
  return reshape(
    x,
    x.shape.filter((_, axis) => !gone.includes(axis)),
  );
}

/** x with new axes of extent 1, which are at `axes` of the result. */
export function expandDims(x: Tensor, axes: number | readonly number[]): Tensor {
  checkOperands("expandDims", x);
  const list = [axes].flat();
  const rank = x.shape.length + list.length;
  const added = normalAxes("expandDims", rank, list);
  if (added.length !== list.length) throw new ShapeError(`expandDims: axes ${show(list)} name one twice`);
  const own = [...x.shape];
  return reshape(
    x,
    numbered(rank).map((axis) => (added.includes(axis) ? 1 : own.shift()!)),
  );
}

/** x as one list, or with its axes from `start` to `end` as one. */
export function flatten(x: Tensor, start = 0, end = -1): Tensor {
  checkOperands("flatten", x);
  if (x.shape.length === 0) return reshape(x, [1]);
  const [first, last] = [oneAxis("flatten", x, start), oneAxis("flatten", x, end)];
  if (first > last) throw new ShapeError(`flatten: axis ${start} of ${show(x.shape)} is past axis ${end}`);
  const inside = x.shape.slice(first, last + 1).reduce((product, extent) => product * extent, 1);
  return reshape(x, [...x.shape.slice(0, first), inside, ...x.shape.slice(last + 1)]);
}

/** The axes `from` of x at the places `to`; the others keep their order. */
export function moveaxis(
  x: Tensor,
  from: number | readonly number[],
  to: number | readonly number[],
): Tensor {
  checkOperands("moveaxis", x);
  const place = (list: number | readonly number[]) =>
    [list].flat().map((axis) => oneAxis("moveaxis", x, axis));
  const [sources, targets] = [place(from), place(to)];
  if (
    sources.length !== targets.length ||
    new Set(sources).size !== sources.length ||
    new Set(targets).size !== targets.length
  )
    throw new ShapeError(`moveaxis: axes ${show(sources)} to ${show(targets)}; name as many, each once`);
  const others = numbered(x.shape.length).filter((axis) => !sources.includes(axis));
  return permute(
    x,
    x.shape.map((_, axis) => (targets.includes(axis) ? sources[targets.indexOf(axis)]! : others.shift()!)),
  );
}

/** x with two axes exchanged. */
export function swapaxes(x: Tensor, a: number, b: number): Tensor {
  checkOperands("swapaxes", x);
  const [i, j] = [oneAxis("swapaxes", x, a), oneAxis("swapaxes", x, b)];
  return permute(
    x,
    x.shape.map((_, axis) => (axis === i ? j : axis === j ? i : axis)),
  );
}

/** Each element of x `count` times, one after another, along `axis`. */
export function repeat(x: Tensor, count: number, axis = 0): Tensor {
  checkOperands("repeat", x);
  const at = oneAxis("repeat", x, axis);
  if (!Number.isInteger(count) || count < 0)
    throw new ArgumentError(`repeat: the count is a whole number from 0, not ${count}`);
  const [before, after] = [x.shape.slice(0, at + 1), x.shape.slice(at + 1)];
  const long = x.shape.map((extent, i) => (i === at ? extent * count : extent));
  return composed([x], () =>
    reshape(broadcastTo(reshape(x, [...before, 1, ...after]), [...before, count, ...after]), long),
  );
}

/** x moved round by `shift` elements along `axis`: what leaves at the end comes in at the start. */
export function roll(x: Tensor, shift: number, axis = -1): Tensor {
  checkOperands("roll", x);
  const at = oneAxis("roll", x, axis);
  if (!Number.isInteger(shift)) throw new ArgumentError(`roll: the shift is a whole number, not ${shift}`);
  const extent = x.shape[at]!;
  const by = extent === 0 ? 0 : ((shift % extent) + extent) % extent;
  if (by === 0) return reshape(x, x.shape);
  return composed([x], () => concat(split(x, [extent - by, by], at).reverse(), at));
}

/**
 * The coordinates of a grid: of lists (N) and (M) two tensors, the first of which changes with the row, the second with the
 * column: (N, M) each. With `indexing` "xy", NumPy's default, they are (M, N).
 */
export function meshgrid(lists: readonly Tensor[], indexing: "ij" | "xy" = "ij"): Tensor[] {
  checkList("meshgrid: the list of tensors", lists);
  checkTensors("meshgrid", ...lists);
  if (lists.length === 0)
    throw new ArgumentError("meshgrid: the list is empty; give at least one list of coordinates");
  const swap = indexing === "xy" && lists.length > 1;
  const axisOf = (i: number) => (swap && i < 2 ? 1 - i : i);
  const shape = lists.map((_, i) => lists[axisOf(i)]!.size);
  return lists.map((list, i) =>
    composed([list], () =>
      broadcastTo(
        reshape(
          list,
          shape.map((extent, axis) => (axis === axisOf(i) ? extent : 1)),
        ),
        shape,
      ),
    ),
  );
}

/**
 * The slices of x along `axis` that `indices`, whole numbers as f32 in any shape, name: that shape in place of the axis. NaN
 * stands for an index that is none.
 */
export function take(x: Tensor, indices: Tensor, axis = 0): Tensor {
  checkOperands("take", x);
  checkTensors("take", indices);
  const at = oneAxis("take", x, axis);
  const order = [at, ...numbered(x.shape.length).filter((i) => i !== at)];
  const D = indices.shape.length;
  return composed([x, indices], () => {
    const rows = at === 0 ? x : permute(x, order);
    const taken = reshape(gatherRows(rows, reshape(indices, [indices.size])), [
      ...indices.shape,
      ...rows.shape.slice(1),
    ]);
    if (at === 0) return taken;
    const others = numbered(x.shape.length - 1).map((i) => D + i);
    return permute(taken, [...others.slice(0, at), ...numbered(D), ...others.slice(at)]);
  });
}

/** What is read in place of the numbers around a tensor. */
export type PadMode = "constant" | "edge" | "reflect" | "symmetric" | "wrap";

/** Where element i of a list of n elements that goes on in this way is found in it. */
const around: Record<Exclude<PadMode, "constant">, (i: number, n: number) => number> = {
  edge: (i, n) => Math.min(Math.max(i, 0), n - 1),
  reflect: (i, n) => folded(i, n, Math.max(1, 2 * n - 2)),
  symmetric: (i, n) => folded(i < 0 ? -1 - i : i, n, 2 * n, 1),
  wrap: (i, n) => ((i % n) + n) % n,
};

/** The place of i in a list that is walked to its end and back again and again, in a period. */
function folded(i: number, n: number, period: number, twice = 0): number {
  const at = Math.abs(i) % period;
  return at < n ? at : period - twice - at;
}

/**
 * x with `margins[axis] = [before, after]` elements around it along each axis: those of `mode`, NumPy's names. "edge" repeats
 * the last one, "reflect" goes back without it, "symmetric" with it, "wrap" begins anew.
 */
export function padWith(
  x: Tensor,
  margins: readonly (readonly [number, number])[],
  mode: PadMode = "constant",
): Tensor {
  checkOperands("padWith", x);
  checkList("padWith: the list of margins", margins);
  for (const margin of margins) checkList("padWith: the margins of an axis", margin);
  if (mode === "constant") return pad(x, margins);
  const place = Object.hasOwn(around, mode) ? around[mode] : undefined;
  if (!place)
    throw new ArgumentError(
      `padWith: a mode is "constant", ${Object.keys(around).join(", ")}, not "${String(mode)}"`,
    );
  if (margins.length !== x.shape.length || !margins.flat().every((n) => Number.isInteger(n) && n >= 0))
    throw new ShapeError(
      `padWith: margins ${JSON.stringify(margins)} for ${show(x.shape)}; give two for each axis`,
    );
  if (x.size === 0) throw new ShapeError(`padWith: ${show(x.shape)} has no elements to repeat`);
  return composed(
    [x],
    () =>
    margins.reduce((padded, [before, after], axis) => {
      const n = x.shape[axis]!;
      if (before + after === 0) return padded;
      const places = Float32Array.from({ length: before + n + after }, (_, i) => place(i - before, n));
      return take(padded, tensor(x.device, places), axis);
    }, slice(x, x.shape.map(() => 0), x.shape)), // prettier-ignore
  );
}
