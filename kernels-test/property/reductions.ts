import { cummax, cummin, cumprod, cumsum, type CumulateOptions } from "../../src/ops/cumulate.ts";
import { all, any } from "../../src/ops/logic.ts";
import * as ops from "../../src/ops/reduce.ts";
import * as statistics from "../../src/ops/statistics.ts";
import { crossEntropy, logSoftmax, softmax } from "../../src/ops/softmax.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import fc from "fast-check";
import { groups, largest, smallest, total, totalSize, type Nd, type Wanted } from "./arrays.ts";
import { property, type Definition, type Form, type Property } from "./property.ts";
import { axesOf, axisOf } from "./shapes.ts";
import { apart, each, indices, indicesAndOthers, withSpecials } from "./values.ts";

type Axes = { axes: number[] | undefined; keepDims: boolean };

const counted = (axes: readonly number[] | undefined, rank: number) =>
  axes?.map((axis) => (axis + rank) % rank) ?? Array.from({ length: rank }, (_, axis) => axis);

/** A function of the elements along axes; `size` of them is what errors are measured by. */
function reduction(
  name: string,
  op: typeof ops.sum,
  f: (list: readonly number[]) => number,
  size: ((list: readonly number[]) => number) | undefined,
  options: Partial<Definition<Axes>> = {},
): Property {
  return property<Axes>({
    name,
    forms: axesOf({ empty: true }),
    op: ([x], { axes, keepDims }) => op(x!, axes, keepDims),
    reference([x], { axes, keepDims }) {
      const reduced = counted(axes, x!.shape.length);
      const { kept, lists } = groups(x!, reduced);
      const shape = keepDims ? kept : kept.filter((_, axis) => !reduced.includes(axis));
      return { shape, data: lists.map(f), ...(size && { scale: lists.map(size) }) };
    },
    signedZeros: false,
    limit: 1e30,
    ...options,
  });
}

/** log Σ e^x without overflow. */
function logOfSum(list: readonly number[]): number {
  const most = largest(list);
  return Number.isFinite(most) ? most + Math.log(total(list.map((x) => Math.exp(x - most)))) : most;
}

/** √Σ x² without overflow, which float64 squares of an f32 do not know. */
const length = (list: readonly number[]) => Math.sqrt(total(list.map((x) => x * x)));

/** Distances from the mean. */
const spread = (list: readonly number[]) => list.map((x) => x - total(list) / list.length);

const chosen: Partial<Definition<Axes>> = {
  forms: axesOf(),
  smooth: () => apart,
  tolerance: 0,
  signedZeros: true,
};

const truths: Partial<Definition<Axes>> = {
  hasGradient: () => false,
  values: () =>
    withSpecials(
      each(() => 0),
      3,
      [0, -0, 1, NaN, 1e-40],
    ),
  tolerance: 0,
};

/** The arrays along `axis` of x, each turned into one that is as long. */
function along(x: Nd, axis: number, f: (list: number[]) => number[]): Nd {
  const [reduced] = counted([axis], x.shape.length);
  const { lists } = groups(x, [reduced!]);
  const made = lists.map(f);
  const inner = x.shape.slice(reduced! + 1).reduce((a, b) => a * b, 1);
  const R = x.shape[reduced!]!;
  const data = x.data.map((_, i) => {
    const outer = Math.floor(i / (R * inner));
    return made[outer * inner + (i % inner)]![Math.floor(i / inner) % R]!;
  });
  return { shape: x.shape, data };
}

const logarithms = (list: number[]) => {
  const most = largest(list);
  const others = list.toSpliced(list.indexOf(most), 1);
  const rest = Math.log1p(total([most - most, ...others.map((x) => Math.exp(x - most))])); // ∞ - ∞ is NaN
  return list.map((x) => x - most - rest);
};

function softmaxOf(name: string, op: typeof softmax, f: (list: number[]) => number[]): Property {
  return property<number>({
    name,
    forms: axisOf({ empty: true }),
    op: ([x], axis) => op(x!, axis),
    reference: ([x], axis): Wanted => along(x!, axis, f),
    smooth: () => each((u) => 6 * u),
    signedZeros: false,
  });
}

/** Logits (B,C) and labels (B). */
const classified: fc.Arbitrary<Form<null>> = fc
  .tuple(fc.constantFrom(1, 2, 3, 4, 5, 63, 64, 65), fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 9, 10, 33))
  .map(([B, C]) => ({ shapes: [[B, C], [B]], setting: null }));

type Cumulation = { axis: number } & Required<{ [key in keyof CumulateOptions]: boolean }>;

/** What a list has before each of its elements, or up to it, by `f` from `first` on. */
function cumulated(
  list: readonly number[],
  f: (a: number, b: number) => number,
  first: number,
  options: Cumulation,
) {
  const { exclusive, reverse } = options;
  let all = first;
  const made = (reverse ? list.toReversed() : list).map((x) => {
    const last = all;
    all = f(all, x);
    return exclusive ? last : all;
  });
  return reverse ? made.reverse() : made;
}

const cumulations: fc.Arbitrary<Form<Cumulation>> = fc
  .tuple(axisOf({ empty: true }), fc.boolean(), fc.boolean())
  .map(([{ shapes, setting: axis }, exclusive, reverse]) => ({
    shapes,
    setting: { axis, exclusive, reverse },
  }));

