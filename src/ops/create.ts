import { checkWhole } from "../device/arguments.ts";
import { checkDevice, type Device } from "../device/device.ts";
import { ArgumentError, ShapeError } from "../device/errors.ts";
import { checkShape, show, type Shape } from "../tensor/shape.ts";
import { checkOperands, checkTensors, tensor, type Tensor } from "../tensor/tensor.ts";
import { where } from "./arithmetic.ts";
import { composed } from "./lib/composed.ts";
import { equal, lessEqual } from "./logic.ts";
import { broadcastTo, reshape, stridedSlice } from "./rearrange.ts";

/** A tensor of one value. */
export function full(device: Device, shape: Shape, value: number): Tensor {
  checkDevice("full", device);
  checkShape("full", shape);
  return device.scope(() => broadcastTo(tensor(device, [value], []), shape));
}

/** A tensor of ones. */
export function ones(device: Device, shape: Shape): Tensor {
  return full(device, shape, 1);
}

/** start, start + step, … up to but without stop. */
export function range(device: Device, start: number, stop: number, step = 1): Tensor {
  checkDevice("range", device);
  const count = Math.max(0, Math.ceil((stop - start) / step));
  if (!Number.isFinite(count) || step === 0)
    throw new ArgumentError(`range: from ${start} to ${stop} in steps of ${step} has no end`);
  device.checkSize(4 * count);
  return tensor(
    device,
    Float32Array.from({ length: count }, (_, i) => start + i * step),
  );
}

/** `count` numbers from start to stop, both among them, at equal distances. */
export function linspace(device: Device, start: number, stop: number, count: number): Tensor {
  checkDevice("linspace", device);
  if (!Number.isInteger(count) || count < 0)
    throw new ArgumentError(`linspace: the count is a whole number from 0, not ${count}`);
  device.checkSize(4 * count);
  const at = (i: number) =>
    i === count - 1 && i > 0 ? stop : start + (i * (stop - start)) / Math.max(1, count - 1);
  return tensor(
    device,
    Float32Array.from({ length: count }, (_, i) => at(i)),
  );
}

/** (rows, columns) of ones on the diagonal and zeros elsewhere; square unless columns are given. */
export function eye(device: Device, rows: number, columns = rows): Tensor {
  checkDevice("eye", device);
  return device.scope(() => equal(reshape(range(device, 0, rows), [rows, 1]), range(device, 0, columns)));
}

/** A copy of x in memory of its own. */
export function clone(x: Tensor): Tensor {
  checkOperands("clone", x);
  return broadcastTo(x, x.shape);
}

/** (…, depth) of a 1 where `indices` name the place along the last axis, and of 0 elsewhere. An index that is none gives zeros. */
export function oneHot(indices: Tensor, depth: number): Tensor {
  checkTensors("oneHot", indices);
  return indices.device.scope(() =>
    equal(reshape(indices, [...indices.shape, 1]), range(indices.device, 0, depth)),
  );
}

/** The matrix (N,N) that has x (N) on its diagonal and zeros elsewhere; of a matrix (N,M) its diagonal. */
export function diag(x: Tensor): Tensor {
  checkOperands("diag", x);
  const [N, M] = x.shape;
  if (N === undefined || x.shape.length > 2)
    throw new ShapeError(`diag: x is ${show(x.shape)}; give a list (N) or a matrix (N, M)`);
  if (M === undefined) return where(eye(x.device, N), x, 0);
  return stridedSlice(reshape(x, [x.size]), [0], [Math.min(N, M)], [M + 1]);
}

/** Where column - row ≤ `diagonal`, for the last two axes of x. */
function below(name: string, x: Tensor, diagonal: number): Tensor {
  const [rows, columns] = x.shape.slice(-2);
  if (rows === undefined || columns === undefined)
    throw new ShapeError(`${name}: x is ${show(x.shape)}; give matrices (…, N, M)`);
  const { device } = x;
  return device.scope(() =>
    lessEqual(range(device, 0, columns), reshape(range(device, diagonal, rows + diagonal), [rows, 1])),
  );
}

/** The lower triangles of the matrices x (…,N,M), zeros above the `diagonal`-th diagonal: 0 is the main one, 1 that above. */
export function tril(x: Tensor, diagonal = 0): Tensor {
  checkOperands("tril", x);
  return where(below("tril", x, diagonal), x, 0);
}

/** The upper triangles of the matrices x (…,N,M), zeros below the `diagonal`-th diagonal: 0 is the main one, 1 that above. */
export function triu(x: Tensor, diagonal = 0): Tensor {
  checkOperands("triu", x);
  return where(below("triu", x, diagonal - 1), 0, x);
}

/**
 * The matrices x (…,N,M) with zeros outside of a band: `lower` diagonals below the main one and `upper` above it, all of them
 * where the number is Infinity.
 */
export function bandPart(x: Tensor, lower: number, upper: number): Tensor {
  checkOperands("bandPart", x);
  for (const [side, count] of Object.entries({ lower, upper }))
    if (count !== Infinity) checkWhole(`bandPart: ${side}`, count, 0);
  const [rows = 0, columns = 0] = x.shape.slice(-2);
  return composed([x], () => triu(tril(x, Math.min(upper, columns)), -Math.min(lower, rows)));
}
