import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RunFolder } from "../../src/runs/run-folder.node.ts";
import { readSweepFile } from "../../src/sweep/file.ts";
import { Sweep } from "../../src/sweep/store.ts";
import { makeRun } from "../../src/sweep/task.ts";
import { values } from "../check.ts";
import { start, type Running } from "../cli/command.ts";
import { run } from "../cli/main.ts";
import { temporaryFolder } from "../data/files.ts";
import { oneWriterAtATime } from "../runs/leaseLog.ts";
import { outcome, samplesFile } from "../runs/runs.ts";
import { serversHere, type Server } from "./servers.ts";

/** How rough it is: HESTENES_CHAOS=RUNS,KILLS,WORKERS,RESTARTS in place of what is enough to see that it works. */
const [runs = 2, kills = 2, workers = 2, restarts = 1] = (process.env.HESTENES_CHAOS ?? "")
  .split(",")
  .filter(Boolean)
  .map(Number);

const found = serversHere();
const missing = ["Redis", "PostgreSQL"].filter((name) => !found.some(([one]) => one === name));
if (missing.length > 0)
  console.log(`Tests of the queue are left out for ${missing.join(" and ")}: no server is installed.`);

/** A short test is content with one server. */
const tried = process.env.HESTENES_CHAOS ? found : found.slice(0, 1);

if (tried.length === 0) test.skip("a queue: neither redis-server nor PostgreSQL is installed", () => {});

describe.each(tried)("%s", (name, startServer) => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server?.stop());

  test(
    `${runs} runs, ${workers} workers, ${kills} kills of workers and children, ${restarts} restarts of the server: every run ends, each once, with the same bits`,
    { timeout: 60_000 * (2 + kills) },
    async () => {
      const folder = temporaryFolder();
      const [file, log, store] = [`${folder}/chaos.yaml`, `${folder}/log`, `${folder}/store`];
      const seeds = Array.from({ length: runs }, (_, i) => i + 1);
      writeFileSync(
        file,
        `reports: false\nruns: {model: ae, data: npy, path: ${samplesFile(folder)}, batch: 8, latent: 5, rank: 2, steps: 200, ` +
          `checkpointEvery: 5, logEvery: 5, evaluateEvery: 50, seed: [${seeds.join(", ")}]}\n`,
      );
      const submit = (queue: string, ...more: string[]) =>
        run("sweep", "start", file, "--store", store, "--queue", queue, ...more);
      const wrong = await submit(server.url.replace("0rd@", "1rd@"));
      expect(wrong).toMatchObject({ code: 1, stdout: "" });
      expect(wrong.stderr).toMatch(/the queue at \w+:\/\/\w*:\.\.\.@127\.0\.0\.1:\d+\S* cannot be used: /);
      expect(wrong.stderr).not.toMatch(/w[01]rd/);

      // leases and the queue's locks end after seconds here, and not after a minute
      const env = { HESTENES_LEASE: "4", HESTENES_LEASE_LOG: log, HESTENES_QUEUE: server.url };
      const work = () => start(["worker", "--store", store, "--workers", "1"], env);
      const all: Running[] = Array.from({ length: workers }, work);
      try {
        const submitted = await submit(server.url, "--starts", "1000");
        expect(submitted.stdout).toMatch(new RegExp(`^chaos: ${runs} runs: `));
        const sweep = Sweep.open(store, "chaos");
        const isOver = () => sweep.status().every(({ state }) => state === "done");
        const said: string[] = [];
        let killed = 0;
        for (; killed < kills && !isOver(); killed++) {
          await nextWrite(log); // each kill finds somebody at work
          await wait(1500 * random(killed));
          const at = killed % workers;
          const victim = all[at]!.process.pid!;
          const child = childOf(victim);
          process.kill(killed % 2 === 0 && child !== undefined ? child : victim, "SIGKILL");
          if (all[at]!.process.pid === victim && (killed % 2 !== 0 || child === undefined)) {
            said.push((await all[at]!.ended).stderr);
            all[at] = work();
          }
          if (
            Math.floor(((killed + 1) * (restarts + 1)) / (kills + 1)) >
            Math.floor((killed * (restarts + 1)) / (kills + 1))
          )
            await server.restart();
        }
        expect(killed).toBe(kills);
        while (!isOver()) await wait(200);
        for (const { process } of all) process.kill("SIGTERM");
        for (const { ended } of all) {
          const { code, stderr } = await ended;
          expect([code, stderr]).toEqual([0, expect.stringMatching(/Stopping: /)]);
          said.push(stderr);
        }
        expect(said.join("")).not.toContain("w0rd");

        const lines = oneWriterAtATime(log);
        for (const { name, config } of sweep.runs) {
          const alone = new RunFolder(`${folder}/alone/${name}`);
          await makeRun({ folder: alone.path, config, reports: false, mostStarts: 1 });
          expect(outcome(sweep.folder(name))).toEqual(outcome(alone));
        }
        const tokens = new Set(lines.filter(({ event }) => event === "taken").map(({ token }) => token));
        console.log(
          `${name}: ${runs} runs in ${tokens.size} parts, ${killed} kills, ${lines.length} lines of the log in order`,
        );

        // what is done is not done again, and a sweep that is cancelled leaves the queue empty
        const again = await submit(server.url, "--wait", "--json");
        expect([again.code, (JSON.parse(again.stdout) as { runs: unknown[] }).runs.length]).toEqual([
          0,
          runs,
        ]);
        await submit(server.url, "--set", "seed=[7001,7002]");
        const cancelled = await run("sweep", "cancel", file, "--store", store, "--queue", server.url);
        expect(cancelled.stdout).toMatch(/is cancelled, with 2 runs left/);
        const idle = await start(["worker", "--store", store, "--idle", "1"], env).ended;
        expect([idle.code, idle.stderr]).toEqual([0, expect.stringMatching(/^Working for [^\n]*\n$/)]);
        expect(readSweepFile(file).name).toBe("chaos");
      } finally {
        for (const { process } of all) {
          const child = childOf(process.pid!);
          if (child !== undefined) process.kill("SIGKILL");
          process.kill("SIGKILL");
        }
      }
    },
  );
});

/** A number in [0, 1), another for each `i`. */
const random = (i: number) => (values(i + 1, 78).at(-1)! + 1) / 2;

/** Waits until somebody writes into a run folder. */
async function nextWrite(log: string): Promise<void> {
  const size = () => (existsSync(log) ? statSync(log).size : 0);
  const before = size();
  for (;;) {
    if (size() > before && readFileSync(log, "utf8").slice(before).includes('"write"')) return;
    await wait(20);
  }
}

/** The child process of a process, if it has one. */
function childOf(pid: number): number | undefined {
  try {
    const children = execFileSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" });
    return Number(children.trim().split(/\s+/).at(-1)) || undefined;
  } catch {
    return undefined;
  }
}
