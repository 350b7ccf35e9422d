import { ShapeError } from "../../device/errors.ts";
import { show, stridesOf, type Shape } from "../../tensor/shape.ts";

/** Axes as `shaders/lib/strided.wgsl` takes them: the extents of a walk, and the strides of each operand. */
export interface Walk {
  extents: number[];
  strides: number[][];
}

/** The strides with which a tensor of shape `from` is read as one of shape `to`: 0 along repeated axes. */
export function broadcastStrides(from: Shape, to: Shape): number[] {
  const strides = stridesOf(from);
  return to.map((_, axis) => {
    const own = axis - to.length + from.length;
    return own < 0 || from[own] === 1 ? 0 : strides[own]!;
  });
}

/** Merges neighbouring axes that every operand walks in one stride, and leaves out those of extent 1. */
export function mergeAxes(op: string, shape: Shape, strides: readonly (readonly number[])[]): Walk {
  const merged: Walk = { extents: [], strides: strides.map(() => []) };
  shape.forEach((extent, axis) => {
    if (extent === 1) return;
    const last = merged.extents.length - 1;
    const continues = strides.every((own, i) => merged.strides[i]![last] === own[axis]! * extent);
    if (last >= 0 && continues) {
      merged.extents[last]! *= extent;
      strides.forEach((own, i) => (merged.strides[i]![last] = own[axis]!));
    } else {
      merged.extents.push(extent);
      strides.forEach((own, i) => merged.strides[i]!.push(own[axis]!));
    }
  });
  if (merged.extents.length > 8)
    throw new ShapeError(
      `${op}: ${show(shape)} has more than 8 axes that cannot be merged; permute or reshape it`,
    );
  return merged;
}

/** The override constant that a walk needs. */
export function rankOf(walk: Walk): { RANK: number } {
  return { RANK: Math.max(1, walk.extents.length) };
}

/** One number for each axis as two `Params` fields, `name0` and `name1`, the last axis first. */
export function axisParams(name: string, numbers: readonly number[], missing = 0): Record<string, number[]> {
  const all = Array.from({ length: 8 }, (_, i) => numbers[numbers.length - 1 - i] ?? missing);
  return { [`${name}0`]: all.slice(0, 4), [`${name}1`]: all.slice(4) };
}
