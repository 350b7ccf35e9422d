import fc from "fast-check";
import * as losses from "../../src/ops/losses.ts";
import { matmul } from "../../src/ops/matmul.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import * as regression from "../../src/ops/regression.ts";
import { triangularSolve, type TriangularOptions } from "../../src/ops/triangular.ts";
import { broadcast, build, element, sizeOf, total, totalSize, type Nd, type Wanted } from "./arrays.ts";
import { property, type Definition, type Form, type Property } from "./property.ts";
import { alike } from "./shapes.ts";
import { each, gridded, withSpecials, type Values } from "./values.ts";

const fours = fc.constantFrom(4, 8, 16, 32, 64);
const others = fc.constantFrom(1, 2, 3, 5, 7, 9, 31, 33, 65);
const extent = fc.oneof(fours, others);

/**
 * Two matrices, or batches of them, of which one may be one for all of the other. A product is compiled for each rest of
 * each extent by 4, which takes long: M and N have theirs in common here, and transpositions and epilogues are left to
 * `matmul.test.ts` and `epilogue.test.ts`.
 */
const factors: fc.Arbitrary<Form<null>> = fc
  .record({
    MN: fc.oneof(fc.tuple(fours, fours), fc.tuple(others, others)),
    K: extent,
    batches: fc.constantFrom([], [2, 2], [1, 3], [3, 1], [0, 2], [3, 0], [1, 1]),
  })
  .map(({ MN: [M, N], K, batches }) => {
    const batch = (i: number) => (batches[i] ? [batches[i]] : []);
    const shapes = [
      [...batch(0), M, K],
      [...batch(1), K, N],
    ];
    return { shapes, setting: null };
  });

/** The terms of each element of a product. */
function termsOf(a: Nd, b: Nd): { shape: number[]; terms: number[][] } {
  const [M, K, N] = [a.shape.at(-2)!, a.shape.at(-1)!, b.shape.at(-1)!];
  const shape = [...broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2)), M, N];
  const terms: number[][] = [];
  build(shape, (at) => {
    const [before, m, n] = [at.slice(0, -2), at.at(-2)!, at.at(-1)!];
    const term = (k: number) => element(a, [...before, m, k]) * element(b, [...before, k, n]);
    terms.push(Array.from({ length: K }, (_, k) => term(k)));
    return 0;
  });
  return { shape, terms };
}

/** Square matrices and what is solved for; either may be one for all of the other. */
const triangles: fc.Arbitrary<Form<TriangularOptions>> = fc
  .record({
    N: extent,
    M: fc.oneof(extent, fc.constantFrom(0, 127, 128, 129)),
    batches: fc.constantFrom([], [2, 2], [1, 3], [3, 1], [0, 1]),
    upper: fc.boolean(),
    transpose: fc.boolean(),
  })
  .map(({ N, M, batches, ...setting }) => ({
    shapes: [N, M].map((columns, i) => [...(batches[i] === undefined ? [] : [batches[i]]), N, columns]),
    setting,
  }));

/** Matrices whose triangles are far from singular: of ±1 to ±2 on the diagonal, and at most 1/N beside it. */
const gentle =
  ({ shapes: [shape] }: Form<TriangularOptions>): Values =>
  (n, random) => {
    const N = shape!.at(-1)!;
    return Array.from({ length: n }, (_, e) => {
      const u = 2 * random() - 1;
      return Math.floor(e / N) % N === e % N ? u + Math.sign(u) : u / N;
    });
  };

/** Substitution by its definition; its scale is that of the same with the size of each term. */
function substituted(a: Nd, b: Nd, { upper, transpose }: TriangularOptions): Wanted {
  const [N, M] = b.shape.slice(-2) as [number, number];
  const shape = [...broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2)), N, M];
  const solve = (size: (x: number) => number, sign: number) => {
    const x = { shape, data: new Array<number>(sizeOf(shape)).fill(0) };
    for (let first = 0; first < x.data.length; first += N * M)
      for (let step = 0; step < N; step++)
        for (let m = 0; m < M; m++) {
          const batch = shape.length === 3 ? [first / (N * M)] : [];
          const i = upper !== transpose ? N - 1 - step : step;
          const of = (j: number) => size(element(a, [...batch, ...(transpose ? [j, i] : [i, j])]));
          let value = size(element(b, [...batch, i, m]));
          for (let done = 0; done < step; done++) {
            const j = upper !== transpose ? N - 1 - done : done;
            value += sign * of(j) * x.data[first + j * M + m]!;
          }
          x.data[first + i * M + m] = value / of(i);
        }
    return x;
  };
  return { ...solve((x) => x, -1), scale: solve(Math.abs, 1).data };
}

