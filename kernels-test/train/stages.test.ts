import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Dataset } from "../../src/data/dataset.ts";
import {
  add,
  backward,
  copyInto,
  matmul,
  mean,
  models,
  mul,
  nn,
  openDevice,
  optim,
  randomNormal,
  record,
  RandomState,
  relativeError,
  sampleGaussian,
  square,
  sub,
  tensor,
  train,
  Trainer,
  truncatedSvd,
  zeros,
  type Device,
  type Tensor,
} from "../../src/index.ts";
import { readCheckpoint, writeCheckpoint } from "../../src/runs/checkpoint.node.ts";
import { readModel, restoreModel } from "../../src/train/state.ts";
import { expectClose, values } from "../check.ts";
import { temporaryFolder } from "../data/files.ts";
import { bitsOf, trainTo } from "./resume.ts";

const [N, D] = [60, 4];
const data = new Dataset({ name: "noise", shape: [D], stored: Float32Array.from(values(N * D, 2)) });
const settings = { batch: 10, seed: 2, optimizer: { kind: "adam", rate: 2e-3 } } as const;

let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => device.close());

/** An autoencoder, and a network that takes noise off its codes, trained when the codes are what they are. */
class Cleaned extends models.Autoencoder {
  readonly codeSize = 2;
  begun = 0;

  constructor(device: Device, seed = 1) {
    const linear = (stream: string, inputs: number, outputs: number) =>
      nn.sequential([inputs], { linear: nn.linear(inputs, outputs) }, { seed, stream });
    const [encoder, decoder] = [linear("encoder", D, 2), linear("decoder", 2, D)];
    super(device, { encoder, decoder, cleaner: linear("cleaner", 2, 2) });
  }

  loss(x: models.Batch): models.Losses {
    return { loss: this.errorOf(this.codeOf(x), x) };
  }

  override stages(steps: number): models.Stage[] {
    const loss = (z: models.Batch, noise: RandomState) => {
      const noisy = add(z as Tensor, mul(randomNormal(noise, (z as Tensor).shape), 0.1));
      return { loss: mean(square(sub(this.run("cleaner", noisy), z as Tensor))) };
    };
    const begin = () => Promise.resolve(void this.begun++);
    const phases = [{ name: "clean", moves: ["cleaner"], loss }];
    return [
      { name: "codes", steps, frozen: ["cleaner"] },
      { name: "clean", steps: 3, phases, data: models.latents(this), optimizer: { rate: 1e-2 }, begin },
    ];
  }

  protected codeOf(x: models.Batch): Tensor {
    return this.run("encoder", x);
  }
}

describe("two stages", () => {
  test("stopped in either, or between them, the run is the same to the last bit", async () => {
    const to = (until: number, folder: string, seed = 1) => {
      const model = new Cleaned(device, seed);
      const options = { ...settings, stages: model.stages(4) };
      return trainTo(until, model, data, options, folder).then((found) => ({ ...found, begun: model.begun }));
    };
    const [whole, parted] = [temporaryFolder(), temporaryFolder()];
    const want = await to(7, whole);
    expect(want).toMatchObject({ state: { step: 7, stage: { index: 1, step: 3 } }, begun: 1 });
    const first = await to(4, parted, 1);
    expect(first.state.stage).toBeUndefined();
    for (const [name, bits] of first.tensors)
      if (/^(encoder|decoder)/.test(name)) expect([name, want.tensors.get(name)]).toEqual([name, bits]);
    for (const name of ["cleaner.linear.weight", "cleaner.linear.bias"])
      expect(want.tensors.get(name)).not.toEqual(first.tensors.get(name));
    expect((await to(5, parted, 9)).begun).toBe(1);
    const { begun, ...rest } = await to(7, parted, 9);
    expect(begun).toBe(0);
    expect({ ...rest, begun: 1 }).toEqual(want);

    const inFirst = temporaryFolder();
    for (const until of [2, 5]) await to(until, inFirst);
    expect(await to(7, inFirst)).toEqual({ ...want, begun: 0 });
  });

  test("train takes them in order, on codes that are what the model makes of the samples", async () => {
    const model = new Cleaned(device);
    const { batch, seed, optimizer } = settings;
    const run = await train(model, data, { steps: 4, batch, seed, optimizer, logEvery: 2 });
    expect(run.history.map(({ step }) => step)).toEqual([2, 4, 6, 7]);
    expect(await run.error(data)).toBeGreaterThan(0);

    const x = tensor(device, data.values(0, 5), [5, D]);
    const codes = models.latents(model).make(x, new RandomState(device, 1));
    expect(await codes.read()).toEqual(await model.encode(x).read());
    expect(codes.requiresGrad).toBe(false);
    const vae = models.vae(device, { input: [D], latent: 2, beta: 1, seed: 3 });
    const noise = new RandomState(device, 1);
    const drawn = () => models.latents(vae).make(x, noise).read();
    expect(await drawn()).not.toEqual(await drawn());
  });
});

