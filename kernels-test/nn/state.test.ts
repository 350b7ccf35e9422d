import { expect, test } from "vitest";
import { applyInParts } from "../../src/models/parts.ts";
import type { Mode } from "../../src/nn/layer.ts";
import { concat, residual } from "../../src/nn/branches.ts";
import { conv2d, convTranspose2d, dropout, embedding, flatten, linear } from "../../src/nn/layers.ts";
import {
  averagePool2d,
  globalAveragePool,
  globalMaxPool,
  maxPool2d,
  resize,
  upsample,
} from "../../src/nn/pooling.ts";
import { spectral } from "../../src/nn/spectral.ts";
import { describeNetwork } from "../../src/nn/sequential.ts";
import { svd } from "../../src/ops/svd.ts";
import { backward } from "../../src/tensor/tape.ts";
import { batchNorm, groupNorm, instanceNorm, layerNorm } from "../../src/nn/normalization.ts";
import { sequential, type Network } from "../../src/nn/sequential.ts";
import { RandomState } from "../../src/ops/random.ts";
import { tensor, type Tensor } from "../../src/tensor/tensor.ts";
import type { Device } from "../../src/device/device.ts";
import { checkOp, expectClose, values, withDevices } from "../check.ts";

/** A network with tensors for its parameters and state, that can be applied in a mode. */
function placed(device: Device, network: Network, seed = 0) {
  const tensors = (specs: Network["parameters"]) =>
    new Map(specs.map(({ name, shape, values }) => [name, tensor(device, values, shape)]));
  const [parameters, state] = [tensors(network.parameters), tensors(network.state)];
  for (const parameter of parameters.values()) parameter.requiresGrad = true;
  const noise = new RandomState(device, seed);
  const parameter = (name: string) => parameters.get(name)!;
  const context = (mode: Mode) => ({ mode, noise, state: (name: string) => state.get(name)! });
  return {
    ...{ parameters, state, noise, parameter, context },
    apply: (x: Tensor, mode: Mode) => network.apply(x, parameter, context(mode)),
  };
}

