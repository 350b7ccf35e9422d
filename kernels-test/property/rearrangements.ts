import fc from "fast-check";
import * as create from "../../src/ops/create.ts";
import * as ops from "../../src/ops/index.ts";
import { build, element, sizeOf, type Nd } from "./arrays.ts";
import { property, type Definition, type Form, type Property } from "./property.ts";
import { broadcastable, one, shapes } from "./shapes.ts";
import { each, indices, indicesAndOthers } from "./values.ts";

/** An operation that moves elements: exact, and the same for every value. */
function moving<Setting>(
  definition: Omit<Definition<Setting>, "tolerance"> & { tolerance?: number },
): Property {
  return property({ tolerance: 0, ...definition });
}

/** A shape with a number in 0 … 999 for each of its axes, and one more. */
const numbered = fc.tuple(shapes(), fc.array(fc.nat(999), { minLength: 12, maxLength: 12 }));

/** The order of the axes that sorting the numbers gives. */
const orders: fc.Arbitrary<Form<number[]>> = numbered.map(([shape, numbers]) => ({
  shapes: [shape],
  setting: shape.map((_, axis) => axis).sort((a, b) => numbers[a]! - numbers[b]!),
}));

const blocks: fc.Arbitrary<Form<{ starts: number[]; sizes: number[] }>> = numbered.map(([shape, numbers]) => {
  const starts = shape.map((extent, axis) => numbers[axis]! % (extent + 1));
  const sizes = shape.map((extent, axis) => numbers[axis + 5]! % (extent - starts[axis]! + 1));
  return { shapes: [shape], setting: { starts, sizes } };
});

const margins: fc.Arbitrary<Form<{ around: [number, number][]; value: number }>> = fc
  .tuple(numbered, fc.constantFrom(0, 0.75, -0, NaN, -Infinity, 1e-40))
  .map(([[shape, numbers], value]) => ({
    shapes: [shape],
    setting: { around: shape.map((_, axis) => [numbers[axis]! % 3, numbers[axis + 5]! % 3]), value },
  }));

/** One to four shapes that differ along one axis. */
const chains: fc.Arbitrary<Form<number>> = fc
  .tuple(
    shapes({ least: 1 }),
    fc.nat(99),
    fc.array(fc.constantFrom(0, 1, 2, 3, 4, 5), { minLength: 1, maxLength: 4 }),
  )
  .map(([shape, number, extents]) => {
    const axis = number % shape.length;
    const one = (extent: number) => shape.map((own, i) => (i === axis ? extent : own));
    return { shapes: [shape, ...extents.slice(1).map(one)], setting: axis };
  });

const stacks: fc.Arbitrary<Form<number>> = fc
  .tuple(shapes({ most: 4 }), fc.nat(99), fc.constantFrom(1, 2, 3))
  .map(([shape, number, count]) => ({
    shapes: Array.from({ length: count }, () => shape),
    setting: number % (shape.length + 1),
  }));

const concatenated = (list: Nd[], axis: number): Nd => {
  const shape = list[0]!.shape.map((own, i) =>
    i === axis ? list.reduce((sum, x) => sum + x.shape[axis]!, 0) : own,
  );
  return build(shape, (at) => {
    const own = [...at];
    let which = 0;
    while (own[axis]! >= list[which]!.shape[axis]!) own[axis]! -= list[which++]!.shape[axis]!;
    return element(list[which]!, own);
  });
};

/** Rows of any shape, and indices of them. */
const picked: fc.Arbitrary<Form<null>> = fc
  .tuple(shapes({ least: 1 }), fc.constantFrom(1, 2, 3, 4, 5, 9))
  .map(([shape, K]) => ({ shapes: [shape, [K]], setting: null }));

/** A start, a size and a step of either sign for each axis. */
const combs: fc.Arbitrary<Form<Record<"starts" | "sizes" | "steps", number[]>>> = numbered.map(
  ([shape, numbers]) => {
    const starts = shape.map((extent, axis) => numbers[axis]! % extent);
    const steps = shape.map((_, axis) => [1, 2, 3, -1, -2, 5][numbers[axis + 5]! % 6]!);
    const sizes = shape.map((extent, axis) => {
      const room = steps[axis]! > 0 ? extent - 1 - starts[axis]! : starts[axis]!;
      return numbers[11]! % 50 ? 1 + Math.floor(room / Math.abs(steps[axis]!)) : 0;
    });
    return { shapes: [shape], setting: { starts, sizes, steps } };
  },
);

