import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDevice, type Device } from "../../src/device/device.ts";
import { kernel } from "../../src/device/ownKernel.ts";
import { linearGrid } from "../../src/device/kernel.ts";
import { exportOnnx } from "../../src/export/model.ts";
import { exportFunction } from "../../src/export/onnx.ts";
import type { Sampler } from "../../src/latent/sampler.ts";
import type { Autoencoder } from "../../src/models/autoencoder.ts";
import { modelNames } from "../../src/models/known.ts";
import { restoreSampler, samplerOf, type SamplerKind } from "../../src/models/samplers.ts";
import * as nn from "../../src/nn/index.ts";
import * as ops from "../../src/ops/index.ts";
import { ParameterArena } from "../../src/optim/arena.ts";
import { architectureFor } from "../../src/train/architecture.ts";
import { buildModel } from "../../src/train/build.ts";
import { completeConfig, type PartialConfig } from "../../src/train/config.ts";
import { sizeOf, type Shape } from "../../src/tensor/shape.ts";
import { track } from "../../src/tensor/tape.ts";
import { empty, tensor, type Tensor } from "../../src/tensor/tensor.ts";
import { channelsFirst, runOnnx, type Values } from "./runtime.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => device.close());

const N = 4;
/** Numbers that are spread over ±1 without any order. */
const spread = (count: number, phase = 0) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(phase + i * i));

/** Values as the files take them: images with channels first. */
const exported = (values: Float32Array, shape: Shape) =>
  shape.length === 4
    ? { values: channelsFirst(values, shape), shape: [shape[0]!, shape[3]!, shape[1]!, shape[2]!] }
    : { values, shape };

/** Fails unless they are the same to 1e-5 of the largest, or of 1 where that is larger. */
function expectAlike(what: string, made: Values[string], values: Float32Array, shape: Shape): void {
  const wanted = exported(values, shape);
  expect(made.shape, what).toEqual(wanted.shape);
  const scale = wanted.values.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  const off = wanted.values.map((value, i) => Math.abs(value - made.values[i]!));
  expect(Math.max(...off) / scale, what).toBeLessThan(1e-5);
}

/** What the file makes of the inputs is what `compute` makes of them here. */
async function expectSame(
  what: string,
  file: Uint8Array,
  inputs: Readonly<Record<string, Tensor>>,
  compute: () => Readonly<Record<string, Tensor>>,
): Promise<void> {
  const given = await Promise.all(
    Object.entries(inputs).map(async ([name, x]) => [name, exported(await x.read(), x.shape)] as const),
  );
  const made = await runOnnx(file, Object.fromEntries(given));
  const wanted = device.noGrad(compute);
  expect(Object.keys(made), what).toEqual(Object.keys(wanted));
  for (const [name, value] of Object.entries(wanted))
    expectAlike(`${what}: ${name}`, made[name]!, await value.read(), value.shape);
}

/** Gives what layers keep values as after training, so that an export without them is found out. */
function stir(model: Autoencoder): void {
  for (const [name, kept] of model.state)
    kept.write(spread(kept.size, name.length).map((value) => 0.6 + value / 2));
  const { truncation } = model;
  if (!truncation) return;
  const { latentSize: L, codeSize: k } = truncation;
  truncation.setBasis(
    Float32Array.from({ length: L * k }, (_, i) => (Math.floor(i / k) === i % k ? 0.8 : 0.1)),
  );
}

/** Encoder, decoder and a sampler of the model do in ONNX Runtime what they do here. */
async function checkModel(what: string, model: Autoencoder, sampler: Sampler): Promise<void> {
  stir(model);
  const files = await exportOnnx(model, { sampler });
  const samples = tensor(device, spread(N * sizeOf(model.input)).map(Math.abs), [N, ...model.input]);
  const codes = tensor(device, spread(N * model.codeSize, 1), [N, model.codeSize]);
  await expectSame(`${what} encoder`, files.get("encoder")!, { samples }, () => ({
    codes: model.encode(samples),
  }));
  await expectSame(`${what} decoder`, files.get("decoder")!, { codes }, () => ({
    samples: model.decode(codes),
  }));
  const drawing = () => new ops.RandomState(device, 7);
  const noise = drawing();
  const drawn = { noise: ops.randomNormal(noise, codes.shape), noise2: ops.randomNormal(noise, codes.shape) };
  const isSecond = sampler.kind === "second-stage";
  await expectSame(
    `${what} sampler`,
    files.get("sampler")!,
    isSecond ? drawn : { noise: drawn.noise },
    () => ({
      samples: model.decode(isSecond ? model.drawSecondStage!(N, drawing()) : model.drawPrior(N, drawing())),
    }),
  );
}

