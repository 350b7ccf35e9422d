import type { Search } from "./file.ts";
import type { PlannedRun } from "./plan.ts";
import { statusOf, type RunStatus, type Sweep } from "./store.ts";

/** A run to be made, or to be made up to the step where it is compared with others. */
export interface Job {
  run: PlannedRun;
  until?: number;
}

/** Says what of a sweep is to be done next, by what its run folders tell. */
export class Scheduler {
  readonly #sweep: Sweep;
  readonly #status: Map<string, RunStatus>;

  constructor(sweep: Sweep) {
    this.#sweep = sweep;
    this.#status = new Map(sweep.status().map((status) => [status.name, status]));
  }

  /** Looks at the folder of a run again. */
  refresh(run: PlannedRun): RunStatus {
    const before = this.#status.get(run.name)!;
    const status = { ...before, ...statusOf(this.#sweep.folder(run.name), run.config) };
    this.#status.set(run.name, status);
    return status;
  }

  get status(): RunStatus[] {
    return [...this.#status.values()];
  }

  /** What may be done now, the most urgent first; runs in somebody's hands are among it. */
  jobs(): Job[] {
    const { search } = this.#sweep;
    const open = this.status.filter(({ state }) => state !== "done" && state !== "failed");
    return search?.kind === "asha" ? halving(search, this.status, open) : open.map((run) => ({ run }));
  }
}

/** The steps at which runs are compared; after the last of them a run goes on to its end. */
export function rungsOf({ least, factor }: Extract<Search, { kind: "asha" }>, steps: number): number[] {
  const rungs: number[] = [];
  for (let step = least; step < steps; step *= factor) rungs.push(step);
  return rungs;
}

/**
 * Asynchronous successive halving (Li et al., A System for Massively Parallel Hyperparameter Tuning, 2020, algorithm 2): a
 * run goes on past a rung when it is among the best of those that reached it, one of so many; else a new run begins.
 */
function halving(
  search: Extract<Search, { kind: "asha" }>,
  all: readonly RunStatus[],
  open: readonly RunStatus[],
): Job[] {
  const errorAt = ({ rungs }: RunStatus, step: number) => rungs.find((rung) => rung.step === step)?.testError;
  const jobs: (Job & { rung: number })[] = [];
  for (const run of open) {
    const rungs = rungsOf(search, run.steps);
    const rung = run.rungs.length; // rungs that it has reached
    const until = rungs[rung];
    const at = rungs[rung - 1];
    if (at !== undefined && run.step <= at) {
      const errors = all.map((other) => errorAt(other, at)).filter((error) => error !== undefined);
      const better = errors.filter((error) => error < errorAt(run, at)!).length;
      if (better >= Math.floor(errors.length / search.factor)) continue; // not among the best so far
    }
    jobs.push({ run, rung, ...(until === undefined ? {} : { until }) });
  }
  return jobs.sort((a, b) => b.rung - a.rung).map(({ rung: _, ...job }) => job);
}
