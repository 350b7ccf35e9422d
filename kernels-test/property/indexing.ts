import fc from "fast-check";
import * as arrange from "../../src/ops/arrange.ts";
import * as scatter from "../../src/ops/scatter.ts";
import * as ops from "../../src/ops/sort.ts";
import { build, element, sizeOf, type Nd } from "./arrays.ts";
import { property, type Definition, type Form, type Property } from "./property.ts";
import { axisOf, one, shapes } from "./shapes.ts";
import { apart, each, indices, indicesAndOthers, type Values } from "./values.ts";

type Options<Setting> = Omit<Definition<Setting>, "tolerance"> & { tolerance?: number };
const moving = <Setting>(definition: Options<Setting>): Property => property({ tolerance: 0, ...definition });

const positive = (axis: number, rank: number) => (axis < 0 ? axis + rank : axis);
const along = (at: readonly number[], axis: number, n: number) => at.map((own, i) => (i === axis ? n : own));

/** Indices that sort a list, NaN last, and equal numbers in their order; the other way round for a descending order. */
function order(list: readonly number[], descending: boolean): number[] {
  const key = (x: number) => (Number.isNaN(x) ? Infinity : x);
  const compare = (a: number, b: number) => {
    const [x, y] = [list[a]!, list[b]!];
    if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
    return key(x) === key(y) ? 0 : key(x) - key(y) < 0 ? -1 : 1;
  };
  return list.map((_, i) => i).sort((a, b) => (descending ? -compare(a, b) : compare(a, b)) || a - b);
}

interface Sorting {
  axis: number;
  descending: boolean;
}
const sortings: fc.Arbitrary<Form<Sorting>> = fc
  .tuple(axisOf({ empty: true }), fc.boolean())
  .map(([{ shapes, setting }, descending]) => ({ shapes, setting: { axis: setting, descending } }));

/** At each place, `f` of the indices that sort the list through it. */
function byOrder(
  x: Nd,
  { axis: given, descending }: Sorting,
  f: (value: number, index: number) => number,
): Nd {
  const axis = positive(given, x.shape.length);
  return build(x.shape, (at) => {
    const list = Array.from({ length: x.shape[axis]! }, (_, n) => element(x, along(at, axis, n)));
    const index = order(list, descending)[at[axis]!]!;
    return f(list[index]!, index);
  });
}

/** x, and indices of another extent along an axis. */
const picked = (operands: 2 | 3): fc.Arbitrary<Form<number>> =>
  fc.tuple(shapes({ least: 1 }), fc.nat(9), fc.constantFrom(1, 2, 3, 5, 9)).map(([shape, number, K]) => {
    const axis = number % shape.length;
    const other = along(shape, axis, K);
    return { shapes: operands === 2 ? [shape, other] : [shape, other, other], setting: axis };
  });
const isIndex = (x: number, extent: number) => Number.isInteger(x) && x >= 0 && x < extent;

/** Updates along an axis, in their order. */
function updated([x, at, updates]: Nd[], axis: number, f: (old: number, update: number) => number): Nd {
  const data = [...x!.data];
  const strides = x!.shape.map((_, i) => sizeOf(x!.shape.slice(i + 1)));
  let k = 0;
  build(at!.shape, (place) => {
    const [index, update] = [at!.data[k]!, updates!.data[k++]!];
    if (isIndex(index, x!.shape[axis]!)) {
      const i = along(place, axis, index).reduce((sum, n, d) => sum + n * strides[d]!, 0);
      data[i] = f(data[i]!, update);
    }
    return 0;
  });
  return { shape: x!.shape, data };
}

const any = each((u) => u);
const extentOf = (shapes: Form<unknown>["shapes"], axis: number) => shapes[0]![axis]!;
/** Which numbers the operand of indices has. */
const indexing = {
  smooth: (i: number, { shapes, setting }: Form<number>): Values =>
    i === 1 ? indices(extentOf(shapes, setting)) : any,
  values: (i: number, { shapes, setting }: Form<number>) =>
    i === 1 ? indicesAndOthers(extentOf(shapes, setting)) : undefined,
  constant: [1],
};