export const reductions: Property[] = [
  property<Cumulation>({
    name: "cumsum",
    forms: cumulations,
    op: ([x], { axis, ...options }) => cumsum(x!, axis, options),
    reference([x], options) {
      const sums = (of: Nd) =>
        along(of, options.axis, (list) => cumulated(list, (a, b) => a + b, 0, options));
      return { ...sums(x!), scale: sums({ ...x!, data: x!.data.map(Math.abs) }).data };
    },
    signedZeros: false,
    limit: 1e30,
  }),
  property<Cumulation>({
    name: "cumprod",
    forms: cumulations,
    op: ([x], { axis, ...options }) => cumprod(x!, axis, options),
    reference: ([x], options) =>
      along(x!, options.axis, (list) => cumulated(list, (a, b) => a * b, 1, options)),
    smooth: () => each((u) => 1 + u / 64),
    values: () =>
      withSpecials(
        each((u) => 1 + u / 64),
        1,
        [0, -0, -1, 1, Infinity, -Infinity, NaN],
      ),
    tolerance: 2e-4, // of 1100 factors, each rounded
  }),
  ...[true, false].map((isMost) =>
    property<{ axis: number; reverse: boolean }>({
      name: isMost ? "cummax" : "cummin",
      forms: cumulations,
      op: ([x], { axis, reverse }) => (isMost ? cummax : cummin)(x!, axis, reverse),
      reference: ([x], { axis, reverse }) =>
        along(x!, axis, (list) => {
          const takesOver = (a: number, b: number) => Number.isNaN(b) || (isMost ? b >= a : b <= a);
          const f = (a: number, b: number) => (!Number.isNaN(a) && takesOver(a, b) ? b : a);
          return cumulated(list, f, isMost ? -Infinity : Infinity, { axis, reverse, exclusive: false });
        }),
      smooth: () => apart,
      tolerance: 0,
      signedZeros: false,
    }),
  ),
  reduction("sum", ops.sum, total, totalSize),
  reduction(
    "mean",
    ops.mean,
    (list) => total(list) / list.length,
    (list) => totalSize(list) / list.length,
  ),
  reduction("amax", ops.amax, largest, undefined, chosen),
  reduction("amin", ops.amin, smallest, undefined, chosen),
  reduction("any", any, (list) => Number(list.some((x) => x !== 0)), undefined, truths),
  reduction("all", all, (list) => Number(list.every((x) => x !== 0)), undefined, truths),
  reduction("norm", ops.norm, length, undefined, { limit: 1e37 }),
  reduction(
    "logsumexp",
    ops.logsumexp,
    logOfSum,
    (list) => Math.abs(largest(list)) + Math.log(list.length + 1),
  ),
  property<number>({
    name: "argmax",
    forms: axisOf(),
    op: ([x]: Tensor[], axis) => ops.argmax(x!, axis),
    reference([x], axis) {
      const [reduced] = counted([axis], x!.shape.length);
      const { kept, lists } = groups(x!, [reduced!]);
      const first = (list: number[]) =>
        list.findIndex((value) => Object.is(value, NaN) || value === largest(list));
      return { shape: kept.filter((_, i) => i !== reduced), data: lists.map(first) };
    },
    tolerance: 0,
    hasGradient: () => false,
  }),
  reduction("prod", statistics.prod, (list) => list.reduce((a, b) => a * b, 1), undefined, {
    smooth: () => each((u) => 1 + u / 64),
    values: () =>
      withSpecials(
        each((u) => 1 + u / 64),
        1,
        [0, -0, -1, 1, Infinity, -Infinity, NaN],
      ),
    tolerance: 2e-4, // of 1100 factors, each rounded
  }),
  reduction(
    "variance",
    (x, axes, keepDims) => statistics.variance(x, axes, { keepDims }),
    (list) => total(spread(list).map((x) => x * x)) / list.length,
    (list) => {
      const most = largest(list.map(Math.abs)); // roundings of the mean
      return total(spread(list).map((d) => d * d + Math.abs(d) * most)) / list.length + 1e-8 * most * most;
    },
    { limit: 1e15 },
  ),
  reduction(
    "std",
    (x, axes, keepDims) => statistics.std(x, axes, { keepDims }),
    (list) => length(spread(list)) / Math.sqrt(list.length),
    (list) => length(spread(list)) / Math.sqrt(list.length) + largest(list.map(Math.abs)) / 64,
    { limit: 1e15, smooth: () => apart },
  ),
  property<number>({
    name: "argmin",
    forms: axisOf(),
    op: ([x]: Tensor[], axis) => statistics.argmin(x!, axis),
    reference([x], axis) {
      const [reduced] = counted([axis], x!.shape.length);
      const { kept, lists } = groups(x!, [reduced!]);
      const first = (list: number[]) =>
        list.findIndex((value) => Object.is(value, NaN) || value === smallest(list));
      return { shape: kept.filter((_, i) => i !== reduced), data: lists.map(first) };
    },
    tolerance: 0,
    hasGradient: () => false,
  }),
  softmaxOf("softmax", softmax, (list) => logarithms(list).map(Math.exp)),
  softmaxOf("logSoftmax", logSoftmax, logarithms),
  property<null>({
    name: "crossEntropy",
    forms: classified,
    op: ([logits, labels]) => crossEntropy(logits!, labels!),
    reference([logits, labels]) {
      const [B, C] = logits!.shape as [number, number];
      const logs = along(logits!, 1, logarithms).data;
      const losses = labels!.data.map((label, b) =>
        label in logits!.data && label < C ? -logs[b * C + label]! : NaN,
      );
      return { shape: [], data: [total(losses) / B], scale: [totalSize(losses) / B] };
    },
    smooth: (i, { shapes }) => (i === 0 ? each((u) => 6 * u) : indices(shapes[0]![1]!)),
    values: (i, { shapes }) => (i === 0 ? undefined : indicesAndOthers(shapes[0]![1]!)),
    constant: [1],
    limit: 1e30,
    keepsSubnormals: true,
    signedZeros: false,
  }),
];
