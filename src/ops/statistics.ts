import { optionsOf } from "../device/arguments.ts";
import { normalAxes, sizeOf } from "../tensor/shape.ts";
import { checkTensors, type Tensor } from "../tensor/tensor.ts";
import { mul, sub } from "./arithmetic.ts";
import { ones } from "./create.ts";
import { cumprod } from "./cumulate.ts";
import { neg, square } from "./elementwise.ts";
import { permute, reshape, slice } from "./rearrange.ts";
import { argmax, mean, norm, type Axes } from "./reduce.ts";

/** The product over `axes`, all by default; 1 of nothing. Its gradient is right also where factors are 0. */
export function prod(x: Tensor, axes?: Axes, keepDims = false): Tensor {
  checkTensors("prod", x);
  const reduced = normalAxes("prod", x.shape.length, axes);
  const others = x.shape.map((_, axis) => axis).filter((axis) => !reduced.includes(axis));
  const extents = others.map((axis) => x.shape[axis]!);
  const shape = keepDims ? x.shape.map((n, axis) => (reduced.includes(axis) ? 1 : n)) : extents;
  const [A, R] = [sizeOf(extents), sizeOf(reduced.map((axis) => x.shape[axis]!))];
  if (R === 0) return ones(x.device, shape);
  const rows = reshape(permute(x, [...others, ...reduced]), [A, R]);
  return reshape(slice(cumprod(rows, 1), [0, R - 1], [A, 1]), shape);
}

/** The indices along `axis` of the smallest elements, as f32: the first of equals, the first NaN if there is one. */
export function argmin(x: Tensor, axis = -1): Tensor {
  checkTensors("argmin", x);
  return x.device.scope(() => argmax(neg(x), axis));
}

export interface SpreadOptions {
  keepDims?: boolean | undefined;
  /** What is taken off the number of elements that squares are divided by: 1 for the variance of what x is a sample of. */
  correction?: number | undefined;
}

/** How many elements of x lie along the axes. */
function countOf(name: string, x: Tensor, axes: Axes | undefined): number {
  return sizeOf(normalAxes(name, x.shape.length, axes).map((axis) => x.shape[axis]!));
}

/** The variance over `axes`, all by default: the mean of squared distances from the mean; a large mean takes none of its digits. */
export function variance(x: Tensor, axes?: Axes, options: SpreadOptions = {}): Tensor {
  checkTensors("variance", x);
  const { keepDims = false, correction = 0 } = optionsOf("variance", options);
  const R = countOf("variance", x, axes);
  const all = mean(square(sub(x, mean(x, axes, true))), axes, keepDims);
  return correction === 0 ? all : mul(all, R / Math.max(0, R - correction));
}

/** The standard deviation over `axes`, all by default; its gradient where it is 0 is taken as 0. */
export function std(x: Tensor, axes?: Axes, options: SpreadOptions = {}): Tensor {
  checkTensors("std", x);
  const { keepDims = false, correction = 0 } = optionsOf("std", options);
  const R = countOf("std", x, axes);
  return mul(norm(sub(x, mean(x, axes, true)), axes, keepDims), 1 / Math.sqrt(Math.max(0, R - correction)));
}

/** Mean and variance over `axes`, all by default. */
export function moments(x: Tensor, axes?: Axes, keepDims = false): { mean: Tensor; variance: Tensor } {
  return { mean: mean(x, axes, keepDims), variance: variance(x, axes, { keepDims }) };
}
