import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect, test, vi } from "vitest";
import { openDevice } from "../../src/device/device.ts";
import { BusyError, DataError, DeviceLostError, NumericalError } from "../../src/device/errors.ts";
import { readCheckpoint } from "../../src/runs/checkpoint.node.ts";
import type { PartialConfig } from "../../src/train/config.ts";
import { parseSafetensors } from "../../src/data/safetensors.ts";
import { hasSetting } from "../../src/models/known.ts";
import { readDescription } from "../../src/train/readModelFile.ts";
import { BasisAutoencoder } from "../../src/models/basisAutoencoder.ts";
import { RunFolder } from "../../src/runs/run-folder.node.ts";
import { runSession } from "../../src/runs/run-session.node.ts";
import { openSession, type Progress, type Session } from "../../src/runs/session.node.ts";
import type { TrainerState } from "../../src/train/trainer.ts";
import { outcome, samplesFile, smallRun, stopAt, train } from "./runs.ts";
import { run } from "../cli/main.ts";
import { temporaryFolder } from "../data/files.ts";

const kinds: PartialConfig[] = [
  { model: "ae", optimizer: "sgd" },
  { model: "vae", optimizer: "adam", clip: 1, schedule: { kind: "cosine", steps: 12, warmup: 3 } },
  { model: "rrae", optimizer: "rmsprop" },
  { model: "vrrae", evaluateEvery: 4, checkpointEvery: 5 },
  { model: "long-ae" },
  { model: "vae-identity" },
  { model: "rrae-vae" },
  { model: "irmae", layers: 2 },
  { model: "lorae" },
  { model: "contractive", contraction: "estimator" },
  { model: "sparse", published: true },
  { model: "mask-aae", latent: 4, criticWidth: 8, criticUpdates: 2, period: 1 },
  { model: "flex-ae-sr", latent: 3, criticWidth: 8, criticUpdates: 2 },
];

test.each(kinds)(
  "$model: a run that was stopped and went on ends with the same bits",
  async (kind) => {
    const path = samplesFile(temporaryFolder());
    const whole = smallRun({ ...kind, path });
    const parted = smallRun({ ...kind, path });
    await train(whole);
    for (const step of [3, 7]) {
      await train(parted, stopAt(step));
      expect(readCheckpoint(parted.folder.path)!.state).toMatchObject({ step });
    }
    await train(parted);
    expect(outcome(parted.folder)).toEqual(outcome(whole.folder));
    const file = parseSafetensors(
      readFileSync(whole.folder.file("checkpoint/model.safetensors")),
      "its file",
    );
    const { config, input } = readDescription(file, "its file")!;
    const same = (names: string[]) => names.map((name) => [name, config[name as "rank"]]);
    const own = Object.entries(whole.config).filter(([name]) => hasSetting(config.model, name));
    expect([config.model, config.seed, input]).toEqual([kind.model, whole.config.seed, [6]]);
    expect(same(own.map(([name]) => name))).toEqual(own);
    const seconds = parted.folder.history().map((line) => line.seconds);
    expect(seconds).toEqual([...seconds].sort((a, b) => a - b));
  },
  180_000,
);

test.each(["rrae", "vrrae"] as const)(
  "%s: a rank that is sought is found again after a stop, with the same bits",
  async (model) => {
    const adaptive = { wanted: 95, giveUp: 2, finish: 4, window: 3, near: 50 };
    const path = samplesFile(temporaryFolder());
    const given = { model, path, rank: 4, steps: 40, adaptive, beta: 1e-4 };
    const [whole, parted] = [smallRun(given), smallRun(given)];
    await train(whole);
    const { step, search } = readCheckpoint(whole.folder.path)!.state as unknown as TrainerState;
    expect(search!.rank).toBeLessThan(4);
    expect([search!.phase, step < 40]).toEqual(["done", true]); // it ended by itself
    for (const at of [3, 7]) await train(parted, stopAt(at));
    await train(parted);
    expect(outcome(parted.folder)).toEqual(outcome(whole.folder));

    // commands on the finished run take the basis that it has
    const fits = vi.spyOn(BasisAutoencoder.prototype, "fitBasis");
    const { code, stdout } = await run("evaluate", whole.folder.path, "--json");
    expect([code, fits.mock.calls.length]).toEqual([0, 0]);
    const session = await openSession(whole.folder, whole.config);
    const stored = await (session.model as BasisAutoencoder).basis!.read();
    await session.fitBasis(whole.config.basisCount);
    expect(await (session.model as BasisAutoencoder).basis!.read()).toEqual(stored);
    const { errors } = JSON.parse(stdout) as { errors: { test: number } };
    const error = await session.errorOn(session.data.test, whole.config.basisCount);
    expect(errors.test).toBeCloseTo(error, 4);
    session.close();
    fits.mockRestore();
  },
);