const build = (settings: PartialConfig, input: Shape): Autoencoder => {
  const config = completeConfig({ data: "mnist", ...settings });
  return buildModel(device, config, input, architectureFor(config));
};

/** Models that are tried on images, and not on vectors: of whose networks the others have fewer kinds of layers. */
const needsImages = new Set<string>(["vrrae", "flex-ae-sr"]);

describe("models", () => {
  test.each(modelNames)("%s does the same in ONNX Runtime", async (name) => {
    const sizes = { latent: 6, rank: 3, maps: 2, criticWidth: 8, secondWidth: 8, imageCriticWidth: 2 };
    const own = Object.entries(sizes).filter(([key]) => key in completeSettings(name));
    using model = build({ model: name, ...Object.fromEntries(own) }, needsImages.has(name) ? [6, 5, 2] : [5]);
    const kind: SamplerKind = name === "two-stage" ? "second-stage" : "prior";
    await checkModel(name, model, samplerOf(model, kind));
  });

  test.each(["infogan", "wae", "resnet", "rae", "mlp"] as const)(
    "so do the networks of %s",
    async (network) => {
      const sizes = {
        ...{ infogan: { networkWidth: 3, networkUnits: 7 }, wae: { networkWidth: 2, networkScales: 2 } },
        ...{
          resnet: { networkWidth: 2, networkUnits: 5 },
          rae: { networkWidth: 2 },
          mlp: { networkUnits: 9 },
        },
      }[network];
      using model = build({ model: "likelihood-vae", latent: 3, network, ...sizes }, [7, 10, 3]);
      await checkModel(network, model, samplerOf(model, "prior"));
      const names = Object.keys(model.networks);
      const files = await exportOnnx(model, { networks: names });
      expect([...files.keys()]).toEqual(["encoder", "decoder", ...names.map((each) => `network-${each}`)]);
    },
  );

  test("mixtures choose their component by a number from 0 to 1", async () => {
    using model = build({ model: "ae", rank: 2 }, [4, 4, 1]);
    const tensors = {
      weights: { shape: [3], values: Float64Array.of(0.5, 0.3, 0.2) },
      means: { shape: [3, 2], values: Float64Array.of(1, 2, -3, 0, 0, 5) },
      covariances: { shape: [3, 2, 2], values: Float64Array.of(1, 0, 0, 1, 4, 2, 2, 2, 0.25, 0, 0, 9) },
      deviations: { shape: [3, 2], values: Float64Array.of(1, 2, 3, 4, 5, 6) },
      "inner.means": { shape: [2, 2], values: Float64Array.of(1, 2, 3, 4) },
      "inner.deviations": { shape: [2, 2], values: Float64Array.of(1, 1, 2, 2) },
      target: { shape: [1], values: Float64Array.of(1) },
      factor: { shape: [1], values: Float64Array.of(3) },
    };
    const of = (about: { kind: string } & Record<string, unknown>, ...names: (keyof typeof tensors)[]) =>
      restoreSampler(model, { about, tensors: new Map(names.map((name) => [name, tensors[name]])) });
    const noise = [0.5, -1, 0.25, 2, -0.75, 1];
    const cases: [Sampler, uniform: number[], codes: number[]][] = [
      // the factors of the covariances are I, (2 0; 1 1) and (0.5 0; 0 3)
      [
        of({ kind: "mixture" }, "weights", "means", "covariances"),
        [0.49, 0.5, 0.81],
        [1.5, 1, -2.5, 2.25, -0.375, 8],
      ],
      [of({ kind: "vampprior" }, "means", "deviations"), [0.1, 0.4, 0.9], [1.5, 0, -2.25, 8, -3.75, 11]],
      [
        of(
          { kind: "renormalised", rule: {}, inner: { kind: "vampprior" } },
          ...(["inner.means", "inner.deviations", "target", "factor"] as const),
        ),
        [0.1, 0.4, 0.9],
        [4.5, 3, 3.75, 12, 4.5, 18],
      ],
    ];
    for (const [sampler, uniform, codes] of cases) {
      const file = (await exportOnnx(model, { sampler })).get("sampler")!;
      const inputs = {
        noise: tensor(device, noise, [3, 2]),
        uniform: tensor(device, uniform, [3, 1]),
      };
      await expectSame(sampler.kind, file, inputs, () => ({
        samples: model.decode(tensor(device, codes, [3, 2])),
      }));
    }
    const batchwise = of({ kind: "renormalised", rule: {}, inner: { kind: "prior" } }, "target");
    await expect(exportOnnx(model, { sampler: batchwise })).rejects.toThrow(/over each batch.*global codes/);
    await expect(exportOnnx(model, { networks: ["encodr"] })).rejects.toThrow(/did you mean encoder/);
  });
});