describe("numbers that change between steps", () => {
  const build = (beta: number) => models.vrrae(device, { input: [D], latent: 3, rank: 2, beta, seed: 4 });

  test("another β counts from the next step on, without a recording, and is in the checkpoint", async () => {
    const trainer = (beta: number) =>
      new Trainer(build(beta), data, { ...settings, optimizer: { kind: "sgd", rate: 0 } });
    const [changed, other] = [trainer(0.01), trainer(0.5)];
    for (const one of [changed, other]) one.advance();
    const { bindGroups } = device.made;
    changed.model.scalars.get("beta")!.write(0.5);
    for (const one of [changed, other]) one.advance();
    const found = (await changed.losses()).losses;
    expect(found).toEqual((await other.losses()).losses);
    expect(device.made.bindGroups).toBe(bindGroups);
    expect(changed.state().scalars).toEqual({ beta: 0.5 });
    other.model.scalars.get("beta")!.write(2);
    other.restore(changed.state());
    expect((other.model as ReturnType<typeof build>).beta).toBe(0.5);
    expect(() => changed.model.scalars.get("beta")!.write(NaN)).toThrow("a finite number");
  });

  test("a checkpoint from before stages and scalars goes on to the same bits", async () => {
    const [whole, parted] = [temporaryFolder(), temporaryFolder()];
    const to = (until: number, folder: string) => trainTo(until, build(0.01), data, settings, folder);
    const want = await to(6, whole);
    await to(3, parted);
    const { model, optimizer, state } = readCheckpoint(parted)!;
    const { step, position } = state;
    writeCheckpoint(parted, { model, optimizer, state: { step, position } });
    expect(await to(6, parted)).toEqual(want);
    // what they called the optimizer's tensors
    const parameters = [...model.keys()];
    const moments = ["mean", "variance"].flatMap((moment) => parameters.map((name) => `${moment}.${name}`));
    expect(new Set(optimizer.keys())).toEqual(new Set(["clock", ...moments, "noise", "lastBasis"]));
  });

  test("a step launches what its operations do, and nothing more", () => {
    const model = build(0.01);
    const { encoder, decoder, variance } = model.networks as Record<string, nn.Network>;
    const trainer = new Trainer(model, data, settings);
    trainer.advance();
    const optimizer = optim.adam(model.arena, { rate: 1e-3 });
    const noise = new RandomState(device, 1);
    const [x, last] = [zeros(device, [10, D]), zeros(device, [3, 2])];
    const of = (name: string) => (own: string) => model.arena.get(`${name}.${own}`);
    const { program } = record(device, () => {
      const h = encoder!.apply(x, of("encoder"));
      const { coefficients, basis } = truncatedSvd(h, 2, { gauge: "damped", towards: last });
      copyInto(last, basis);
      const logVariance = variance!.apply(coefficients, of("variance"));
      const { z, betaKl } = sampleGaussian(coefficients, logVariance, noise, 0.01);
      const xHat = decoder!.apply(matmul(z, basis, { transposeB: true }), of("decoder"));
      backward(add(relativeError(xHat, x), betaKl));
      optimizer.step();
    });
    expect(trainer.launches).toBe(program.length);
  });
});

test("a model with batch normalisation evaluates by its running moments, which its file holds", async () => {
  const build = (seed: number) => {
    const normed = (stream: string, widths: [number, number, number]) => {
      const [inputs, hidden, outputs] = widths;
      const layers = {
        linear1: nn.linear(inputs, hidden),
        norm: nn.batchNorm(hidden, { activation: "relu" }),
        linear2: nn.linear(hidden, outputs),
      };
      return nn.sequential([inputs], layers, { seed, stream });
    };
    const [encoder, decoder] = [normed("encoder", [D, 8, 2]), normed("decoder", [2, 8, D])];
    return models.ae(device, { input: [D], latent: 2, encoder, decoder });
  };
  const model = build(1);
  const before = await bitsOf(model.state);
  expect(before.size).toBeGreaterThan(0);
  const { batch, seed, optimizer } = settings;
  await train(model, data, { steps: 20, batch, seed, optimizer });
  const after = await bitsOf(model.state);
  expect(after).not.toEqual(before);

  const x = tensor(device, data.values(0, 10), [10, D]);
  const reconstructed = await model.reconstruct(x).read();
  const alone = await model.reconstruct(tensor(device, data.values(0, 1), [1, D])).read();
  expectClose(alone, reconstructed.slice(0, D), 1e-5, "a sample alone");
  expect(await bitsOf(model.state)).toEqual(after); // evaluation leaves them
  const rest = data.values(0, 10);
  const error = (xHat: Float32Array) =>
    (100 * Math.hypot(...xHat.map((value, i) => value - rest[i]!))) / Math.hypot(...rest);
  const inTraining = await model.loss(x).loss.item(); // by the batch's own moments
  expect(Math.abs(inTraining - error(reconstructed))).toBeGreaterThan(1e-2);
  expect(await bitsOf(model.state)).not.toEqual(after);

  const saved = await readModel(model);
  const other = build(2);
  restoreModel(other, saved, "saved");
  expect(await bitsOf(other.state)).toEqual(await bitsOf(model.state));
  expect(await other.reconstruct(x).read()).toEqual(await model.reconstruct(x).read());

  other.atOnce = 4;
  expect(() => new Trainer(other, data, settings).advance()).toThrow("statistics of the whole batch");
});
