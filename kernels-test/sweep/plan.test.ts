import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ArgumentError, BusyError } from "../../src/device/errors.ts";
import { queueAddress, redacted, scrubber } from "../../src/sweep/address.ts";
import { readSweepFile, settingOf } from "../../src/sweep/file.ts";
import { makeHere } from "../../src/sweep/here.ts";
import { located } from "../../src/sweep/paths.ts";
import { planOf } from "../../src/sweep/plan.ts";
import { Pool } from "../../src/sweep/pool.ts";
import { rungsOf, Scheduler } from "../../src/sweep/scheduler.ts";
import { Sweep } from "../../src/sweep/store.ts";
import type { Task } from "../../src/sweep/task.ts";
import { completeConfig } from "../../src/train/config.ts";
import { temporaryFolder } from "../data/files.ts";

/** The plan of a sweep whose file has that text. */
function planFrom(text: string, name = "some sweep.yaml") {
  const path = `${temporaryFolder()}/${name}`;
  writeFileSync(path, text);
  return planOf(readSweepFile(path));
}

test("lists are multiplied, what makes no difference to a model is left out, and the same run is there once", () => {
  const json =
    '{"runs": {"model": ["ae", "vrrae"], "data": "bumps", "steps": 60, "beta": [0.1, 1e-2], "seed": [500, 501]}}';
  const runs = planFrom(json, "a.json");
  expect(runs.map(({ config, varied }) => [config.model, config.seed, varied.beta])).toEqual([
    ...[500, 501].map((seed) => ["ae", seed, undefined]),
    ...[0.1, 0.01].flatMap((beta) => [500, 501].map((seed) => ["vrrae", seed, beta])),
  ]);
  const yaml =
    "runs:\n  - {seed: [501, 500], steps: 60, beta: [1.0e-2, 0.1], adapter: other}\n  - {model: ae, steps: 60}\n";
  expect(
    planFrom(yaml)
      .map(({ name }) => name)
      .sort(),
  ).toEqual(
    runs
      .map(({ name }) => name)
      .filter((name) => name !== runs[1]!.name)
      .sort(),
  );
  expect(runs[0]!.name).toMatch(/^ae-bumps-500-[0-9a-f]{12}$/);
  expect(planFrom("runs: {steps: 61, model: ae}")[0]!.name).not.toBe(runs[0]!.name);
});

test("a search draws from ranges: the same runs for the same seed, and more of them after those", () => {
  const of = (count: number, seed = 3) =>
    planFrom(
      `runs: {model: [ae, vrrae], rank: {int: [2, 4]}, rate: {uniform: [0.001, 0.002]}, beta: {log: [1.0e-6, 1.0]}}\n` +
        `search: {kind: random, count: ${count}, seed: ${seed}}`,
    );
  const runs = of(60);
  expect(of(20).map(({ name }) => name)).toEqual(runs.slice(0, 20).map(({ name }) => name));
  expect(of(20, 4).map(({ name }) => name)).not.toEqual(of(20).map(({ name }) => name));
  const all = (key: "rank" | "rate" | "model") => runs.map(({ config }) => config[key]);
  expect(new Set(all("rank"))).toEqual(new Set([2, 3, 4]));
  expect(new Set(all("model"))).toEqual(new Set(["ae", "vrrae"]));
  expect(all("rate").every((rate) => Number(rate) >= 0.001 && Number(rate) <= 0.002)).toBe(true);
  const betas = runs.flatMap(({ varied: { beta } }) =>
    beta === undefined ? [] : [Math.log10(Number(beta))],
  );
  expect(betas.filter((beta) => beta < -3).length / betas.length).toBeCloseTo(0.5, 0);
});

