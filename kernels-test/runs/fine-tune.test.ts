import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeNpy } from "../../src/data/npy.ts";
import { ArgumentError } from "../../src/device/errors.ts";
import { readCheckpoint } from "../../src/runs/checkpoint.node.ts";
import { completeConfig, type PartialConfig } from "../../src/train/config.ts";
import { fineTuneSettings, readBasis } from "../../src/runs/fine-tune.node.ts";
import { RunFolder } from "../../src/runs/run-folder.node.ts";
import { run } from "../cli/main.ts";
import { temporaryFolder } from "../data/files.ts";
import { outcome, samplesFile, smallRun, stopAt, train } from "./runs.ts";

/** A second stage of the run in `folder`, in a folder of its own. */
function secondStage(folder: RunFolder, given: PartialConfig = {}) {
  const settings = { ...fineTuneSettings(folder), steps: 9, evaluateEvery: 3, checkpointEvery: 4 };
  const config = completeConfig({ ...settings, fineTune: folder.path, ...given });
  return { folder: new RunFolder(join(temporaryFolder(), "run")), config };
}

const weightsOf = (folder: RunFolder) => readCheckpoint(folder.path)!.model;

/** An orthonormal basis (5, 2) as a file. */
function basisFile(): { file: string; basis: Float32Array } {
  const basis = Float32Array.of(0.6, 0, 0, 0.8, 0.8, 0, 0, -0.6, 0, 0);
  const file = join(temporaryFolder(), "basis.npy");
  writeFileSync(file, writeNpy(basis, [5, 2]));
  return { file, basis };
}

test.each(["rrae", "vrrae"] as const)(
  "%s: a second stage keeps encoder and basis, trains the rest, and goes on after a stop with the same bits",
  async (model) => {
    const first = smallRun({ model, path: samplesFile(temporaryFolder()) });
    await train(first);
    const optimizer = model === "rrae" ? "adamw" : "adabelief"; // weight decay does not reach what is fixed
    const whole = secondStage(first.folder, { optimizer });
    const parted = secondStage(first.folder, { optimizer });
    await train(whole);
    const [before, after] = [weightsOf(first.folder), weightsOf(whole.folder)];
    for (const [name, { data }] of after) {
      const isSame = Buffer.from(data.buffer, data.byteOffset, data.byteLength).equals(
        Buffer.from(before.get(name)!.data.buffer, before.get(name)!.data.byteOffset, data.byteLength),
      );
      expect([name, isSame]).toEqual([name, !/^(decoder|variance)/.test(name)]);
    }
    expect(after.has("basis")).toBe(true);
    for (const step of [3, 6]) await train(parted, stopAt(step));
    await train(parted);
    expect(outcome(parted.folder)).toEqual(outcome(whole.folder));
  },
);

test("a basis of one's own is the run's, and a second stage's", async () => {
  const { file, basis } = basisFile();
  const first = smallRun({ basisFile: file });
  await train(first);
  expect(weightsOf(first.folder).get("basis")!.data).toEqual(basis);
  const found = smallRun();
  await train(found);
  renameSync(file, `${file}.away`); // a run keeps its basis
  expect((await run("evaluate", first.folder.path)).code).toBe(0);
  renameSync(`${file}.away`, file);
  const second = secondStage(found.folder, { basisFile: file });
  await train(second);
  expect(weightsOf(second.folder).get("basis")!.data).toEqual(basis);
});

test("a basis that does not fit, and a second stage of what has no basis, are refused", async () => {
  const { file } = basisFile();
  expect(() => readBasis(file, [5, 3])).toThrow(
    /basis\.npy: the basis has shape \(5, 2\); a model of latent 5 and rank 3 needs \(5, 3\)/,
  );
  writeFileSync(file, writeNpy(Float32Array.of(1, 1, 0, 1), [2, 2]));
  expect(() => readBasis(file, [2, 2])).toThrow(/product of columns 0 and 1 is 1\.000; take the Q/);
  expect(() => readBasis(`${file}.none`, [2, 2])).toThrow(ArgumentError);
  expect(() => completeConfig({ model: "ae", fineTune: "x" })).toThrow(
    "fineTune is for models with a basis, rrae, rrae-vae, vrrae, not ae",
  );
  expect(() => completeConfig({ fineTune: "x", adaptive: true })).toThrow("do not go together");
  const folder = temporaryFolder();
  expect(() => fineTuneSettings(new RunFolder(folder))).toThrow("holds no run to fine-tune");

  const said = await run("train", "--fine-tune", folder);
  expect([said.code, said.stderr]).toEqual([2, expect.stringContaining("holds no run to fine-tune")]);
});

test("train --fine-tune goes on from a run in a folder beside it, with the run's settings", async () => {
  const { file } = basisFile();
  const first = smallRun();
  await train(first);
  const rank = await run("train", "--fine-tune", first.folder.path, "--rank", "3");
  expect([rank.code, rank.stderr]).toEqual([2, expect.stringContaining("has rank 2, not 3; leave that out")]);
  const said = await run("train", "--fine-tune", first.folder.path, "--steps", "4", "--basis-file", file);
  expect(said.code).toBe(0);
  expect(said.stderr).toContain(`Fine-tuning ${first.folder.path}: its encoder`);
  expect(said.stdout).toMatch(/Report: .*run-fine-tuned\/report\.html\n$/);
  const out = `${first.folder.path}-fine-tuned`;
  expect(new RunFolder(out).config()).toMatchObject({
    batch: 8,
    latent: 5,
    rank: 2,
    steps: 4,
    basisFile: file,
  });
  const other = await run("train", "--out", out, "--basis", "pca");
  expect([other.code, other.stderr]).toEqual([2, expect.stringContaining("was started with basis")]);
});