export const rearrangements: Property[] = [
  moving<Record<"starts" | "sizes" | "steps", number[]>>({
    name: "stridedSlice",
    forms: combs,
    op: ([x], { starts, sizes, steps }) => ops.stridedSlice(x!, starts, sizes, steps),
    reference: ([x], { starts, sizes, steps }) =>
      build(sizes, (at) =>
        element(
          x!,
          at.map((n, axis) => starts[axis]! + n * steps[axis]!),
        ),
      ),
  }),
  moving<number[]>({
    name: "flip",
    forms: numbered.map(([shape, numbers]) => ({
      shapes: [shape],
      setting: shape.map((_, axis) => axis).filter((axis) => numbers[axis]! % 2),
    })),
    op: ([x], axes) => ops.flip(x!, axes),
    reference: ([x], axes) =>
      build(x!.shape, (at) =>
        element(
          x!,
          at.map((n, axis) => (axes.includes(axis) ? x!.shape[axis]! - 1 - n : n)),
        ),
      ),
  }),
  moving<number[]>({
    name: "tile",
    forms: fc
      .tuple(shapes({ most: 4 }), fc.array(fc.nat(3), { minLength: 4, maxLength: 4 }))
      .map(([shape, repeats]) => ({ shapes: [shape], setting: repeats.slice(0, shape.length) })),
    op: ([x], repeats) => ops.tile(x!, repeats),
    reference: ([x], repeats) =>
      build(
        x!.shape.map((extent, axis) => extent * repeats[axis]!),
        (at) =>
          element(
            x!,
            at.map((n, axis) => n % x!.shape[axis]!),
          ),
      ),
  }),
  moving<{ axis: number; sizes: number[] }>({
    name: "split",
    forms: fc.tuple(shapes({ least: 1 }), fc.nat(99), fc.nat(999)).map(([shape, number, cut]) => {
      const axis = number % shape.length;
      const first = cut % (shape[axis]! + 1);
      return { shapes: [shape], setting: { axis, sizes: [first, shape[axis]! - first] } };
    }),
    op: ([x], { axis, sizes }) => ops.split(x!, sizes, axis)[1]!,
    reference: ([x], { axis, sizes }) =>
      build(
        x!.shape.map((extent, i) => (i === axis ? sizes[1]! : extent)),
        (at) =>
          element(
            x!,
            at.map((n, i) => (i === axis ? n + sizes[0]! : n)),
          ),
      ),
  }),
  moving<number[]>({
    name: "reshape",
    forms: numbered.map(([shape, numbers]) => {
      const cut = numbers[0]! % (shape.length + 1);
      const setting = [sizeOf(shape.slice(0, cut)), sizeOf(shape.slice(cut))];
      return { shapes: [shape], setting: numbers[1]! % 2 ? [...setting, 1] : setting };
    }),
    op: ([x], shape) => ops.reshape(x!, shape),
    reference: ([x], shape) => ({ shape, data: x!.data }),
  }),
  moving<number[]>({
    name: "permute",
    forms: orders,
    op: ([x], order) => ops.permute(x!, order),
    reference: ([x], order) =>
      build(
        order.map((axis) => x!.shape[axis]!),
        (at) =>
          element(
            x!,
            order.map((_, axis) => at[order.indexOf(axis)]!),
          ),
      ),
  }),
  moving<null>({
    name: "transpose",
    forms: one({ least: 2 }),
    op: ([x]) => ops.transpose(x!),
    reference([x]) {
      const turned = (list: readonly number[]) => [...list.slice(0, -2), list.at(-1)!, list.at(-2)!];
      return build(turned(x!.shape), (at) => element(x!, turned(at)));
    },
  }),
  moving<null>({
    name: "clone",
    forms: one({ empty: true }),
    op: ([x]) => create.clone(x!),
    reference: ([x]) => x!,
  }),
  moving<null>({
    name: "diag",
    forms: shapes({ least: 1, most: 2 }).map((shape) => ({
      shapes: [shape.length === 1 ? [Math.min(25, shape[0]!)] : shape],
      setting: null,
    })),
    op: ([x]) => create.diag(x!),
    reference([x]) {
      const [N, M] = x!.shape as [number, number?];
      if (M === undefined) return build([N, N], ([r, c]) => (r === c ? x!.data[r!]! : 0));
      return build([Math.min(N, M)], ([i]) => x!.data[i! * M + i!]!);
    },
  }),
  ...(["tril", "triu"] as const).map((name) =>
    moving<number>({
      name,
      forms: fc
        .tuple(shapes({ least: 2 }), fc.constantFrom(-9, -2, -1, 0, 1, 3, 9))
        .map(([shape, setting]) => ({ shapes: [shape], setting })),
      op: ([x], diagonal) => create[name](x!, diagonal),
      reference: ([x], diagonal) =>
        build(x!.shape, (at) => {
          const above = at.at(-1)! - at.at(-2)!;
          return (name === "tril" ? above <= diagonal : above >= diagonal) ? element(x!, at) : 0;
        }),
    }),
  ),
  moving<[number, number]>({
    name: "bandPart",
    forms: fc
      .tuple(
        shapes({ least: 2 }),
        fc.tuple(fc.constantFrom(0, 1, 9, Infinity), fc.constantFrom(0, 2, Infinity)),
      )
      .map(([shape, setting]) => ({ shapes: [shape], setting })),
    op: ([x], [lower, upper]) => create.bandPart(x!, lower, upper),
    reference: ([x], [lower, upper]) =>
      build(x!.shape, (at) => {
        const above = at.at(-1)! - at.at(-2)!;
        return above <= upper && above >= -lower ? element(x!, at) : 0;
      }),
  }),
  moving<null>({
    name: "oneHot",
    forms: one({ most: 3 }),
    op: ([x]) => create.oneHot(x!, 5),
    reference: ([x]) => build([...x!.shape, 5], (at) => Number(element(x!, at.slice(0, -1)) === at.at(-1))),
    values: () => indicesAndOthers(5),
    hasGradient: () => false,
  }),
  moving<{ starts: number[]; sizes: number[] }>({
    name: "slice",
    forms: blocks,
    op: ([x], { starts, sizes }) => ops.slice(x!, starts, sizes),
    reference: ([x], { starts, sizes }) =>
      build(sizes, (at) =>
        element(
          { ...x!, shape: x!.shape },
          at.map((n, axis) => n + starts[axis]!),
        ),
      ),
  }),
  moving<{ around: [number, number][]; value: number }>({
    name: "pad",
    forms: margins,
    op: ([x], { around, value }) => ops.pad(x!, around, value),
    reference: ([x], { around, value }) =>
      build(
        x!.shape.map((extent, axis) => extent + around[axis]![0] + around[axis]![1]),
        (at) => {
          const from = at.map((n, axis) => n - around[axis]![0]);
          return from.every((n, axis) => n >= 0 && n < x!.shape[axis]!) ? element(x!, from) : value;
        },
      ),
    hasGradient: ({ setting }) => Number.isFinite(setting.value),
  }),
  moving<number[]>({
    name: "broadcastTo",
    forms: broadcastable(1).chain(([part]) =>
      fc
        .tuple(
          fc.array(fc.constantFrom(1, 2, 3), { maxLength: 5 - part!.length }),
          fc.array(fc.constantFrom(1, 2, 4), { minLength: 5, maxLength: 5 }),
        )
        .map(([before, repeats]) => ({
          shapes: [part!],
          setting: [...before, ...part!.map((extent, axis) => (extent === 1 ? repeats[axis]! : extent))],
        })),
    ),
    op: ([x], shape) => ops.broadcastTo(x!, shape),
    reference: ([x], shape) => build(shape, (at) => element(x!, at)),
  }),
  moving<number>({
    name: "concat",
    forms: chains,
    op: (list, axis) => ops.concat(list, axis),
    reference: concatenated,
  }),
  moving<number>({
    name: "stack",
    forms: stacks,
    op: (list, axis) => ops.stack(list, axis),
    reference(list, axis) {
      const shape = [...list[0]!.shape];
      return build([...shape.slice(0, axis), list.length, ...shape.slice(axis)], (at) =>
        element(list[at[axis]!]!, [...at.slice(0, axis), ...at.slice(axis + 1)]),
      );
    },
  }),
  moving<null>({
    name: "gatherRows",
    forms: picked,
    op: ([x, rows]) => ops.gatherRows(x!, rows!),
    reference([x, rows]) {
      const [R, ...rest] = x!.shape as [number, ...number[]];
      const L = sizeOf(rest);
      const row = (index: number) =>
        index >= 0 && index < R && Number.isInteger(index)
          ? x!.data.slice(index * L, (index + 1) * L)
          : Array.from({ length: L }, () => NaN);
      return { shape: [rows!.shape[0]!, ...rest], data: rows!.data.flatMap(row) };
    },
    smooth: (i, { shapes }) => (i === 0 ? each((u) => u) : indices(shapes[0]![0]!)),
    values: (i, { shapes }) => (i === 0 ? undefined : indicesAndOthers(shapes[0]![0]!)),
    constant: [1],
  }),
];
