import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { makeNetwork, networksLeft } from "../../src/reproduce/networks.ts";
import { RunFolder } from "../../src/runs/run-folder.node.ts";
import { runSession } from "../../src/runs/run-session.node.ts";
import { readSweepFile } from "../../src/sweep/file.ts";
import { makeHere } from "../../src/sweep/here.ts";
import { Pool } from "../../src/sweep/pool.ts";
import { Sweep } from "../../src/sweep/store.ts";
import { makeRun, type Task } from "../../src/sweep/task.ts";
import { start } from "../cli/command.ts";
import { run } from "../cli/main.ts";
import { temporaryFolder } from "../data/files.ts";
import { outcome, samplesFile } from "../runs/runs.ts";

/** The file of a sweep of small runs on vectors, and a store for it. */
function small(settings: string, more = ""): { file: string; store: string } {
  const folder = temporaryFolder();
  const file = `${folder}/small.yaml`;
  const path = samplesFile(folder);
  const common = `data: npy, path: ${path}, batch: 8, latent: 5, rank: 2, rate: 0.003, steps: 12, checkpointEvery: 3, logEvery: 1`;
  writeFileSync(file, `reports: false\nruns: {${common}, ${settings}}\n${more}`);
  return { file, store: `${folder}/store` };
}

const bits = (folder: RunFolder) => ({ ...outcome(folder), history: undefined });

test("a child that dies is replaced and its run ends with the same bits; a run that kills its process each time is set aside with its log", async () => {
  const { file, store } = small("model: ae, seed: [13, 666, 14]");
  const sweep = Sweep.create(store, readSweepFile(file));
  const program = fileURLToPath(new URL("child.mjs", import.meta.url));
  const pool = new Pool<Task>({ workers: 2, command: [], program });
  const ended: string[] = [];
  try {
    const options = { mostStarts: 1, adapters: [undefined], signal: new AbortController().signal };
    const all = await makeHere(sweep, pool, {
      ...options,
      onEnd: ({ config, state }) => ended.push(`${config.seed} ${state}`),
    });
    expect(all.map(({ state }) => state)).toEqual(["done", "failed", "done"]);
  } finally {
    await pool.close();
  }
  expect(ended.sort()).toEqual(["13 done", "14 done", "666 failed"]);
  const [once, poisonous] = sweep.runs.map(({ name }) => sweep.folder(name)) as [RunFolder, RunFolder];
  expect(existsSync(`${once.path}.killed`)).toBe(true);
  expect(readFileSync(poisonous.file("log.txt"), "utf8")).toMatch(
    /ended with SIGKILL\n[^]*these were its last words\n$/,
  );
  expect(sweep.status()[1]!.failure!.reason).toBe("begun once without getting past step 0");
  const whole = new RunFolder(`${store}/whole`);
  const session = await runSession(whole, sweep.runs[0]!.config);
  await session.fitBasis(1);
  session.close();
  expect(bits(once)).toEqual(bits(whole));

  const { stdout } = await run("sweep", "status", "small", "--store", store);
  expect(stdout).toMatch(
    /^small: 3 runs: 2 done, 1 failed\n[^]*ae-npy-666-\S+ +failed +\d+\/12 .*begun once/,
  );
}, 120_000);

