import { expect, test } from "vitest";
import { ShapeError } from "../src/device/errors.ts";
import * as ops from "../src/ops/scatter.ts";
import { tensor } from "../src/tensor/tensor.ts";
import { checkOp, values, withDevices } from "./check.ts";

// Random shapes and indices that are none are tried in `property/indexing.ts`.
checkOp(
  "segmentSum",
  (x) => ops.segmentSum(x, tensor(x.device, [2, 0, 2, 5]), 3),
  ([x]) => {
    const sums = new Array<number>(9).fill(0);
    x!.forEach((value, i) => i < 9 && (sums[[6, 0, 6][Math.floor(i / 3)]! + (i % 3)]! += value));
    return sums;
  },
  [[[4, 3]]],
);

withDevices((device) => {
  test("many updates of a few elements are added up, with the same bits each time", async () => {
    const list = values(20_000).map(Math.fround);
    const at = list.map((_, i) => (i * 7) % 3);
    const sums = [0, 0, 0];
    list.forEach((x, i) => (sums[at[i]!]! += x));
    const run = () => ops.segmentSum(tensor(device(), list), tensor(device(), at), 3).read();
    const [first, second] = [[...(await run())], [...(await run())]];
    expect(first).toEqual(second);
    first.forEach((sum, i) => expect(sum).toBeCloseTo(sums[i]!, 2));
    const counts = await ops.bincount(tensor(device(), at, [100, 200]), 4).read();
    expect([...counts]).toEqual([6667, 6667, 6666, 0]);
  });

  test("shapes that do not fit are refused", () => {
    const [x, at] = [tensor(device(), [1, 2, 3, 4], [2, 2]), tensor(device(), [0, 1])];
    expect(() => ops.takeAlongAxis(x, at)).toThrow(ShapeError);
    expect(() => ops.scatterAdd(x, tensor(device(), [0], [1, 1]), x, 0)).toThrow(ShapeError);
    expect(() => ops.gatherNd(x, tensor(device(), [0, 0, 0]))).toThrow(ShapeError);
  });
});
