import { describe, expect, test } from "vitest";
import { ShapeError } from "../../src/device/errors.ts";
import { convolutionalNetworks, linearNetwork, mlpNetworks, type Network } from "../../src/nn/networks.ts";
import { ParameterArena } from "../../src/optim/arena.ts";
import { backward } from "../../src/tensor/tape.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { checkOp, values, withDevices } from "../check.ts";
import { affine, convolved, doubled, tanh } from "./reference.ts";

/** Numbers of parameters of the paper's models, with the latent length of RRAE and VRRAE. */
const papers = [
  { name: "bumps", input: [64, 64, 1], latent: 200, parameters: 3_806_969, final: "conv 1x1" },
  { name: "bumps, latent 2", input: [64, 64, 1], latent: 2, parameters: 461_363, final: "conv 1x1" },
  { name: "MNIST", input: [28, 28, 1], latent: 100, parameters: 753_877, final: "conv 5x5" },
  { name: "CIFAR-10", input: [32, 32, 3], latent: 512, parameters: 2_590_979, final: "conv 1x1" },
  { name: "CelebA", input: [160, 160, 3], latent: 512, parameters: 54_498_563, final: "conv 1x1" },
];

describe("the paper's networks", () => {
  test.each(papers)("$name", ({ input, latent, parameters, final }) => {
    const { encoder, decoder } = convolutionalNetworks({ input, latent });
    expect(encoder.parameterCount + decoder.parameterCount).toBe(parameters);
    expect(decoder.layers.at(-1)!.label).toBe(final);
    expect([encoder.inputShape, encoder.outputShape]).toEqual([input, [latent]]);
    expect([decoder.inputShape, decoder.outputShape]).toEqual([[latent], input]);
  });
});

const sizes = [
  [1, 1, 1],
  [2, 3, 1],
  [16, 33, 2],
  [17, 31, 3],
  [28, 28, 1],
  [5, 40, 4],
];

describe.each(sizes)("images of %d x %d x %d", (H, W, C) => {
  test("come back in their own shape", () => {
    const { encoder, decoder } = convolutionalNetworks({ input: [H, W, C], latent: 7 });
    expect(encoder.outputShape).toEqual([7]);
    expect(decoder.outputShape).toEqual([H, W, C]);
  });
});

test("a network's initial values depend on seed and name alone", () => {
  const shapes = { input: [9, 8, 2], latent: 4 };
  const first = convolutionalNetworks({ ...shapes, seed: 3 });
  const same = convolutionalNetworks({ ...shapes, seed: 3 });
  const other = convolutionalNetworks({ ...shapes, seed: 4 });
  expect(same.decoder.parameters).toEqual(first.decoder.parameters);
  const encoderOf = (network: { encoder: Network }) => network.encoder.parameters[0]!.values;
  expect(encoderOf(other)).not.toEqual(encoderOf(first));
  const wider = convolutionalNetworks({ ...shapes, seed: 3, encoderWidths: [32, 64, 16] });
  expect(encoderOf(wider)).toEqual(encoderOf(first));
  const [mean, variance] = ["mean", "variance"].map((stream) => linearNetwork(3, 3, { seed: 3, stream }));
  expect(mean!.parameters[0]!.values).not.toEqual(variance!.parameters[0]!.values);
});

test("initial values fill ± 1 / √fan-in, for both kinds of convolution counted from their inputs", () => {
  const { encoder, decoder } = convolutionalNetworks({ input: [28, 28, 1], latent: 100 });
  const fans = {
    "conv1.weight": [encoder, 9],
    "conv2.bias": [encoder, 32 * 9],
    "linear.weight": [encoder, 7 * 7 * 64],
    "convTranspose1.weight": [decoder, 32 * 9],
    "convTranspose4.bias": [decoder, 32 * 9],
    "conv.weight": [decoder, 8 * 25],
  } as const;
  for (const [name, [network, fanIn]] of Object.entries(fans)) {
    const list = network.parameters.find((parameter) => parameter.name === name)!.values;
    const limit = 1 / Math.sqrt(fanIn);
    const most = list.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
    expect(most, name).toBeLessThanOrEqual(limit);
    expect(most, name).toBeGreaterThan(limit * (1 - 10 / list.length));
    const variance = list.reduce((sum, x) => sum + x * x, 0) / list.length;
    expect(Math.abs((variance * 3) / limit ** 2 - 1), name).toBeLessThan(3 / Math.sqrt(list.length));
  }
});

