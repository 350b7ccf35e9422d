import { expect, test } from "vitest";
import { ShapeError } from "../src/device/errors.ts";
import { crossEntropy, logSoftmax, softmax } from "../src/ops/softmax.ts";
import { backward } from "../src/tensor/tape.ts";
import { tensor } from "../src/tensor/tensor.ts";
import { checkOp, expectClose, withDevices } from "./check.ts";

/** The logarithm of the softmax over R of a list (A,R,B). */
function logs(x: number[], [A, R, B]: readonly [number, number, number]): number[] {
  const y = [...x];
  for (let a = 0; a < A; a++)
    for (let b = 0; b < B; b++) {
      const at = (r: number) => (a * R + r) * B + b;
      const row = Array.from({ length: R }, (_, r) => x[at(r)]!);
      const most = Math.max(...row);
      const whole = most + Math.log(row.reduce((sum, v) => sum + Math.exp(v - most), 0));
      for (let r = 0; r < R; r++) y[at(r)] = x[at(r)]! - whole;
    }
  return y;
}

const wide = { prepare: (list: number[]) => list.map((x) => 6 * x) };
const cases: [axis: number, shape: number[], as: [number, number, number]][] = [
  [-1, [1], [1, 1, 1]],
  [-1, [10], [1, 10, 1]],
  [-1, [65, 10], [65, 10, 1]],
  [0, [7, 9], [1, 7, 9]],
  [1, [3, 8, 5], [3, 8, 5]],
  [-1, [2, 1000], [2, 1000, 1]],
  [0, [0, 3], [1, 0, 3]],
];
for (const [axis, shape, as] of cases) {
  checkOp(
    `softmax over ${axis}`,
    (x) => softmax(x, axis),
    ([x]) => logs(x!, as).map(Math.exp),
    [[shape]],
    wide,
  );
  checkOp(
    `logSoftmax over ${axis}`,
    (x) => logSoftmax(x, axis),
    ([x]) => logs(x!, as),
    [[shape]],
    wide,
  );
}

for (const [B, C] of [
  [1, 1],
  [1, 3],
  [64, 10],
  [65, 7],
] as const)
  checkOp(
    "crossEntropy",
    (x, labels) => crossEntropy(x, labels),
    ([x, labels]) => {
      const y = logs(x!, [B, C, 1]);
      return [-labels!.reduce((sum, label, b) => sum + y[b * C + label]!, 0) / B];
    },
    [[[B, C], [B]]],
    {
      prepare: (list, i) => list.map((x) => (i === 0 ? 6 * x : Math.floor(((x + 1) / 2) * C))),
      constant: [1],
    },
  );

withDevices((device) => {
  test("large numbers do not overflow, and equal ones share", async () => {
    const x = tensor(device(), [1e4, 1e4, -1e4, 1e30, 0, -1e30], [2, 3]);
    expectClose(await softmax(x).read(), [0.5, 0.5, 0, 1, 0, 0], 1e-6);
    expectClose(await logSoftmax(x).read(), [-Math.LN2, -Math.LN2, -2e4 - Math.LN2, 0, -1e30, -2e30], 1e-6);
  });

  test("NaN shows in its row alone", async () => {
    const x = tensor(device(), [1, NaN, 2, 1, 1, 1], [2, 3]);
    const third = Math.fround(1 / 3);
    expect([...(await softmax(x).read())]).toEqual([NaN, NaN, NaN, third, third, third]);
  });

  test("a logit of -Infinity takes no part, wherever it stands; an infinite largest one has no softmax", async () => {
    const [no, all] = [-Infinity, Array<number>(3).fill(NaN)];
    const rows = [no, no, 0, 0, no, no, no, 0, no, no, no, no, Infinity, 0, 1];
    const x = tensor(device(), rows, [5, 3]);
    expect([...(await softmax(x).read())]).toEqual([0, 0, 1, 1, 0, 0, 0, 1, 0, ...all, ...all]);
    expect([...(await logSoftmax(x).read())]).toEqual([no, no, 0, 0, no, no, no, 0, no, ...all, ...all]);
    const logits = tensor(device(), [no, no, 1, 2], [1, 4]);
    logits.requiresGrad = true;
    const loss = crossEntropy(logits, tensor(device(), [3]));
    backward(loss);
    const other = 1 / (1 + Math.E);
    expectClose(await loss.read(), [Math.log1p(Math.exp(-1))], 1e-6);
    expectClose(await logits.grad!.read(), [0, 0, other, -other], 1e-6);
  });

  test("a sure prediction costs next to nothing, exactly", async () => {
    const x = tensor(device(), [20, 0], [1, 2]);
    expectClose(await crossEntropy(x, tensor(device(), [0])).read(), [Math.log1p(Math.exp(-20))], 1e-5);
  });

  test.each([-1, 3, 0.5, NaN])("label %d of three makes the loss NaN", async (label) => {
    const x = tensor(device(), [1, 2, 3], [1, 3]);
    expect(await crossEntropy(x, tensor(device(), [label])).item()).toBeNaN();
  });

  test("the gradient of the labels is none", async () => {
    const x = tensor(device(), [1, 2, 3], [1, 3]);
    const labels = tensor(device(), [1]);
    x.requiresGrad = labels.requiresGrad = true;
    backward(crossEntropy(x, labels));
    expect((await x.grad!.read()).length).toBe(3);
    expect(labels.grad).toBeUndefined();
  });

  test("shapes that do not fit are errors", () => {
    const x = tensor(device(), [1, 2, 3, 4], [2, 2]);
    expect(() => crossEntropy(x, tensor(device(), [1]))).toThrow(
      "crossEntropy: labels is (1); logits (2, 2) needs (2), one index per sample",
    );
    expect(() => crossEntropy(tensor(device(), [1, 2]), x)).toThrow(ShapeError);
    expect(() => softmax(x, 2)).toThrow(ShapeError);
    expect(() => softmax(tensor(device(), [1], []))).toThrow(ShapeError);
  });
});
