import { afterAll, beforeAll, expect, test } from "vitest";
import * as hestenes from "../../src/index.ts";
import { checkNumber, checkPositive, checkSeed, checkWhole } from "../../src/device/arguments.ts";
import type { Device } from "../../src/device/device.ts";
import { ArgumentError, ShapeError } from "../../src/device/errors.ts";

const { data, latent, metrics, models, nn, optim } = hestenes;

let device: Device;
beforeAll(async () => {
  device = await hestenes.openDevice();
});
afterAll(() => device?.close());

test("checks let through what is wanted, and name what is not", () => {
  for (const [check, good, bad, wanted] of [
    [
      (x: number) => checkWhole("a: b", x, 1, 9),
      [1, 9],
      [0, 10, 1.5, NaN, Infinity, "3"],
      "a whole number from 1 to 9",
    ],
    [
      (x: number) => checkWhole("a: b", x, 0),
      [0, 2 ** 53 - 1],
      [-1, 2 ** 53, NaN],
      "a whole number from 0 on",
    ],
    [(x: number) => checkNumber("a: b", x), [-1e300, 0], [NaN, Infinity, "1"], "a finite number"],
    [(x: number) => checkNumber("a: b", x, 0), [0, 1e300], [-1e-9, NaN], "a finite number from 0 on"],
    [(x: number) => checkNumber("a: b", x, 0, 1), [0, 1], [1.1, NaN], "a finite number from 0 to 1"],
    [(x: number) => checkPositive("a: b", x), [5e-324], [0, -1, NaN, Infinity], "a finite number above 0"],
    [
      (x: number) => checkSeed("a: b", x),
      [0, 2 ** 32 - 1],
      [-1, 2 ** 32, 0.5, NaN],
      "a whole number from 0 to 4294967295",
    ],
  ] as const) {
    for (const value of good) check(value);
    for (const value of bad) {
      const shown = typeof value === "string" ? `"${value}"` : value;
      expect(() => check(value as number)).toThrow(new ArgumentError(`a: b is ${shown}; expected ${wanted}`));
    }
  }
});