test("batches that go through the networks in parts train the same model, and stop and go on likewise", async () => {
  const path = samplesFile(temporaryFolder());
  const [whole, parted, stopped] = [{}, { atOnce: 3 }, { atOnce: 3 }].map((more) =>
    smallRun({ path, ...more }),
  );
  for (const run of [whole!, parted!]) await train(run);
  await train(stopped!, stopAt(5));
  await train(stopped!);
  expect(outcome(stopped!.folder)).toEqual(outcome(parted!.folder));
  expect(outcome(parted!.folder)).not.toEqual(outcome(whole!.folder)); // in last bits: there were parts
  const last = ({ folder }: typeof whole & object) => folder.history().at(-1)!.loss;
  expect(Math.abs(last(parted!) / last(whole!) - 1)).toBeLessThan(1e-3);
}, 120_000);

test("how often a run is evaluated and saved does not change its weights", async () => {
  const path = samplesFile(temporaryFolder());
  const often = smallRun({ path, evaluateEvery: 1, checkpointEvery: 1, logEvery: 5 });
  const once = smallRun({ path, evaluateEvery: 12, checkpointEvery: 12, logEvery: 5 });
  await Promise.all([train(often), train(once)]);
  const { history: lines, ...weights } = outcome(often.folder) as { history: unknown[] };
  const { history: fewer, ...others } = outcome(once.folder) as { history: unknown[] };
  expect(weights).toEqual(others);
  expect(lines).toHaveLength(12); // each with an error, though not each is the turn of a log line
  expect(fewer).toHaveLength(4); // steps 1, 5, 10 and 12
  expect(fewer.at(-1)).toEqual(lines.at(-1));
});

test("steps that are taken are not taken back: fewer are refused, and the run stays as it was", async () => {
  const run = smallRun({ model: "ae" });
  await train(run);
  const before = run.folder.config();
  const shorter = { ...run.config, steps: 11 };
  await expect(runSession(run.folder, shorter)).rejects.toThrow(
    /has taken 12 steps, more than 11; .* another folder/,
  );
  expect(run.folder.config()).toEqual(before);
});