withDevices((device) => {
  test("batch normalisation keeps state, which training writes and nothing else", async () => {
    const layers = {
      linear: linear(3, 4),
      norm: batchNorm(4, { activation: "relu", momentum: 1 }),
    };
    const network = sequential([3], layers, { stream: "net", seed: 2 });
    expect(network.state.map(({ name, shape }) => [name, shape])).toEqual([
      ["norm.mean", [4]],
      ["norm.variance", [4]],
    ]);
    expect(network.parameters.map(({ name }) => name)).toEqual([
      "linear.weight",
      "linear.bias",
      "norm.scale",
      "norm.shift",
    ]);
    expect([...network.parameters[2]!.values]).toEqual([1, 1, 1, 1]);
    expect(network.usesBatchStatistics).toBe(true);

    const { apply, state } = placed(device(), network);
    const x = tensor(device(), values(15, 4), [5, 3]);
    const before = await apply(x, "infer").read();
    const again = await apply(x, "recompute").read();
    expect([...(await state.get("norm.mean")!.read())]).toEqual([0, 0, 0, 0]);
    expect(await apply(x, "train").read()).toEqual(again);
    expect(before).not.toEqual(again);
    const [mean, variance] = [await state.get("norm.mean")!.read(), await state.get("norm.variance")!.read()];
    expect(mean).not.toEqual(new Float32Array(4));
    // with momentum 1 the running statistics are the batch's, but for the divisor n - 1
    state.get("norm.variance")!.write(variance.map((v) => v * (4 / 5)));
    expectClose(await apply(x, "infer").read(), again, 1e-5);
    expect(await state.get("norm.mean")!.read()).toEqual(mean);
  });

  test("a network with state says so where it gets none", () => {
    const network = sequential([2], { norm: batchNorm(2, { activation: "relu" }) }, { stream: "net" });
    const { parameter } = placed(device(), network);
    const x = tensor(device(), [1, 2, 3, 4], [2, 2]);
    expect(() => network.apply(x, parameter)).toThrow(
      "batch norm, relu: training and inference differ, so apply(x, parameter, context) needs a context",
    );
  });

  test("a batch in parts has no statistics", () => {
    const network = sequential([2], { norm: batchNorm(2) }, { stream: "net" });
    const { parameter, context } = placed(device(), network);
    const parts = [1, 2].map((v) => tensor(device(), [v, v, v, 3], [2, 2]));
    expect(() => applyInParts(network, parts, parameter, context("train"))).toThrow(
      /normalises by the statistics of the whole batch/,
    );
    expect(applyInParts(network, parts, parameter, context("infer")).shape).toEqual([4, 2]);
  });

  test("after 20 steps of training σ is the largest singular value, of every kind of weight", async () => {
    for (const [layer, input, matrix] of [
      [linear(7, 5), [7], [7, 5]],
      [conv2d(3, 4, { kernel: [2, 3] }), [4, 4, 3], [18, 4]],
      [convTranspose2d(3, 2, { kernel: 3 }), [4, 4, 3], undefined],
    ] as const) {
      const network = sequential(input, { layer: spectral(layer) }, { stream: "net", seed: 3 });
      const { apply, parameters, state } = placed(device(), network);
      const x = tensor(device(), values(2 * input.reduce((a, b) => a * b, 1)), [2, ...input]);
      for (let step = 0; step < 20; step++) apply(x, "train");
      const W = parameters.get("layer.weight")!;
      const list = await W.read();
      // the filter (3,3,2,3) of the transposed convolution has its 2 output channels on axis 2
      const [rows, columns] = matrix ?? [27, 2];
      const M = matrix
        ? list
        : list.map((_, i) => list[Math.floor(i / 6) * 6 + (i % 2) * 3 + (Math.floor(i / 2) % 3)]!);
      const u = await state.get("layer.weight.u")!.read();
      const products = Array.from({ length: rows }, (_, r) =>
        u.reduce((sum, v, c) => sum + v * M[r * columns + c]!, 0),
      );
      const [first] = await svd(tensor(device(), M, [rows, columns])).S.read();
      expect(Math.abs(Math.hypot(...products) / first! - 1), layer.label).toBeLessThan(1e-3);
      expect(await apply(x, "infer").read()).toEqual(await apply(x, "recompute").read());
    }
  });

  test("what training leaves is what it used: spectral layers recompute the same bits", async () => {
    const network = sequential([3], { layer: spectral(linear(3, 4)) }, { stream: "net" });
    const { apply, state } = placed(device(), network);
    const x = tensor(device(), values(6), [2, 3]);
    const trained = await apply(x, "train").read();
    const u = await state.get("layer.weight.u")!.read();
    expect(await apply(x, "recompute").read()).toEqual(trained);
    expect(await state.get("layer.weight.u")!.read()).toEqual(u);
  });

  test("dropout: nothing in inference, other elements each time, the same in recomputation", async () => {
    const network = sequential([50], { drop: dropout(0.5) }, { stream: "net" });
    expect(network.usesNoise).toBe(true);
    const { apply, context, noise } = placed(device(), network, 4);
    const x = tensor(device(), new Float32Array(100).fill(1), [2, 50]);
    expect([...(await apply(x, "infer").read())]).toEqual(Array<number>(100).fill(1));
    const before = new RandomState(device(), noise);
    const first = await apply(x, "train").read();
    expect(await apply(x, "train").read()).not.toEqual(first);
    const again = network.apply(x, () => x, { ...context("recompute"), noise: before });
    expect(await again.read()).toEqual(first);
    expect(() => network.apply(x, () => x)).toThrow(/^dropout 0.5: .* needs a context/);
    expect(() => network.apply(x, () => x, { ...context("train"), noise: undefined })).toThrow(
      "dropout 0.5: training draws, so the context needs noise: a RandomState",
    );
    for (const state of [noise, before]) state.dispose();
  });

  test("a batch in parts: dropout is recomputed as it was drawn, and the state moves once", async () => {
    const layers = {
      block: residual({ inner: spectral(linear(4, 4)), drop: dropout(0.5) }),
      last: linear(4, 3, { activation: "tanh" }),
    };
    const network = sequential([4], layers, { stream: "net", seed: 1 });
    const list = values(24, 5);
    const outcome = async (counts: number[]) => {
      const { context, parameter, parameters, state, noise } = placed(device(), network, 7);
      let from = 0;
      const parts = counts.map((count) => {
        const part = list.slice(4 * from, 4 * (from += count));
        return tensor(device(), part, [count, 4]);
      });
      const y =
        parts.length > 1
          ? applyInParts(network, parts, parameter, context("train"))
          : network.apply(parts[0]!, parameter, context("train"));
      backward(y);
      const gradients = await Promise.all([...parameters.values()].map((p) => p.grad!.read()));
      noise.dispose();
      return [await y.read(), await state.get("block.main.inner.weight.u")!.read(), ...gradients];
    };
    // a draw of 4 numbers per sample ends with a whole block, so the parts draw what the whole batch does
    const want = await outcome([6]);
    const found = await outcome([2, 3, 1]);
    found.forEach((one, i) => expectClose(one, want[i]!, 1e-5, `result ${i}`));
  });

  test("vectors of an embedding, and the sums of their gradients", async () => {
    const network = sequential([3], { table: embedding(4, 2) }, { stream: "net" });
    const { apply, parameters } = placed(device(), network);
    const W = parameters.get("table.weight")!;
    const list = await W.read();
    const indices = [3, 0, 3, 1, 3, 0];
    const y = apply(tensor(device(), indices, [2, 3]), "train");
    expect(y.shape).toEqual([2, 3, 2]);
    expect([...(await y.read())]).toEqual(indices.flatMap((i) => [list[2 * i]!, list[2 * i + 1]!]));
    backward(y);
    expect([...(await W.grad!.read())]).toEqual([2, 2, 1, 1, 0, 0, 3, 3]);
  });

  test("pooling and resizing layers give images and vectors of the shapes that they say", async () => {
    for (const layer of [
      maxPool2d({ window: 3, stride: 2, padding: 1 }),
      averagePool2d({ window: [2, 1] }),
      globalMaxPool(),
      globalAveragePool(),
      resize([3, 9]),
      upsample(2),
    ]) {
      const input = [5, 6, 2];
      const network = sequential(input, { layer }, { stream: "net" });
      const y = network.apply(tensor(device(), values(120), [2, ...input]), () => expect.unreachable());
      expect(y.shape, layer.label).toEqual([2, ...network.outputShape]);
      expect((await y.read()).every(Number.isFinite)).toBe(true);
    }
  });
});