test("no numeric option of the library takes a NaN", async () => {
  const points = Float32Array.from({ length: 24 }, (_, i) => Math.sin(i));
  const set = new data.Dataset({ name: "set", shape: [3], stored: points });
  const x = device.tensor([1, 2, 3, 4], [2, 2]);
  const noise = new hestenes.RandomState(device, 1);
  const model = models.vrrae(device, { input: [3], latent: 4, rank: 2, beta: 1e-3 });
  const { arena } = model;
  const network = { input: [3], latent: 4 };
  const mixture = await latent.fitMixture(device, points, 3);
  const withNaN: Record<string, (nan: number) => unknown> = {
    "openDevice binding": (binding) => hestenes.openDevice({ binding }),
    "tensor shape": (n) => device.tensor([1], [n]),
    "zeros shape": (n) => hestenes.zeros(device, [n]),
    "sum axis": (axis) => hestenes.sum(x, axis),
    "argmax axis": (axis) => hestenes.argmax(x, axis),
    "clamp low": (low) => hestenes.clamp(x, low, 1),
    "leakyRelu slope": (slope) => hestenes.leakyRelu(x, slope),
    "elu alpha": (alpha) => hestenes.elu(x, alpha),
    "reshape shape": (n) => hestenes.reshape(x, [n]),
    "slice start": (n) => hestenes.slice(x, [n, 0], [1, 1]),
    "pad margin": (n) =>
      hestenes.pad(x, [
        [n, 0],
        [0, 0],
      ]),
    "concat axis": (axis) => hestenes.concat([x, x], axis),
    "softmax axis": (axis) => hestenes.softmax(x, axis),
    "sampleGaussian beta": (beta) => hestenes.sampleGaussian(x, x, noise, beta),
    "RandomState seed": (seed) => new hestenes.RandomState(device, seed),
    "randomNormal shape": (n) => hestenes.randomNormal(noise, [n]),
    "randomUniform low": (low) => hestenes.randomUniform(noise, [1], low, 1),
    "randomPermutation n": (n) => hestenes.randomPermutation(noise, n),
    "svd damping": (damping) => hestenes.svd(x, { damping }),
    "truncatedSvd k": (k) => hestenes.truncatedSvd(x, k),
    "truncatedSvd damping": (damping) => hestenes.truncatedSvd(x, 1, { damping }),
    "truncatedSvd gapCap": (gapCap) => hestenes.truncatedSvd(x, 1, { gapCap }),
    "truncate gapCap": (gapCap) => hestenes.truncate(x, 1, { gapCap }),
    "conv2d stride": (stride) => nn.conv2d(1, 1, { kernel: 1, stride }).outputShape([3, 3, 1]),
    "conv2d padding": (padding) => nn.conv2d(1, 1, { kernel: 1, padding }).outputShape([3, 3, 1]),
    "conv2d dilation": (dilation) => nn.conv2d(1, 1, { kernel: 1, dilation }).outputShape([3, 3, 1]),
    "conv2d groups": (groups) => nn.conv2d(1, 1, { kernel: 1, groups }),
    "linear outputs": (outputs) => nn.linear(3, outputs),
    "uniformValues limit": (limit) => nn.uniformValues(3, limit, 0, "a"),
    "uniformValues seed": (seed) => nn.uniformValues(3, 1, seed, "a"),
    "networks latent": (size) => nn.mlpNetworks({ input: [3], latent: size }),
    "networks seed": (seed) => nn.mlpNetworks({ input: [3], latent: 2, seed }),
    "adam rate": (rate) => optim.adam(arena, { rate }),
    "adam clip": (clip) => optim.adam(arena, { rate: 1, clip }),
    "adam betas": (beta) => optim.adam(arena, { rate: 1, betas: [0.9, beta] }),
    "adam epsilon": (epsilon) => optim.adam(arena, { rate: 1, epsilon }),
    "adam weightDecay": (weightDecay) => optim.adam(arena, { rate: 1, weightDecay }),
    "adaBelief epsilonRoot": (epsilonRoot) => optim.adaBelief(arena, { rate: 1, epsilonRoot }),
    "rmsProp beta": (beta) => optim.rmsProp(arena, { rate: 1, beta }),
    "sgd momentum": (momentum) => optim.sgd(arena, { rate: 1, momentum }),
    "cosine steps": (steps) => optim.adam(arena, { rate: 1, schedule: { kind: "cosine", steps } }),
    "schedule warmup": (warmup) => optim.adam(arena, { rate: 1, schedule: { kind: "constant", warmup } }),
    "ae latent": (size) => models.ae(device, { input: [3], latent: size }),
    "vae beta": (beta) => models.vae(device, { ...network, beta }),
    "vrrae rank": (rank) => models.vrrae(device, { ...network, rank, beta: 1 }),
    setRank: (rank) => model.setRank(rank),
    "irmae layers": (layers) => models.irmae(device, { ...network, layers }),
    "lorae nuclear": (nuclear) => models.lorae(device, { ...network, nuclear }),
    "contractive penalty": (penalty) => models.contractive(device, { ...network, penalty }),
    "sparse sparsity": (sparsity) => models.sparse(device, { ...network, penalty: 1, sparsity }),
    "model sample": (count) => model.sample(count),
    "fitMixture components": (components) => latent.fitMixture(device, points, 3, { components }),
    "fitMixture starts": (starts) => latent.fitMixture(device, points, 3, { starts }),
    "fitMixture seed": (seed) => latent.fitMixture(device, points, 3, { seed }),
    "fitMixture tolerance": (tolerance) => latent.fitMixture(device, points, 3, { tolerance }),
    "fitMixture regularisation": (regularisation) => latent.fitMixture(device, points, 3, { regularisation }),
    "fitMixture iterations": (iterations) => latent.fitMixture(device, points, 3, { iterations }),
    "mixture sample": (count) => mixture.sample(count, 0),
    "Mixture weight": (weight) => new latent.Mixture([weight], mixture.components),
    "interpolate steps": (steps) => latent.interpolate(points, points, 3, steps),
    "activeUnits threshold": (threshold) => latent.activeUnits(points, 3, threshold),
    "BasisFit rank": (rank) => new latent.BasisFit(device, 3, rank, "pca"),
    "bumps size": (size) => data.bumps({ size }),
    "bumps testCount": (testCount) => data.bumps({ testCount }),
    "bumps seed": (seed) => data.bumps({ seed }),
    "bumpsAt size": (size) => data.bumpsAt("a", points, size),
    "permutation n": (n) => data.permutation(n, 0, 0),
    "permutation epoch": (epoch) => data.permutation(3, 0, epoch),
    "resize height": (height) =>
      data.resize({ height: 1, width: 1, channels: 1, data: new Uint8Array(1) }, height, 1),
    "Dataset scale": (scale) => new data.Dataset({ name: "a", shape: [3], stored: points, scale }),
    "Dataset std": (std) => set.standardised({ mean: 0, std }),
    "Dataset mean": (mean) => set.standardised({ mean, std: 1 }),
    "Dataset take": (n) => set.take(n),
    "Dataset split": (count) => set.split(count, 0),
    "Batches batch": (batch) => new data.Batches(set, { batch }),
    "loadDataset limit": (limit) => data.loadDataset("bumps", { limit }),
    "pcaError samples": (samples) => metrics.pcaError(set, 1, { samples }),
    "train steps": (steps) => hestenes.train(model, set, { steps, batch: 2 }),
    "train batch": (batch) => hestenes.train(model, set, { steps: 1, batch }),
    "train rate": (rate) => hestenes.train(model, set, { steps: 1, batch: 2, rate }),
    "train seed": (seed) => hestenes.train(model, set, { steps: 1, batch: 2, seed }),
    "train logEvery": (logEvery) => hestenes.train(model, set, { steps: 1, batch: 2, logEvery }),
    "train adaptive": (near) => hestenes.train(model, set, { steps: 1, batch: 2, adaptive: { near } }),
    "train adaptive window": (window) =>
      hestenes.train(model, set, { steps: 1, batch: 2, adaptive: { window } }),
    "train fineTune": (steps) => hestenes.train(model, set, { steps: 1, batch: 2, fineTune: { steps } }),
    "train fineTune rate": (rate) =>
      hestenes.train(model, set, { steps: 1, batch: 2, fineTune: { steps: 1, rate } }),
  };
  const missed: string[] = [];
  for (const [name, call] of Object.entries(withNaN)) {
    const error = await new Promise((resolve) => resolve(call(NaN))).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof ArgumentError || error instanceof ShapeError))
      missed.push(`${name}: ${String(error)}`);
  }
  expect(missed).toEqual([]);
});

