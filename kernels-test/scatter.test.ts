import { expect, test } from "vitest";
import { ShapeError } from "../src/device/errors.ts";
import * as ops from "../src/ops/scatter.ts";
import { confusionMatrix, inTopK } from "../src/ops/classes.ts";
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

  test("classes are counted in pairs, and labels are looked for among the best", async () => {
    const [labels, guesses] = [tensor(device(), [0, 1, 2, 1, 7, 0]), tensor(device(), [0, 2, 2, 1, 1, NaN])];
    expect([...(await confusionMatrix(labels, guesses, 3).read())]).toEqual([1, 0, 0, 0, 1, 1, 0, 0, 1]);
    const scores = tensor(device(), [1, 3, 2, 3, 5, 5, 5, 0, NaN, 1, 2, 0, 9, 8, 7, 6], [4, 4]);
    const top = (at: number[], k: number) => inTopK(scores, tensor(device(), at), k).read();
    expect([...(await top([2, 0, 0, 3], 2))]).toEqual([0, 1, 0, 0]); // ties of the best count, NaN does not
    expect([...(await top([2, 3, 2, 9], 3))]).toEqual([1, 0, 1, 0]);
    expect(() => confusionMatrix(labels, scores, 3)).toThrow("give (N) and (N)");
    expect(() => inTopK(scores, scores, 3)).toThrow("give (…, C) and (…)");
  });

  test("shapes that do not fit are refused", () => {
    const [x, at] = [tensor(device(), [1, 2, 3, 4], [2, 2]), tensor(device(), [0, 1])];
    expect(() => ops.takeAlongAxis(x, at)).toThrow(ShapeError);
    expect(() => ops.scatterAdd(x, tensor(device(), [0], [1, 1]), x, 0)).toThrow(ShapeError);
    expect(() => ops.gatherNd(x, tensor(device(), [0, 0, 0]))).toThrow(ShapeError);
  });
});
