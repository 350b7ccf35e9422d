import { afterAll, beforeAll, expect, test } from "vitest";
import { openDevice, type Device } from "../../src/device/device.ts";
import type { Vrrae } from "../../src/models/vrrae.ts";
import { Dataset } from "../../src/data/dataset.ts";
import { parseSafetensors } from "../../src/data/safetensors.ts";
import { readModel } from "../../src/train/state.ts";
import { hasSetting, pageModels } from "../../src/models/known.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { modelNames } from "../../src/web/train/models.ts";
import { loadChoice, type LoadedChoice } from "../../src/web/train/datasets.ts";
import { modelIn } from "../../src/web/train/infer.ts";
import { Lane } from "../../src/web/train/lane.ts";
import type { ModelName, Settings } from "../../src/web/train/protocol.ts";
import { configOf, loadedConfigOf, viewsOf } from "../../src/web/train/scene.ts";
import { presetOf } from "../../src/web/train/presets.ts";
import { spotFor, withBatch } from "../../src/web/train/spot.ts";

let device: Device;
let choice: LoadedChoice;
beforeAll(async () => {
  device = await openDevice();
  choice = await loadChoice({ kind: "bumps", size: 16 }, 500);
});
afterAll(() => device?.close());

async function trained(model: ModelName, rank: number, steps: number, latent = 16): Promise<Lane> {
  const data = { kind: "bumps", size: 16 } as const;
  const settings: Settings = { models: [model], data, rank, latent, beta: 1e-3, seed: 500, batch: 8 };
  const lane = new Lane(device, configOf(settings, model, choice), choice.train);
  for (let step = 0; step < steps; step++) lane.trainer.advance();
  await device.finish();
  return lane;
}

test.each([
  ["vae", 2, 4],
  ["vae", 4, 1],
  ["vrrae", 2, 4],
  ["vrrae", 3, 1],
] as const)("a %s of rank %i goes on at rank %i with all that it had", async (model, from, to) => {
  const lane = await trained(model, from, 3);
  const untrained = await trained(model, to, 0);
  const changed = await lane.withRank(device, to);
  const [before, after, fresh] = await Promise.all([lane, changed, untrained].map(wholeOf));
  expect(changed.trainer.step).toBe(3);
  expect([...after!.keys()]).toEqual([...fresh!.keys()]);
  if (model === "vrrae") expect(before!.get("lastBasis")!.data.some((value) => value !== 0)).toBe(true);
  expect(after!.get("noise")).toEqual(before!.get("noise"));
  expect(after!.get("noise")).not.toEqual(fresh!.get("noise"));
  for (const [name, { shape, data }] of after!) {
    const [old, initial] = [before!.get(name)!, fresh!.get(name)!];
    data.forEach((value, i) => {
      const index = shape.map((_, axis) => Math.floor(i / product(shape.slice(axis + 1))) % shape[axis]!);
      const kept = index.every((at, axis) => at < old.shape[axis]!);
      const place = index.reduce((sum, at, axis) => sum + at * product(old.shape.slice(axis + 1)), 0);
      if (value !== (kept ? old.data[place] : initial.data[i])) expect.fail(`${name} at ${index.join()}`);
    });
  }

  changed.trainer.advance();
  const { step, losses } = await changed.trainer.losses();
  expect([step, Number.isFinite(losses.loss)]).toEqual([4, true]);
  const { preview, test, shown } = viewsOf(choice).views;
  const look = await changed.look(preview, test, shown);
  expect([look.codeSize, look.spread.length, look.codes.length]).toEqual([to, to, 100 * to]);
  expect(look.isFoundAnew).toBe(model === "vrrae");
  for (const each of [lane, changed, untrained]) each.dispose();
});

