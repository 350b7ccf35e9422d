import { ShapeError } from "../device/errors.ts";

export type Shape = readonly number[];

/** The number of elements. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** `(2, 3)`, as messages write it. */
export function show(shape: Shape): string {
  return Array.isArray(shape) ? `(${shape.join(", ")})` : String(shape);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

/** Elements from one index to the next, for each axis of a row-major tensor. */
export function stridesOf(shape: Shape): number[] {
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}

/** The shape that NumPy's broadcasting gives `a` and `b`. */
export function broadcastShape(op: string, a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const m = a[axis - rank + a.length] ?? 1;
    const n = b[axis - rank + b.length] ?? 1;
    if (m !== n && m !== 1 && n !== 1)
      throw new ShapeError(
        `${op}: ${show(a)} and ${show(b)} do not broadcast: axis ${axis - rank} has ${m} and ${n}`,
      );
    return m === 1 ? n : m;
  });
}

/** The axes, each once and in order, with negative ones counted from the end; all of them by default. */
export function normalAxes(op: string, rank: number, axes?: number | readonly number[]): number[] {
  const given = axes === undefined ? Array.from({ length: rank }, (_, axis) => axis) : [axes].flat();
  const normal = given.map((axis) => {
    if (!Number.isInteger(axis) || axis < -rank || axis >= rank)
      throw new ShapeError(`${op}: axis ${axis} of a tensor of ${rank} axes`);
    return axis < 0 ? axis + rank : axis;
  });
  return [...new Set(normal)].sort((a, b) => a - b);
}

/** Checks that `shape` is made of whole numbers that are not negative. */
export function checkShape(op: string, shape: Shape): void {
  if (!Array.isArray(shape) || !shape.every((extent) => Number.isInteger(extent) && extent >= 0))
    throw new ShapeError(`${op}: ${show(shape)} is not a shape, which is a list of whole numbers from 0`);
}