test("progress tells the pace once the kernels are compiled, and the first step counts as preparation", async () => {
  const device = await openDevice();
  const adapter = device.info.name; // asked for by its whole name it is opened anew, and nothing is compiled yet
  device.close();
  const run = smallRun({ model: "vae", evaluateEvery: 100, adapter });
  const seen: Progress[] = [];
  const session = await runSession(run.folder, run.config, { onProgress: (progress) => seen.push(progress) });
  session.close();
  expect(seen.map(({ line }) => line.step)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
  expect(seen[0]!.stepsPerSecond).toBeUndefined();
  for (const { stepsPerSecond } of seen.slice(1)) expect(stepsPerSecond).toBeGreaterThan(0);
  expect(session.timings.train).toBeLessThan(session.timings.prepare);
  expect(seen.at(-1)!.line.seconds).toBeLessThanOrEqual(session.timings.train);
  const again = await runSession(run.folder, run.config); // finished: the time of its training is still known
  again.close();
  expect(again.timings.train).toBe(seen.at(-1)!.line.seconds);
});

test("a device that is lost is replaced, and the run ends with the same bits", async () => {
  const path = samplesFile(temporaryFolder());
  const given = { model: "vae", path, checkpointEvery: 4 } as const;
  const [whole, lost] = [smallRun(given), smallRun(given)];
  await train(whole);
  const sessions: Session[] = [];
  const notices: string[] = [];
  await train(lost, {
    onStart: (session) => sessions.push(session),
    onNotice: (notice) => notices.push(notice),
    onProgress: ({ line }) => {
      if (sessions.length < 3 && line.step === 4 * sessions.length + 2) sessions.at(-1)!.device.gpu.destroy();
    },
  });
  expect(sessions).toHaveLength(3);
  expect(notices).toHaveLength(2);
  expect(notices[0]).toMatch(/device was lost.*new device/);
  expect(outcome(lost.folder)).toEqual(outcome(whole.folder));
});

test("a device that is lost again and again ends the run", async () => {
  const { folder, config } = smallRun();
  const starts: Session[] = [];
  const running = runSession(folder, config, {
    onStart: (session) => {
      starts.push(session);
      session.device.gpu.destroy();
    },
  });
  await expect(running).rejects.toThrow(DeviceLostError);
  expect(starts).toHaveLength(4);
});

test("a loss that is no number stops the run, names the tensor and keeps the last good checkpoint", async () => {
  const { folder, config } = smallRun({
    model: "vae",
    rate: 1e30,
    optimizer: "sgd",
    steps: 40,
    checkpointEvery: 20,
  });
  const error = await runSession(folder, config).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(NumericalError);
  expect(String(error)).toMatch(/^NumericalError: step \d+: loss is (NaN|Infinity)/);
  expect(String(error)).toMatch(
    /First seen: step \d+: (output of|gradient from) \S+ .* has (-?Infinity|NaN) at element \d+/,
  );
  expect(String(error)).toMatch(/checkpoint of step 0 is kept.*--rate/);
  const { model, state } = readCheckpoint(folder.path)!;
  expect(state).toMatchObject({ step: 0 });
  for (const { data } of model.values())
    expect(Array.from(data as Float32Array).every(Number.isFinite)).toBe(true);
});

test("weights that are not finite are never saved", async () => {
  const { folder, config } = smallRun({ rate: 1e38, optimizer: "sgd", checkpointEvery: 1 });
  const error = await runSession(folder, config).catch((error: unknown) => error);
  expect(String(error)).toMatch(
    /^NumericalError: (fitBasis: the latent vectors|step \d+: (loss is|\S+\.(weight|bias) has) (NaN|-?Inf))/,
  );
  for (const { data } of readCheckpoint(folder.path)!.model.values())
    expect(Array.from(data as Float32Array).every(Number.isFinite)).toBe(true);
});

test("a run that cannot start leaves no folder behind", async () => {
  const { folder, config } = smallRun({ batch: 200 });
  await expect(runSession(folder, config)).rejects.toThrow(/batch: 200 samples asked for.*at most 54/);
  await expect(runSession(folder, { ...config, path: "/no/such/file" })).rejects.toThrow(/cannot be opened/);
  expect(existsSync(folder.path)).toBe(false);
});

test("a folder that holds something else is refused", async () => {
  const { folder, config } = smallRun();
  const parent = new RunFolder(dirname(folder.path)); // it holds the samples
  await expect(runSession(parent, config)).rejects.toThrow(/holds no run; give another folder/);
});

test.each(["null", '{"step":3}'])("a history with the line %s is refused by its number", async (line) => {
  const run = smallRun({ model: "ae", steps: 2 });
  await train(run);
  const history = readFileSync(run.folder.file("history.jsonl"), "utf8");
  writeFileSync(run.folder.file("history.jsonl"), `${history}${line}\n`);
  const again = runSession(run.folder, run.config);
  await expect(again).rejects.toThrow(DataError);
  await expect(again).rejects.toThrow(/history\.jsonl, byte \d+: line 3 is no row: /);
});

test("a folder in place of a file of the run is named", async () => {
  const run = smallRun({ model: "ae", steps: 2 });
  await train(run);
  for (const name of ["history.jsonl", "checkpoint/state.json"]) {
    rmSync(run.folder.file(name));
    mkdirSync(run.folder.file(name));
    await expect(runSession(run.folder, run.config)).rejects.toThrow(`${name}: this is a folder`);
  }
});

test("two sessions never train in one folder at once", async () => {
  const run = smallRun({ model: "ae" });
  const [first, second] = await Promise.allSettled([train(run), train(run)]);
  expect(first.status).toBe("fulfilled");
  expect(second).toMatchObject({ reason: expect.any(BusyError) as BusyError });
  await train(run);
});
