import { expect, test } from "vitest";
import { ShapeError } from "../src/device/errors.ts";
import * as ops from "../src/ops/attention.ts";
import * as losses from "../src/ops/objectives.ts";
import { tensor } from "../src/tensor/tensor.ts";
import { checkOp, withDevices } from "./check.ts";
import { logistic, matmulReference } from "./references.ts";

/** One step of a recurrent cell in float64: what the blocks of the weights give of input and state. */
function gates(G: number, row: readonly number[], h: readonly number[], [w, u, b, c]: readonly number[][]) {
  const H = h.length;
  const ofInput = matmulReference([...row], w!, 1, row.length, G * H).map((x, i) => x + b![i]!);
  const ofState = matmulReference([...h], u!, 1, H, G * H).map((x, i) => x + (c ? c[i]! : 0));
  return (block: number, k: number) => [ofInput[block * H + k]!, ofState[block * H + k]!] as const;
}

type Step = (row: number[], h: number[], c: number[]) => [number[], number[]];

/** The outputs (B,T,H) of a cell along sequences. */
function along(x: readonly number[], [B, T, F]: readonly number[], H: number, step: Step): number[] {
  return Array.from({ length: B! }, (_, n) => {
    let [h, c] = [new Array<number>(H).fill(0), new Array<number>(H).fill(0)];
    return Array.from({ length: T! }, (_, t) => {
      [h, c] = step(x.slice((n * T! + t) * F!, (n * T! + t + 1) * F!), h, c);
      return h;
    }).flat();
  }).flat();
}

checkOp(
  "lstm",
  (x, input, recurrent, bias) => ops.lstm(x, { input, recurrent, bias }).outputs,
  ([x, ...weights], [shape, , state]) =>
    along(x!, shape!, state![0]!, (row, h, c) => {
      const at = gates(4, row, h, weights);
      const sum = (block: number, k: number) => at(block, k)[0] + at(block, k)[1];
      const kept = c.map((v, k) => logistic(sum(1, k)) * v + logistic(sum(0, k)) * Math.tanh(sum(2, k)));
      return [kept.map((v, k) => logistic(sum(3, k)) * Math.tanh(v)), kept];
    }),
  [[[2, 3, 5], [5, 12], [3, 12], [12]]], // prettier-ignore
);

checkOp(
  "gru",
  (x, input, recurrent, bias, recurrentBias) => ops.gru(x, { input, recurrent, bias, recurrentBias }).outputs,
  ([x, ...weights], [shape, , state]) =>
    along(x!, shape!, state![0]!, (row, h, c) => {
      const at = gates(3, row, h, weights);
      const gate = (block: number, k: number) => logistic(at(block, k)[0] + at(block, k)[1]);
      const next = h.map((v, k) => {
        const n = Math.tanh(at(2, k)[0] + gate(0, k) * at(2, k)[1]);
        return (1 - gate(1, k)) * n + gate(1, k) * v;
      });
      return [next, c];
    }),
  [[[2, 3, 5], [5, 9], [3, 9], [9], [9]]], // prettier-ignore
);

const triple = [[[3, 4], [3, 4], [3, 4]]]; // prettier-ignore
const apart = (list: number[], i: number) => list.map((x, k) => x + i * (k % 4));
checkOp(
  "tripletLoss",
  (a, p, n) => losses.tripletLoss(a, p, n, { margin: 9, reduction: "sum" }),
  ([a, p, n]) => {
    const far = (b: number[], i: number) =>
      Math.hypot(...a!.slice(4 * i, 4 * i + 4).map((x, k) => x - b[4 * i + k]!));
    return [[0, 1, 2].reduce((sum, i) => sum + Math.max(0, far(p!, i) - far(n!, i) + 9), 0)];
  },
  triple,
  { prepare: apart },
);
checkOp(
  "marginRanking",
  (a, b, t) => losses.marginRanking(a, b, t, { margin: 5 }),
  ([a, b, t]) => [a!.reduce((sum, x, i) => sum + Math.max(0, 5 - t![i]! * (x - b![i]!)), 0) / 12],
  triple,
);
checkOp(
  "diceLoss",
  (p, t) => losses.diceLoss(p, t),
  ([p, t]) => {
    const sum = (list: number[]) => list.reduce((all, x) => all + x, 0);
    return [1 - (2 * sum(p!.map((x, i) => x * t![i]!)) + 1e-6) / (sum(p!) + sum(t!) + 1e-6)];
  },
  [[[3, 5], [3, 5]]], // prettier-ignore
  { prepare: (list) => list.map((x) => 0.6 + 0.4 * x) },
);
checkOp(
  "cosineLoss",
  (a, b) => losses.cosineLoss(a, b),
  ([a, b]) => {
    const inner = (x: number[], y: number[]) => x.reduce((all, v, i) => all + v * y[i]!, 0);
    const row = (list: number[], i: number) => list.slice(5 * i, 5 * i + 5);
    const one = (i: number) => {
      const [x, y] = [row(a!, i), row(b!, i)];
      return 1 - inner(x, y) / Math.sqrt(inner(x, x) * inner(y, y));
    };
    return [(one(0) + one(1) + one(2)) / 3];
  },
  [[[3, 5], [3, 5]]], // prettier-ignore
);

withDevices((device) => {
  test("shapes and reductions that mean nothing are refused", () => {
    const x = tensor(device(), [1, 2, 3, 4], [2, 2]);
    expect(() => ops.lstmCell(x, { h: x, c: x }, { input: x, recurrent: x })).toThrow(ShapeError);
    expect(() => ops.scaledDotProductAttention(x, x, tensor(device(), [1]))).toThrow(ShapeError);
    expect(() => losses.squaredError(x, x, { weights: tensor(device(), [1, 2, 3]) })).toThrow(ShapeError);
    expect(() => losses.nllLoss(x, x)).toThrow(ShapeError);
    expect(() => losses.focalLoss(x, x, { gamma: -1 })).toThrow("gamma");
  });
});