/** x (N,3) times w (3,3). */
const product = (x: number[], w: number[]) =>
  x.map((_, at) => [0, 1, 2].reduce((sum, k) => sum + x[at - (at % 3) + k]! * w[3 * k + (at % 3)]!, 0));

checkOp(
  "residual",
  (x, w) => residual({ linear: linear(3, 3, { bias: false, activation: "tanh" }) }).apply(x, () => w),
  ([x, w]) => product(x!, w!).map((v, i) => Math.tanh(v) + x![i]!),
  [
    [
      [4, 3],
      [3, 3],
    ],
  ],
);
checkOp(
  "concat",
  (x, w) => concat({ same: {}, other: { linear: linear(3, 3, { bias: false }) } }).apply(x, () => w),
  ([x, w]) =>
    [0, 1].flatMap((n) => [...x!.slice(3 * n, 3 * n + 3), ...product(x!, w!).slice(3 * n, 3 * n + 3)]),
  [
    [
      [2, 3],
      [3, 3],
    ],
  ],
);
checkOp(
  "spectral",
  (x, w, u) =>
    spectral(linear(3, 3, { bias: false })).apply(x, () => w, { mode: "recompute", state: () => u }),
  ([x, w, u]) => {
    // with u kept, σ = ‖w u‖
    const length = Math.hypot(...u!);
    const image = [0, 1, 2].map((r) => u!.reduce((sum, v, c) => sum + (w![3 * r + c]! * v) / length, 0));
    return product(x!, w!).map((v) => v / Math.hypot(...image));
  },
  [[[4, 3], [3, 3], [3]]],
  { constant: [2] },
);