test("callers in plain JavaScript get words of the package for what is missing or of another kind", async () => {
  const x = device.tensor([1, 2, 3, 4], [2, 2]);
  x.requiresGrad = true;
  const image = device.tensor(new Float32Array(72), [1, 6, 6, 2]);
  const points = Float32Array.from({ length: 24 }, (_, i) => Math.sin(i));
  const set = new data.Dataset({ name: "set", shape: [3], stored: points });
  const options = { input: [3], latent: 4, rank: 2, beta: 1e-3 };
  const model = models.ae(device, options);
  const { arena } = model;
  const schedule = { kind: "steps", milestones: [1], factor: 0.1 };
  type Call = (...given: never[]) => unknown;
  /** Each is called with every argument, and every option, missing or of another kind. */
  const calls: [call: unknown, ...given: unknown[]][] = [
    [hestenes.openDevice, { adapter: "no such adapter", binding: 256 }],
    [hestenes.tensor, device, [1, 2], [2]],
    [hestenes.zeros, device, [2]],
    [hestenes.empty, device, [2]],
    [hestenes.record, device, () => hestenes.square(x)],
    [hestenes.noGrad, device, () => hestenes.square(x)],
    [(body: never) => device.scope(body), () => hestenes.square(x)],
    [hestenes.track, x, [x], () => [x]],
    [hestenes.gradcheck, hestenes.square, [x], { tolerance: 1 }],
    [hestenes.kernel, "name", "text"],
    [hestenes.add, x, x],
    [hestenes.where, x, x, x],
    [hestenes.exp, x],
    [hestenes.matmul, x, x],
    [hestenes.einsum, "ij,jk->ik", x, x],
    [hestenes.conv2d, image, image],
    [hestenes.sum, x],
    [hestenes.softmax, x],
    [hestenes.crossEntropy, x, x],
    [hestenes.reshape, x, [4]],
    [hestenes.permute, x, [1, 0]],
    [hestenes.concat, [x, x]],
    [hestenes.slice, x, [0, 0], [1, 1]],
    [
      hestenes.pad,
      x,
      [
        [0, 0],
        [0, 0],
      ],
    ],
    [hestenes.gatherRows, x, x],
    [hestenes.maxPool2d, image, { window: 2 }],
    [hestenes.resize2d, image, [2, 2]],
    [hestenes.layerNorm, x],
    [hestenes.relativeError, x, x],
    [hestenes.svd, x],
    [hestenes.truncatedSvd, x, 1],
    [optim.adam, arena, { rate: 1, schedule, betas: [0.9, 0.9] }],
    [optim.adam, arena, { rate: 1, schedule: { kind: "cosine", steps: 3 } }],
    [optim.sgd, arena, { rate: 1 }],
    [optim.optimizerOf, arena, { kind: "adam", rate: 1 }],
    [(on: never, specs: never) => new optim.ParameterArena(on, specs), device, []],
    [nn.conv2d, 3, 4, { kernel: 3 }],
    [nn.sequential, [3], { map: nn.linear(3, 2) }, { stream: "a" }],
    [models.ae, device, options],
    [models.vrrae, device, options],
    [(batch: never) => model.reconstruct(batch), device.tensor(points, [8, 3])],
    [(parts: never) => new data.Dataset(parts), { name: "set", shape: [3], stored: points }],
    [(of: never, how: never) => new data.Batches(of, how), set, { batch: 2 }],
    [hestenes.train, model, set, { steps: 1, batch: 2 }],
  ];
  const stray: string[] = [];
  const attempt = async (index: number, call: unknown, given: readonly unknown[]) => {
    try {
      const made: unknown = await (call as Call)(...(given as never[]));
      for (const each of [made].flat()) if (each instanceof hestenes.Tensor && each !== x) each.dispose();
    } catch (error) {
      if (!(error instanceof hestenes.HestenesError)) stray.push(`${index}: ${String(error)}`);
    }
  };
  for (const [index, [call, ...given]] of calls.entries())
    for (const bad of [undefined, "a", {}, -1])
      for (const [i, argument] of given.entries()) {
        await attempt(index, call, given.with(i, bad));
        if (Object.getPrototypeOf(argument) !== Object.prototype) continue;
        for (const name of Object.keys(argument as object))
          await attempt(index, call, given.with(i, { ...(argument as object), [name]: bad }));
      }
  expect(stray).toEqual([]);
  expect(() => hestenes.record(Promise.resolve(device) as never, () => x)).toThrow(
    "record: a device is needed, which `await openDevice()` gives",
  );
  expect(() => optim.adam(arena, { rate: 1, schedule: { kind: "step" } as never })).toThrow(
    "schedule: its kind is constant, warmup, cosine, exponential or steps, not step",
  );
});
