import { describe, expect, test } from "vitest";
import { ArgumentError } from "../../src/device/errors.ts";
import * as nn from "../../src/nn/index.ts";
import { mean, square, sub, sum, sqrt } from "../../src/ops/index.ts";
import { gradcheck } from "../../src/tensor/gradcheck.ts";
import { tensor, type Tensor } from "../../src/tensor/tensor.ts";
import { rounded, values, withDevices } from "../check.ts";
import { affine, convolved } from "./reference.ts";

type Shape = readonly number[];
/** A critic in float64, from a batch and the parameters in their order to a number a sample. */
type Critic = (x: number[], parameters: number[][]) => number[];

const act = (slope: number) => (list: number[]) => list.map((z) => (z > 0 ? z : slope * z));

const mlp: Critic = (x, [w1, b1, w2, b2, w3, b3]) =>
  affine(act(0.01)(affine(act(0)(affine(x, w1!, b1!)), w2!, b2!)), w3!, b3!);

/** Images (7, 6, 2) through convolutions of other strides, paddings and sizes. */
const convolutional: Critic = (x, [w1, b1, w2, b2, w3, b3]) => {
  const first = convolved({ values: x, shape: [x.length / 84, 7, 6, 2] }, w1!, b1!, [3, 3], 2, 1);
  first.values = act(0.01)(first.values);
  const second = convolved(first, w2!, b2!, [2, 2], 1, 0);
  return affine(act(0)(second.values), w3!, b3!);
};

const cases: { name: string; input: Shape; network: () => nn.Network; critic: Critic }[] = [
  {
    name: "MLP",
    input: [5],
    critic: mlp,
    network: () =>
      nn.sequential(
        [5],
        {
          one: nn.linear(5, 7, { activation: "relu" }),
          two: nn.linear(7, 6),
          kink: nn.activation("leakyRelu"),
          three: nn.linear(6, 1),
        },
        { stream: "critic", seed: 3 },
      ),
  },
  {
    name: "convolutions",
    input: [7, 6, 2],
    critic: convolutional,
    network: () =>
      nn.sequential(
        [7, 6, 2],
        {
          one: nn.conv2d(2, 4, { kernel: 3, stride: 2, padding: 1, activation: "leakyRelu" }),
          two: nn.conv2d(4, 3, { kernel: 2, activation: "relu" }),
          flatten: nn.flatten(),
          three: nn.linear(18, 1),
        },
        { stream: "critic", seed: 4 },
      ),
  },
];

/** d Σ critic / dx by central differences in float64, exact where no kink is near. */
function slopes(critic: Critic, x: number[], parameters: number[][]): number[] {
  const total = (at: number[]) => critic(at, parameters).reduce((sum, value) => sum + value, 0);
  const step = 1e-4;
  return x.map((_, i) => {
    const moved = (sign: number) => x.with(i, x[i]! + sign * step);
    return (total(moved(1)) - total(moved(-1))) / (2 * step);
  });
}

const B = 4;
/** The mean over the samples of (‖g‖ − 1)². */
const penalty = (g: number[]) => {
  const size = g.length / B;
  const norms = Array.from({ length: B }, (_, n) => Math.hypot(...g.slice(n * size, (n + 1) * size)));
  return norms.reduce((sum, norm) => sum + (norm - 1) ** 2, 0) / B;
};

withDevices((device) => {
  describe.each(cases)("$name", ({ input, network, critic }) => {
    const size = input.reduce((a, b) => a * b, 1);
    const x = rounded(values(B * size, 11).map((value) => 2 * value));

    /** `compute` of the network, checked as a function of its parameters. */
    const check = (compute: (g: Tensor) => Tensor, reference: (g: number[]) => number[]) => {
      const net = network();
      const specs = net.parameters;
      const parameters = specs.map(({ shape, values }) => tensor(device(), values, shape));
      specs.forEach(({ name }, i) => (parameters[i]!.requiresGrad = name.endsWith("weight"))); // biases only move the kinks
      const samples = tensor(device(), x, [B, ...input]);
      return gradcheck(
        (...given) =>
          compute(
            net.inputGradient(samples, (name) => given[specs.findIndex((spec) => spec.name === name)]!),
          ),
        parameters,
        { reference: (lists) => reference(slopes(critic, x, lists)) },
      );
    };

    test("the gradient with respect to the input is that of float64", async () => {
      const { output } = await check(
        (g) => g.device.noGrad(() => sum(g, [], true)),
        (g) => g,
      );
      expect(output).toBeLessThan(1e-5);
    });

    test("a penalty on its norm has the gradients of float64", async () => {
      const axes = input.map((_, axis) => axis + 1);
      const report = await check(
        (g) => mean(square(sub(sqrt(sum(square(g), axes)), 1))),
        (g) => [penalty(g)],
      );
      expect(report.gradients.filter((error) => error !== undefined)).toHaveLength(3);
    });
  });

  test("a layer with another slope is named", () => {
    const x = tensor(device(), [1, 2], [1, 2]);
    const network = nn.sequential(
      [2],
      { first: nn.linear(2, 2, { activation: "tanh" }), last: nn.linear(2, 1) },
      { stream: "critic" },
    );
    const parameters = new Map(
      network.parameters.map((spec) => [spec.name, tensor(device(), spec.values, spec.shape)]),
    );
    const run = () => network.inputGradient(x, (name) => parameters.get(name)!);
    expect(run).toThrow(ArgumentError);
    expect(run).toThrow(/critic\.first \(linear, tanh\): .* relu, leakyRelu or no activation/);
  });
});