/** The settings of a model, by name. */
function completeSettings(model: (typeof modelNames)[number]): object {
  const has = Object.keys({
    latent: 0,
    rank: 0,
    maps: 0,
    criticWidth: 0,
    secondWidth: 0,
    imageCriticWidth: 0,
  });
  return Object.fromEntries(
    has
      .filter((name) => {
        try {
          completeConfig({ model, [name]: 6 });
          return true;
        } catch {
          return false;
        }
      })
      .map((name) => [name, 6]),
  );
}

test("networks of your own, of every layer there is", async () => {
  const norm = { affine: true, activation: "leakyRelu" } as const;
  const layers: nn.Layers = {
    conv: nn.conv2d(3, 8, {
      kernel: [3, 2],
      stride: [1, 2],
      dilation: [2, 1],
      padding: [
        [1, 2],
        [0, 1],
      ],
      groups: 1,
    }),
    depthwise: nn.conv2d(8, 8, { kernel: 3, padding: "same", groups: 8, activation: "gelu" }),
    group: nn.groupNorm(2, 8, norm),
    instance: nn.instanceNorm(8, norm),
    batch: nn.batchNorm(8, { activation: "elu" }),
    up: nn.convTranspose2d(8, 4, {
      kernel: 3,
      stride: 2,
      padding: [
        [1, 0],
        [0, 1],
      ],
      outputPadding: [1, 0],
      groups: 2,
    }),
    scale: nn.scale(4),
    branches: nn.concat({ same: {}, mean: { pool: nn.averagePool2d({ window: 3, stride: 1, padding: 1 }) } }),
    block: nn.residual({ conv: nn.spectral(nn.conv2d(8, 8, { kernel: 1 })), silu: nn.activation("silu") }),
    largest: nn.maxPool2d({ window: [2, 3], padding: [1, 1], rounding: "ceil" }),
    nearest: nn.upsample(2),
    bilinear: nn.resize([5, 7]),
    drop: nn.dropout(0.5),
    layer: nn.layerNorm([7, 8]),
    flatten: nn.flatten(),
    linear: nn.linear(280, 12, { activation: "softplus" }),
    layerVector: nn.layerNorm(12),
    batchVector: nn.batchNorm(12),
    reshape: nn.reshape([2, 3, 2]),
    last: nn.conv2d(2, 5, { kernel: 1, bias: false }),
    pooled: nn.globalAveragePool(),
  };
  const network = nn.sequential([9, 8, 3], layers, { seed: 3, stream: "own" });
  const arena = new ParameterArena(device, network.parameters);
  const state = new Map(
    network.state.map(({ name, shape }) => [
      name,
      tensor(
        device,
        spread(sizeOf(shape), 2).map((value) => 1 + value / 2),
        shape,
      ),
    ]),
  );
  const compute = (x: Tensor) =>
    network.apply(x, (name) => arena.get(name), { mode: "infer", state: (name) => state.get(name)! });
  const file = await exportFunction(device, { x: network.inputShape }, ({ x }) => ({ y: compute(x!) }));
  const x = tensor(device, spread(N * 216), [N, 9, 8, 3]);
  await expectSame("own", file, { x }, () => ({ y: compute(x) }));

  const words = nn.sequential([5], { table: nn.embedding(6, 4), mean: nn.layerNorm(4) }, { stream: "words" });
  const table = new ParameterArena(device, words.parameters);
  const look = (x: Tensor) => words.apply(x, (name) => table.get(name));
  const index = tensor(
    device,
    Array.from({ length: 5 * N }, (_, i) => (i * i) % 6),
    [N, 5],
  );
  const lookUp = await exportFunction(device, { index: [5] }, ({ index }) => ({ y: look(index!) }));
  await expectSame("words", lookUp, { index }, () => ({ y: look(index) }));
});

