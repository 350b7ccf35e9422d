import { existsSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { ArgumentError, DataError } from "../device/errors.ts";
import { makeFolder, readFile, writeFileAtomic } from "../runs/files.node.ts";
import { leaseOn } from "../runs/lease.node.ts";
import { RunFolder, type HistoryLine } from "../runs/run-folder.node.ts";
import { totalStepsOf, type Config } from "../train/config.ts";
import type { Search, SweepFile } from "./file.ts";
import { planOf, type PlannedRun } from "./plan.ts";

/** Where sweeps lie unless another store is named. */
export const defaultStore = "sweeps";

const resultSchema = z.looseObject({
  steps: z.int(),
  testError: z.number(),
  seconds: z.number(),
  adapter: z.string(),
  host: z.string(),
});
/** `result.json`: the last file that a run writes. */
export type RunResult = z.output<typeof resultSchema>;

const failureSchema = z.object({ reason: z.string(), host: z.string() });
/** `failed.json`: why a run was set aside. */
export type Failure = z.output<typeof failureSchema>;

const rungSchema = z.array(z.object({ step: z.int(), testError: z.number() }));
/** `rungs.json`: the errors of a run at the steps where it was compared with others. */
export type Rungs = z.output<typeof rungSchema>;

export const states = ["done", "failed", "running", "stopped", "paused", "waiting"] as const;
/** How far a run is: at its end, set aside, in somebody's hands, begun, begun and beaten by others, or not begun. */
export type State = (typeof states)[number];

export interface RunStatus extends PlannedRun {
  number: number;
  state: State;
  step: number;
  steps: number;
  /** Of training and evaluation, as far as it is known. */
  testError: number | undefined;
  holder: { host: string; pid: number } | undefined;
  result: RunResult | undefined;
  failure: Failure | undefined;
  rungs: Rungs;
}

interface Stored extends Omit<SweepFile, "runs" | "placeOf"> {
  runs: PlannedRun[];
}

/** A sweep in its store: a folder with its plan, and in it a run folder for each of its runs. */
export class Sweep {
  readonly path: string;
  readonly store: string;
  readonly name: string;
  readonly runs: readonly PlannedRun[];
  readonly reports: boolean;
  readonly search: Search | undefined;

  private constructor(store: string, { name, runs, reports, search }: Stored) {
    this.store = store;
    this.path = join(store, name);
    this.name = name;
    this.runs = runs;
    this.reports = reports;
    this.search = search;
  }

  /** Puts the sweep of a file into a store, or brings the one of that name there up to date. Throws ArgumentError. */
  static create(store: string, file: SweepFile): Sweep {
    const { name, preset, reports, search } = file;
    const stored: Stored = { name, preset, reports, runs: planOf(file), ...(search ? { search } : {}) };
    const sweep = new Sweep(store, stored);
    makeFolder(sweep.path);
    const strangers = readdirSync(sweep.path).length > 0 && !existsSync(join(sweep.path, "sweep.json"));
    if (strangers)
      throw new ArgumentError(`${sweep.path} is not empty and holds no sweep; give another --store, or name`);
    writeFileAtomic(join(sweep.path, "sweep.json"), JSON.stringify(stored, null, 1) + "\n");
    return sweep;
  }

  /** The sweep of that name. Throws ArgumentError where there is none. */
  static open(store: string, name: string): Sweep {
    const file = join(store, name, "sweep.json");
    if (!existsSync(file)) {
      const there = existsSync(store)
        ? readdirSync(store).filter((one) => existsSync(join(store, one, "sweep.json")))
        : [];
      throw new ArgumentError(
        `no sweep "${name}" in ${store}` +
          (there.length > 0
            ? `; there is ${there.join(", ")}`
            : "; start one with: hestenes sweep start FILE"),
      );
    }
    try {
      return new Sweep(store, JSON.parse(readFile(file).toString("utf8")) as Stored);
    } catch (error) {
      if (error instanceof SyntaxError)
        throw new DataError(file, undefined, `not JSON (${error.message}); start the sweep again`);
      throw error;
    }
  }

  folder(run: string): RunFolder {
    return new RunFolder(join(this.path, run));
  }

  /** Whether somebody asked for its end. */
  get isCancelled(): boolean {
    return isCancelled(this.store, this.name);
  }

  cancel(): void {
    writeFileAtomic(join(this.path, "cancelled"), "");
  }

  /** Takes a cancellation back. */
  resume(): void {
    rmSync(join(this.path, "cancelled"), { force: true });
  }

  /** How far every run is, as its folder tells. */
  status(): RunStatus[] {
    return this.runs.map((run, at) => ({
      ...run,
      number: at + 1,
      ...statusOf(this.folder(run.name), run.config),
    }));
  }
}

/** Whether somebody asked for the end of the sweep of that name, whose plan need not be read for it. */
export function isCancelled(store: string, name: string): boolean {
  return existsSync(join(store, name, "cancelled"));
}

/** How far the run in a folder is. */
export function statusOf(folder: RunFolder, config: Config): Omit<RunStatus, keyof PlannedRun | "number"> {
  const result = readIf(folder.file("result.json"), resultSchema);
  const failure = readIf(folder.file("failed.json"), failureSchema);
  const rungs = readIf(folder.file("rungs.json"), rungSchema) ?? [];
  const holder = result ? undefined : leaseOn(folder.path);
  const last = result ? undefined : lastLine(folder.file("history.jsonl"));
  const isPaused = rungs.length > 0 && (last?.step ?? 0) <= rungs.at(-1)!.step;
  const state: State = result
    ? "done"
    : failure
      ? "failed"
      : holder
        ? "running"
        : isPaused
          ? "paused"
          : last
            ? "stopped"
            : "waiting";
  return {
    ...{
      state,
      step: result?.steps ?? last?.step ?? 0,
      steps: totalStepsOf(config),
      result,
      failure,
      rungs,
      holder,
    },
    testError: result?.testError ?? last?.testError ?? rungs.at(-1)?.testError,
  };
}

/** The file's value, or undefined where there is none: a file that another machine is writing counts as none, too. */
function readIf<T>(path: string, schema: z.ZodType<T>): T | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new DataError(
      path,
      undefined,
      `not what a sweep wrote (${(error as Error).message.slice(0, 80)}); take the file away`,
    );
  }
}

/** The last whole line of a history, read from the file's end; and the error that it or one shortly before has. */
function lastLine(path: string): Pick<HistoryLine, "step" | "testError"> | undefined {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return undefined;
  const text = readFileSync(path, "utf8").slice(-20_000);
  let found: HistoryLine | undefined;
  for (const line of text.split("\n").toReversed()) {
    try {
      const row = JSON.parse(line) as HistoryLine;
      found ??= row;
      if (row.testError !== undefined && row.testError !== null)
        return { step: found.step, testError: row.testError };
    } catch {
      continue; // torn at either end
    }
  }
  return found && { step: found.step };
}
