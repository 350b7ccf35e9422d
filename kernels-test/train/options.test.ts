import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Dataset } from "../../src/data/dataset.ts";
import type { Device } from "../../src/device/device.ts";
import { ArgumentError, DataError } from "../../src/device/errors.ts";
import { openDevice } from "../../src/device/device.ts";
import { loadCheckpoint, loadModel, saveCheckpoint, saveModel } from "../../src/runs/save.node.ts";
import * as models from "../../src/models/index.ts";
import { square } from "../../src/ops/elementwise.ts";
import { sum } from "../../src/ops/reduce.ts";
import { ParameterArena } from "../../src/optim/arena.ts";
import { adamW, sgd } from "../../src/optim/optimizer.ts";
import { record } from "../../src/tensor/record.ts";
import { backward } from "../../src/tensor/tape.ts";
import { ProgressLine } from "../../src/train/progressLine.ts";
import * as inPages from "../../src/train/save.ts";
import type { Checkpoint } from "../../src/train/state.ts";
import { train, type TrainOptions } from "../../src/train/train.ts";
import { values } from "../check.ts";

let device: Device;
let folder: string;
beforeAll(async () => {
  device = await openDevice();
  folder = mkdtempSync(join(tmpdir(), "hestenes-options-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
  device.close();
});

const setOf = (name: string, count: number, seed: number) =>
  new Dataset({ name, shape: [6], stored: Float32Array.from(values(6 * count, seed)) });
const [data, validation] = [setOf("train", 40, 1), setOf("validation", 16, 2)];
const vrrae = () => models.vrrae(device, { input: [6], latent: 5, rank: 2, beta: 1e-3, seed: 3 });
const bitsOf = async (model: models.Vrrae) => new Uint8Array(await model.arena.values.readBytes());

test("a run that was stopped goes on from the checkpoint it saved, to the same bits, with its best weights and its rate", async () => {
  const options: TrainOptions = {
    ...{ steps: 24, batch: 8, rate: 3e-2, seed: 4, progress: false, logEvery: 24 },
    ...{ validation, evaluateEvery: 3, patience: 7, plateau: { factor: 0.5, patience: 1 } },
  };
  const [whole, stopped] = [vrrae(), vrrae()];
  const factors: number[] = [];
  const run = await train(whole, data, {
    ...options,
    onEvaluate: (_, trainer) => void factors.push(trainer.rateFactor),
  });
  const stop = new AbortController();
  let saved = 0;
  await train(stopped, data, {
    ...options,
    signal: stop.signal,
    saveEvery: 11,
    onSave: async (checkpoint) => {
      saved++;
      await saveCheckpoint(checkpoint, folder);
      stop.abort();
    },
  });
  expect(saved).toBe(1);

  const checkpoint = (await loadCheckpoint(folder))!;
  expect(checkpoint.state.step).toBe(11);
  const inPage = await inPages.saveCheckpoint(checkpoint);
  for (const [name, bytes] of Object.entries(inPage))
    expect(Buffer.from(bytes).equals(readFileSync(join(folder, "checkpoint", name))), name).toBe(true);
  const back: Checkpoint = await inPages.loadCheckpoint(inPage);
  expect(back.state).toEqual(checkpoint.state);

  using fresh = vrrae();
  const resumed = await train(fresh, data, { ...options, resume: back });
  expect(resumed.step).toBe(run.step);
  expect(resumed.evaluations).toEqual(run.evaluations.slice(3));
  expect(await bitsOf(fresh)).toEqual(await bitsOf(whole));
  const best = run.evaluations.filter(({ isBest }) => isBest).at(-1)!;
  expect(best.value).toBe(Math.min(...run.evaluations.map(({ value }) => value)));
  expect(new Set(factors).size).toBeGreaterThan(1); // the rate was lowered, and the resumed run took the lower one over

  inPage["model.safetensors"][200]! ^= 1;
  await expect(inPages.loadCheckpoint(inPage)).rejects.toThrow(DataError);
  for (const model of [whole, stopped]) model.dispose();
});

test("early stopping ends a run, with the weights of its best evaluation", async () => {
  using model = models.ae(device, { input: [6], latent: 2, seed: 1 });
  const measured = [5, 3, 4, 3, 6, 1];
  const kept: Float32Array[] = [];
  const run = await train(model, data, {
    ...{ steps: 60, batch: 8, evaluateEvery: 2, patience: 3, progress: false },
    evaluate: () => measured[kept.length]!,
    onEvaluate: async () => void kept.push(await model.arena.values.read()),
  });
  expect(run.step).toBe(10);
  expect(run.evaluations.map(({ isBest }) => isBest)).toEqual([true, true, false, false, false]);
  expect(await model.arena.values.read()).toEqual(kept[1]);
  await expect(train(model, data, { steps: 2, batch: 8, patience: 2 })).rejects.toThrow(
    /give validation data/,
  );
});

test("callbacks come in order; a batch in parts makes the same update", async () => {
  const runs: Float32Array[] = [];
  for (const accumulate of [1, 3]) {
    using model = models.ae(device, { input: [6], latent: 2, seed: 1 });
    const seen: string[] = [];
    await train(model, data, {
      ...{ steps: 4, batch: 8, accumulate, logEvery: 2, evaluateEvery: 4, saveEvery: 2, validation },
      progress: false,
      onStep: (step) => void seen.push(`step ${step}`),
      onLog: ({ step }) => void seen.push(`log ${step}`),
      onEvaluate: ({ step }) => void seen.push(`evaluate ${step}`),
      onSave: ({ state }) => void seen.push(`save ${state.step}`),
    });
    expect(seen.join()).toBe("step 1,step 2,log 2,save 2,step 3,step 4,log 4,evaluate 4,save 4");
    runs.push(await model.arena.values.read());
  }
  const largest = Math.max(...runs[0]!.map(Math.abs));
  expect(Math.max(...runs[0]!.map((value, i) => Math.abs(value - runs[1]![i]!)))).toBeLessThan(
    1e-4 * largest,
  );
});

test("models, arenas and tensors by name are saved and loaded to the bit; other files are refused", async () => {
  using model = vrrae();
  using other = models.vrrae(device, { input: [6], latent: 5, rank: 2, beta: 1e-3, seed: 9 });
  const file = join(folder, "new", "model.safetensors");
  await saveModel(model, file);
  await loadModel(other, file);
  expect(await bitsOf(other)).toEqual(await bitsOf(model));
  await inPages.loadModel(other, new Blob([await inPages.saveModel(model)]));
  expect(Buffer.from(await inPages.saveModel(other)).equals(readFileSync(file))).toBe(true);
  using small = models.vrrae(device, { input: [6], latent: 4, rank: 2, beta: 1e-3 });
  await expect(loadModel(small, file)).rejects.toThrow(/of shape .* is needed, the file has/);
  using plain = models.ae(device, { input: [6], latent: 5 });
  await expect(loadModel(plain, file)).rejects.toThrow(/it holds variance.*, which the model has not/);
  await expect(loadModel(small, join(folder, "none"))).rejects.toThrow(ArgumentError);

  const bits = new Float32Array(Uint32Array.of(0x7fa00001, 0x80000000, 1, 5).buffer); // a signalling NaN, -0, subnormal
  using arena = new ParameterArena(device, [{ name: "w", shape: [4], values: bits }]);
  using optimizer = adamW(arena, { rate: 1e-3 });
  const all = new Map([...arena.parameters, ...optimizer.state()]);
  await saveModel(all, file);
  arena.get("w").write([1, 2, 3, 4]);
  await loadModel(all, file);
  expect(new Uint32Array(await arena.get("w").readBytes())).toEqual(new Uint32Array(bits.buffer));
});

test("weight decay may leave parameters out, and the rate changes while a recorded step runs", async () => {
  const specs = ["a", "b", "c"].map((name, i) => ({
    name,
    shape: i === 1 ? [3] : [1, 3],
    values: Float32Array.of(1, 2, 4),
  }));
  using arena = new ParameterArena(device, specs);
  using optimizer = sgd(arena, { rate: 0.5, weightDecay: 0.5, decays: (_, shape) => shape.length > 1 });
  const { program } = record(device, () => optimizer.step(), { run: false });
  expect((await optimizer.read()).step).toBe(0); // recording took no step
  program.run();
  optimizer.rateFactor = 0;
  program.run();
  optimizer.rateFactor = 2;
  program.run();
  for (const name of ["a", "b", "c"])
    expect([...(await arena.get(name).read())]).toEqual(name === "b" ? [1, 2, 4] : [0.375, 0.75, 1.5]);
  expect(await optimizer.read()).toMatchObject({ step: 3, rate: 1 });
  expect(() => (optimizer.rateFactor = NaN)).toThrow(ArgumentError);
  program.dispose();

  const x = device.tensor([3]);
  x.requiresGrad = true;
  const recorded = record(device, () => {
    const loss = sum(square(x));
    backward(loss);
    return loss;
  });
  expect(await recorded.result.item()).toBe(9); // unless told otherwise, recording takes the step
});

test("a line of progress is shown on a terminal, and nowhere else", () => {
  const shown = (isTTY: boolean) => {
    let text = "";
    const line = new ProgressLine(0, 2, { isTTY, write: (part) => Boolean((text += String(part))) });
    line.tell({ losses: { loss: 0.5 } }, 3);
    line.show(1);
    line.show(2);
    line.end();
    return text;
  };
  expect(shown(true)).toMatch(
    /step 2\/2 {2}loss 0\.5000 {2}evaluation 3\.000 {2}\S+ steps\/s {2}0:00 left\n$/,
  );
  expect(shown(false)).toBe("");
});

test("a line of progress is no wider than its terminal, and tells of several phases the loss of each", () => {
  let text = "";
  const write = (part: string | Uint8Array) => Boolean((text += String(part)));
  const line = new ProgressLine(0, 9, { isTTY: true, columns: 100, write });
  const phases = ["ae", "critic", "generator", "mask"];
  const parts = phases.flatMap((name) => [`${name}.loss`, `${name}.error`]).map((name, i) => [name, i / 3]);
  line.tell({ losses: Object.fromEntries(parts) as Record<string, number> }, 3);
  line.show(1);
  expect(text.length - "\r\x1b[K".length).toBeLessThan(100);
  expect(text).toMatch(/step 1\/9 {2}ae 0\.000 {2}evaluation 3\.000 {2}critic 0\.6667 /);
  expect(text).not.toContain("mask");
});