test("shapes that do not fit are refused, and the layer named", () => {
  expect(() => convolutionalNetworks({ input: [64, 64], latent: 2 })).toThrow(
    /images \[H, W, C\].*\(64, 64\)/,
  );
  expect(() => convolutionalNetworks({ input: [0, 4, 1], latent: 2 })).toThrow(ShapeError);
  expect(() => convolutionalNetworks({ input: [4, 4, 1], latent: 0 })).toThrow(/whole numbers from 1/);
  expect(() => mlpNetworks({ input: [4, 4, 1], latent: 2 })).toThrow(/an MLP takes vectors/);
});

const small = { encoderWidths: [3], decoderWidths: [4, 3], activation: "tanh" } as const;
const { encoder, decoder } = convolutionalNetworks({ input: [5, 6, 2], latent: 3, ...small });
const shapesOf = (network: Network) => network.parameters.map((parameter) => [...parameter.shape]);
const indexOf = (network: Network, name: string) =>
  network.parameters.findIndex((parameter) => parameter.name === name);

checkOp(
  "encoder",
  (x, ...parameters) => encoder.apply(x, (name) => parameters[indexOf(encoder, name)]!),
  ([x, w1, b1, w2, b2], [batch]) => {
    const image = { values: x!, shape: [batch![0]!, 5, 6, 2] as [number, number, number, number] };
    return affine(tanh(convolved(image, w1!, b1!, [3, 3], 2, 1).values), w2!, b2!);
  },
  [1, 4].map((N) => [[N, 5, 6, 2], ...shapesOf(encoder)]),
);

checkOp(
  "decoder",
  (x, ...parameters) => decoder.apply(x, (name) => parameters[indexOf(decoder, name)]!),
  ([x, w1, b1, w2, b2, w3, b3, w4, b4], [batch]) => {
    const start = {
      values: affine(x!, w1!, b1!),
      shape: [batch![0]!, 2, 2, 32] as [number, number, number, number],
    };
    const four = doubled(start, w2!, b2!);
    const eight = doubled({ ...four, values: tanh(four.values) }, w3!, b3!);
    return convolved({ ...eight, values: tanh(eight.values) }, w4!, b4!, [4, 3], 1, 0).values;
  },
  [1, 3].map((N) => [[N, 3], ...shapesOf(decoder)]),
);

const mlps = mlpNetworks({ input: [5], latent: 2, decoderWidths: [4, 6], activation: "tanh" });
checkOp(
  "MLP decoder",
  (x, ...parameters) => mlps.decoder.apply(x, (name) => parameters[indexOf(mlps.decoder, name)]!),
  ([x, w1, b1, w2, b2, w3, b3]) => affine(tanh(affine(tanh(affine(x!, w1!, b1!)), w2!, b2!)), w3!, b3!),
  [1, 3].map((N) => [[N, 2], ...shapesOf(mlps.decoder)]),
);

withDevices((device) => {
  test("every parameter of an autoencoder gets a gradient in its place", async () => {
    const networks = convolutionalNetworks({ input: [17, 20, 2], latent: 5, seed: 1 });
    const specs = Object.entries(networks).flatMap(([prefix, network]) =>
      network.parameters.map((spec) => ({ ...spec, name: `${prefix}.${spec.name}` })),
    );
    const arena = new ParameterArena(device(), specs);
    const { live } = device().memory();
    device().scope(() => {
      const x = tensor(device(), values(2 * 17 * 20 * 2), [2, 17, 20, 2]);
      const code = networks.encoder.apply(x, (name) => arena.get(`encoder.${name}`));
      backward(networks.decoder.apply(code, (name) => arena.get(`decoder.${name}`)));
    });
    for (const [name, parameter] of arena.parameters) {
      expect(parameter.grad, name).toBe(parameter.gradSlot);
      const gradient = await parameter.gradSlot!.read();
      expect(Math.hypot(...gradient.subarray(0, 1000)), name).toBeGreaterThan(0);
    }
    expect(device().memory().live).toBeLessThan(live + 4096);
    arena.dispose();
  });

  test("a batch of another shape is refused, and the network named", () => {
    const { encoder } = convolutionalNetworks({ input: [4, 5, 1], latent: 2 });
    expect(() => encoder.apply(tensor(device(), values(20), [4, 5, 1]), () => expect.unreachable())).toThrow(
      "encoder: takes a batch (N, 4, 5, 1), not (4, 5, 1)",
    );
  });
});