test("a sweep is started, stopped by Ctrl-C, gone on with, and does nothing twice; its commands tell how far it is", async () => {
  const { file, store } = small("model: ae, seed: [1, 2]", "");
  const flags = ["--store", store, "--set", "steps=20000"];
  const running = start(["sweep", "start", file, ...flags, "--workers", "2"]);
  const long = Sweep.create(store, readSweepFile(file, { steps: 20000 }));
  const isBegun = () => long.status().every(({ step }) => step > 3);
  while (!isBegun()) await new Promise((resolve) => setTimeout(resolve, 50));
  running.process.kill("SIGINT");
  const stopped = await running.ended;
  expect([stopped.code, stopped.stdout]).toEqual([130, expect.stringMatching(/^small: 2 runs: 2 stopped/)]);
  expect(stopped.stderr).toMatch(/Stopping all runs with a checkpoint/);
  for (const { name, step } of long.status()) {
    const { state } = JSON.parse(readFileSync(long.folder(name).file("checkpoint/state.json"), "utf8")) as {
      state: { step: number };
    };
    expect(state.step).toBeGreaterThanOrEqual(step);
  }

  const one = await run("sweep", "task", "2", file, "--store", store, "--json", "--quiet");
  expect([one.code, JSON.parse(one.stdout)]).toEqual([
    0,
    expect.objectContaining({ state: "done", step: 12, seed: 2 }),
  ]);
  const before = readFileSync(
    Sweep.open(store, "small").folder(Sweep.open(store, "small").runs[1]!.name).file("result.json"),
    "utf8",
  );
  expect(await run("sweep", "start", file, "--store", store)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^small: 2 runs: 2 done\. Results: /) as string,
    stderr: expect.stringMatching(
      /^1 of 2 runs are done already\. 1 to do, 1 at once; a line follows for each that ends\.\n2\/2 ae-npy-1-\S+: done, test error/,
    ) as string,
  });
  const sweep = Sweep.open(store, "small");
  expect(readFileSync(sweep.folder(sweep.runs[1]!.name).file("result.json"), "utf8")).toBe(before);
  const results = JSON.parse((await run("sweep", "results", file, "--store", store, "--json")).stdout) as {
    testError: number;
  }[];
  expect(results).toHaveLength(2);
  expect(results[0]!.testError).toBeLessThanOrEqual(results[1]!.testError);
  expect((await run("sweep", "results", "small", "--store", store)).stdout).toMatch(/seed +test error/);
  expect((await run("sweep", "cancel", "small", "--store", store, "--json")).stdout).toContain('"left": 0');
  expect(await run("sweep", "status", "none", "--store", store)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/no sweep "none" in .*; there is small/) as string,
  });
  expect(await run("sweep", "task", "3", file, "--store", store)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/has 2 runs; there is no run 3/) as string,
  });
}, 120_000);

test("a run that was continued from rung to rung has the bits of one that was not", async () => {
  const { file, store } = small("model: vrrae, seed: 5");
  const sweep = Sweep.create(store, readSweepFile(file));
  const [{ config }] = sweep.runs as [(typeof sweep.runs)[0]];
  const task = (name: string): Task => ({
    folder: `${store}/${name}`,
    config,
    reports: false,
    mostStarts: 5,
  });
  for (const until of [4, 8, 8]) expect(await makeRun({ ...task("parts"), until })).toBe("paused");
  expect(await makeRun(task("parts"))).toBe("done");
  expect(await makeRun(task("whole"))).toBe("done");
  expect(bits(new RunFolder(`${store}/parts`))).toEqual(bits(new RunFolder(`${store}/whole`)));
  const rungs = JSON.parse(readFileSync(`${store}/parts/rungs.json`, "utf8")) as { step: number }[];
  expect(rungs.map(({ step }) => step)).toEqual([4, 8]);

  const nan = { ...config, rate: 1e30, optimizer: "sgd" as const };
  expect(await makeRun({ ...task("nan"), config: nan })).toBe("failed");
  expect(readFileSync(`${store}/nan/failed.json`, "utf8")).toMatch(/NaN|Infinity/);
}, 60_000);

test("a network of a paper's table is made by itself, and what is there is not made again", async () => {
  const out = temporaryFolder();
  const settings = { steps: 2, size: 8 };
  const work = { reproduce: { name: "table1", scale: "quick" as const }, seeds: 1, settings, out };
  const left = networksLeft(work);
  expect(new Set(left.map(({ label, seed }) => `${label} ${seed}`)).size).toBe(left.length);
  expect(await makeNetwork(left[0]!)).toBe("done");
  expect(networksLeft(work)).toEqual(left.slice(1));
}, 60_000);