/** A loss of two operands of one shape: `scale` of n times the sum of its terms, whose own parts may cancel to `size`. */
function loss(
  name: string,
  op: (a: Tensor, b: Tensor) => Tensor,
  term: (a: number, b: number) => number,
  scale: (n: number) => number,
  size: (a: number, b: number) => number,
  options: Partial<Definition<null>> = {},
): Property {
  return property<null>({
    name,
    forms: alike(2),
    op: ([a, b]) => op(a!, b!),
    reference([a, b]) {
      const terms = a!.data.map((x, i) => term(x, b!.data[i]!));
      const factor = scale(terms.length);
      const sizes = a!.data.map((x, i) => size(x, b!.data[i]!));
      return { shape: [], data: [factor * total(terms)], scale: [factor * totalSize(sizes)] };
    },
    limit: 1e15,
    signedZeros: false,
    ...options,
  });
}

const one = () => 1;
const mean = (n: number) => 1 / n;
const bce = (l: number, t: number) => Math.max(l, 0) - l * t + Math.log1p(Math.exp(-Math.abs(l)));
const bceSize = (l: number, t: number) => Math.abs(l * t) + bce(l, 0);
const squared = (a: number, b: number) => (a - b) ** 2;
/** e^v - 1 - v, by its series where the terms would cancel. */
const expTail = (v: number) =>
  Math.abs(v) < 1e-3 ? v * v * (1 / 2 + v * (1 / 6 + v * (1 / 24 + v / 120))) : Math.expm1(v) - v;
const kl = (m: number, v: number) => 0.5 * (m * m + expTail(v));
const several = each((u) => 3 * u);
const wider = { smooth: () => several };

const distance = (a: number, b: number) => Math.abs(a - b);
/** With a delta of 1. */
const huber = (a: number, b: number) => (distance(a, b) < 1 ? squared(a, b) / 2 : distance(a, b) - 0.5);

export const products: Property[] = [
  property<null>({
    name: "matmul",
    forms: factors,
    op: ([a, b]) => matmul(a!, b!),
    reference([a, b]) {
      const { shape, terms } = termsOf(a!, b!);
      return { shape, data: terms.map(total), scale: terms.map(totalSize) };
    },
    limit: 1e15,
    signedZeros: false,
  }),
  property<TriangularOptions>({
    name: "triangularSolve",
    forms: triangles,
    op: ([a, b], options) => triangularSolve(a!, b!, options),
    reference: ([a, b], options) => substituted(a!, b!, options),
    values: (i, form) => (i === 0 ? gentle(form) : undefined),
    smooth: (i, form) => (i === 0 ? gentle(form) : each((u) => u)),
    limit: 1e15,
    signedZeros: false,
  }),
  loss("mse", losses.mse, squared, mean, squared),
  loss("bceWithLogits", losses.bceWithLogits, bce, mean, bceSize, wider),
  loss(
    "bceWithLogits, sum",
    (a, b) => losses.bceWithLogits(a, b, { reduction: "sum" }),
    bce,
    one,
    bceSize,
    wider,
  ),
  loss("gaussianKl", losses.gaussianKl, kl, one, kl, wider),
  loss("absoluteError", regression.absoluteError, distance, mean, distance, {
    smooth: (i) => gridded(i === 0 ? 1 / 256 : 3 / 256), // never equal
  }),
  loss("huber", regression.huber, huber, mean, huber, wider),
  loss(
    "hinge",
    regression.hinge,
    (a, b) => Math.max(0, 1 - a * b),
    mean,
    (a, b) => 1 + Math.abs(a * b),
  ),
  property<null>({
    name: "relativeError",
    forms: alike(2),
    op: ([a, b]) => losses.relativeError(a!, b!),
    reference([a, b]) {
      const length = (list: readonly number[]) => Math.sqrt(total(list.map((x) => x * x)));
      return { shape: [], data: [(100 * length(a!.data.map((x, i) => x - b!.data[i]!))) / length(b!.data)] };
    },
    values: () => withSpecials(several, 1e15, [Infinity, -Infinity, NaN, 0, -0, 1]), // squares that are normal numbers
    signedZeros: false,
  }),
];