test(
  "every model that the page offers trains, draws, and opens as it was saved",
  { timeout: 240_000 },
  async () => {
    expect(new Set(modelNames)).toEqual(new Set(pageModels.map(({ name }) => name)));
    const { preview, test, shown } = viewsOf(choice).views;
    for (const model of modelNames) {
      const lane = await trained(model, 3, 1, 5);
      const { losses } = await lane.trainer.losses();
      expect(Object.values(losses).every(Number.isFinite), model).toBe(true);
      const look = await lane.look(preview, test.take(8), shown.take(8));
      const length = hasSetting(model, "rank") ? 3 : 5;
      expect([look.codeSize, look.codes.length, look.error < 200], model).toEqual([length, 8 * length, true]);
      const drawn = await lane.sample({ from: "prior", count: 2, seed: 1 }, shown);
      const bytes = await lane.save();
      const pictures = await lane.decode(drawn);
      expect(pictures.length, model).toBe(2 * 256);
      const again = await reopened(bytes);
      expect(await again.decode(drawn), model).toEqual(pictures);
      expect(Buffer.compare(await again.save(), bytes), model).toBe(0);
      again.dispose();
      expect([model, look.mask?.length, look.second?.length]).toEqual([
        model,
        model === "mask-aae" ? 5 : undefined,
        model === "two-stage" ? 8 * 5 : undefined,
      ]);
      lane.dispose();
    }
  },
);

/** The model of a file that the page saved, where other settings were chosen than those that it has. */
async function reopened(bytes: Uint8Array<ArrayBuffer>): Promise<Lane> {
  const file = parseSafetensors(bytes, "saved");
  const found = modelIn(file, "saved");
  const data = { kind: "bumps", size: 16 } as const;
  const others: Settings = { models: ["ae"], data, rank: 1, latent: 9, beta: 0.5, seed: 1, batch: 8 };
  const config = loadedConfigOf(others, choice, found);
  return Lane.loaded(device, config, choice.train, file.tensors, "saved");
}

test("a model in stages goes on to the next one when it is told to, and its codes of codes are drawn through both", async () => {
  const lane = await trained("two-stage", 2, 2, 4);
  const { preview, test, shown } = viewsOf(choice).views;
  expect(lane.trainer.stages.map(({ name }) => name)).toEqual(["first", "second"]);
  const first = await lane.look(preview, test, shown);
  lane.trainer.endStage();
  await lane.trainer.ready();
  lane.trainer.advance();
  const second = await lane.look(preview, test, shown);
  expect([first.stage, second.stage, lane.trainer.step]).toEqual([0, 1, 3]);
  expect(second.codes).toEqual(first.codes); // the first stage stays as it is
  expect(second.second).not.toEqual(first.second);
  expect(second.second).not.toEqual(second.codes);

  const elsewhere = await lane.onto(device, await lane.snapshot());
  expect([elsewhere.trainer.stageIndex, elsewhere.trainer.step]).toEqual([1, 3]);
  const u = second.second!.slice(0, 8);
  const z = await drawnBy(lane, u);
  expect(await elsewhere.decode(u, 1)).toEqual(await lane.decode(z));
  expect(await lane.decode(u)).not.toEqual(await lane.decode(u, 1));
  const draw = { count: 3, seed: 7 };
  for (const from of ["prior", "mixture"] as const)
    expect((await lane.sample({ ...draw, from, stage: 1 }, shown)).length).toBe(12);
  const plain = await lane.sample({ ...draw, from: "second-stage" }, shown);
  const renormalised = await lane.sample({ ...draw, from: "second-stage", isRenormalised: true }, shown);
  const factor = renormalised[0]! / plain[0]!;
  expect(Math.abs(factor - 1)).toBeGreaterThan(1e-3);
  plain.forEach((value, i) => expect(renormalised[i]! / value).toBeCloseTo(factor, 5)); // the same codes
  expect(() => lane.trainer.endStage()).toThrow(/second is the last stage/);
  for (const each of [lane, elsewhere]) each.dispose();
});

/** What the second stage makes of its codes. */
async function drawnBy({ model }: Lane, u: Float32Array): Promise<Float32Array> {
  using codes = tensor(device, u, [u.length / model.codeSize, model.codeSize]);
  using z = model.secondStage!.decode(codes);
  return await z.read();
}

/** Weights, moments, noise and what a step hands on to the next, by name. */
async function wholeOf(lane: Lane) {
  const { model, optimizer } = await lane.snapshot();
  return new Map([...model, ...optimizer]);
}

const product = (shape: readonly number[]) => shape.reduce((all, n) => all * n, 1);

test("another β stays where the rank changes later", async () => {
  const lane = await trained("vrrae", 2, 1);
  lane.setBeta(0.25);
  const changed = await lane.withRank(device, 3);
  expect([changed.config.beta, (changed.model as Vrrae).beta]).toEqual([0.25, 0.25]);
  for (const each of [lane, changed]) each.dispose();
});

