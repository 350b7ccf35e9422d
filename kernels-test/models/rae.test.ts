import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDevice, type Device } from "../../src/device/device.ts";
import { ArgumentError } from "../../src/device/errors.ts";
import * as models from "../../src/models/index.ts";
import * as nn from "../../src/nn/index.ts";
import { RandomState } from "../../src/ops/random.ts";
import { completeConfig } from "../../src/train/config.ts";
import { buildModel } from "../../src/train/build.ts";
import { rounded, values } from "../check.ts";
import { B, checkPhases, L, P, type List, type Networks, type Reference } from "./phaseCheck.ts";
import { dot } from "./reference.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => device.close());

const widths = { encoderWidths: [8], decoderWidths: [9] };
const options = {
  input: [P],
  latent: L,
  seed: 3,
  ...nn.mlpNetworks({ input: [P], latent: L, seed: 3, ...widths }),
};

/** Networks with batch normalisation after the first map. */
function normed(stream: string, [inputs, hidden, outputs]: readonly [number, number, number]): nn.Network {
  const layers = {
    linear1: nn.linear(inputs, hidden),
    norm1: nn.batchNorm(hidden, { activation: "relu" }),
    linear2: nn.linear(hidden, outputs),
  };
  return nn.sequential([inputs], layers, { seed: 3, stream });
}
const normal = {
  encoder: normed("encoder", [P, 8, L]),
  decoder: normed("decoder", [L, 9, P]),
};

const code = (z: List) => (0.02 * dot(z, z)) / 2 / B;
const base = (nets: Networks, x: List) => nets.squares(nets.encode(x), x) + code(nets.encode(x));
const weights = (nets: Networks, which: RegExp) =>
  [...nets.weights].filter(([name]) => which.test(name)).reduce((sum, [, list]) => sum + dot(list, list), 0);
const slope = (nets: Networks, x: List, v: List, step: number) => {
  const z = nets.encode(x);
  const [from, to] = [nets.decode(z), nets.decode(z.map((value, i) => value + step * v[i]!))];
  return to.reduce((sum, value, i) => sum + ((value - from[i]!) / step) ** 2, 0) / B;
};

const given = { ...options, codePenalty: 0.02, penalty: 0.3 };
const cases: { name: string; build: () => models.Model; reference: Reference }[] = [
  { name: "RAE", build: () => models.rae(device, given), reference: { draws: [], loss: base } },
  {
    name: "RAE, batch normalisation and cross-entropy",
    build: () => models.rae(device, { ...given, ...normal, reconstruction: { kind: "bce", reduce: "sum" } }),
    reference: {
      draws: [],
      loss: (nets, x) => P * nets.entropy(nets.encode(x), x) + code(nets.encode(x)),
    },
  },
  {
    name: "RAE-L2",
    build: () => models.rae(device, { ...given, regularizer: "l2" }),
    reference: {
      draws: [],
      loss: (nets, x) => base(nets, x) + 0.3 * weights(nets, /^decoder.*weight$/),
    },
  },
  {
    name: "RAE-L2 of Pythae",
    build: () => models.rae(device, { ...given, regularizer: "l2", decayed: "pythae" }),
    reference: { draws: [], loss: (nets, x) => base(nets, x) + 0.15 * weights(nets, /^decoder/) },
  },
  ...[false, true].map((isNormed) => ({
    name: `RAE-GP${isNormed ? ", batch normalisation" : ""}`,
    build: () =>
      models.rae(device, { ...given, ...(isNormed ? normal : {}), regularizer: "gradient", step: 0.1 }),
    reference: {
      draws: [["normal", B * L]] as const,
      loss: (nets: Networks, x: List, [v]: readonly List[]) => base(nets, x) + 0.3 * slope(nets, x, v!, 0.1),
    },
  })),
  {
    name: "RAE-SN",
    build: () =>
      models.rae(device, {
        ...{ input: [P], latent: L, codePenalty: 0.02 },
        ...nn.mlpNetworks({ input: [P], latent: L, seed: 3, ...widths, spectral: true }),
      }),
    reference: { draws: [], loss: base },
  },
];

const x = rounded(values(B * P, 5)).map((value) => (value + 1) / 2);

describe.each(cases)("$name", ({ build, reference }) => checkPhases(build, { train: reference }, x));

test("the difference's square is the decoder's squared Jacobian, in the mean of its draws", async () => {
  // a linear decoder D(z) = z W: E ‖v W‖² = ‖W‖²
  const decoder = nn.linearNetwork(L, P, { seed: 4, stream: "decoder" });
  const encoder = nn.linearNetwork(P, L, { seed: 4, stream: "encoder" });
  const shared = { input: [P], latent: L, encoder, decoder, penalty: 1, codePenalty: 0 };
  const model = models.rae(device, { ...shared, regularizer: "gradient" });
  const many = device.tensor(values(4000 * P, 6), [4000, P]);
  const noise = new RandomState(device, 1);
  const found = await model.loss(many, noise).decoder!.item();
  const W = await model.arena.get("decoder.linear.weight").read();
  expect(found / dot(W, W)).toBeGreaterThan(0.95);
  expect(found / dot(W, W)).toBeLessThan(1.05);
  model.dispose();
});

test("the four train by their names, at the lengths of the paper, spectral where they say so", () => {
  for (const [name, spectral] of [
    ["rae", false],
    ["rae-l2", false],
    ["rae-gp", false],
    ["rae-sn", true],
  ] as const) {
    const config = completeConfig({ model: name, data: "mnist" });
    expect(config.latent).toBe(16);
    const model = buildModel(device, config, [8, 8, 1]) as models.Rae;
    expect([...model.state.keys()].some((key) => key.endsWith("weight.u"))).toBe(spectral);
    expect(model.codeSize).toBe(16);
    model.dispose();
  }
});

test("options that are none are refused by name", () => {
  const refuse = (wrong: object, words: RegExp) => {
    const build = () => models.rae(device, { ...options, ...wrong });
    expect(build).toThrow(ArgumentError);
    expect(build).toThrow(words);
  };
  refuse({ codePenalty: -1 }, /codePenalty, the weight of/);
  refuse({ penalty: NaN }, /penalty, the weight of what the decoder pays for/);
  refuse({ step: 0 }, /rae: step is 0; expected a finite number above 0/);
  refuse({ regularizer: "l1" }, /regularizer is none or l2 or gradient, not l1/);
  refuse({ decayed: "all" }, /decayed is kernels or pythae, not all/);
});
