import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDevice, type Device } from "../../src/device/device.ts";
import { ArgumentError, ShapeError } from "../../src/device/errors.ts";
import * as models from "../../src/models/index.ts";
import * as nn from "../../src/nn/index.ts";
import { architectureFor } from "../../src/train/architecture.ts";
import { buildModel } from "../../src/train/build.ts";
import { completeConfig, type PartialConfig } from "../../src/train/config.ts";
import { RandomState } from "../../src/ops/random.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { rounded, values } from "../check.ts";
import { affine, convolvedSame, enlargedSame, normalisedBy, type Images } from "../nn/reference.ts";
import { B, checkPhases, gaussian, kl, L, softplus, type List, type Networks } from "./phaseCheck.ts";
import { dot, norm } from "./reference.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => device.close());

// Each architecture in float64, from the layers' names, at a size at which it is quick: images of 3 × 3 to 6 × 6.

const relu = (list: List) => list.map((value) => Math.max(value, 0));
const sigmoid = (list: List) => list.map((value) => 1 / (1 + Math.exp(-value)));

/** What layers named under `prefix` make of images or vectors. */
class Layers {
  readonly nets: Networks;
  readonly prefix: string;
  constructor(nets: Networks, prefix: string) {
    this.nets = nets;
    this.prefix = prefix;
  }