test("another β counts from the next step on", async () => {
  const [low, high] = [await trained("vae", 2, 3), await trained("vae", 2, 3)];
  high.setBeta(0.1);
  for (const lane of [low, high]) lane.trainer.advance();
  const [a, b] = [(await low.trainer.losses()).losses, (await high.trainer.losses()).losses];
  expect(b.error).toBe(a.error); // the same step from the same weights
  expect(b.betaKl! / a.betaKl!).toBeCloseTo(100, 3);
  for (const lane of [low, high]) lane.dispose();
});

test("a loaded model decodes as it was saved until it is trained on, whatever the data at hand", async () => {
  const lane = await trained("vrrae", 2, 4);
  const bytes = await lane.save();
  const codes = new Float32Array([1, 0, -0.5, 2]);
  const pictures = await lane.decode(codes);

  const other = { ...choice, train: choice.train.take(10) };
  const { tensors } = parseSafetensors(bytes, "saved");
  const loaded = await Lane.loaded(device, { ...lane.config, batch: 5 }, other.train, tensors, "saved");
  const { preview, test, shown } = viewsOf(other).views;
  const look = await loaded.look(preview, test, shown);
  expect([look.codeSize, look.spectrum]).toEqual([2, undefined]); // the basis is not found anew
  expect(await loaded.decode(codes)).toEqual(pictures);
  expect(Buffer.compare(await loaded.save(), bytes)).toBe(0);

  loaded.trainer.advance();
  await loaded.look(preview, test, shown); // the basis follows the weights now
  const basis = async (lane: Lane) => (await readModel(lane.model)).get("basis")!.data;
  expect(await basis(loaded)).not.toEqual(await basis(lane));
  for (const each of [lane, loaded]) each.dispose();
});

test("where a lane cannot be made or filled, its memory is free again", async () => {
  const lane = await trained("vrrae", 2, 0);
  const { tensors } = parseSafetensors(await lane.save(), "saved");
  const before = device.memory().live;
  const zeros = new Dataset({ name: "black", shape: [16, 16, 1], stored: new Uint8Array(8 * 256), scale: 1 });
  expect(() => new Lane(device, lane.config, zeros)).toThrow(/all values of black are zero/);
  expect(() => new Lane(device, { ...lane.config, batch: 101 }, choice.train)).toThrow(
    /101 samples asked for/,
  );
  tensors.delete("decoder.conv.bias");
  const load = () => Lane.loaded(device, lane.config, choice.train, tensors, "cut");
  await expect(load()).rejects.toThrow(/cut.*decoder\.conv\.bias/);
  expect(device.memory().live).toBe(before);
  lane.dispose();
});

test(
  "in the run that the page opens with on a CPU, the VRRAE is ahead at step 120",
  { timeout: 240_000 },
  async () => {
    const spot = spotFor("software");
    const data = { kind: "bumps", size: spot.size } as const;
    const first: Settings = { models: ["vrrae", "vae"], data, rank: 2, latent: 16, beta: 1e-3, seed: 500 };
    expect([presetOf(first), presetOf({ ...first, seed: 7 })]).toEqual(["stuck", undefined]);
    const { preview, test, shown } = viewsOf(choice).views;
    const errors: number[] = [];
    for (const model of first.models) {
      const lane = new Lane(device, configOf(withBatch(first, spot), model, choice), choice.train);
      for (let step = 1; step <= 120; step++) {
        lane.trainer.advance();
        if (step % 4 === 0) await device.finish();
      }
      errors.push((await lane.look(preview, test, shown)).error);
      lane.dispose();
    }
    const [vrrae, vae] = errors as [number, number];
    expect(vae - vrrae).toBeGreaterThan(5); // of which the page tells
  },
);

test("another batch than the spot's is kept, and other pictures have their own", () => {
  const data = { kind: "bumps", size: 16 } as const;
  const settings: Settings = { models: ["ae"], data, rank: 2, latent: 16, beta: 0, seed: 1 };
  expect(withBatch(settings, spotFor("software")).batch).toBe(8);
  expect(withBatch({ ...settings, batch: 5 }, spotFor("software")).batch).toBe(5);
  expect(withBatch(settings, { size: 32 }).batch).toBeUndefined();
  expect(withBatch({ ...settings, data: { kind: "files", files: [] } }, spotFor("software")).batch).toBe(
    undefined,
  );
});
