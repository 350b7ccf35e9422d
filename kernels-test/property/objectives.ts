import fc from "fast-check";
import type { Tensor } from "../../src/tensor/tensor.ts";
import * as attention from "../../src/ops/attention.ts";
import * as ops from "../../src/ops/objectives.ts";
import { absoluteError } from "../../src/ops/regression.ts";
import { logistic } from "../references.ts";
import { total, zip, type Nd, type Wanted } from "./arrays.ts";
import { einsumReference } from "./contractions.ts";
import { property, type Property } from "./property.ts";
import { alike, shapes } from "./shapes.ts";
import { each, indices, type Values } from "./values.ts";

const several = each((u) => 3 * u);
const probabilities = each((u) => 0.5 + 0.45 * u);
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** A loss of two operands of one shape, element by element, with its mean where `isMean`. */
function loss(
  name: string,
  op: (a: Tensor, b: Tensor) => Tensor,
  f: (a: number, b: number) => number,
  values: readonly Values[] = [several, several],
): Property {
  return property<null>({
    name,
    forms: alike(2),
    op: ([a, b]) => op(a!, b!),
    reference([a, b]) {
      const all = zip(f, a!, b!);
      return { ...all, scale: all.data.map((x) => Math.abs(x) + 1) };
    },
    smooth: (i) => values[i]!,
    values: (i) => values[i],
    signedZeros: false,
  });
}

const none = { reduction: "none" } as const;
const rows = shapes({ least: 1, most: 3 });
/** The lists along the last axis. */
const lists = ({ shape, data }: Nd) => {
  const R = shape.at(-1)!;
  return Array.from({ length: data.length / R }, (_, i) => data.slice(i * R, (i + 1) * R));
};
const logSoftmax = (row: readonly number[]) => {
  const most = Math.max(...row);
  const whole = most + Math.log(total(row.map((x) => Math.exp(x - most))));
  return row.map((x) => x - whole);
};
const length = (row: readonly number[]) => Math.sqrt(total(row.map((x) => x * x)));

/** q, k, v of attention, and of which kind. */
const heads = fc
  .tuple(fc.constantFrom(1, 3, 5), fc.constantFrom(2, 4, 9), fc.constantFrom(1, 4), fc.constantFrom("plain", "causal", "mask"))
  .map(([L, S, D, setting]) => ({ shapes: [[2, 3, L, D], [2, 3, S, D], [3, S, 2]], setting })); // prettier-ignore

function attended([q, k, v]: readonly Nd[], kind: string): Wanted {
  const scores = einsumReference("bhqd,bhkd->bhqk", [q!, k!]);
  const [L, S, D] = [q!.shape[2]!, k!.shape[2]!, q!.shape[3]!];
  const data = lists({
    shape: scores.shape,
    data: scores.data.map((x, i) => {
      const [row, column] = [Math.floor(i / S) % L, i % S];
      const hidden = kind === "causal" ? column > row : kind === "mask" && column === 1;
      return hidden ? -Infinity : x / Math.sqrt(D);
    }),
  }).flatMap((row) => logSoftmax(row).map(Math.exp));
  return einsumReference("bhqk,hkd->bhqd", [{ shape: scores.shape, data }, v!]);
}

