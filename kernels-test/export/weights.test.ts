import { afterAll, beforeAll, expect, test } from "vitest";
import { encodeSafetensors, parseSafetensors } from "../../src/data/safetensors.ts";
import { openDevice, type Device } from "../../src/device/device.ts";
import { exportWeights, importWeights } from "../../src/export/weights.ts";
import * as models from "../../src/models/index.ts";
import * as nn from "../../src/nn/index.ts";
import { ParameterArena } from "../../src/optim/arena.ts";
import { tensor, type Tensor } from "../../src/tensor/tensor.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => device.close());

/** A network of its own: a convolution and a normalisation, then an affine map of the flattened image. */
function own(seed: number) {
  const layers = {
    conv: nn.conv2d(2, 3, { kernel: [2, 1] }),
    norm: nn.batchNorm(3),
    flatten: nn.flatten(),
    linear: nn.linear(12, 2),
  };
  const network = nn.sequential([3, 2, 2], layers, { seed, stream: "own" });
  const state = new Map(
    network.state.map(({ name, shape, values }) => [name, tensor(device, values, shape)]),
  );
  const parameters = new ParameterArena(device, network.parameters);
  const apply = (x: Tensor) =>
    network.apply(x, (name) => parameters.get(name), { mode: "infer", state: (name) => state.get(name)! });
  return { network, parameters, state, apply };
}

test("weights lie as PyTorch has them, and PyTorch's come back by a map of names", async () => {
  const [first, second] = [own(1), own(2)];
  first.state.get("norm.variance")!.write([1, 2, 3]);
  const file = await exportWeights(first);
  const { tensors } = parseSafetensors(file, "own");
  const shapes = [...tensors].map(([name, { shape }]) => `${name} ${shape.join("x")}`);
  expect(shapes).toEqual([
    ...["conv.bias 3", "conv.weight 3x2x2x1", "linear.bias 2", "linear.weight 2x12"],
    ...["norm.bias 3", "norm.running_mean 3", "norm.running_var 3", "norm.weight 3"],
  ]);
  const filter = await first.parameters.get("conv.weight").read(); // (2, 1, 2, 3)
  const affine = await first.parameters.get("linear.weight").read(); // (2 * 2 * 3, 2)
  // filter[r, 0, c, k] is weight[k, c, r, 0], and column (c, h, w) of an affine map is row (h, w, c)
  expect(tensors.get("conv.weight")!.data[1 * 4 + 1 * 2 + 0]).toBe(filter[0 * 6 + 1 * 3 + 1]);
  expect(tensors.get("linear.weight")!.data[12 + 2 * 4 + 1 * 2 + 0]).toBe(
    affine[((1 * 2 + 0) * 3 + 2) * 2 + 1],
  );

  const renamed = new Map(
    [...tensors].map(([name, each]) => [
      name.replace("conv", "features.0").replace("norm", "features.1"),
      each,
    ]),
  );
  const theirs = encodeSafetensors(
    new Map([
      ...renamed,
      ["features.1.num_batches_tracked", { dtype: "I64", shape: [], data: BigInt64Array.of(5n) }],
      ["head.bias", { dtype: "BF16", shape: [2], data: Uint16Array.of(0x3f80, 0) }],
    ]),
  );
  const names = { "features.0": "conv", "features.1": "norm", head: "" };
  expect(await importWeights(second, theirs, { names })).toHaveLength(8);
  const x = tensor(
    device,
    Float32Array.from({ length: 24 }, (_, i) => Math.cos(i)),
    [2, 3, 2, 2],
  );
  expect([...(await second.apply(x).read())]).toEqual([...(await first.apply(x).read())]);

  const refused = (words: RegExp, file: Uint8Array, names = {}) =>
    expect(importWeights(second, file, { names, fileName: "w" })).rejects.toThrow(words);
  await refused(/features\.0\.bias goes nowhere; the model has conv\.weight/, theirs);
  await refused(/features\.0\.bias, as con\.bias, goes nowhere \(did you mean conv\.bias\?\)/, theirs, {
    ...names,
    "features.0": "con",
  });
  await refused(/w: it holds nothing called feature/, file, { feature: "x" });
  const some = (names: readonly string[]) =>
    encodeSafetensors(new Map(names.map((name) => [name, tensors.get(name)!])));
  await refused(/it lacks conv\.weight, conv\.bias, .*linear\.weight and 1 more/, some(["norm.weight"]));
  await refused(/two of its tensors are to be norm\.bias/, some(["norm.weight", "norm.bias"]), {
    "norm.weight": "norm.bias",
  });
  await refused(/linear\.weight is of shape \(2, 12\), and norm\.bias of \(3\)/, some(["linear.weight"]), {
    "linear.weight": "norm.bias",
  });
  await refused(
    /norm\.bias is of I64, and weights are floats/,
    encodeSafetensors(new Map([["norm.bias", { dtype: "I64", shape: [3], data: new BigInt64Array(3) }]])),
  );
  const half = encodeSafetensors(
    new Map([["norm.bias", { dtype: "F16", shape: [3], data: Uint16Array.of(0x3c00, 0xc100, 0x0001) }]]),
  );
  expect(await importWeights(second, half, { partial: true })).toEqual(["norm.shift"]);
  expect([...(await second.parameters.get("norm.shift").read())]).toEqual([1, -2.5, 2 ** -24]);
  await expect(exportWeights({} as never)).rejects.toThrow(/those of a model, or of \{ network, parameters/);
});

test("a model comes back from its file, with mask and basis, but for weights that are divided", async () => {
  const options = { input: [5], latent: 4, encoderWidths: [6] } as const;
  using first = models.vrrae(device, { ...options, rank: 2, beta: 1, seed: 1 });
  using second = models.vrrae(device, { ...options, rank: 2, beta: 1, seed: 2 });
  first.setBasis([1, 0, 0, 1, 0, 0, 0, 0]);
  second.setBasis([0, 0, 0, 0, 1, 0, 0, 1]);
  await importWeights(second, await exportWeights(first));
  const x = tensor(device, [1, 2, 3, 4, 5], [1, 5]);
  expect([...(await second.reconstruct(x).read())]).toEqual([...(await first.reconstruct(x).read())]);

  using masked = models.maskAae(device, { ...options, criticWidths: [3] });
  const { tensors } = parseSafetensors(await exportWeights(masked), "mask");
  expect([...tensors.keys()].filter((name) => !/^(encoder|decoder|critic)\./.test(name))).toEqual(["mask"]);

  using divided = models.ae(device, { ...options, spectral: true });
  const file = await exportWeights(divided);
  expect([...parseSafetensors(file, "w").tensors.keys()].filter((name) => name.endsWith(".u"))).toEqual([]);
  await expect(importWeights(divided, file)).rejects.toThrow(
    /weight is divided by its largest singular value/,
  );
});
