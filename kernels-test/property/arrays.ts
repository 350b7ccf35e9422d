/** Float64 arrays of any shape, and the operations on them that references are made of. */
export interface Nd {
  shape: readonly number[];
  data: readonly number[];
}

/** What an operation should give: where `scale` is there, errors are measured by it and not by the values. */
export interface Wanted extends Nd {
  scale?: readonly number[];
}

export const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** An array from its coordinates. */
export function build(shape: readonly number[], at: (coordinates: readonly number[]) => number): Nd {
  const coordinates = shape.map(() => 0);
  const data = Array.from({ length: sizeOf(shape) }, () => {
    const value = at(coordinates);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++coordinates[axis]! < shape[axis]!) break;
      coordinates[axis] = 0;
    }
    return value;
  });
  return { shape, data };
}

/** The element of x at these coordinates, which may be those of an array that x is broadcast to. */
export function element(x: Nd, coordinates: readonly number[]): number {
  const skipped = coordinates.length - x.shape.length;
  let index = 0;
  x.shape.forEach((extent, axis) => {
    index = index * extent + (extent === 1 ? 0 : coordinates[axis + skipped]!);
  });
  return x.data[index]!;
}

/** NumPy's rule: shapes are aligned at their last axes, and extents of 1 are repeated. */
export function broadcast(...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const extents = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1);
    return extents.find((extent) => extent !== 1) ?? 1;
  });
}

/** `f` of the elements of arrays that are broadcast against each other. */
export function zip(f: (...values: number[]) => number, ...arrays: Nd[]): Nd {
  return build(broadcast(...arrays.map(({ shape }) => shape)), (at) =>
    f(...arrays.map((x) => element(x, at))),
  );
}

/** The lists of elements that differ in their coordinates along `axes` alone, in the order of what is left. */
export function groups(x: Nd, axes: readonly number[]): { kept: number[]; lists: number[][] } {
  const kept = x.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
  const lists: number[][] = Array.from({ length: sizeOf(kept) }, () => []);
  const place = build(kept, () => 0);
  const numbers = { ...place, data: place.data.map((_, i) => i) };
  let i = 0;
  build(x.shape, (at) => lists[element(numbers, at)]!.push(x.data[i++]!));
  return { kept, lists };
}

export const total = (list: readonly number[]) => list.reduce((sum, x) => sum + x, 0);
export const largest = (list: readonly number[]) => list.reduce((most, x) => Math.max(most, x), -Infinity);
export const smallest = (list: readonly number[]) => list.reduce((least, x) => Math.min(least, x), Infinity);
/** The size that errors of a sum of finite numbers are measured by. */
export const totalSize = (list: readonly number[]) => total(list.map(Math.abs));
