import { expect, test } from "vitest";
import { ShapeError } from "../src/device/errors.ts";
import * as ops from "../src/ops/losses.ts";
import { backward } from "../src/tensor/tape.ts";
import { tensor } from "../src/tensor/tensor.ts";
import { checkOp, expectClose, rounded, values, withDevices } from "./check.ts";

const pairs = [[], [1], [3], [4], [5], [255], [257], [1027], [4, 5, 6], [3, 16, 16, 3]].map((shape) => [
  shape,
  shape,
]);
const total = (a: number[], b: number[], term: (a: number, b: number) => number) =>
  a.reduce((sum, x, i) => sum + term(x, b[i]!), 0);

const relative = (a: number[], b: number[]) =>
  100 * Math.sqrt(total(a, b, (x, y) => (x - y) ** 2) / total(a, b, (_, y) => y * y));
const bce = (l: number, t: number) => Math.max(l, 0) - l * t + Math.log1p(Math.exp(-Math.abs(l)));
const kl = (m: number, v: number) => 0.5 * (m * m + Math.exp(v) - 1 - v);

checkOp(
  "relativeError",
  (a, b) => ops.relativeError(a, b),
  ([a, b]) => [relative(a!, b!)],
  pairs,
);
checkOp(
  "mse",
  (a, b) => ops.mse(a, b),
  ([a, b]) => [total(a!, b!, (x, y) => (x - y) ** 2) / a!.length],
  pairs,
);
checkOp(
  "bceWithLogits",
  (a, b) => ops.bceWithLogits(a, b),
  ([a, b]) => [total(a!, b!, bce) / a!.length],
  pairs,
  {
    prepare: (list, i) => list.map((x) => (i === 0 ? 8 * x : (x + 1) / 2)),
  },
);
checkOp(
  "bceWithLogits, sum",
  (a, b) => ops.bceWithLogits(a, b, { reduction: "sum" }),
  ([a, b]) => [total(a!, b!, bce)],
  [[[7], [7]]],
);
checkOp(
  "gaussianKl",
  (a, b) => ops.gaussianKl(a, b),
  ([a, b]) => [total(a!, b!, kl)],
  pairs,
  {
    prepare: (list) => list.map((x) => 2 * x),
  },
);
checkOp(
  "gaussianKl, mean",
  (a, b) => ops.gaussianKl(a, b, { reduction: "mean" }),
  ([a, b]) => [total(a!, b!, kl) / 6],
  [
    [
      [6, 5],
      [6, 5],
    ],
  ],
);

withDevices((device) => {
  test("a million elements keep their digits, and every run gives the same bits", async () => {
    const n = 2 ** 20 + 3;
    const a = rounded(values(n).map((x) => x + 0.5));
    const b = rounded(values(n, 2).map((x) => x + 0.7));
    const [x, y] = [tensor(device(), a), tensor(device(), b)];
    expectClose(await ops.relativeError(x, y).read(), [relative(a, b)], 1e-6, "relativeError");
    expectClose(await ops.gaussianKl(x, y).read(), [total(a, b, kl)], 1e-6, "gaussianKl");
    expect(await ops.relativeError(x, y).read()).toEqual(await ops.relativeError(x, y).read());
  });

  test("relativeError has gradient 0 where it has none", async () => {
    const x = tensor(device(), [1, 2, 3, 4, 5]);
    const same = tensor(device(), [1, 2, 3, 4, 5]);
    const none = tensor(device(), [0, 0, 0, 0, 0]);
    x.requiresGrad = same.requiresGrad = none.requiresGrad = true;
    const loss = ops.relativeError(same, x);
    backward(loss);
    expect(await loss.item()).toBe(0);
    expect([...(await same.grad!.read())]).toEqual([0, 0, 0, 0, 0]);
    expect([...(await x.grad!.read())]).toEqual([0, 0, 0, 0, 0]);
    const infinite = ops.relativeError(same, none);
    backward(infinite);
    expect(await infinite.item()).toBe(Infinity);
    expect([...(await same.grad!.read())]).toEqual([0, 0, 0, 0, 0]);
    expect([...(await none.grad!.read())]).toEqual([0, 0, 0, 0, 0]);
  });

  test("NaN shows in every loss, and in the gradient of the relative error", async () => {
    const x = tensor(device(), [1, NaN, 3]);
    const y = tensor(device(), [1, 2, 2]);
    x.requiresGrad = true;
    for (const loss of [ops.relativeError, ops.mse, ops.bceWithLogits, ops.gaussianKl])
      for (const value of [loss(x, y), loss(y, x)]) expect(await value.item()).toBeNaN();
    backward(ops.relativeError(x, y));
    expect([...(await x.grad!.read())]).toEqual([NaN, NaN, NaN]);
  });

  test("large logits and a small divergence are exact", async () => {
    const logits = tensor(device(), [200, -200, 200]);
    expect(await ops.bceWithLogits(logits, tensor(device(), [1, 0, 0])).item()).toBeCloseTo(200 / 3, 4);
    const tiny = rounded([1e-3, -1e-3]);
    const none = tensor(device(), [0, 0]);
    expectClose(await ops.gaussianKl(none, tensor(device(), tiny)).read(), [total([0, 0], tiny, kl)], 1e-3);
  });

  test("two shapes are an error", () => {
    const [x, y] = [tensor(device(), [1, 2]), tensor(device(), [1, 2], [2, 1])];
    expect(() => ops.mse(x, y)).toThrow(ShapeError);
    expect(() => ops.gaussianKl(x, y)).toThrow(
      "gaussianKl: mu is (2) and logVariance (2, 1); give one shape",
    );
  });
});