test("networks with branches are tables, whose shapes are checked when they are built", () => {
  const block = residual(
    { conv: conv2d(2, 4, { kernel: 3, padding: 1 }), norm: batchNorm(4) },
    { fit: conv2d(2, 4, { kernel: 1, bias: false }) },
  );
  const layers = {
    block,
    both: concat({ same: {}, pooled: { mean: averagePool2d({ window: 3, stride: 1, padding: 1 }) } }),
    flatten: flatten(),
  };
  const network = sequential([4, 4, 2], layers, { stream: "net" });
  expect(network.state.map(({ name }) => name)).toEqual(["block.main.norm.mean", "block.main.norm.variance"]);
  expect(network.parameters.map(({ name }) => name)).toEqual([
    "block.main.conv.weight",
    "block.main.conv.bias",
    "block.main.norm.scale",
    "block.main.norm.shift",
    "block.shortcut.fit.weight",
  ]);
  expect(network.usesBatchStatistics).toBe(true);
  expect(describeNetwork(network)).toBe(
    `layer                                    output     parameters
input                                    (4, 4, 2)
block.main.conv     conv 3x3             (4, 4, 4)          76
block.main.norm     batch norm           (4, 4, 4)           8
block.shortcut.fit  conv 1x1             (4, 4, 4)           8
block               residual             (4, 4, 4)
both.pooled.mean    average pool 3x3 /1  (4, 4, 4)
both                concat               (4, 4, 8)
flatten             flatten              (128)
total                                                       92`,
  );
  expect(() =>
    sequential([4, 4, 2], { block: residual({ c: conv2d(2, 4, { kernel: 1 }) }) }, { stream: "net" }),
  ).toThrow("net.block (residual) after (4, 4, 2): residual: main makes (4, 4, 4), the shortcut (4, 4, 2)");
  expect(() =>
    sequential([4, 4, 2], { block: residual({ c: conv2d(3, 4, { kernel: 1 }) }) }, { stream: "net" }),
  ).toThrow(/^net\.block \(residual\) after \(4, 4, 2\): main\.c \(conv 1x1\) after/);
  expect(() => spectral(flatten())).toThrow('spectral: the layer "flatten" has no weight to divide');
});

test("normalising layers take what has their channels", () => {
  expect(layerNorm([4, 3]).outputShape([5, 4, 3])).toEqual([5, 4, 3]);
  expect(layerNorm(3).parameters.map(({ shape }) => shape)).toEqual([[3], [3]]);
  expect(instanceNorm(3).parameters).toEqual([]);
  expect(groupNorm(3, 6, { activation: "relu" }).label).toBe("group norm 3, relu");
  expect(() => sequential([4], { norm: batchNorm(3) }, { stream: "net" })).toThrow(
    "net.norm (batch norm) after (4): batchNorm: takes samples of 3 channels, not (4)",
  );
  expect(() => layerNorm([4, 3]).outputShape([3])).toThrow(/samples that end in \(4, 3\)/);
  expect(() => groupNorm(2, 3)).toThrow("groupNorm: 2 groups do not divide 3 channels");
  expect(() => batchNorm(3, { momentum: 2 })).toThrow("momentum is a number from 0 to 1, not 2");
});
