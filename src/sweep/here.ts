import { setTimeout as sleep } from "node:timers/promises";
import { BusyError, HestenesError } from "../device/errors.ts";
import type { Progress } from "./messages.ts";
import type { Pool } from "./pool.ts";
import type { PlannedRun } from "./plan.ts";
import { Scheduler, type Job } from "./scheduler.ts";
import type { RunStatus, Sweep } from "./store.ts";
import type { Task } from "./task.ts";

/** Seconds between two looks at runs that another process has, and at whether a sweep was cancelled. */
const pause = 2;

export interface HereOptions {
  mostStarts: number;
  /** Parts of the names of the adapters that workers use in turn; undefined: the one that is chosen. */
  adapters: readonly (string | undefined)[];
  onProgress?: (job: Job, progress: Progress, worker: number) => void;
  /** Called when a run got as far as it was to get. */
  onEnd?: (status: RunStatus, all: readonly RunStatus[]) => void;
  onNotice?: (notice: string) => void;
  signal: AbortSignal;
}

/** What a child is told to do for a job of a sweep. */
export function taskOf(sweep: Sweep, { run, until }: Job, mostStarts: number, adapter?: string): Task {
  return {
    ...{ folder: sweep.folder(run.name).path, config: run.config, reports: sweep.reports, mostStarts },
    ...(until === undefined ? {} : { until }),
    ...(sweep.search?.kind === "asha" ? { isCompared: true } : {}),
    ...(adapter === undefined ? {} : { adapter }),
  };
}

/**
 * Makes the runs of a sweep that are open, in the children of a pool. Runs that another process has are left to it: where
 * several machines do the same in one store, they share the sweep among them.
 */
export async function makeHere(
  sweep: Sweep,
  pool: Pick<Pool<Task>, "workers" | "run">,
  options: HereOptions,
): Promise<RunStatus[]> {
  const { mostStarts, adapters, signal, onProgress, onEnd, onNotice } = options;
  const scheduler = new Scheduler(sweep);
  const taken = new Set<string>();
  const elsewhere = new Map<string, number>();
  const errors = new Map<string, number>();
  const isOver = ({ state }: RunStatus) => state === "done" || state === "failed";
  const told = new Set(scheduler.status.filter(isOver).map(({ name }) => name));
  const end = new AbortController();
  const stop = () => end.abort();
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop);
  const watch = setInterval(() => sweep.isCancelled && stop(), 1000 * pause);

  /** Looks at a run again, and tells once that it is over, whoever made it. */
  const look = (run: PlannedRun): RunStatus => {
    const status = scheduler.refresh(run);
    if (!isOver(status) || told.has(run.name)) return status;
    told.add(run.name);
    onEnd?.(status, scheduler.status);
    return status;
  };
  let looked = performance.now();
  const lookElsewhere = () => {
    if (elsewhere.size === 0 || performance.now() - looked < 1000 * pause) return;
    looked = performance.now();
    for (const { run } of scheduler.jobs()) if (!taken.has(run.name)) look(run);
  };

  /** The next job that nobody has; after a while also one that somebody had. */
  const next = (): Job | undefined =>
    scheduler
      .jobs()
      .find(({ run: { name } }) => !taken.has(name) && !((elsewhere.get(name) ?? 0) > performance.now()));

  const work = async (worker: number): Promise<void> => {
    while (!end.signal.aborted) {
      const job = next();
      if (!job) {
        if (taken.size === 0 && scheduler.jobs().length === 0) return;
        await sleep(100, undefined, { signal: end.signal }).catch(() => undefined);
        lookElsewhere();
        continue;
      }
      const { run } = job;
      taken.add(run.name);
      try {
        const task = taskOf(sweep, job, mostStarts, adapters[worker % adapters.length]);
        const { end: ended } = await pool.run(task, {
          ...{ signal: end.signal, folder: task.folder, ...(onNotice ? { onNotice } : {}) },
          onProgress: (progress, at) => onProgress?.(job, progress, at),
        });
        const status = look(run);
        if (ended === "paused") onEnd?.(status, scheduler.status);
      } catch (error) {
        if (error instanceof BusyError) elsewhere.set(run.name, performance.now() + 1000 * pause);
        else {
          const count = (errors.get(run.name) ?? 0) + 1;
          errors.set(run.name, count);
          if (count > mostStarts || !(error instanceof HestenesError)) throw error;
          onNotice?.(`${run.name}: ${error.message}. Trying again.`);
        }
      } finally {
        taken.delete(run.name);
      }
    }
  };
  try {
    await Promise.all(
      Array.from({ length: pool.workers }, (_, worker) =>
        work(worker).catch((error: unknown) => {
          stop();
          throw error;
        }),
      ),
    );
    return sweep.status();
  } finally {
    clearInterval(watch);
    signal.removeEventListener("abort", stop);
  }
}
