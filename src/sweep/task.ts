import { existsSync, readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { z } from "zod";
import {
  BusyError,
  DeviceLostError,
  HestenesError,
  NoAdapterError,
  OutOfMemoryError,
} from "../device/errors.ts";
import { version } from "../device/version.node.ts";
import { takeLease, type Lease } from "../runs/lease.node.ts";
import { RunFolder } from "../runs/run-folder.node.ts";
import { runSession } from "../runs/run-session.node.ts";
import type { Session, SessionHooks } from "../runs/session.node.ts";
import { stepReached } from "../runs/checkpoint.node.ts";
import type { Config } from "../train/config.ts";
import { located } from "./paths.ts";
import type { Rungs, RunResult } from "./store.ts";

/** A run to be made, or made further. Everything in it is JSON. */
export interface Task {
  /** The run's folder. */
  folder: string;
  config: Config;
  reports: boolean;
  /** Stop at this step, to be compared with others, in place of the last one. */
  until?: number;
  /** Whether how it ends decides what of its sweep is done next. */
  isCompared?: true;
  /** The adapter of this machine to use, by a part of its name. */
  adapter?: string;
  /** So many times a process may begin without bringing the run a checkpoint further. */
  mostStarts: number;
}

/** How a task ended: at its end, at the step that it was to stop at, because it was told to, or for good. */
export type TaskEnd = "done" | "paused" | "stopped" | "failed";

/** How often a run may be begun without getting anywhere, unless a number is given. */
export const mostStarts = 5;

const startsSchema = z.object({ step: z.int(), count: z.int() });

/**
 * Makes a run, from its last checkpoint on, up to its result. One that is done or set aside is left alone. A run that
 * fails by itself (a NaN, settings or data that do not do) is set aside at once; one in which process after process dies
 * is set aside when it was begun `mostStarts` times without getting anywhere.
 *
 * @throws BusyError where another process works on the run or has taken it over; what may go well another time.
 */
export async function makeRun(task: Task, hooks: SessionHooks = {}): Promise<TaskEnd> {
  const folder = new RunFolder(task.folder);
  const lease = await takeLease(task.folder);
  try {
    if (existsSync(folder.file("result.json"))) return "done";
    if (existsSync(folder.file("failed.json"))) return "failed";
    const rungs = rungsOf(folder);
    if (task.until !== undefined && rungs.some(({ step }) => step === task.until)) return "paused";
    const starts = begun(folder);
    if (starts.count > task.mostStarts)
      return setAside(folder, `begun ${counted(task.mostStarts)} without getting past step ${starts.step}`);
    const end = await trained(folder, task, rungs, { ...hooks, lease });
    rmSync(folder.file("starts.json"), { force: true });
    return end;
  } catch (error) {
    if (!isFinal(error)) throw error;
    return setAside(folder, error.message);
  } finally {
    lease.release();
  }
}

async function trained(
  folder: RunFolder,
  { config, adapter, until, reports }: Task,
  rungs: Rungs,
  hooks: SessionHooks & { lease: Lease },
): Promise<TaskEnd> {
  const own = located({ ...config, ...(adapter === undefined ? {} : { adapter }) });
  const session = await runSession(folder, own, { ...hooks, ...(until === undefined ? {} : { until }) });
  try {
    if (!session.interrupted) {
      folder.writeJson("result.json", await resultOf(session, reports));
      return "done";
    }
    if (session.trainer.step !== until) return "stopped";
    const testError = await session.errorOn(session.data.test, config.basisCount);
    folder.writeJson("rungs.json", [...rungs, { step: until, testError }] satisfies Rungs);
    return "paused";
  } finally {
    session.close();
  }
}

async function resultOf(session: Session, reports: boolean): Promise<RunResult> {
  const { config, device, timings, trainer, folder } = session;
  let measured: { testError: number };
  if (reports) {
    const { summarize } = await import("../report/summary.node.ts"); // late: it loads the plotting libraries
    const command = `npx hestenes train --config ${folder.file("config.json")} --out NEW`;
    measured = await summarize(session, { command, version });
  } else {
    measured = { testError: await session.errorOn(session.data.test, config.basisCount) };
    await session.save();
  }
  const { train, evaluate } = timings;
  const { testError } = measured;
  return {
    steps: trainer.step,
    testError,
    seconds: train + evaluate,
    adapter: device.info.name,
    host: hostname(),
  };
}

/** Counts this beginning among those since the run's last checkpoint, before anything that could end the process. */
function begun(folder: RunFolder): z.output<typeof startsSchema> {
  const file = folder.file("starts.json");
  const step = stepReached(folder.path) ?? 0;
  const before = existsSync(file)
    ? startsSchema.safeParse(JSON.parse(readFileSync(file, "utf8"))).data
    : undefined;
  const starts = { step, count: before?.step === step ? before.count + 1 : 1 };
  folder.writeJson("starts.json", starts);
  return starts;
}

function setAside(folder: RunFolder, reason: string): "failed" {
  folder.writeJson("failed.json", { reason, host: hostname() });
  return "failed";
}

const counted = (times: number) => (times === 1 ? "once" : `${times} times`);

/** Whether an error would come again on any machine. */
function isFinal(error: unknown): error is HestenesError {
  const may = [BusyError, DeviceLostError, NoAdapterError, OutOfMemoryError];
  return error instanceof HestenesError && !may.some((kind) => error instanceof kind);
}

function rungsOf(folder: RunFolder): Rungs {
  const file = folder.file("rungs.json");
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Rungs) : [];
}
