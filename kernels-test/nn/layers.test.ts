import { expect, test } from "vitest";
import { openDevice } from "../../src/device/device.ts";
import { ArgumentError, ShapeError } from "../../src/device/errors.ts";
import { initialValues, uniformValues, type Initial } from "../../src/nn/init.ts";
import {
  activation,
  conv2d,
  convTranspose2d,
  flatten,
  linear,
  reshape,
  type ActivationName,
} from "../../src/nn/layers.ts";
import { describeNetwork, sequential } from "../../src/nn/sequential.ts";
import { threefry2x32 } from "../../src/ops/lib/threefry.ts";
import { gradcheck, values } from "../../src/tensor/gradcheck.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { checkOp } from "../check.ts";
import { activations } from "../references.ts";

const none = () => expect.unreachable();
const same = (x: number[]) => [...x];

checkOp(
  "reshape",
  (x) => reshape([3, 2]).apply(x, none),
  ([x]) => same(x!),
  [[[4, 6]], [[1, 2, 3]]],
);
checkOp(
  "flatten",
  (x) => flatten().apply(x, none),
  ([x]) => same(x!),
  [[[4, 6]], [[2, 2, 3, 5]]],
);
const { none: _identity, ...kinds } = activations;
test.each(Object.entries(kinds) as [ActivationName, (z: number) => number][])(
  "the layer of %s",
  async (kind, f) => {
    const device = await openDevice();
    const x = tensor(device, values(24, 1), [4, 6]);
    x.requiresGrad = true;
    const layer = activation(kind);
    expect(layer.label).toBe(kind);
    await gradcheck((x) => layer.apply(x, none), [x], { reference: ([x]) => x!.map(f) });
    device.close();
  },
);
checkOp(
  "linear without bias",
  (x, w) => linear(3, 2, { bias: false }).apply(x, () => w),
  ([x, w]) => {
    const dot = (n: number, m: number) =>
      [0, 1, 2].reduce((sum, k) => sum + x![3 * n + k]! * w![2 * k + m]!, 0);
    return [0, 1, 2, 3].flatMap((n) => [dot(n, 0), dot(n, 1)]);
  },
  [
    [
      [4, 3],
      [3, 2],
    ],
  ],
);

test("layers say what they need and make", () => {
  const convolution = conv2d(4, 6, {
    kernel: [5, 3],
    stride: [2, 1],
    padding: "same",
    groups: 2,
    activation: "relu",
  });
  expect(convolution.label).toBe("conv 5x3 /2x1, relu");
  expect(convolution.outputShape([9, 7, 4])).toEqual([5, 7, 6]);
  expect(convolution.parameters).toEqual([
    { name: "weight", shape: [5, 3, 2, 6], fanIn: 30, fanOut: 45 },
    { name: "bias", shape: [6], fanIn: 30, fanOut: 45 },
  ]);
  const transposed = convTranspose2d(6, 4, {
    kernel: 3,
    stride: 2,
    padding: 1,
    outputPadding: 1,
    bias: false,
  });
  expect(transposed.label).toBe("transposed conv 3x3 /2");
  expect(transposed.outputShape([5, 7, 6])).toEqual([10, 14, 4]);
  expect(transposed.parameters).toEqual([
    { name: "weight", shape: [3, 3, 4, 6], fanIn: 54, fanOut: 36, outputAxis: 2 },
  ]);
  expect(flatten().outputShape([2, 3, 4])).toEqual([24]);
});

test("a sequence names the layer that does not fit", () => {
  const build = () =>
    sequential([8, 8, 3], { first: conv2d(3, 4, { kernel: 3 }), second: linear(9, 2) }, { stream: "net" });
  expect(build).toThrow(ShapeError);
  expect(build).toThrow(
    "net.second (linear) after (6, 6, 4): linear: takes samples of shape (9), not (6, 6, 4)",
  );
  expect(() => sequential([8, 8, 2], { c: conv2d(3, 4, { kernel: 3 }) }, { stream: "net" })).toThrow(
    /net\.c .*2 channels/,
  );
  expect(() => sequential([8], { r: reshape([3, 3]) }, { stream: "net" })).toThrow(
    /8 elements, \(3, 3\) has 9/,
  );
  expect(() => sequential([8], { l: linear(8, 1) }, { stream: "net", seed: -1 })).toThrow(ArgumentError);
  expect(() => conv2d(3, 4, { kernel: 3, groups: 2 })).toThrow(/channels \/ groups are whole numbers/);
});

test("the table of a network", () => {
  const layers = {
    conv: conv2d(1, 8, { kernel: 3, stride: 2, activation: "relu" }),
    flatten: flatten(),
    linear: linear(2888, 12, { activation: "tanh" }),
  };
  expect(describeNetwork(sequential([39, 39, 1], layers, { stream: "net" }))).toBe(
    `layer                       output       parameters
input                       (39, 39, 1)
conv     conv 3x3 /2, relu  (19, 19, 8)          80
flatten  flatten            (2888)
linear   linear, tanh       (12)             34,668
total                                        34,748`,
  );
});

test("initial values are those of the generator", () => {
  const [list, longer] = [uniformValues(3, 0.5, 7, "a"), uniformValues(8, 0.5, 7, "a")];
  expect(longer.subarray(0, 3)).toEqual(list);
  const key = Number(BigInt.asUintN(32, (0x811c9dc5n ^ 0x61n) * 0x01000193n));
  const [first, second] = threefry2x32(7, key, 0, 0);
  expect([...list.subarray(0, 2)]).toEqual(
    [first, second].map((word) => Math.floor(word / 256) / 2 ** 24 - 0.5),
  );
});

test.each<[Initial, mean: number, deviation: number]>([
  ["fanIn", 0, 1 / Math.sqrt(3 * 50)],
  ["glorotUniform", 0, Math.sqrt(2 / 80)],
  ["glorotNormal", 0, Math.sqrt(2 / 80)],
  ["heUniform", 0, Math.sqrt(2 / 50)],
  ["heNormal", 0, Math.sqrt(2 / 50)],
  [{ normal: 0.02 }, 0, 0.02],
  [{ normal: 0.02, mean: 1 }, 1, 0.02],
  [{ uniform: 0.3 }, 0, 0.3 / Math.sqrt(3)],
  [{ constant: 1 }, 1, 0],
])("a parameter that starts from %j has its mean and deviation", (initial, mean, deviation) => {
  const size = 4000;
  const list = initialValues({ shape: [40, 100], fanIn: 50, fanOut: 30, initial }, 3, "a");
  const found = list.reduce((sum, x) => sum + x, 0) / size;
  const spread = Math.sqrt(list.reduce((sum, x) => sum + (x - found) ** 2, 0) / size);
  expect(Math.abs(found - mean)).toBeLessThanOrEqual((4 * deviation) / Math.sqrt(size));
  expect(Math.abs(spread - deviation)).toBeLessThanOrEqual((3 * deviation) / Math.sqrt(size));
});
