import fc from "fast-check";
import { einsum } from "../../src/ops/einsum.ts";
import * as ops from "../../src/ops/products.ts";
import { build, element, total, totalSize, type Nd, type Wanted } from "./arrays.ts";
import { property, type Form, type Property } from "./property.ts";
import { each } from "./values.ts";

/** Sums of products as an equation of single letters has them; a letter may be 1 in one of two operands. */
export function einsumReference(equation: string, inputs: readonly Nd[]): Wanted {
  const [left, output] = equation.split("->") as [string, string];
  const terms = left.split(",");
  const extents = new Map<string, number>();
  terms.forEach((term, i) =>
    [...term].forEach((label, axis) =>
      extents.set(label, Math.max(inputs[i]!.shape[axis]!, extents.get(label) ?? 0)),
    ),
  );
  const empty = inputs.some(({ shape }) => shape.includes(0));
  const inner = [...extents.keys()].filter((label) => !output.includes(label));
  const extentOf = (label: string) => (empty && inner.includes(label) ? 0 : extents.get(label)!);
  const scale: number[] = [];
  const result = build([...output].map(extentOf), (at) => {
    const products: number[] = [];
    build(inner.map(extentOf), (inside) => {
      const place = (label: string) =>
        output.includes(label) ? at[output.indexOf(label)]! : inside[inner.indexOf(label)]!;
      products.push(inputs.reduce((product, x, i) => product * element(x, [...terms[i]!].map(place)), 1));
      return 0;
    });
    scale.push(totalSize(products));
    return total(products);
  });
  return { ...result, scale };
}

const extent = fc.constantFrom(1, 2, 3, 4, 5, 8, 9);
const batches = fc.constantFrom([[], []], [[2], [2]], [[3, 1], [2]], [[2, 1, 3], [4, 1]], [[], [2, 3]], [[2, 2], []], [[0, 2], [2]]); // prettier-ignore

/** Two operands of a product of matrices of any rank, of which some are vectors. */
const factors: fc.Arbitrary<Form<{ transposeA: boolean; transposeB: boolean }>> = fc
  .record({
    ...{ M: extent, N: extent, K: extent, batches },
    ...{ transposeA: fc.boolean(), transposeB: fc.boolean(), vector: fc.constantFrom(0, 0, 0, 1, 2, 3) },
  })
  .map(({ M, N, K, batches, vector, transposeA, transposeB }) => {
    const [isA, isB] = [(vector & 1) === 1, (vector & 2) === 2];
    const turned = (rows: number, columns: number, is: boolean) => (is ? [columns, rows] : [rows, columns]);
    const setting = { transposeA: transposeA && !isA, transposeB: transposeB && !isB };
    const a = isA ? [K] : [...batches[0], ...turned(M, K, setting.transposeA)];
    const b = isB ? [K] : [...batches[1], ...turned(K, N, setting.transposeB)];
    return { shapes: [a, b], setting };
  });

function product([a, b]: readonly Nd[], { transposeA, transposeB }: Record<string, boolean>): Wanted {
  const [isA, isB] = [a!.shape.length === 1, b!.shape.length === 1];
  const rank = Math.max(a!.shape.length, b!.shape.length) - 2;
  const letters = [..."uvwxyz"].slice(0, Math.max(0, rank));
  const own = (x: Nd) => letters.slice(letters.length - Math.max(0, x.shape.length - 2)).join("");
  const left = isA ? "k" : own(a!) + (transposeA ? "km" : "mk");
  const right = isB ? "k" : own(b!) + (transposeB ? "nk" : "kn");
  return einsumReference(`${left},${right}->${letters.join("")}${isA ? "" : "m"}${isB ? "" : "n"}`, [a!, b!]);
}

const equations = [
  ...["ij,jk->ik", "bij,bjk->bik", "ij,ij->ij", "ij,ij->", "i,j->ij", "ii->i", "ii->", "ij->ji", "ijk->j"],
  ...["bhqd,bhkd->bhqk", "ij,jk,kl->il", "iji,j->i", "abc,cd,b->ad", "ij,kj->kij", "i,i,i->i", "b,bij->bj"],
];
/** An equation, with an extent for each letter, which one operand in five has as 1. */
const sums: fc.Arbitrary<Form<string>> = fc
  .tuple(fc.constantFrom(...equations), fc.array(fc.nat(4), { minLength: 8, maxLength: 8 }), fc.nat(9))
  .map(([equation, numbers, one]) => {
    const letters = [...new Set(equation.replaceAll(/[^a-z]/g, ""))];
    const shape = (term: string, i: number) =>
      [...term].map((letter, axis) => {
        const alone = term.indexOf(letter) === term.lastIndexOf(letter);
        return one === i + 3 * axis && alone && equation.split("->")[0]!.split(letter).length > 2
          ? 1
          : 1 + numbers[letters.indexOf(letter)]!;
      });
    return { shapes: equation.split("->")[0]!.split(",").map(shape), setting: equation };
  });

const matrices = fc.tuple(extent, extent, extent, extent);

export const contractions: Property[] = [
  property<{ transposeA: boolean; transposeB: boolean }>({
    name: "matmul of any rank",
    forms: factors,
    op: ([a, b], options) => ops.matmul(a!, b!, options),
    reference: (inputs, options) => product(inputs, options),
    limit: 1e15,
    signedZeros: false,
  }),
  property<string>({
    name: "einsum",
    forms: sums,
    op: (inputs, equation) => einsum(equation, ...inputs),
    reference: (inputs, equation) => einsumReference(equation, inputs),
    values: () => each((u) => 3 * u),
    signedZeros: false,
  }),
  property<number>({
    name: "tensordot",
    forms: fc
      .tuple(fc.array(extent, { minLength: 4, maxLength: 4 }), fc.nat(2))
      .map(([[a, b, c, d], count]) => ({
        shapes: [
          [a!, b!, c!],
          [
            [d!, a!, b!],
            [c!, d!],
            [b!, c!, d!],
          ][count]!,
        ],
        setting: count,
      })),
    op: ([a, b], count) => ops.tensordot(a!, b!, count),
    reference: ([a, b], count) =>
      einsumReference(["abc,xyz->abcxyz", "abc,cx->abx", "abc,bcx->ax"][count]!, [a!, b!]),
    limit: 1e15,
    signedZeros: false,
  }),
  property<null>({
    name: "outer",
    forms: matrices.map(([a, b]) => ({ shapes: [[a], [b]], setting: null })),
    op: ([a, b]) => ops.outer(a!, b!),
    reference: ([a, b]) => einsumReference("a,b->ab", [a!, b!]),
    signedZeros: false,
  }),
  property<null>({
    name: "kron",
    forms: matrices.map(([a, b, c, d]) => ({ shapes: [[a, b], [c, d]], setting: null })), // prettier-ignore
    op: ([a, b]) => ops.kron(a!, b!),
    reference([a, b]) {
      const [[M, N], [P, Q]] = [a!.shape, b!.shape] as [number[], number[]];
      return build([M! * P!, N! * Q!], ([i, j]) =>
        element(a!, [Math.floor(i! / P!), Math.floor(j! / Q!)]) * element(b!, [i! % P!, j! % Q!])); // prettier-ignore
    },
  }),
  property<null>({
    name: "dot",
    forms: matrices.map(([a, b, c, d]) => ({ shapes: [[a, b, c], [d, c, 2]], setting: null })), // prettier-ignore
    op: ([a, b]) => ops.dot(a!, b!),
    reference: ([a, b]) => einsumReference("abk,ckd->abcd", [a!, b!]),
    limit: 1e15,
    signedZeros: false,
  }),
];
