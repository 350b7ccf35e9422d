/**
 * What a sweep over a queue costs: `npx tsx bench/sweep.ts [RUNS] [BLOCKS]`, which needs redis-server, or PostgreSQL, or both.
 * The same runs are made by child processes by hand, by one `sweep start`, and by a worker of each queue, in turns, so that a
 * machine that others use is as slow for each; then what queue and store hold and do is measured.
 */
import { execFile, execFileSync, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { serversHere, type Server } from "../kernels-test/sweep/servers.ts";
import { appendLine, writeFileAtomic } from "../src/runs/files.node.ts";
import { takeLease } from "../src/runs/lease.node.ts";
import { taskOf } from "../src/sweep/here.ts";
import { SweepQueue } from "../src/sweep/queue.ts";
import { Sweep } from "../src/sweep/store.ts";
import { makeRun, type Task } from "../src/sweep/task.ts";

const [runs = 200, blocks = 10] = process.argv.slice(2).map(Number);
const servers: [name: string, server: Server][] = [];
for (const [name, start] of serversHere()) servers.push([name, await start()]);
const folder = mkdtempSync(join(tmpdir(), "hestenes-bench-"));
const hestenes = new URL("../src/cli/hestenes.mjs", import.meta.url).pathname;
const command = (...args: string[]) => promisify(execFile)(process.execPath, [hestenes, ...args]);
const say = (line: string) => process.stdout.write(line + "\n");

/** The file of a sweep of runs that take about a second on a machine that is free. */
function sweepFile(name: string, seeds: readonly number[]): string {
  const file = join(folder, `${name}.yaml`);
  const settings =
    "model: ae, data: bumps, size: 8, latent: 4, batch: 8, steps: 40, limit: 64, basisCount: 64";
  writeFileSync(file, `reports: false\nruns: {${settings}, seed: [${seeds.join(", ")}]}\n`);
  return file;
}

/** Makes all runs of a file, that many. */
type Side = (file: string, count: number) => Promise<void>;

const byHand: Side = async (file, count) => {
  for (let n = 1; n <= count; n++)
    await command("sweep", "task", String(n), file, "--store", join(folder, "hand"), "--quiet");
};

const byStart: Side = async (file) => {
  await command("sweep", "start", file, "--store", join(folder, "start"), "--workers", "1", "--quiet");
};

const byQueue =
  (name: string, { url }: Server): Side =>
  async (file) => {
    const store = join(folder, name);
    const flags = ["--store", store, "--queue", url];
    await command("sweep", "start", file, ...flags);
    const worker = spawn(process.execPath, [hestenes, "worker", ...flags, "--workers", "1"], {
      stdio: "ignore",
    });
    const sweep = Sweep.open(store, basename(file, ".yaml"));
    while (!sweep.runs.every((run) => existsSync(sweep.folder(run.name).file("result.json"))))
      await sleep(50);
    worker.kill("SIGTERM");
    await new Promise((end) => worker.on("exit", end));
  };

/** Seconds of processor time of all child processes that have ended, and of theirs. */
function ofChildren(): number {
  const fields = readFileSync("/proc/self/stat", "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

async function overhead(): Promise<void> {
  const each = Math.ceil(runs / blocks);
  const sides = [
    { name: "by hand", does: byHand },
    { name: "by sweep start --workers 1", does: byStart },
    ...servers.map(([name, server]) => ({ name: `by a queue on ${name}`, does: byQueue(name, server) })),
  ].map((side) => ({ ...side, seconds: [] as number[], busy: 0 }));
  for (let block = 0; block < blocks; block++) {
    const seeds = Array.from({ length: each }, (_, i) => block * each + i);
    const file = sweepFile(`block${block}`, seeds);
    for (let at = 0; at < sides.length; at++) {
      const side = sides[(at + block) % sides.length]!;
      const [start, before] = [performance.now(), ofChildren()];
      await side.does(file, each);
      side.seconds.push((performance.now() - start) / 1000 / each);
      side.busy += (ofChildren() - before) / each / blocks;
    }
    say(`block ${block + 1}: ${sides.map(({ seconds }) => `${seconds.at(-1)!.toFixed(2)} s`).join(", ")}`);
  }
  const median = (all: number[]) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)]!;
  say(`medians of ${blocks} blocks of ${each} runs:`);
  for (const { name, seconds, busy } of sides) {
    const more = median(seconds.map((one, block) => one / sides[0]!.seconds[block]!));
    say(
      `  a run ${name}: ${median(seconds).toFixed(2)} s, ${more.toFixed(2)} of by hand; ${busy.toFixed(2)} s of processor time`,
    );
  }
}

/** What Redis says of itself: a number of INFO. */
function info({ url, password }: Server, section: string, name: string): number {
  const { port } = new URL(url);
  const args = ["-p", port, "-a", password, "--no-auth-warning", "info", section];
  const text = execFileSync("redis-cli", args, { encoding: "utf8" });
  return Number(new RegExp(`${name}:(\\d+)`).exec(text)![1]);
}

async function redisAlone(server: Server, task: Task): Promise<void> {
  const count = 10_000;
  const commands = () => info(server, "stats", "total_commands_processed");
  const queue = await SweepQueue.open<Task>(server.url);
  const [memory, sent, start] = [info(server, "memory", "used_memory"), commands(), performance.now()];
  await queue.submit(Array.from({ length: count }, (_, i) => ({ sweep: "many", id: `run-${i}`, task })));
  const took = (performance.now() - start) / 1000;
  const bytes = Math.round((info(server, "memory", "used_memory") - memory) / count);
  say(
    `submitted: ${Math.round(count / took)} jobs a second, ${bytes} bytes and ${((commands() - sent) / count).toFixed(1)} commands each`,
  );
  let done = 0;
  const [drain, begin] = [commands(), performance.now()];
  const { close } = queue.work(() => Promise.resolve(void done++), { workers: 8, onNotice: say });
  while (done < count) await sleep(20);
  const rate = count / ((performance.now() - begin) / 1000);
  say(
    `done: ${Math.round(rate)} empty jobs a second by one worker, ${((commands() - drain) / count).toFixed(1)} commands each`,
  );
  const [idle] = [commands(), await sleep(20_000)];
  say(`an idle worker: ${((commands() - idle) / 20).toFixed(2)} commands a second`);
  await close();
  await queue.close();
}

async function storeAlone(sweep: Sweep): Promise<void> {
  const path = sweep.folder(sweep.runs[0]!.name).path;
  const files = readdirSync(path, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(path, name)).isFile(),
  );
  const bytes = files.reduce((sum, name) => sum + statSync(join(path, name)).size, 0);
  say(`a run without a report: ${files.length} files, ${bytes} bytes`);
  const microseconds = (what: string, times: number, body: (i: number) => void) => {
    const start = performance.now();
    for (let i = 0; i < times; i++) body(i);
    say(`${what}: ${((1000 * (performance.now() - start)) / times).toFixed(0)} µs`);
  };
  const work = join(folder, "work");
  mkdirSync(work);
  const lease = await takeLease(work);
  microseconds("a sign of the lease, which is a renaming", 2000, () => lease.check());
  microseconds("a line of a history", 2000, (i) =>
    appendLine(join(work, "history.jsonl"), { step: i, loss: 1 }),
  );
  microseconds("a small file, brought to the disk", 200, () => writeFileAtomic(join(work, "a.json"), "{}"));
  lease.release();
  const many = sweep.runs.length;
  microseconds(`the states of ${many} runs`, 3, () => void sweep.status());
  say(`sweep.json: ${Math.round(statSync(join(sweep.path, "sweep.json")).size / many)} bytes a run`);
}

try {
  if (runs > 0) await overhead();
  const store = join(folder, "store");
  await command(
    "sweep",
    "task",
    "1",
    sweepFile("thousand", [...Array(1000).keys()]),
    "--store",
    store,
    "--quiet",
  );
  const sweep = Sweep.open(store, "thousand");
  const task = taskOf(sweep, { run: sweep.runs[0]! }, 5);
  if ((await makeRun(task)) !== "done") throw new Error("the run is not done");
  await storeAlone(sweep);
  const redis = servers.find(([name]) => name === "Redis");
  if (redis) await redisAlone(redis[1], task);
} finally {
  for (const [, server] of servers) await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