test("operations and functions, each with an output of its own", async () => {
  const unary = {
    ...{ neg: ops.neg, exp: ops.exp, log: ops.log, sqrt: ops.sqrt, square: ops.square, abs: ops.abs },
    ...{ relu: ops.relu, elu: ops.elu, gelu: ops.gelu, softplus: ops.softplus, sigmoid: ops.sigmoid },
    ...{
      tanh: ops.tanh,
      sign: ops.sign,
      floor: ops.floor,
      ceil: ops.ceil,
      round: ops.round,
      trunc: ops.trunc,
    },
    ...{ sin: ops.sin, cos: ops.cos, tan: ops.tan, asin: ops.asin, acos: ops.acos, atan: ops.atan },
    ...{ sinh: ops.sinh, cosh: ops.cosh, asinh: ops.asinh, atanh: ops.atanh, erf: ops.erf, erfc: ops.erfc },
    ...{ log1p: ops.log1p, expm1: ops.expm1, log2: ops.log2, log10: ops.log10, exp2: ops.exp2 },
    ...{ reciprocal: ops.reciprocal, rsqrt: ops.rsqrt, silu: ops.silu, mish: ops.mish, selu: ops.selu },
    ...{ hardSwish: ops.hardSwish, hardSigmoid: ops.hardSigmoid, celu: ops.celu, softsign: ops.softsign },
    ...{ logSigmoid: ops.logSigmoid, tanhShrink: ops.tanhShrink, softShrink: ops.softShrink },
    ...{ hardShrink: ops.hardShrink, geluTanh: ops.geluTanh, hardTanh: ops.hardTanh, relu6: ops.relu6 },
  };
  const signed = new Set(["log", "sqrt", "log1p", "log2", "log10", "rsqrt", "reciprocal"]);
  const compute = ({ x, z }: Readonly<Record<string, Tensor>>) => {
    const positive = ops.add(ops.abs(x!), 0.2);
    const rows = tensor(device, spread(5), [5]);
    const picture = ops.reshape(x!, [-1, 1, 1, 5]);
    const each = Object.entries(unary).map(
      ([name, f]) => [name, f(signed.has(name) ? positive : x!)] as const,
    );
    return {
      ...Object.fromEntries(each),
      acosh: ops.acosh(ops.add(positive, 1)),
      clamp: ops.clamp(x!, -0.5, 0.25),
      leaky: ops.leakyRelu(x!, 0.3),
      arithmetic: ops.div(ops.sub(ops.mul(x!, rows), 2), positive),
      power: ops.pow(positive, ops.min(ops.max(x!, -0.5), 0.5)),
      tests: ops.where(ops.logicalAnd(ops.less(x!, 0.5), ops.notEqual(x!, 0)), x!, ops.lessEqual(x!, rows)),
      either: ops.logicalXor(ops.logicalOr(ops.greater(x!, 0), ops.equal(x!, x!)), ops.less(x!, 0)),
      perSample: ops.mul(z!, ops.reshape(ops.mean(z!, [1, 2, 3]), [-1, 1, 1, 1])),
      sums: ops.sum(z!, -1),
      largest: ops.amax(z!, [1, 2], true),
      least: ops.amin(z!, [2]),
      norm: ops.norm(z!, [3], true),
      logsumexp: ops.logsumexp(x!, 1),
      softmax: ops.softmax(z!, 1),
      logSoftmax: ops.logSoftmax(x!),
      turned: ops.permute(z!, [0, 2, 1, 3]),
      cut: ops.slice(ops.relu(z!), [0, 1, 0, 1], [x!.shape[0]!, 2, 3, 2]),
      backwards: ops.flip(z!, [1, 3]),
      padded: ops.pad(
        ops.resize2d(z!, [4, 6]),
        [
          [0, 0],
          [1, 0],
          [0, 2],
          [0, 1],
        ],
        0.5,
      ),
      repeated: ops.broadcastTo(picture, [x!.shape[0]!, 2, 3, 5]),
      beside: ops.concat([ops.conv2d(z!, tensor(device, spread(12), [1, 1, 3, 4])), z!], 3),
      aligned: ops.resize2d(z!, [5, 2], { alignCorners: true }),
      nearest: ops.resize2d(z!, [5, 4], { mode: "nearest", halfPixels: true }),
      products: ops.matmul(z!, ops.transpose(z!)),
      sumPool: ops.sumPool2d(z!, { window: 2, stride: 1, padding: 1 }),
      uncounted: ops.averagePool2d(z!, { window: 2, stride: 1, padding: 1, countPadding: false }),
    };
  };
  const file = await exportFunction(device, { x: [5], z: [3, 4, 3] }, compute);
  const x = tensor(
    device,
    spread(N * 5).map((value) => 0.95 * value),
    [N, 5],
  );
  const z = tensor(device, spread(N * 36, 2), [N, 3, 4, 3]);
  await expectSame("operations", file, { x, z }, () => compute({ x, z }));
});