test.each([
  ["{", /sweep\.yaml is neither JSON nor YAML/],
  ["{}", /sweep\.yaml: runs: settings are needed here, such as \{"model": /],
  ["runs: 3", /sweep\.yaml, line 1: runs: settings are needed here/],
  ["run: {}", /sweep\.yaml, line 1: a sweep has no run \(did you mean runs\?\); it has name, /],
  ["runs: {}\nmodel: ae", /line 2: model is a setting of runs; put it into "runs"/],
  [
    "runs:\n  seed: 1\n  stpes: 3",
    /line 3: runs.stpes: no such setting \(did you mean steps\?\); there are model/,
  ],
  [
    "runs:\n  - {seed: 1}\n  - seed: 1\n    model: [ae, vrrea]",
    /line 4: model is "vrrea": .*\(did you mean vrrae\?\)/,
  ],
  ["runs: {steps: x}", /line 1: steps is "x": .*expected number/],
  ["runs: {seed: []}", /line 1: seed: the list is empty/],
  ["runs: {beta: {log: [1, 2]}}", /line 1: beta: a range needs a search/],
  ["runs: {beta: {log: [0, 2]}}\nsearch: {kind: random, count: 2}", /line 1: beta: .*above 0/],
  ["runs: {seed: [1]}\nname: ../x", /line 2: name: letters, digits/],
])("%j is refused", (text, message) => {
  expect(() => planFrom(text)).toThrow(ArgumentError);
  expect(() => planFrom(text)).toThrow(message);
});

test("settings come from the command line, too", () => {
  expect(settingOf("seed=1,2")).toEqual(["seed", [1, 2]]);
  expect(settingOf("model=ae")).toEqual(["model", "ae"]);
  expect(settingOf("beta={log: [1, 2]}")).toEqual(["beta", { log: [1, 2] }]);
  expect(() => settingOf("seed")).toThrow(ArgumentError);
  expect(() => readSweepFile(undefined, { sed: 1 })).toThrow(
    /^--set: sed: no such setting \(did you mean seed/,
  );
  expect(() => planOf(readSweepFile(undefined, { model: "vea" }))).toThrow(/^--set model is "vea": /);
  expect(planOf(readSweepFile(undefined, { seed: [1, 2], steps: 9 }))).toHaveLength(2);
});

test("data are found where they are given, or by name under HESTENES_DATA", () => {
  const folder = temporaryFolder();
  mkdirSync(`${folder}/mnist`);
  const config = completeConfig({ data: "mnist" });
  const before = process.env.HESTENES_DATA;
  try {
    delete process.env.HESTENES_DATA;
    expect(() => located(config)).toThrow(/mnist: no path is not there; .*HESTENES_DATA/);
    process.env.HESTENES_DATA = folder;
    expect(located(config).path).toBe(`${folder}/mnist`);
    expect(located({ ...config, path: "mnist" }).path).toBe(`${folder}/mnist`);
    expect(located({ ...config, path: folder }).path).toBe(folder);
    expect(() => located({ ...config, path: "none" })).toThrow(/HESTENES_DATA/);
  } finally {
    if (before === undefined) delete process.env.HESTENES_DATA;
    else process.env.HESTENES_DATA = before;
  }
});

test("successive halving: one of three goes on, the others stay where they are, and new runs wait for no one", () => {
  const file = `${temporaryFolder()}/a.yaml`;
  writeFileSync(
    file,
    "runs: {seed: {int: [0, 100000]}, steps: 40}\nsearch: {kind: asha, count: 9, least: 10}",
  );
  const sweep = Sweep.create(temporaryFolder(), readSweepFile(file));
  const { search, runs } = sweep;
  if (search?.kind !== "asha") throw new Error("no search");
  expect(rungsOf(search, 40)).toEqual([10, 30]);
  expect(rungsOf(search, 10)).toEqual([]);
  const scheduler = new Scheduler(sweep);
  const jobs = () =>
    scheduler.jobs().map(({ run, until }) => [runs.findIndex(({ name }) => name === run.name), until]);
  expect(jobs()).toEqual(runs.map((_, i) => [i, 10]));

  /** Puts into a folder what a run leaves there that got to a step with that error. */
  const reach = (at: number, rungs: readonly [step: number, testError: number][], done = false) => {
    const folder = sweep.folder(runs[at]!.name);
    mkdirSync(folder.path, { recursive: true });
    const [step, testError] = rungs.at(-1)!;
    folder.log({ step, epoch: 0, loss: 1, parts: {}, seconds: 1 });
    folder.writeJson(
      "rungs.json",
      rungs.map(([step, testError]) => ({ step, testError })),
    );
    if (done) folder.writeJson("result.json", { steps: 40, testError, seconds: 1, adapter: "a", host: "h" });
    scheduler.refresh(runs[at]!);
  };
  reach(0, [[10, 50]]);
  reach(1, [[10, 40]]);
  expect(jobs()).toEqual([2, 3, 4, 5, 6, 7, 8].map((i) => [i, 10]));
  reach(2, [[10, 60]]);
  expect(jobs()[0]).toEqual([1, 30]); // the best of three
  for (let i = 3; i < 9; i++) reach(i, [[10, 61 + i]]);
  expect(jobs()).toEqual([0, 1, 2].map((i) => [i, 30]));
  reach(1, [
    [10, 40],
    [30, 20],
  ]);
  reach(0, [
    [10, 50],
    [30, 19],
  ]);
  reach(2, [
    [10, 60],
    [30, 25],
  ]);
  expect(jobs()).toEqual([[0, undefined]]);
  reach(
    0,
    [
      [10, 50],
      [30, 19],
      [40, 18],
    ],
    true,
  );
  expect(jobs()).toEqual([]);
});

test("a run that another process has, and makes, is told once like one's own", async () => {
  const sweep = Sweep.create(temporaryFolder(), readSweepFile(undefined, { seed: [1, 2], steps: 9 }));
  const ended: string[] = [];
  let calls = 0;
  const run = ({ folder }: Task) => {
    const result = { steps: 9, testError: 1, seconds: 1, adapter: "a", host: "h" };
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${folder}/result.json`, JSON.stringify(result));
    return ++calls === 1
      ? Promise.reject(new BusyError("another has it"))
      : Promise.resolve({ end: "done" as const });
  };
  const options = { mostStarts: 1, adapters: [undefined], signal: new AbortController().signal };
  await makeHere(
    sweep,
    { workers: 1, run },
    { ...options, onEnd: ({ config }) => ended.push(String(config.seed)) },
  );
  expect([calls, ended]).toEqual([2, ["2", "1"]]);
});

test("a child that does not stop when it is told to is killed, and its task counts as stopped", async () => {
  const folder = temporaryFolder();
  writeFileSync(`${folder}/deaf.mjs`, 'process.on("message", () => {}).send({ kind: "ready" });');
  const pool = new Pool({ workers: 1, command: [], program: `${folder}/deaf.mjs`, grace: 0.2 });
  expect(await pool.run({}, { signal: AbortSignal.timeout(50), folder })).toEqual({ end: "stopped" });
  await pool.close();
  expect(readFileSync(`${folder}/log.txt`, "utf8")).toContain("ended with SIGKILL");
});

test("no password of a queue's address is in any message", () => {
  const url = "redis://user:s%40cret@host:6379/2";
  expect(redacted(url)).toBe("redis://user:...@host:6379/2");
  const scrub = scrubber(url);
  expect(scrub(`AUTH failed for s@cret (s%40cret) at ${url}`)).toBe(
    "AUTH failed for ... (...) at redis://user:...@host:6379/2",
  );
  expect(redacted("postgres://h/db?password=abc")).not.toContain("abc");
  expect(scrubber("redis://host")("as it is")).toBe("as it is");
  for (const wrong of ["s3cret", "http://u:s3cret@h"])
    expect(() => queueAddress(wrong)).toThrow(/--queue takes an address such as(?!.*s3cret)/);
});
