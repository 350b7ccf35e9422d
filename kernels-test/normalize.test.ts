import { expect, test } from "vitest";
import { ArgumentError, ShapeError } from "../src/device/errors.ts";
import type { Activation } from "../src/ops/lib/activation.ts";
import {
  batchNorm,
  batchNormInference,
  groupNorm,
  instanceNorm,
  layerNorm,
  type NormalizeOptions,
} from "../src/ops/normalize.ts";
import { record } from "../src/tensor/record.ts";
import { backward } from "../src/tensor/tape.ts";
import { tensor, zeros, type Tensor } from "../src/tensor/tensor.ts";
import { checkOp, expectClose, values, withDevices } from "./check.ts";
import { activations } from "./references.ts";

/** The mean of a list, and the mean square of what is left without it. */
function momentsOf(list: readonly number[]): { mean: number; variance: number } {
  const mean = list.reduce((sum, v) => sum + v, 0) / list.length;
  return { mean, variance: list.reduce((sum, v) => sum + (v - mean) ** 2, 0) / list.length };
}

/** x with the numbers normalised together that `setOf` gives one name, then scale, shift and activation by `columnOf`. */
function normalized(
  x: readonly number[],
  setOf: (i: number) => number,
  columnOf: (i: number) => number,
  { scale, shift }: { scale?: number[] | undefined; shift?: number[] | undefined },
  activation: Activation = "none",
): number[] {
  const sets = new Map<number, number[]>();
  x.forEach((v, i) => sets.set(setOf(i), [...(sets.get(setOf(i)) ?? []), v]));
  const moments = new Map([...sets].map(([name, list]) => [name, momentsOf(list)]));
  return x.map((v, i) => {
    const { mean, variance } = moments.get(setOf(i))!;
    const z = (v - mean) / Math.sqrt(variance + 1e-5);
    return activations[activation](z * (scale?.[columnOf(i)] ?? 1) + (shift?.[columnOf(i)] ?? 0));
  });
}

type Op = (x: Tensor, options: NormalizeOptions) => Tensor;
const last = (shape: readonly number[]) => shape.at(-1)!;

/** Checks a normalisation with scale, shift and activation, and, on the first shape, with none of them. */
function check(
  name: string,
  op: Op,
  setOf: (shape: readonly number[]) => (i: number) => number,
  shapes: [number[], Activation?][],
  affineShape: (shape: readonly number[]) => number[] = (shape) => [last(shape)],
): void {
  for (const [shape, activation = "none"] of shapes) {
    const affine = affineShape(shape);
    const size = affine.reduce((a, b) => a * b, 1);
    checkOp(
      `${name}, ${activation}`,
      (x, scale, shift) => op(x, { scale, shift, activation }),
      ([x, scale, shift]) => normalized(x!, setOf(shape), (i) => i % size, { scale, shift }, activation),
      [[shape, affine, affine]],
      { prepare: (list, i) => (i === 0 ? list.map((v) => 3 * v + 1) : list.map((v) => v + 1.5)) },
    );
  }
  const [[shape]] = shapes as [[number[]]];
  checkOp(
    `${name} alone`,
    (x) => op(x, {}),
    ([x]) => normalized(x!, setOf(shape), () => 0, {}),
    [[shape]],
  );
}

check("batchNorm", batchNorm, (shape) => (i) => i % last(shape), [
  [[7, 5]],
  [[6, 1], "tanh"],
  [[65, 64], "tanh"],
  [[3, 5, 7, 3], "tanh"],
  [[2, 17, 19, 66]],
  [[9, 4], "gelu"],
]);
check(
  "groupNorm",
  (x, options) => groupNorm(x, 2, options),
  (shape) => (i) => {
    const perSample = shape.slice(1).reduce((a, b) => a * b, 1);
    return 2 * Math.floor(i / perSample) + Math.floor((2 * (i % last(shape))) / last(shape));
  },
  [[[3, 6]], [[2, 5, 3, 4], "tanh"], [[3, 9, 11, 70]]],
);
check(
  "instanceNorm",
  instanceNorm,
  (shape) => (i) => {
    const perSample = shape.slice(1).reduce((a, b) => a * b, 1);
    return Math.floor(i / perSample) * last(shape) + (i % last(shape));
  },
  [[[3, 4, 5, 2]], [[2, 17, 19, 3], "tanh"]],
);
check("layerNorm", layerNorm, (shape) => (i) => Math.floor(i / last(shape)), [
  [[5, 7]],
  [[2, 3, 65], "tanh"],
  [[70, 130]],
]);
check(
  "layerNorm over samples",
  (x, options) => layerNorm(x, { axes: 3, ...options }),
  (shape) => (i) => Math.floor(i / shape.slice(1).reduce((a, b) => a * b, 1)),
  [[[3, 5, 6, 2], "tanh"]],
  (shape) => shape.slice(1),
);
checkOp(
  "batchNormInference",
  (x, mean, variance, scale, shift) =>
    batchNormInference(x, mean, variance, { scale, shift, activation: "tanh", epsilon: 1e-3 }),
  ([x, mean, variance, scale, shift]) =>
    x!.map((v, i) => {
      const c = i % 5;
      return Math.tanh(((v - mean![c]!) / Math.sqrt(variance![c]! + 1e-3)) * scale![c]! + shift![c]!);
    }),
  [[[4, 3, 5], [5], [5], [5], [5]]],
  { prepare: (list, i) => (i === 2 ? list.map((v) => v + 1.2) : list), constant: [1, 2] },
);

