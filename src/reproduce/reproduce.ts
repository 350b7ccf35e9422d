import { existsSync } from "node:fs";
import { join } from "node:path";
import { ArgumentError, DataError } from "../device/errors.ts";
import { completeConfig, type Config, type PartialConfig } from "../train/config.ts";
import { makeFolder, readFile } from "../runs/files.node.ts";
import { RunFolder } from "../runs/run-folder.node.ts";
import { openSession, runSession, type Session, type SessionHooks } from "../runs/session.node.ts";
import type { Experiment, Scale } from "./experiment.ts";
import { drawStrips, hasStrips } from "./gallery.ts";
import { Comparison } from "./comparison.ts";
import type { InceptionFile } from "./fid.ts";
import { quickSettings, type Outcome, type RunAt } from "./outcome.ts";
import { score, scoresSchema, withFids, type Scores } from "./score.ts";

/** How an experiment is run. What is not given comes from the scale. */
export interface ReproduceOptions {
  scale: Scale;
  /** Networks trained for each row, with seeds 500, 501, …; those of the paper are 500 to 504. */
  seeds: number;
  /** Settings that take the place of the scale's, in every row. */
  settings: PartialConfig;
  /** The folder of the runs and the results. */
  out: string;
  version: string;
  /** Weights that FIDs are measured with, also of runs that were done before. */
  inception?: InceptionFile | undefined;
  /** Where a run of the experiment stands, for showing it. */
  hooks?: (run: RunAt) => SessionHooks;
  /** Called with what is done before a run, and takes its time. */
  onPhase?: (phase: string) => void;
  onNotice?: (notice: string) => void;
  /** Called when a run is finished, or found to be. */
  onScores?: (outcome: Outcome) => void;
  signal?: AbortSignal;
}

/**
 * Makes all runs of an experiment that are not made yet, seed after seed, and measures them. One that was stopped
 * goes on from its last checkpoint. Throws ArgumentError where a run of other settings lies in a folder.
 */
export async function reproduce(experiment: Experiment, options: ReproduceOptions): Promise<Outcome> {
  const { scale, out, inception, signal } = options;
  makeFolder(out);
  const runs = plan(experiment, options);
  const outcome: Outcome = { experiment, scale, adapter: "", runs: [], complete: false };
  const comparison = new Comparison(options);
  try {
    for (const run of runs) {
      if (signal?.aborted) break;
      let scores = scoresOf(run.folder);
      if (!scores) scores = await trainAndScore(run, experiment, comparison, options);
      else if (!hasStrips(run.folder)) await reopened(run, drawStrips);
      if (!scores) break;
      if (inception && scores.fidWeights !== inception.digest) {
        const before = scores;
        const fid = (await comparison.fid(run.config))!;
        scores = await reopened(run, (session) => withFids(session, before, fid, inception.digest));
        run.folder.writeJson("scores.json", scores);
      }
      outcome.runs.push({ ...run, scores });
      outcome.adapter = adapterOf(run.folder);
      outcome.complete = outcome.runs.length === runs.length;
      options.onScores?.(outcome);
    }
    return outcome;
  } finally {
    comparison.dispose();
  }
}

/** The runs in their order, each with its settings and its folder. */
function plan({ rows, data }: Experiment, { scale, seeds, settings, out }: ReproduceOptions): RunAt[] {
  const runs: RunAt[] = [];
  for (let seed = 500; seed < 500 + seeds; seed++) {
    for (const row of rows) {
      const given = { ...(scale === "quick" ? quickSettings : {}), ...row.config, ...settings, data, seed };
      const config = completeConfig(given, scale, "reproduce");
      const name = row.label
        .toLowerCase()
        .replace(/[^a-z0-9.]+/g, "-")
        .replace(/-$/, "");
      const folder = new RunFolder(join(out, `${name}-${seed}`));
      if (folder.exists) checkSame(folder, config);
      runs.push({ row, seed, folder, config, number: runs.length + 1, of: seeds * rows.length });
    }
  }
  return runs;
}

/** Refuses to go on with a run that was started with other settings. */
function checkSame(folder: RunFolder, config: Config): void {
  const before = folder.config();
  for (const key of Object.keys({ ...before, ...config }) as (keyof Config)[]) {
    if (key === "adapter" || key === "path") continue;
    const [was, is] = [before[key], config[key]].map((value) => JSON.stringify(value));
    if (was !== is)
      throw new ArgumentError(
        `${folder.path} holds a run with ${key} ${was ?? "unset"}, not ${is ?? "unset"}; ` +
          `give another folder with --out, or take that one away`,
      );
  }
}

/** Trains a run to its end, writes its report and its scores; undefined if it was interrupted. */
async function trainAndScore(
  run: RunAt,
  { metrics }: Experiment,
  comparison: Comparison,
  { hooks, signal, version }: ReproduceOptions,
): Promise<Scores | undefined> {
  const judge = metrics.includes("randomFd") ? await comparison.judge(run.config) : undefined;
  await comparison.fid(run.config); // weights that do not fit are found before the training
  const session = await runSession(run.folder, run.config, {
    ...hooks?.(run),
    ...(signal ? { signal } : {}),
  });
  try {
    if (session.interrupted) return undefined;
    const { summarize } = await import("../report/summary.node.ts"); // late: it loads the plotting libraries
    const command = `npx hestenes train --config ${run.folder.file("config.json")} --out NEW`;
    const scores = await score(session, await summarize(session, { command, version }), judge);
    await drawStrips(session);
    run.folder.writeJson("scores.json", scores);
    return scores;
  } finally {
    session.close();
  }
}

/** Does something with a run that is done, from its checkpoint. Throws ArgumentError where that is gone. */
async function reopened<T>({ folder, config }: RunAt, body: (session: Session) => Promise<T>): Promise<T> {
  const session = await openSession(folder, config);
  try {
    if (!session.isDone) throw new ArgumentError(`${folder.path} holds no trained model; ${advice}`);
    return await body(session);
  } finally {
    session.close();
  }
}

/** What helps against damage to what was measured. */
const advice = "delete scores.json, and the run is measured again";

/** The scores of a run that is done. */
function scoresOf(folder: RunFolder): Scores | undefined {
  const file = folder.file("scores.json");
  if (!existsSync(file)) return undefined;
  const parsed = scoresSchema.safeParse(json(file));
  if (!parsed.success) throw new DataError(file, 0, `these are no scores; ${advice}`);
  return parsed.data;
}

function json(file: string): unknown {
  try {
    return JSON.parse(readFile(file).toString("utf8"));
  } catch (cause) {
    if (cause instanceof SyntaxError) throw new DataError(file, 0, `not JSON (${cause.message}); ${advice}`);
    throw cause;
  }
}

function adapterOf(folder: RunFolder): string {
  const metrics = json(folder.file("metrics.json")) as { adapter?: unknown };
  return typeof metrics.adapter === "string" ? metrics.adapter : "unknown";
}
