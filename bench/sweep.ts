/**
 * What a sweep over a queue costs: `npx tsx bench/sweep.ts [RUNS] [BLOCKS]`, which needs redis-server. The same runs are made
 * by a worker of the queue and by child processes by hand, in turns; then what queue and store hold and do is measured.
 */
import { execFile, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { serversHere } from "../kernels-test/sweep/servers.ts";
import { appendLine, writeFileAtomic } from "../src/runs/files.node.ts";
import { takeLease } from "../src/runs/lease.node.ts";
import { taskOf } from "../src/sweep/here.ts";
import { SweepQueue } from "../src/sweep/queue.ts";
import { Sweep } from "../src/sweep/store.ts";
import { makeRun, type Task } from "../src/sweep/task.ts";

const [runs = 200, blocks = 10] = process.argv.slice(2).map(Number);
const redis = serversHere().find(([name]) => name === "Redis");
if (!redis) throw new Error("redis-server is not installed");
const server = await redis[1]();
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

async function byHand(file: string, count: number): Promise<void> {
  for (let n = 1; n <= count; n++)
    await command("sweep", "task", String(n), file, "--store", join(folder, "hand"), "--quiet");
}

async function throughQueue(file: string, name: string): Promise<void> {
  const store = join(folder, "queue");
  const flags = ["--store", store, "--queue", server.url];
  await command("sweep", "start", file, ...flags);
  const worker = spawn(process.execPath, [hestenes, "worker", ...flags, "--workers", "1"], {
    stdio: "ignore",
  });
  const sweep = Sweep.open(store, name);
  while (sweep.status().some(({ state }) => state !== "done")) await sleep(50);
  worker.kill("SIGTERM");
  await new Promise((end) => worker.on("exit", end));
}

/** Seconds of processor time of all child processes that have ended, and of theirs. */
function ofChildren(): number {
  const fields = readFileSync("/proc/self/stat", "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

async function overhead(): Promise<void> {
  const each = Math.ceil(runs / blocks);
  const seconds = { hand: [] as number[], queue: [] as number[] };
  const busy = { hand: 0, queue: 0 };
  for (let block = 0; block < blocks; block++) {
    const name = `block${block}`;
    const seeds = Array.from({ length: each }, (_, i) => block * each + i);
    const file = sweepFile(name, seeds);
    for (const side of block % 2 === 0 ? (["hand", "queue"] as const) : (["queue", "hand"] as const)) {
      const [start, before] = [performance.now(), ofChildren()];
      await (side === "hand" ? byHand(file, each) : throughQueue(file, name));
      seconds[side].push((performance.now() - start) / 1000 / each);
      busy[side] += (ofChildren() - before) / each / blocks;
    }
    say(
      `block ${block + 1}: ${seconds.hand.at(-1)!.toFixed(2)} s a run by hand, ${seconds.queue.at(-1)!.toFixed(2)} s by queue`,
    );
  }
  const median = (all: number[]) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)]!;
  const [hand, queue] = [median(seconds.hand), median(seconds.queue)];
  const more = `${(100 * (queue / hand - 1)).toFixed(1)} %`;
  say(
    `medians of ${blocks} blocks of ${each} runs: ${hand.toFixed(2)} s by hand, ${queue.toFixed(2)} s by queue, ${more} more`,
  );
  say(`processor time of a run: ${busy.hand.toFixed(2)} s by hand, ${busy.queue.toFixed(2)} s by queue`);
}

/** What the server says of itself: a number of INFO. */
function info(section: string, name: string): number {
  const { port } = new URL(server.url);
  const args = ["-p", port, "-a", server.password, "--no-auth-warning", "info", section];
  const text = execFileSync("redis-cli", args, { encoding: "utf8" });
  return Number(new RegExp(`${name}:(\\d+)`).exec(text)![1]);
}

async function queueAlone(task: Task): Promise<void> {
  const count = 10_000;
  const commands = () => info("stats", "total_commands_processed");
  const queue = await SweepQueue.open<Task>(server.url);
  const [memory, sent, start] = [info("memory", "used_memory"), commands(), performance.now()];
  await queue.submit(Array.from({ length: count }, (_, i) => ({ sweep: "many", id: `run-${i}`, task })));
  const took = (performance.now() - start) / 1000;
  const bytes = Math.round((info("memory", "used_memory") - memory) / count);
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
  await queueAlone(task);
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
