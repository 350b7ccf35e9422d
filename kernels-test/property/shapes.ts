import fc from "fast-check";
import { sizeOf } from "./arrays.ts";
import type { Form } from "./property.ts";

const small = fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 9);
const long = fc.constantFrom(12, 16, 31, 63, 64, 65, 127, 128, 129, 255, 256, 257, 1023, 1024, 1025, 1100);
const MOST = 700;

/** The shape with its largest extents made small until it has at most `most` elements. */
function fitted(shape: readonly number[], most: number): number[] {
  const fit = [...shape];
  while (sizeOf(fit) > most) {
    const extent = Math.max(...fit);
    fit[fit.indexOf(extent)] = Math.ceil(extent / 2);
  }
  return fit;
}

export interface ShapeOptions {
  least?: number;
  most?: number;
  /** Whether an extent may be 0. */
  empty?: boolean;
}

/** Shapes of `least` to `most` axes (0 to 5), with extents around multiples of 4; some are long, some empty. */
export function shapes({ least = 0, most = 5, empty = false }: ShapeOptions = {}): fc.Arbitrary<number[]> {
  const short = fc.array(small, { minLength: least, maxLength: most }).map((shape) => fitted(shape, MOST));
  const replaced = (extents: fc.Arbitrary<number>) =>
    fc.tuple(short, extents, fc.nat(99)).map(([shape, extent, at]) => {
      if (shape.length === 0) return shape;
      const others = fitted(shape, 6);
      others[at % shape.length] = extent;
      return others;
    });
  return fc.oneof(
    { weight: 12, arbitrary: short },
    { weight: 2, arbitrary: replaced(long) },
    { weight: empty ? 1 : 0, arbitrary: replaced(fc.constant(0)) },
  );
}

/** One operand of any shape. */
export function one(options?: ShapeOptions): fc.Arbitrary<Form<null>> {
  return shapes(options).map((shape) => ({ shapes: [shape], setting: null }));
}

/** `count` operands of one shape. */
export function alike(count: number, options?: ShapeOptions): fc.Arbitrary<Form<null>> {
  return shapes(options).map((shape) => ({
    shapes: Array.from({ length: count }, () => shape),
    setting: null,
  }));
}

/** `count` shapes that are broadcast against each other: parts of one shape, with axes left out or made 1. */
export function broadcastable(count: number): fc.Arbitrary<number[][]> {
  const part = fc.record({
    skip: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(5) }),
    ones: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(31) }),
  });
  return fc
    .tuple(shapes({ empty: true }), fc.array(part, { minLength: count, maxLength: count }))
    .map(([whole, parts]) =>
      parts.map(({ skip, ones }) =>
        whole.map((extent, axis) => ((ones >> axis) & 1 ? 1 : extent)).slice(Math.min(skip, whole.length)),
      ),
    );
}

/** One operand, and axes of it: a random selection, or `undefined` for all. */
export function axesOf(
  options?: ShapeOptions,
): fc.Arbitrary<Form<{ axes: number[] | undefined; keepDims: boolean }>> {
  return fc
    .record({
      shape: shapes(options),
      chosen: fc.nat(31),
      all: fc.nat(5),
      negative: fc.boolean(),
      keepDims: fc.boolean(),
    })
    .map(({ shape, chosen, all, negative, keepDims }) => {
      const axes = shape.map((_, axis) => axis).filter((axis) => (chosen >> axis) & 1);
      const named = axes.map((axis) => (negative ? axis - shape.length : axis));
      return { shapes: [shape], setting: { axes: all === 0 ? undefined : named, keepDims } };
    });
}

/** One operand of at least one axis, and an axis of it. */
export function axisOf(options: ShapeOptions = {}): fc.Arbitrary<Form<number>> {
  return fc.tuple(shapes({ least: 1, ...options }), fc.nat(99), fc.boolean()).map(([shape, at, negative]) => {
    const axis = at % shape.length;
    return { shapes: [shape], setting: negative ? axis - shape.length : axis };
  });
}