withDevices((device) => {
  test("a mean of 1e4 costs no digits of a deviation of 1", async () => {
    const [M, C] = [4099, 3];
    const list = values(M * C, 5).map((v) => Math.fround(1e4 + 1.7 * v));
    const want = normalized(
      list,
      (i) => i % C,
      () => 0,
      {},
    );
    expectClose(await batchNorm(tensor(device(), list, [M, C])).read(), want, 3e-6, "of a batch");
    const rows = tensor(device(), list, [C, M]);
    const inRows = normalized(
      list,
      (i) => Math.floor(i / M),
      () => 0,
      {},
    );
    expectClose(await layerNorm(rows).read(), inRows, 3e-6, "of rows");
  });

  test("running statistics follow the batch, by PyTorch's convention and by Keras's", async () => {
    const [M, C] = [6, 2];
    const list = values(M * C, 3);
    const x = tensor(device(), list, [M, C]);
    const moments = [0, 1].map((c) => momentsOf(list.filter((_, i) => i % C === c)));
    for (const [momentum, unbiased, factor] of [
      [0.1, true, 6 / 5],
      [0.01, false, 1],
    ] as const) {
      const mean = tensor(device(), [1, 2]);
      const variance = tensor(device(), [3, 4]);
      batchNorm(x, { running: { mean, variance, momentum, unbiased } });
      batchNorm(x, { running: { mean, variance, momentum, unbiased } });
      const twice = (from: number, to: number) => to + (1 - momentum) ** 2 * (from - to);
      expectClose(
        await mean.read(),
        moments.map((m, c) => twice(c + 1, m.mean)),
        1e-6,
      );
      expectClose(
        await variance.read(),
        moments.map((m, c) => twice(c + 3, factor * m.variance)),
        1e-6,
      );
    }
  });

  test("every run gives the same bits, recorded or not", async () => {
    const x = tensor(device(), values(40 * 33 * 5, 2), [40, 33, 5]);
    const scale = tensor(device(), [1, 2, 3, 4, 5]);
    x.requiresGrad = scale.requiresGrad = true;
    const step = () => {
      const y = batchNorm(x, { scale, activation: "tanh" });
      backward(y);
      return [y, x.grad!.view(), scale.grad!.view()];
    };
    const read = (all: Tensor[]) => Promise.all(all.map((one) => one.read()));
    const first = await read(device().scope(step));
    const { program, result } = record(device(), step);
    program.run();
    expect(await read(result)).toEqual(first);
    program.dispose();
  });

  test("NaN stays in its channel, and equal numbers become 0", async () => {
    const x = tensor(device(), [1, 5, 7, NaN, 5, 8, 3, 5, 9], [3, 3]);
    const y = await batchNorm(x).read();
    expect([...y].filter((_, i) => i % 3 === 0)).toEqual([NaN, NaN, NaN]);
    expect([...y].filter((_, i) => i % 3 === 1)).toEqual([0, 0, 0]);
    expectClose([y[2]!, y[8]!], [-Math.sqrt(1.5), Math.sqrt(1.5)], 1e-4);
  });

  test("what does not fit is refused", () => {
    const x = zeros(device(), [1, 3]);
    expect(() => batchNorm(x)).toThrow("batchNorm: x (1, 3) has 1 number a channel, which has no variance");
    expect(() => batchNorm(zeros(device(), [3]))).toThrow(ShapeError);
    expect(() => layerNorm(x, { scale: zeros(device(), [2]) })).toThrow(
      "layerNorm: scale is (2), expected (3)",
    );
    expect(() => layerNorm(x, { axes: 3 })).toThrow(ShapeError);
    expect(() => groupNorm(x, 2)).toThrow("groupNorm: 2 groups do not divide the 3 channels");
    expect(() => layerNorm(x, { epsilon: -1 })).toThrow(ArgumentError);
  });
});
