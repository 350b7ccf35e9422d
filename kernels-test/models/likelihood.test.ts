import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Dataset } from "../../src/data/dataset.ts";
import { openDevice, type Device } from "../../src/device/device.ts";
import { ArgumentError } from "../../src/device/errors.ts";
import * as models from "../../src/models/index.ts";
import { mlpNetworks } from "../../src/nn/networks.ts";
import { RandomState } from "../../src/ops/random.ts";
import { backward } from "../../src/tensor/tape.ts";
import { completeConfig } from "../../src/train/config.ts";
import { buildModel } from "../../src/train/build.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { expectClose, rounded, values } from "../check.ts";
import { temporaryFolder } from "../data/files.ts";
import { trainTo } from "../train/resume.ts";
import {
  B,
  checkPhases,
  gaussian,
  kl,
  L,
  P,
  type List,
  type Networks,
  type Reference,
} from "./phaseCheck.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => device.close());

const own = () => mlpNetworks({ input: [P], latent: L, seed: 3, encoderWidths: [8], decoderWidths: [9] });
const options = { input: [P], latent: L, seed: 3, ...own() };
const draws = [["normal", B * L]] as const;

/** −log of a normal density with mean squared error `mse` over P numbers. */
const density = (mse: number, variance: number) =>
  (P / 2) * (mse / variance + Math.log(variance) + Math.log(2 * Math.PI));

/** β KL beside what `error` says of a draw. */
const likely = (error: (nets: Networks, z: List, x: List) => number, spread?: number): Reference => ({
  draws,
  loss(nets, x, [epsilon]) {
    const { mu, logVariance } = spread === undefined ? nets.posterior(x) : constant(nets, x, spread);
    const z = gaussian({ mu, logVariance }, epsilon!);
    return error(nets, z, x) + 0.6 * kl(mu, logVariance);
  },
});
const constant = (nets: Networks, x: List, spread: number) => {
  const mu = nets.affine("mean", nets.encode(x));
  return { mu, logVariance: mu.map(() => 2 * Math.log(spread)) };
};
const mse = (nets: Networks, z: List, x: List) => nets.squares(z, x) / P;

const cases: { name: string; given: Partial<models.LikelihoodVaeOptions>; reference: Reference }[] = [
  {
    name: "cross-entropy",
    given: { likelihood: "bce" },
    reference: likely((nets, z, x) => P * nets.entropy(z, x)),
  },
  {
    name: "fixed γ, constant σ",
    given: { likelihood: "fixed", deviation: 0.5, posteriorDeviation: 0.7 },
    reference: likely((nets, z, x) => density(mse(nets, z, x), 0.25), 0.7),
  },
  {
    name: "learned γ",
    given: { likelihood: "learned", deviation: 0.5 },
    reference: likely((nets, z, x) => density(mse(nets, z, x), Math.exp(2 * nets.weights.get("gamma")![0]!))),
  },
  {
    name: "computed γ",
    given: { likelihood: "computed", deviation: 0.4 },
    reference: likely((nets, z, x) => density(mse(nets, z, x), nets.state.get("gamma")![0]!)),
  },
  {
    name: "optimal γ",
    given: { likelihood: "optimal" },
    reference: likely((nets, z, x) => density(mse(nets, z, x), mse(nets, z, x))),
  },
];

const x = rounded(values(B * P, 5)).map((value) => (value + 1) / 2);

describe.each(cases)("$name", ({ given, reference }) =>
  checkPhases(
    () => models.likelihoodVae(device, { ...options, klWeight: 0.6, ...given }),
    { train: reference },
    x,
  ),
);

const data = new Dataset({
  name: "noise",
  shape: [P],
  stored: Float32Array.from(values(60 * P, 2), (value) => value / 3),
});
const settings = { batch: 12, seed: 2, optimizer: { kind: "adam", rate: 5e-3 } } as const;

