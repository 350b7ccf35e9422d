import { afterAll, beforeAll, expect, test } from "vitest";
import { Dataset } from "../../src/data/dataset.ts";
import { openDevice, type Device } from "../../src/device/device.ts";
import { Draws } from "../../src/latent/draws.ts";
import { varianceLaw } from "../../src/metrics/varianceLaw.ts";
import { varianceLoss } from "../../src/metrics/varianceLoss.ts";
import * as models from "../../src/models/index.ts";
import { linearNetwork } from "../../src/nn/networks.ts";
import { train } from "../../src/train/train.ts";
import { varianceLawOn, varianceLossOn } from "../../src/train/variance.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => device.close());

// three of six coordinates are of size; what is left is noise
const draws = new Draws(4, 1);
const sizes = [2, 1.5, 1, 0.1, 0.1, 0.1];
const stored = Float32Array.from({ length: 6 * 2000 }, (_, i) => sizes[i % 6]! * draws.normal());
const data = new Dataset({ name: "axes", shape: [6], stored });

function linearVae(klWeight: number) {
  return models.likelihoodVae(device, {
    ...{ input: [6], latent: 4, likelihood: "fixed", deviation: 0.5, klWeight },
    encoder: linearNetwork(6, 4, { seed: 1, stream: "encoder" }),
    decoder: linearNetwork(4, 6, { seed: 1, stream: "decoder" }),
  });
}

test("a trained VAE keeps the variance law, uses three of its four coordinates, and loses about the error of its draws; β = 1e-6 breaks it", async () => {
  const settings = { steps: 1600, batch: 250, seed: 1, optimizer: { kind: "adam", rate: 4e-3 } } as const;
  const model = linearVae(1);
  await train(model, data, settings);
  const law = await varianceLawOn(model, data);
  for (const value of law.law) expect(Math.abs(value - 1)).toBeLessThan(0.05);
  expect(law.activeUnits).toBe(3);
  const loss = await varianceLossOn(model, data);
  const ofDraws = await varianceLossOn(model, data, { drawn: 5 });
  expect(Math.abs(ofDraws.ratio - 1)).toBeLessThan(0.2);
  expect(loss.loss).toBeGreaterThan(ofDraws.loss);
  expect(loss.mse).toBeLessThan(ofDraws.mse);

  const x = device.tensor(stored, [2000, 6]);
  const [mu, variance] = [await model.encode(x).read(), await model.codeVariance(x).read()];
  expect(varianceLaw(mu, variance, 4)).toEqual(law);
  const parts = varianceLoss(await model.reconstruct(x).read(), stored, 6);
  expect(loss.loss).toBeCloseTo(parts.loss, 9);
  expect(loss.mse).toBeCloseTo(parts.mse, 9);
  model.dispose();

  const free = linearVae(1e-6);
  await train(free, data, { ...settings, steps: 300 });
  const broken = await varianceLawOn(free, data);
  expect(Math.max(...broken.law.map((value) => Math.abs(value - 1)))).toBeGreaterThan(0.3);
  free.dispose();
});

test("codes that are no draws have no variance; those of a VAE and a VRRAE have that of their networks", async () => {
  const x = device.tensor(stored.subarray(0, 60), [10, 6]);
  const shared = { input: [6], latent: 4 };
  const plain = models.rae(device, shared);
  expect([...(await plain.codeVariance(x).read())]).toEqual(Array<number>(40).fill(0));
  const vae = models.vae(device, { ...shared, beta: 1 });
  const vrrae = models.vrrae(device, { ...shared, rank: 2, beta: 1 });
  vrrae.setBasis([1, 0, 0, 1, 0, 0, 0, 0]);
  for (const model of [vae, vrrae]) {
    model.arena.get("variance.linear.weight").write(new Float32Array(model.codeSize ** 2));
    const bias = Float32Array.from({ length: model.codeSize }, (_, i) => -i);
    model.arena.get("variance.linear.bias").write(bias);
    const got = await model.codeVariance(x).read();
    expect(got.length).toBe(10 * model.codeSize);
    got.forEach((value, i) => expect(value).toBeCloseTo(Math.exp(-(i % model.codeSize)), 6));
    model.dispose();
  }
  plain.dispose();
  const flow = models.vaeFlow(device, shared);
  expect(() => flow.codeVariance(x)).toThrow(/no variance in closed form/);
  flow.dispose();
});