test("what cannot be exported is refused in words", async () => {
  const own = kernel(
    "double",
    `struct Sizes { N: u32 }
     @group(0) @binding(0) var<uniform> sizes: Sizes;
     @group(0) @binding(1) var<storage, read> x: array<f32>;
     @group(0) @binding(2) var<storage, read_write> out: array<f32>;
     @compute @workgroup_size(64) fn forward(@builtin(global_invocation_id) id: vec3u) {
       if (id.x < sizes.N) { out[id.x] = 2.0 * x[id.x]; }
     }`,
  );
  const double = (x: Tensor, isTracked: boolean) => {
    const out = empty(device, x.shape);
    own("forward", { x, out }, { N: x.size }, linearGrid(x.size, 64));
    return isTracked ? track(out, [x], (dy) => [dy]) : out;
  };
  const refused = (words: RegExp, f: (x: Tensor) => Tensor) =>
    expect(exportFunction(device, { x: [4] }, ({ x }) => ({ y: f(x!) }))).rejects.toThrow(words);
  await refused(/an operation from outside of the package, which gives \(N, 4\), has no counterpart/, (x) =>
    double(x, true),
  );
  await refused(/depends on the samples of a batch.*no operation of the package/, (x) =>
    ops.add(x, double(x, false)),
  );
  await refused(/erfinv, which gives \(N, 4\), has no counterpart in ONNX/, ops.erfinv);
  await refused(/does something else with another number of samples/, (x) =>
    x.shape[0] === 2 ? ops.exp(x) : ops.log(x),
  );
  await refused(/made for a batch of that length/, (x) =>
    ops.add(x, tensor(device, spread(x.size), x.shape)),
  );
  await refused(/does not depend on any input/, () => tensor(device, [1]));
  await refused(/a part of the samples of a batch/, (x) => ops.slice(x, [0, 0], [1, 4]));
  await expect(exportOnnx({} as Autoencoder)).rejects.toThrow(/an autoencoder is needed; exportFunction/);
  using model = build({ model: "vrrae", latent: 4, rank: 2 }, [4, 4, 1]);
  await expect(exportOnnx(model)).rejects.toThrow(/no basis yet/);
});