test("computed γ² is the running mean of the squared errors that never rises, and a run that goes on has its bits", async () => {
  const build = () => models.likelihoodVae(device, { ...options, ...own() });
  const trainer = new Trainer(build(), data, settings);
  let want = 1;
  for (let step = 0; step < 12; step++) {
    trainer.advance();
    const { mse, effectiveBeta } = (await trainer.losses()).losses;
    expect(Math.abs(effectiveBeta! - 2 * want)).toBeLessThan(1e-6); // by γ² of before the step
    want = Math.min(want, 0.99 * want + 0.01 * mse!);
    const [variance] = await trainer.model.state.get("gamma")!.read();
    expect(Math.abs(variance! - want)).toBeLessThan(1e-6);
  }
  expect(want).toBeLessThan(0.95);
  // an error above γ² leaves it where it is
  trainer.model.state.get("gamma")!.write([1e-4]);
  trainer.advance();
  expect([...(await trainer.model.state.get("gamma")!.read())]).toEqual([Math.fround(1e-4)]);
  for (const owned of [trainer, trainer.model]) owned.dispose();

  const [whole, parted] = [temporaryFolder(), temporaryFolder()];
  const wanted = await trainTo(6, build(), data, settings, whole);
  await trainTo(2, build(), data, settings, parted);
  expect(await trainTo(6, build(), data, settings, parted)).toEqual(wanted);
});

test("its gradient is that of Σ (x − x̂)² + 2 k γ² KL, divided by 2 γ²", async () => {
  const input = [4, 4, 1] as const;
  const images = device.tensor(rounded(values(3 * 16, 7)), [3, ...input]);
  const variance = 0.3 ** 2;
  const given = { input, latent: 6, seed: 5 };
  const computed = models.likelihoodVae(device, { ...given, deviation: 0.3, klWeight: "balanced" });
  const k = (2 * 4) ** 2 / 6 ** 2;
  expect(computed.scalars.get("klWeight")!.value).toBeCloseTo(k, 12);
  const weight = 2 * k * variance;
  const plain = models.infoVae(device, { ...given, alpha: 1 - weight, lambda: 1 - (1 - weight) });
  const gradients = async (model: models.LikelihoodVae | models.InfoVae, scale: number) => {
    backward(model.loss(images, new RandomState(device, 4)).loss);
    const lists: number[][] = [];
    for (const [name, { grad }] of model.arena.parameters)
      if (grad && !name.startsWith("gamma"))
        lists.push(Array.from(await grad.read(), (value) => value * scale));
    model.dispose();
    return lists.flat();
  };
  const want = await gradients(plain, 1 / (2 * variance));
  expect(want.length).toBeGreaterThan(1000);
  expectClose(await gradients(computed, 1), want, 1e-5);
});

test("it is built by its name, with features of an encoder of one's own", () => {
  const chosen = {
    model: "likelihood-vae",
    data: "mnist",
    likelihood: "learned",
    deviation: 0.5,
    balanced: true,
  };
  const model = buildModel(device, completeConfig(chosen), [8, 8, 1]) as models.LikelihoodVae;
  expect([model.codeSize, model.likelihood.kind]).toEqual([16, "learned"]);
  expect(model.scalars.get("klWeight")!.value).toBe(1);
  model.dispose();
  const { encoder } = mlpNetworks({ input: [P], latent: 7 });
  const other = models.likelihoodVae(device, { ...options, encoder });
  expect(other.arena.get("mean.linear.weight").shape).toEqual([7, L]);
  other.dispose();
});

test("options that are none are refused", () => {
  const refuse = (wrong: object, words: RegExp) => {
    const build = () => models.likelihoodVae(device, { ...options, ...wrong });
    expect(build).toThrow(ArgumentError);
    expect(build).toThrow(words);
  };
  refuse({ likelihood: "laplace" }, /a likelihood is bce, fixed, learned, computed, optimal, not laplace/);
  refuse({ deviation: 0 }, /deviation, the γ of a likelihood, is 0/);
  refuse({ klWeight: -1 }, /klWeight, the weight of the KL term/);
  refuse({ klWeight: "balanced" }, /side of an image; samples are \(5\)/);
  refuse({ posteriorDeviation: NaN }, /posteriorDeviation is NaN/);
});