/** x (…), and K × D coordinates in it. */
const nested = fc
  .tuple(shapes({ least: 1, most: 4 }), fc.nat(9), fc.constantFrom([1], [3], [2, 2], [5]))
  .map(([shape, number, K]) => ({ shape, D: 1 + (number % shape.length), K }));
const coordinates =
  (D: number, shape: readonly number[], others: boolean): Values =>
  (n, random) =>
    Array.from({ length: n }, (_, i) => (others ? indicesAndOthers : indices)(shape[i % D]!)(1, random)[0]!);

interface Nested {
  D: number;
  shape: readonly number[];
}
const rowOf = (at: Nd, k: number, { D, shape }: Nested) => {
  const row = at.data.slice(k * D, (k + 1) * D);
  if (!row.every((index, d) => isIndex(index, shape[d]!))) return undefined;
  return row.reduce((place, index, d) => place * shape[d]! + index, 0);
};

export const indexed: Property[] = [
  moving<Sorting>({
    name: "sort",
    forms: sortings,
    op: ([x], { axis, descending }) => ops.sort(x!, axis, { descending }).values,
    reference: ([x], setting) => byOrder(x!, setting, (value) => value),
    smooth: () => apart,
  }),
  moving<Sorting>({
    name: "argsort",
    forms: sortings,
    op: ([x], { axis, descending }) => ops.argsort(x!, axis, { descending }),
    reference: ([x], setting) => byOrder(x!, setting, (_, index) => index),
    hasGradient: () => false,
  }),
  moving<{ axis: number; k: number; largest: boolean }>({
    name: "topk",
    forms: fc.tuple(axisOf(), fc.nat(99), fc.boolean()).map(([{ shapes, setting }, number, largest]) => ({
      shapes,
      setting: { axis: setting, k: number % (shapes[0]!.at(setting)! + 1), largest },
    })),
    op: ([x], { axis, k, largest }) => ops.topk(x!, k, axis, { largest }).values,
    reference([x], { axis, k, largest }) {
      const sorted = byOrder(x!, { axis, descending: largest }, (value) => value);
      return build(along(x!.shape, positive(axis, x!.shape.length), k), (at) => element(sorted, at));
    },
    smooth: () => apart,
  }),
  property<number>({
    name: "median",
    forms: axisOf(),
    op: ([x], axis) => ops.median(x!, axis, true),
    reference([x], axis) {
      const at = positive(axis, x!.shape.length);
      const n = x!.shape[at]!;
      const sorted = byOrder(x!, { axis, descending: false }, (value) => value);
      const half = (n - 1) / 2;
      const middle = (place: readonly number[]) =>
        [Math.floor(half), Math.ceil(half)].map((k) => element(sorted, along(place, at, k)) / 2);
      const shape = along(x!.shape, at, 1);
      const scale: number[] = [];
      const result = build(shape, (place) => {
        const [a, b] = middle(place) as [number, number];
        scale.push(Math.abs(a) + Math.abs(b));
        return Number.isNaN(element(sorted, along(place, at, n - 1))) ? NaN : a + b; // NaN is last
      });
      return { ...result, scale };
    },
    smooth: () => apart,
    signedZeros: false,
  }),
  moving<"left" | "right">({
    name: "searchsorted",
    forms: fc
      .tuple(fc.constantFrom(0, 1, 2, 7, 64, 65), one({ empty: true }), fc.constantFrom("left", "right"))
      .map(([R, { shapes }, setting]) => ({ shapes: [[R], shapes[0]!], setting })),
    op: ([list, values], side) => ops.searchsorted(list!, values!, side),
    reference: ([list, values], side) => ({
      shape: values!.shape,
      data: values!.data.map(
        (v) => list!.data.filter((x) => (side === "left" ? x < v || (v !== v && x === x) : !(x > v))).length,
      ),
    }),
    values: (i) => (i === 0 ? (n) => Array.from({ length: n }, (_, k) => Math.floor(k / 3) - 2) : undefined),
    hasGradient: () => false,
  }),
  moving<number>({
    name: "takeAlongAxis",
    forms: picked(2),
    op: ([x, at], axis) => scatter.takeAlongAxis(x!, at!, axis),
    reference: ([x, at], axis) =>
      build(at!.shape, (place) => {
        const index = element(at!, place);
        return isIndex(index, x!.shape[axis]!) ? element(x!, along(place, axis, index)) : NaN;
      }),
    ...indexing,
  }),
  property<number>({
    name: "scatterAdd",
    forms: picked(3),
    op: ([x, at, updates], axis) => scatter.scatterAdd(x!, at!, updates!, axis),
    reference: (inputs, axis) => ({
      ...updated(inputs, axis, (old, update) => old + update),
      scale: updated(inputs, axis, (old, update) => Math.abs(old) + Math.abs(update)).data.map(Math.abs),
    }),
    limit: 1e15,
    keepsSubnormals: true, // a subnormal number is no index
    signedZeros: false,
    ...indexing,
  }),
  moving<number>({
    name: "scatterAlongAxis",
    forms: picked(3),
    op: ([x, at, updates], axis) => scatter.scatterAlongAxis(x!, at!, updates!, axis),
    reference: (inputs, axis) => updated(inputs, axis, (_, update) => update),
    ...indexing,
  }),
  moving<Nested>({
    name: "gatherNd",
    forms: nested.map(({ shape, D, K }) => ({ shapes: [shape, [...K, D]], setting: { D, shape } })),
    op: ([x, at]) => scatter.gatherNd(x!, at!),
    reference([x, at], setting) {
      const rest = x!.shape.slice(setting.D);
      const L = sizeOf(rest);
      const K = at!.shape.slice(0, -1);
      const data = Array.from({ length: sizeOf(K) }, (_, k) => {
        const row = rowOf(at!, k, setting);
        return row === undefined ? new Array<number>(L).fill(NaN) : x!.data.slice(row * L, (row + 1) * L);
      });
      return { shape: [...K, ...rest], data: data.flat() };
    },
    smooth: (i, { setting: { D, shape } }) => (i === 0 ? any : coordinates(D, shape, false)),
    values: (i, { setting: { D, shape } }) => (i === 0 ? undefined : coordinates(D, shape, true)),
    constant: [1],
  }),
  property<Nested>({
    name: "scatterNd",
    forms: nested.map(({ shape, D, K }) => ({
      shapes: [
        [...K, D],
        [...K, ...shape.slice(D)],
      ],
      setting: { D, shape },
    })),
    op: ([at, updates], { shape }) => scatter.scatterNd(at!, updates!, shape),
    reference([at, updates], setting) {
      const L = sizeOf(setting.shape.slice(setting.D));
      const data = new Array<number>(sizeOf(setting.shape)).fill(0);
      const scale = [...data];
      updates!.data.forEach((update, i) => {
        const row = rowOf(at!, Math.floor(i / L), setting);
        if (row === undefined) return;
        data[row * L + (i % L)]! += update;
        scale[row * L + (i % L)]! += Math.abs(update);
      });
      return { shape: setting.shape, data, scale };
    },
    limit: 1e15,
    keepsSubnormals: true, // a subnormal number is no index
    signedZeros: false,
    smooth: (i, { setting: { D, shape } }) => (i === 1 ? any : coordinates(D, shape, false)),
    values: (i, { setting: { D, shape } }) => (i === 1 ? undefined : coordinates(D, shape, true)),
    constant: [0],
  }),
  moving<{ count: number; axis: number }>({
    name: "repeat",
    forms: fc.tuple(axisOf(), fc.nat(3)).map(([{ shapes, setting }, count]) => ({
      shapes,
      setting: { axis: setting, count },
    })),
    op: ([x], { count, axis }) => arrange.repeat(x!, count, axis),
    reference([x], { count, axis: given }) {
      const axis = positive(given, x!.shape.length);
      return build(along(x!.shape, axis, x!.shape[axis]! * count), (at) =>
        element(x!, along(at, axis, Math.floor(at[axis]! / count))),
      );
    },
  }),
  moving<{ shift: number; axis: number }>({
    name: "roll",
    forms: fc
      .tuple(axisOf({ empty: true }), fc.integer({ min: -9, max: 9 }))
      .map(([{ shapes, setting }, shift]) => ({
        shapes,
        setting: { axis: setting, shift },
      })),
    op: ([x], { shift, axis }) => arrange.roll(x!, shift, axis),
    reference([x], { shift, axis: given }) {
      const axis = positive(given, x!.shape.length);
      const n = x!.shape[axis]!;
      return build(x!.shape, (at) => element(x!, along(at, axis, (((at[axis]! - shift) % n) + n) % n)));
    },
  }),
  moving<{ from: number; to: number }>({
    name: "moveaxis",
    forms: fc.tuple(axisOf(), fc.nat(9)).map(([{ shapes, setting }, to]) => ({
      shapes,
      setting: { from: setting, to: to % shapes[0]!.length },
    })),
    op: ([x], { from, to }) => arrange.moveaxis(x!, from, to),
    reference([x], { from, to }) {
      const at = positive(from, x!.shape.length);
      const moved = (list: readonly number[]) => list.filter((_, i) => i !== at).toSpliced(to, 0, list[at]!);
      return build(moved(x!.shape), (place) =>
        element(x!, place.filter((_, i) => i !== to).toSpliced(at, 0, place[to]!)),
      );
    },
  }),
  moving<number>({
    name: "take",
    forms: fc.tuple(axisOf(), fc.constantFrom([], [1], [3], [2, 2])).map(([{ shapes, setting }, K]) => ({
      shapes: [shapes[0]!, K],
      setting: positive(setting, shapes[0]!.length),
    })),
    op: ([x, at], axis) => arrange.take(x!, at!, axis),
    reference([x, at], axis) {
      const D = at!.shape.length;
      return build(x!.shape.toSpliced(axis, 1, ...at!.shape), (place) => {
        const index = element(at!, place.slice(axis, axis + D));
        return isIndex(index, x!.shape[axis]!) ? element(x!, place.toSpliced(axis, D, index)) : NaN;
      });
    },
    ...indexing,
  }),
  ...(["edge", "reflect", "symmetric", "wrap"] as const).map((mode) =>
    moving<[number, number][]>({
      name: `padWith ${mode}`,
      forms: fc
        .tuple(shapes({ least: 1, most: 3 }), fc.array(fc.nat(7), { minLength: 6, maxLength: 6 }))
        .map(([shape, numbers]) => ({
          shapes: [shape],
          setting: shape.map((_, axis) => [numbers[2 * axis]!, numbers[2 * axis + 1]!]),
        })),
      op: ([x], margins) => arrange.padWith(x!, margins, mode),
      reference([x], margins) {
        /** Walks to the place one element at a time. */
        const walk = (i: number, n: number): number => {
          if (i >= 0 && i < n) return i;
          if (mode === "edge") return i < 0 ? 0 : n - 1;
          if (mode === "wrap") return walk(i < 0 ? i + n : i - n, n);
          if (mode === "symmetric") return walk(i < 0 ? -1 - i : 2 * n - 1 - i, n);
          return n === 1 ? 0 : walk(i < 0 ? -i : 2 * n - 2 - i, n);
        };
        const shape = x!.shape.map((n, axis) => n + margins[axis]![0] + margins[axis]![1]);
        return build(shape, (at) =>
          element(
            x!,
            at.map((n, axis) => walk(n - margins[axis]![0], x!.shape[axis]!)),
          ),
        );
      },
    }),
  ),
];
