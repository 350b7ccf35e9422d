import { expect, test } from "vitest";
import { applyInParts } from "../../src/models/parts.ts";
import type { Mode } from "../../src/nn/layer.ts";
import { linear } from "../../src/nn/layers.ts";
import { batchNorm, groupNorm, instanceNorm, layerNorm } from "../../src/nn/normalization.ts";
import { sequential, type Network } from "../../src/nn/sequential.ts";
import { RandomState } from "../../src/ops/random.ts";
import { tensor, type Tensor } from "../../src/tensor/tensor.ts";
import type { Device } from "../../src/device/device.ts";
import { expectClose, values, withDevices } from "../check.ts";

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
