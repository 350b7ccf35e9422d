import { optionsOf } from "../device/arguments.ts";
import { ArgumentError, ShapeError } from "../device/errors.ts";
import { linearGrid } from "../device/kernel.ts";
import { normalAxes, show, sizeOf } from "../tensor/shape.ts";
import { needsTape, saveFor, track } from "../tensor/tape.ts";
import { checkTensors, empty, type Tensor } from "../tensor/tensor.ts";
import { add, mul, where } from "./arithmetic.ts";
import { composed } from "./lib/composed.ts";
import { checkCountable } from "./lib/countable.ts";
import { noSort, orderPairs, sortKernel, WG } from "./lib/order.ts";
import { isNaN } from "./logic.ts";
import { reshape, slice } from "./rearrange.ts";

export interface SortOptions {
  /** Whether the largest come first. */
  descending?: boolean | undefined;
}

/** Numbers in an order, and the indices that they had, as f32. */
export interface Sorted {
  values: Tensor;
  indices: Tensor;
}

function sorted(name: string, x: Tensor, axis: number, descending: boolean): Sorted {
  const [at] = normalAxes(name, x.shape.length, axis) as [number];
  const [R, B] = [x.shape[at]!, sizeOf(x.shape.slice(at + 1))];
  checkCountable(name, R);
  const { device, size: N } = x;
  const params = { ...noSort, N, R, B };
  const grid = linearGrid(N, WG);
  const work = { bytes: 12 * N };
  const first = empty(device, [2 * N]);
  sortKernel("keys", { x, written: first }, params, grid, {
    work,
    constants: { DESCENDING: descending ? 1 : 0 },
  });
  const pairs = orderPairs(first, R);
  const values = empty(device, x.shape);
  const indices = empty(device, x.shape);
  sortKernel("values", { pairs, x, out: values }, params, grid, { work });
  sortKernel("indices", { pairs, out: indices }, params, grid, { work });
  saveFor([values], [x], [pairs]);
  track(values, [x], (dy, gradients) => {
    const dx = gradients.empty(0);
    sortKernel("unsort", { pairs, dy, out: dx }, params, grid, { work });
    return [dx];
  });
  return { values, indices };
}

/**
 * x sorted along `axis`, the last unless given, and where each number was. Equal numbers keep their order, also where the
 * largest come first; NaN counts as larger than all. Gradients go back to where the numbers were.
 *
 * @throws LimitError where the axis has more than 2^24 elements, which an f32 cannot count.
 */
export function sort(x: Tensor, axis = -1, options: SortOptions = {}): Sorted {
  checkTensors("sort", x);
  const { descending = false } = optionsOf("sort", options);
  return sorted("sort", x, axis, descending);
}

/** The indices that sort x along `axis`, as f32; they have no gradient. */
export function argsort(x: Tensor, axis = -1, options: SortOptions = {}): Tensor {
  checkTensors("argsort", x);
  const { descending = false } = optionsOf("argsort", options);
  return x.device.scope(() => x.device.noGrad(() => sorted("argsort", x, axis, descending)).indices);
}

/** The k largest numbers along `axis`, the largest first, or the k smallest, and their indices; of equals the first. */
export function topk(
  x: Tensor,
  k: number,
  axis = -1,
  options: { largest?: boolean | undefined } = {},
): Sorted {
  checkTensors("topk", x);
  const { largest = true } = optionsOf("topk", options);
  const [at] = normalAxes("topk", x.shape.length, axis) as [number];
  if (!Number.isInteger(k) || k < 0 || k > x.shape[at]!)
    throw new ArgumentError(
      `topk: k is ${k}; axis ${axis} of ${show(x.shape)} has from 0 to ${x.shape[at]} to give`,
    );
  const sizes = x.shape.map((extent, i) => (i === at ? k : extent));
  const starts = sizes.map(() => 0);
  return composed([x], () => {
    const { values, indices } = sorted("topk", x, at, largest);
    const first = { values: slice(values, starts, sizes), indices: slice(indices, starts, sizes) };
    if (needsTape([x])) indices.dispose();
    return first;
  });
}

/**
 * The number below which a part `q`, from 0 to 1, of the numbers along `axis` lies: between two of them in proportion, as
 * NumPy's default has it. 0.5 is the median. Where one of the numbers is NaN, so is the result.
 */
export function quantile(x: Tensor, q: number, axis = -1, keepDims = false): Tensor {
  checkTensors("quantile", x);
  const [at] = normalAxes("quantile", x.shape.length, axis) as [number];
  const n = x.shape[at]!;
  if (!(q >= 0 && q <= 1)) throw new ArgumentError(`quantile: q is ${q}; expected a number from 0 to 1`);
  if (n === 0) throw new ShapeError(`quantile: axis ${axis} of ${show(x.shape)} has no elements`);
  const place = q * (n - 1);
  const low = Math.floor(place);
  const sizes = x.shape.map((extent, i) => (i === at ? 1 : extent));
  return composed([x], () => {
    const { values } = sorted("quantile", x, at, false);
    const element = (k: number) =>
      slice(
        values,
        sizes.map((_, i) => (i === at ? k : 0)),
        sizes,
      );
    const part = place - low;
    const between = part === 0 ? element(low) : add(mul(element(low), 1 - part), mul(element(low + 1), part));
    const last = element(n - 1);
    const value = where(isNaN(last), last, between);
    return keepDims
      ? value
      : reshape(
          value,
          x.shape.filter((_, i) => i !== at),
        );
  });
}

/** The median along `axis`: the mean of the two in the middle where their number is even. */
export function median(x: Tensor, axis = -1, keepDims = false): Tensor {
  checkTensors("median", x);
  return quantile(x, 0.5, axis, keepDims);
}

/**
 * Where each of `values`, of any shape, belongs in a `sorted` list (R): the index of the first number that is not below it, or
 * with `side` "right" of the first above it. As f32.
 */
export function searchsorted(list: Tensor, values: Tensor, side: "left" | "right" = "left"): Tensor {
  checkTensors("searchsorted", list, values);
  if (list.shape.length !== 1)
    throw new ShapeError(`searchsorted: the sorted list is ${show(list.shape)}; give (R)`);
  const [R] = list.shape as [number];
  checkCountable("searchsorted", R);
  const out = empty(values.device, values.shape);
  const params = { ...noSort, N: values.size, R, steps: Math.ceil(Math.log2(R + 1)) };
  sortKernel("search", { x: list, v: values, out }, params, linearGrid(values.size, WG), {
    constants: { RIGHT: side === "right" ? 1 : 0 },
    work: { bytes: 8 * values.size },
  });
  return out;
}