export const objectives: Property[] = [
  loss(
    "focalLoss",
    (a, b) => ops.focalLoss(a, b, { ...none, alpha: 0.25 }),
    (l, t) => {
      const p = logistic(l);
      const entropy = softplus(-l) + (1 - t) * l;
      return entropy * (p + t - 2 * p * t) ** 2 * (0.25 * t + 0.75 * (1 - t));
    },
    [several, probabilities],
  ),
  loss(
    "klDivergence",
    (a, b) => ops.klDivergence(a, b, none),
    (q, t) => t * Math.log(t) - t * q,
    [several, probabilities],
  ),
  loss(
    "logCosh",
    (a, b) => ops.logCosh(a, b, none),
    (a, b) => Math.log(Math.cosh(a - b)),
  ),
  loss(
    "binaryCrossEntropy",
    (a, b) => ops.binaryCrossEntropy(a, b, { ...none, least: 0 }),
    (p, t) => -(t * Math.log(p) + (1 - t) * Math.log(1 - p)),
    [probabilities, several],
  ),
  loss(
    "squaredError",
    (a, b) => ops.squaredError(a, b, none),
    (a, b) => (a - b) ** 2,
  ),
  loss(
    "poissonLoss",
    (a, b) => ops.poissonLoss(a, b, none),
    (a, k) => Math.exp(a) - k * a,
  ),
  loss("gaussianLoss", (a, b) => ops.gaussianLoss(a, b, b, none), (m, x) => 0.5 * (Math.log(x) + (m - x) ** 2 / x), [several, probabilities]), // prettier-ignore
  property<null>({
    name: "a weighed mean",
    forms: rows.map((shape) => ({ shapes: [shape, shape, shape.slice(-1)], setting: null })),
    op: ([a, b, weights]) => absoluteError(a!, b!, { weights: weights! }),
    reference([a, b, w]) {
      const weights = zip((_, weight) => weight, a!, w!).data;
      const losses = a!.data.map((x, i) => Math.abs(x - b!.data[i]!) * weights[i]!);
      return { shape: [], data: [total(losses) / total(weights)], scale: [1] };
    },
    smooth: (i) => (i === 2 ? probabilities : each((u) => Math.round(64 * u) / 64 + i / 256)),
    values: (i) => (i === 2 ? probabilities : several),
    constant: [2],
    signedZeros: false,
  }),
  property<number>({
    name: "softmaxCrossEntropy",
    forms: fc
      .tuple(rows, fc.constantFrom(0, 0.1, 1))
      .map(([shape, smoothing]) => ({ shapes: [shape, shape.slice(0, -1)], setting: smoothing })),
    op: ([logits, labels], smoothing) => ops.softmaxCrossEntropy(logits!, labels!, { ...none, smoothing }),
    reference([logits, labels], smoothing) {
      const data = lists(logits!).map((row, i) => {
        const logs = logSoftmax(row);
        return -(1 - smoothing) * logs[labels!.data[i]!]! - (smoothing * total(logs)) / row.length;
      });
      return { shape: labels!.shape, data, scale: data.map((x) => Math.abs(x) + 1) };
    },
    smooth: (i, { shapes: [shape] }) => (i === 0 ? several : indices(shape!.at(-1)!)),
    values: (i, { shapes: [shape] }) => (i === 0 ? several : indices(shape!.at(-1)!)),
    constant: [1],
    signedZeros: false,
  }),
  property<null>({
    name: "softmaxCrossEntropy of probabilities",
    forms: rows.map((shape) => ({ shapes: [shape, shape], setting: null })),
    op: ([logits, targets]) => ops.softmaxCrossEntropy(logits!, targets!, none),
    reference([logits, targets]) {
      const logs = lists(logits!).map(logSoftmax);
      const data = lists(targets!).map((row, i) => -total(row.map((t, k) => t * logs[i]![k]!)));
      return { shape: logits!.shape.slice(0, -1), data, scale: data.map((x) => Math.abs(x) + 1) };
    },
    smooth: (i) => [several, probabilities][i]!,
    values: (i) => [several, probabilities][i],
    signedZeros: false,
  }),
  property<null>({
    name: "cosineSimilarity",
    forms: rows.map((shape) => ({ shapes: [shape, shape], setting: null })),
    op: ([a, b]) => ops.cosineSimilarity(a!, b!),
    reference([a, b]) {
      const others = lists(b!);
      const data = lists(a!).map((row, i) => {
        const inner = total(row.map((x, k) => x * others[i]![k]!));
        return inner / length(row) / length(others[i]!);
      });
      return { shape: a!.shape.slice(0, -1), data, scale: data.map(() => 1) };
    },
    smooth: () => each((u) => u + Math.sign(u || 1)),
    values: () => each((u) => u + Math.sign(u || 1)),
    signedZeros: false,
  }),
  property<string>({
    name: "scaledDotProductAttention",
    forms: heads,
    op: ([q, k, v], kind) =>
      attention.scaledDotProductAttention(q!, k!, v!, {
        causal: kind === "causal",
        mask:
          kind === "mask"
            ? q!.device.tensor(Array.from({ length: k!.shape[2]! }, (_, i) => Number(i !== 1)))
            : undefined,
      }),
    reference: attended,
    values: () => several,
    signedZeros: false,
  }),
];
