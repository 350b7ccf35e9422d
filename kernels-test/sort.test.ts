import { expect, test } from "vitest";
import { ArgumentError } from "../src/device/errors.ts";
import * as ops from "../src/ops/sort.ts";
import { backward } from "../src/tensor/tape.ts";
import { tensor } from "../src/tensor/tensor.ts";
import { checkOp, rounded, values, withDevices } from "./check.ts";

// Random shapes, infinities and NaN are tried in `property/indexing.ts`.
const lengths = [1, 15, 16, 17, 31, 32, 33, 64, 65];
checkOp(
  "sort",
  (x) => ops.sort(x).values,
  ([x]) => [...x!].sort((a, b) => a - b),
  lengths.map((n) => [[n]]),
);

withDevices((device) => {
  test("equal numbers keep their order, also where the largest come first", async () => {
    const list = rounded(values(3000).map((x) => Math.round(4 * x)));
    const places = list.map((_, i) => i);
    for (const descending of [false, true]) {
      const sign = descending ? -1 : 1;
      const want = [...places].sort((a, b) => sign * (list[a]! - list[b]!) || a - b);
      const got = ops.sort(tensor(device(), list), -1, { descending });
      expect([...(await got.indices.read())]).toEqual(want);
      expect([...(await got.values.read())]).toEqual(want.map((i) => list[i]!));
    }
  });

  test("NaN is past Infinity, and zeros are equal", async () => {
    const x = tensor(device(), [NaN, 1, -Infinity, 0, Infinity, -0]);
    expect([...(await ops.sort(x).values.read())]).toEqual([-Infinity, 0, -0, 1, Infinity, NaN]);
    expect([...(await ops.argsort(x, 0, { descending: true }).read())]).toEqual([0, 4, 1, 3, 5, 2]);
    const { values, indices } = ops.topk(x, 2, 0, { largest: false });
    expect([[...(await values.read())], [...(await indices.read())]]).toEqual([
      [-Infinity, 0],
      [2, 3],
    ]);
  });

  test("quantiles lie between numbers in proportion, and pass gradients on to both", async () => {
    const x = tensor(device(), [3, 0, 1, 10, 2, 4], [1, 6]);
    x.requiresGrad = true;
    const y = ops.quantile(x, 0.25, 1);
    backward(y);
    expect([...(await y.read())]).toEqual([1.25]);
    expect([...(await x.grad!.read())]).toEqual([0, 0, 0.75, 0, 0.25, 0]);
  });

  test("what is out of range is refused", () => {
    const x = tensor(device(), [1, 2]);
    expect(() => ops.topk(x, 3)).toThrow(ArgumentError);
    expect(() => ops.quantile(x, 1.5)).toThrow(ArgumentError);
  });
});
