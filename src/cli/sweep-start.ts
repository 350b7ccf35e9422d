import { setTimeout as sleep } from "node:timers/promises";
import { listAdapters } from "#gpu";
import { makeHere, taskOf } from "../sweep/here.ts";
import { Pool } from "../sweep/pool.ts";
import type { SweepQueue } from "../sweep/queue.ts";
import { Scheduler, type Job } from "../sweep/scheduler.ts";
import type { RunStatus, Sweep } from "../sweep/store.ts";
import type { Task } from "../sweep/task.ts";
import { rmSync } from "node:fs";
import { relative } from "node:path";
import { ManyDisplay } from "./many-progress.ts";
import { commandFor, countWords, shown, sweepFrom, withQueue, type AnyTask } from "./sweeps.ts";
import { interruptSignal, printJson, UsageError } from "./usage.ts";

export interface StartFlags {
  set: Record<string, unknown>;
  store: string;
  workers?: number;
  queue?: string;
  wait?: boolean;
  retry?: boolean;
  starts: number;
  adapter?: string;
  json?: boolean;
  quiet?: boolean;
}

/** Seconds between two looks at a sweep that others work on; and after which the queue is given again what is not done. */
const pause = 2;
const again = 30;

/** `hestenes sweep start`. */
export async function startSweep(file: string | undefined, flags: StartFlags): Promise<void> {
  if (flags.queue !== undefined && flags.workers !== undefined)
    throw new UsageError("--workers is for processes here; with --queue, start them with: hestenes worker");
  if (flags.wait && flags.queue === undefined)
    throw new UsageError("--wait is for --queue; without one, start waits anyway");
  const sweep = sweepFrom(file, flags);
  sweep.resume();
  if (flags.retry)
    for (const { name } of sweep.runs)
      for (const left of ["failed.json", "starts.json"])
        rmSync(sweep.folder(name).file(left), { force: true });
  if (flags.queue === undefined) return here(sweep, flags);
  await withQueue(flags.queue, async (queue) => {
    await submit(queue, sweep, flags.starts, new Scheduler(sweep).jobs());
    if (flags.wait) return follow(queue, sweep, flags);
    const all = sweep.status();
    if (flags.json) return printJson({ name: sweep.name, runs: all.map(shown) });
    process.stdout.write(`${sweep.name}: ${countWords(all)}. What is not done is in the queue.\n`);
  });
}

/** Puts jobs of a sweep into a queue; those that are there stay. */
export async function submit(
  queue: SweepQueue<AnyTask>,
  sweep: Sweep,
  starts: number,
  jobs: readonly Job[],
): Promise<void> {
  await queue.submit(
    jobs.map((job) => {
      const task = taskOf(sweep, job, starts);
      const id = job.until === undefined ? job.run.name : `${job.run.name}@${job.until}`;
      return { sweep: sweep.name, id, task: { ...task, folder: relative(sweep.store, task.folder) } };
    }),
  );
}

async function here(sweep: Sweep, { workers, adapter, starts, json, quiet }: StartFlags): Promise<void> {
  const adapters = adapter === undefined ? await adaptersHere() : [adapter];
  const pool = new Pool<Task>({ workers: workers ?? adapters.length, command: ["sweep", "child"] });
  const display = new ManyDisplay(quiet ?? false, sweep.runs.length, pool.workers);
  const { signal, release } = interruptSignal(() => {
    display.notice("Stopping all runs with a checkpoint; press Ctrl-C again to quit at once.");
    process.once("exit", () => pool.kill());
  });
  try {
    display.begin(sweep.status());
    const all = await makeHere(sweep, pool, {
      ...{ mostStarts: starts, adapters, signal },
      onProgress: ({ run }, progress, worker) => display.progress(worker, run.name, progress),
      onEnd: (status, runs) => display.end(status, runs),
      onNotice: (text) => display.notice(text),
    });
    display.stop();
    conclude(sweep, all, json ?? false);
  } finally {
    await pool.close();
    display.stop();
    release();
  }
}

/** Prints how a sweep ended; the exit code is 1 where runs were set aside, 130 where it was stopped. */
function conclude(sweep: Sweep, all: readonly RunStatus[], json: boolean): void {
  if (json) printJson({ name: sweep.name, runs: all.map(shown) });
  else process.stdout.write(`${sweep.name}: ${countWords(all)}. Results: ${commandFor("results", sweep)}\n`);
  for (const { name, failure } of all)
    if (failure)
      process.stderr.write(`${name} was set aside: ${failure.reason}. See ${sweep.folder(name).path}\n`);
  const isOpen = new Scheduler(sweep).jobs().length > 0;
  if (isOpen) process.exitCode = 130;
  else if (all.some(({ failure }) => failure)) process.exitCode = 1;
}

/** Waits until others have made all runs. The queue gets again what is not done, from time to time: it may have lost it. */
async function follow(
  queue: SweepQueue<AnyTask>,
  sweep: Sweep,
  { starts, json, quiet }: StartFlags,
): Promise<void> {
  const display = new ManyDisplay(quiet ?? false, sweep.runs.length, 0);
  const { signal, release } = interruptSignal(() => display.notice("No longer waiting; the runs go on."));
  try {
    const scheduler = new Scheduler(sweep);
    display.begin(scheduler.status);
    let submitted = performance.now();
    let look = 0;
    while (scheduler.jobs().length > 0 && !signal.aborted && !sweep.isCancelled) {
      await sleep(Math.max(1000 * pause, 10 * look), undefined, { signal }).catch(() => undefined); // of many runs a look takes its time
      const start = performance.now();
      for (const { run } of scheduler.jobs()) {
        const now = scheduler.refresh(run);
        if (now.state === "done" || now.state === "failed") display.end(now, scheduler.status);
      }
      look = performance.now() - start;
      if (performance.now() - submitted < 1000 * again) continue;
      submitted = performance.now();
      await submit(queue, sweep, starts, scheduler.jobs()).catch(() => undefined); // its server may be away
    }
    display.stop();
    conclude(sweep, sweep.status(), json ?? false);
  } finally {
    display.stop();
    release();
  }
}

/** Which adapters keep a worker busy each: the GPUs of other names, or the one that is chosen. */
export async function adaptersHere(): Promise<(string | undefined)[]> {
  if (process.env.HESTENES_ADAPTER) return [undefined];
  const gpus = (await listAdapters()).filter(({ kind }) => kind !== "software").map(({ name }) => name);
  const names = [...new Set(gpus)];
  return names.length > 1 ? names : [undefined];
}