  #list(name: string): number[] {
    return [...this.nets.weights.get(`${this.prefix}.${name}`)!];
  }

  /** A weight, over ‖M u‖ with M (the rest, outputs) where it has a vector u. */
  #weight(name: string): number[] {
    const weight = this.#list(`${name}.weight`);
    const u = this.nets.state.get(`${this.prefix}.${name}.weight.u`);
    if (!u) return weight;
    const rows = Array.from({ length: weight.length / u.length }, (_, r) =>
      dot(weight.slice(r * u.length, (r + 1) * u.length), u),
    );
    return weight.map((value) => (value * norm(u)) / norm(rows));
  }

  affine = (name: string, x: List) => affine([...x], this.#weight(name), this.#list(`${name}.bias`));
  conv = (name: string, x: Images, taps: number, stride: number) =>
    convolvedSame(x, this.#weight(name), this.#list(`${name}.bias`), taps, stride);
  up = (name: string, x: Images, taps: number, stride: number, side: number) =>
    enlargedSame(x, this.#weight(name), this.#list(`${name}.bias`), taps, stride, side);
  norm = (name: string, x: List, epsilon = 1e-3) =>
    normalisedBy([...x], this.#list(`${name}.scale`), this.#list(`${name}.shift`), epsilon);
  normed = (name: string, x: Images) => ({ ...x, values: relu(this.norm(name, x.values)) });

  block(name: string, x: Images): Images {
    let y = x;
    for (const i of [1, 2])
      y = this.conv(`${name}.main.conv${i}`, this.normed(`${name}.main.norm${i}`, y), 3, 1);
    const shortcut = this.conv(`${name}.shortcut.conv`, x, 3, 1).values;
    return { ...y, values: y.values.map((value, i) => value + shortcut[i]!) };
  }
}

const images = (list: List, side: number, channels: number): Images => ({
  values: [...list],
  shape: [B, side, side, channels],
});

interface Reference {
  side: number;
  architecture: nn.Architecture;
  posterior(x: List, encoder: Layers, nets: Networks): { mu: number[]; logVariance: number[] };
  decode(z: List, decoder: Layers): number[];
}

const heads = (nets: Networks, h: List) => [nets.affine("mean", h), nets.affine("variance", h)] as const;

const references: Record<string, Reference> = {
  resnet: {
    side: 3,
    architecture: nn.resnetNetworks({ width: 2, scales: 2, units: 5 }),
    posterior(x, encoder, nets) {
      let y = encoder.block("block1", encoder.conv("conv", images(x, 3, 1), 3, 1));
      y = encoder.block("block2", encoder.conv("down1", y, 3, 2));
      const pooled = Array.from({ length: B * 4 }, (_, at) => {
        const own = y.values.filter((__, i) => Math.floor(i / 16) === Math.floor(at / 4) && i % 4 === at % 4);
        return own.reduce((sum, value) => sum + value, 0) / own.length;
      });
      const main = encoder.affine("affine.main.linear1", relu(pooled));
      const shortcut = encoder.affine("affine.shortcut.linear", pooled);
      const h = encoder.affine("affine.main.linear2", relu(main)).map((value, i) => value + shortcut[i]!);
      const [mu, deviation] = heads(nets, h);
      return { mu, logVariance: deviation.map((value) => 2 * value) };
    },
    decode(z, decoder) {
      const small = images(decoder.affine("linear", z), 2, 4);
      const y = decoder.block("block1", decoder.up("up1", small, 3, 2, 3));
      return sigmoid(decoder.conv("conv", y, 3, 1).values);
    },
  },
  infogan: {
    side: 6,
    architecture: nn.infoganNetworks({ width: 1, units: 3 }),
    posterior(x, encoder) {
      const leaky = (list: List) => list.map((value) => (value > 0 ? value : 0.2 * value));
      const first = encoder.conv("conv1", images(x, 6, 1), 4, 2);
      const second = encoder.conv("conv2", { ...first, values: leaky(first.values) }, 4, 2);
      const flat = leaky(encoder.norm("norm2", second.values, 1e-5));
      const h = leaky(encoder.norm("norm3", encoder.affine("linear1", flat), 1e-5));
      const both = encoder.affine("posterior.linear", h);
      const isMean = (i: number) => i % (2 * L) < L;
      return {
        mu: both.filter((_, i) => isMean(i)),
        logVariance: both.filter((_, i) => !isMean(i)).map((value) => 2 * Math.log(1e-6 + softplus(value))),
      };
    },
    decode(z, decoder) {
      const normed = (name: string, x: List) => relu(decoder.norm(name, x, 1e-5));
      const h = normed("norm1", decoder.affine("linear1", z));
      const small = images(normed("norm2", decoder.affine("linear2", h)), 2, 2);
      const middle = decoder.up("up1", small, 4, 2, 3);
      const next = { ...middle, values: normed("norm3", middle.values) };
      return sigmoid(decoder.up("up2", next, 4, 2, 6).values);
    },
  },
  wae: {
    side: 5,
    architecture: nn.waeNetworks({ width: 2, scales: 1 }),
    posterior(x, encoder, nets) {
      const first = encoder.normed("norm1", encoder.conv("conv1", images(x, 5, 1), 5, 1));
      const [mu, deviation] = heads(nets, encoder.normed("norm2", encoder.conv("conv2", first, 5, 2)).values);
      return { mu, logVariance: deviation.map((value) => 2 * value) };
    },
    decode(z, decoder) {
      const small = images(relu(decoder.affine("linear", z)), 3, 4);
      return sigmoid(
        decoder.conv("conv", decoder.normed("norm1", decoder.up("up1", small, 5, 2, 5)), 5, 1).values,
      );
    },
  },
  rae: {
    side: 6,
    architecture: nn.raeNetworks({ width: 1 }),
    posterior(x, encoder, nets) {
      let y = images(
        x.map((value) => 2 * value - 1),
        6,
        1,
      );
      for (const i of [1, 2, 3, 4]) y = encoder.normed(`norm${i}`, encoder.conv(`conv${i}`, y, 4, 2));
      const [mu, spread] = heads(nets, y.values);
      return { mu, logVariance: spread.map((value) => 10 * Math.tanh(value)) };
    },
    decode(z, decoder) {
      let y = images(decoder.affine("linear", z), 2, 8);
      y = decoder.normed("norm1", decoder.up("up1", y, 4, 2, 3));
      y = decoder.normed("norm2", decoder.up("up2", y, 4, 2, 6));
      return sigmoid(decoder.up("last", y, 4, 1, 6).values);
    },
  },
  mlp: {
    side: 3,
    architecture: nn.maskAaeNetworks({ units: 5, layers: 2 }),
    posterior(x, encoder, nets) {
      const h = relu(encoder.affine("linear2", relu(encoder.affine("linear1", x))));
      const [mu, logVariance] = heads(nets, h);
      return { mu, logVariance };
    },
    decode(z, decoder) {
      const h = relu(decoder.affine("linear2", relu(decoder.affine("linear1", z))));
      return sigmoid(decoder.affine("last", h));
    },
  },
};

describe.each(Object.entries(references))("two-stage VAE with the networks of %s", (_, reference) => {
  const { side, architecture } = reference;
  const P = side * side;
  checkPhases(
    () =>
      models.twoStageVae(device, {
        input: [side, side, 1],
        latent: L,
        seed: 3,
        architecture,
        secondWidths: [3],
      }),
    {
      train: {
        draws: [["normal", B * L]],
        loss(nets, x, [epsilon]) {
          const posterior = reference.posterior(x, new Layers(nets, "encoder"), nets);
          const made = reference.decode(gaussian(posterior, epsilon!), new Layers(nets, "decoder"));
          const squares = made.reduce((sum, value, i) => sum + (value - x[i]!) ** 2, 0) / B;
          const gamma2 = nets.state.get("gamma")![0]!;
          const error = squares / (2 * gamma2) + (P / 2) * Math.log(2 * Math.PI * gamma2);
          return error + kl(posterior.mu, posterior.logVariance);
        },
      },
    },
    rounded(values(B * P, 5)).map((value) => (value + 1) / 2),
    [B, side, side, 1],
  );
});

const all: Record<string, nn.Architecture> = {
  infogan: nn.infoganNetworks(),
  wae: nn.waeNetworks(),
  resnet: nn.resnetNetworks(),
  rae: nn.raeNetworks(),
  mlp: nn.maskAaeNetworks({ units: 9 }),
};

test("they take images of every size and number of channels, and give them back", () => {
  for (const [name, architecture] of Object.entries(all))
    for (const [H, W, C] of [
      [1, 1, 1],
      [2, 7, 3],
      [28, 28, 1],
      [33, 31, 2],
      [64, 64, 3],
      [160, 90, 3],
    ] as const) {
      const { features, code, decoder } = architecture({ input: [H, W, C], latent: 6, output: "sigmoid" });
      const init = { stream: name };
      const encoder = nn.sequential([H, W, C], { ...features, code: nn.chain(code) }, init);
      expect(
        [encoder.outputShape, nn.sequential([6], decoder, init).outputShape],
        `${name} ${H} ${W}`,
      ).toEqual([[6], [H, W, C]]);
    }
});

test("they are as large as the papers' are", () => {
  const count = (architecture: nn.Architecture, input: readonly number[], latent: number) => {
    const { features, code, decoder } = architecture({ input, latent, output: "sigmoid" });
    return [features, code, decoder]
      .flatMap((layers) => nn.chain(layers).parameters)
      .filter(({ name }) => name.endsWith("weight"))
      .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1e-6), 0);
  };
  // millions of weights, for the lengths of code of each
  expect(count(all.rae!, [32, 32, 1], 16)).toBeCloseTo(22.6, 1);
  expect(count(all.rae!, [32, 32, 3], 128)).toBeCloseTo(30.4, 1);
  expect(count(all.rae!, [64, 64, 3], 64)).toBeCloseTo(39.7, 1);
  const dense = (784 + 48) * 1024 + 3 * 1024 ** 2;
  expect(count(nn.maskAaeNetworks(), [28, 28, 1], 48)).toBeCloseTo((2 * dense) / 1e6, 9);
  const channels = (input: readonly number[], scales: number) => {
    const { decoder } = nn.resnetNetworks({ scales })({ input, latent: 64, output: "sigmoid" });
    return nn
      .sequential([64], decoder, { stream: "decoder" })
      .layers.filter(({ name }) => /^(reshape|up\d)$/.test(name));
  };
  expect(channels([32, 32, 3], 3).map(({ outputShape }) => outputShape)).toEqual([
    [2, 2, 512],
    [4, 4, 256],
    [8, 8, 128],
    [16, 16, 64],
    [32, 32, 32],
  ]);
  expect(channels([64, 64, 3], 4)[0]!.outputShape).toEqual([2, 2, 1024]);
});

test("what a batch weighs in running moments is a hundredth, or what a configuration says", async () => {
  for (const network of ["rae", "wae", "resnet"] as const) {
    const moved = async (given: PartialConfig) => {
      const config = completeConfig({
        model: "rae",
        data: "mnist",
        latent: 3,
        networkWidth: 1,
        network,
        ...given,
      });
      using model = buildModel(device, config, [8, 8, 1], architectureFor(config));
      model.loss(tensor(device, values(4 * 64, 1), [4, 8, 8, 1]), new RandomState(device, 1));
      const name = [...model.state.keys()].find((key) => /^encoder.*mean$/.test(key))!;
      return (await model.state.get(name)!.read())[0]!;
    };
    expect((await moved({ networkMomentum: 0.5 })) / (await moved({})), network).toBeCloseTo(50, 3);
  }
});

test("a configuration names them, for every model; logits stay logits, and numbers of any range have no sigmoid", () => {
  const built = (given: PartialConfig, input = [8, 8, 1]) => {
    const config = completeConfig({ networkWidth: 2, network: "resnet", networkUnits: 4, ...given });
    return buildModel(device, config, input, architectureFor(config));
  };
  const last = (model: models.Autoencoder) => model.networks.decoder!.layers.at(-1)!.label;
  for (const model of ["ae", "vae", "vrrae", "rae-sn", "two-stage", "mask-aae", "factor-vae"] as const) {
    const one = built({
      model,
      data: "mnist",
      latent: 5,
      rank: 3,
      ...(model === "two-stage" ? { secondWidth: 3 } : {}),
    });
    expect([...one.arena.parameters.keys()]).toContain("encoder.block1.main.conv1.weight");
    expect(last(one).endsWith(", sigmoid"), model).toBe(!/^(mask-aae|factor-vae)$/.test(model));
    one.dispose();
  }
  for (const given of [
    { model: "rae", reconstruction: "bce" },
    { model: "two-stage", likelihood: "bce", secondWidth: 3 },
  ] as const) {
    const logits = built({ data: "mnist", ...given });
    expect(last(logits)).toBe("conv 3x3");
    logits.dispose();
  }
  const bumps = built({ model: "rae", data: "bumps" });
  expect(last(bumps)).toBe("conv 3x3");
  bumps.dispose();
  const spectral = built({ model: "rae-sn", network: "infogan" });
  expect([...spectral.state.keys()].filter((name) => name.endsWith(".u.u"))).toEqual([]);
  expect([...spectral.state.keys()].filter((name) => /^decoder.*weight\.u$/.test(name)).length).toBe(4);
  spectral.dispose();

  expect(() => built({ model: "two-stage" }, [9])).toThrow(ShapeError);
  expect(() => built({ model: "two-stage" }, [9])).toThrow(/resnet: takes images \[H, W, C\]/);
  expect(() => built({ model: "rae", network: "rae" })).toThrow(ArgumentError);
  expect(() => built({ model: "rae", network: "rae" })).toThrow(
    /networkUnits is for the networks of infogan, resnet, mlp, not for rae/,
  );
  const config = completeConfig({ network: "resnet" });
  expect(() => buildModel(device, config, [8, 8, 1])).toThrow(/networks of resnet are built by/);
  expect(() => completeConfig({ network: "vgg" })).toThrow(/network is "vgg": .*infogan/);
});
