import { existsSync } from "node:fs";
import { join } from "node:path";
import { ArgumentError, DataError } from "../device/errors.ts";
import { completeConfig, type Config, type PartialConfig } from "../train/config.ts";
import { makeFolder, writeFileAtomic } from "../runs/files.node.ts";
import { RunFolder } from "../runs/run-folder.node.ts";
import { runSession } from "../runs/run-session.node.ts";
import { openSession, type Session, type SessionHooks } from "../runs/session.node.ts";
import { dataOf, slugOf, type Experiment, type Scale } from "./experiment.ts";
import { drawCharts, drawStrips, hasStrips } from "./gallery.ts";
import { Comparison } from "./comparison.ts";
import type { InceptionFile } from "./fid.ts";
import { advice, readJson } from "./json.ts";
import { compared } from "./metrics.ts";
import { ownName, quickSettings } from "./outcome.ts";
import type { Outcome, RunAt } from "./experiment.ts";
import { score, scoresSchema, withFids, type Scores } from "./score.ts";
import { Subject } from "./subject.ts";
import { measuring } from "./through.ts";
import { dataFolder } from "../sweep/paths.ts";

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
  /** Only this network, and what other rows measure of it. */
  only?: { label: string; seed: number };
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
      const { row, folder } = run;
      let scores = scoresOf(run);
      if (!scores) scores = await made(run, experiment, comparison, options);
      else if (!row.compute && !hasStrips(run))
        await reopened(run, (session) => drawStrips(new Subject(session, row), row, experiment));
      if (!scores) break;
      if (inception && !row.compute && scores.fidWeights !== inception.digest) {
        const before = scores;
        const fid = (await comparison.fid(run.config))!;
        const { metrics } = experiment;
        scores = await reopened(run, (session) =>
          withFids(new Subject(session, row), before, metrics, fid, inception.digest),
        );
        folder.writeJson(ownName(row, "scores.json"), scores);
      }
      outcome.runs.push({ ...run, scores });
      if (!row.compute) outcome.adapter = adapterOf(folder);
      outcome.complete = outcome.runs.length === runs.length;
      options.onScores?.(outcome);
    }
    return outcome;
  } finally {
    await comparison.dispose();
  }
}

/** The runs in their order, each with its settings and its folder; what is computed is so once. */
export function plan(
  experiment: Experiment,
  {
    scale,
    seeds,
    settings,
    out,
    only,
  }: Pick<ReproduceOptions, "scale" | "seeds" | "settings" | "out" | "only">,
): RunAt[] {
  const { rows, data: first } = experiment;
  const { path, ...shared } = settings;
  const runs: Omit<RunAt, "of">[] = [];
  for (let seed = 500; seed < 500 + seeds; seed++) {
    for (const row of seed === 500 ? rows : rows.filter(({ compute }) => !compute)) {
      const { config: chosen } = rows.find(({ label }) => label === row.trained) ?? row;
      const { data = first } = chosen;
      const own =
        path === undefined ? dataFolder(data) : dataOf(experiment).length === 1 ? path : join(path, data);
      const given = {
        ...(scale === "quick" ? quickSettings : {}),
        ...chosen,
        ...shared,
        ...(own === undefined ? {} : { path: own }),
        ...{ data, seed },
      };
      const config = completeConfig(given, scale, "reproduce");
      const folder = new RunFolder(join(out, `${slugOf(row.trained ?? row.label)}-${seed}`));
      if (folder.exists) checkSame(folder, config);
      runs.push({ row, seed, folder, config, number: runs.length + 1 });
    }
  }
  const wanted = runs.filter(
    ({ row, seed }) => !only || (seed === only.seed && (row.trained ?? row.label) === only.label),
  );
  return wanted.map((run) => ({ ...run, of: wanted.length }));
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

/** Computes, measures or trains a run, and writes its scores down; undefined if it was interrupted. */
async function made(
  run: RunAt,
  experiment: Experiment,
  comparison: Comparison,
  options: ReproduceOptions,
): Promise<Scores | undefined> {
  const { row, folder, config } = run;
  if (row.compute) return computed(run);
  const isJudged = experiment.metrics.some((metric) => ["Fd", "Kd"].includes(compared(metric)?.by ?? ""));
  const judge = isJudged ? await comparison.judge(config) : undefined;
  await comparison.fid(config); // weights that do not fit are found before the training
  const measure = async (session: Session) => {
    const subject = new Subject(session, row, judge);
    const scores = await score(subject, experiment.metrics);
    await drawStrips(subject, row, experiment);
    await drawCharts(subject, row, experiment);
    folder.writeJson(ownName(row, "scores.json"), scores);
    return scores;
  };
  return row.trained === undefined ? trained(run, experiment, options, measure) : reopened(run, measure);
}

/** Trains a run to its end, writes its report, and has it measured; undefined if it was interrupted. */
async function trained<T>(
  run: RunAt,
  experiment: Experiment,
  { hooks, signal, version }: ReproduceOptions,
  measure: (session: Session) => Promise<T>,
): Promise<T | undefined> {
  const { row, folder, config } = run;
  const own = { ...hooks?.(run), ...(signal ? { signal } : {}) };
  const session = await runSession(folder, config, measuring(experiment, row, own));
  try {
    if (session.interrupted) return undefined;
    if (experiment.isBrief) await concluded(session);
    else {
      const { summarize } = await import("../report/summary.node.ts"); // late: it loads the plotting libraries
      const command = `npx hestenes train --config ${folder.file("config.json")} --out NEW`;
      await summarize(session, { command, version });
    }
    return await measure(session);
  } finally {
    session.close();
  }
}

/** Saves a run that has no report. */
async function concluded(session: Session): Promise<void> {
  const { config, folder, device, trainer, timings } = session;
  await session.fitBasis(config.basisCount);
  await session.save();
  const { model, data } = config;
  folder.writeJson("metrics.json", {
    ...{ model, data, steps: trainer.step, seconds: timings, adapter: device.info.name },
  });
}

/** What a row computes in place of a training, written into the run's folder. */
async function computed({ row, folder, config }: RunAt): Promise<Scores> {
  const start = performance.now();
  const lease = await folder.lease();
  try {
    folder.create(config);
    const { metrics, files = {} } = await row.compute!(config);
    for (const [name, content] of Object.entries(files)) writeFileAtomic(folder.file(name), content);
    const seconds = (performance.now() - start) / 1000;
    const scores = scoresSchema.parse({ steps: 0, seconds, metrics, likeness: {} });
    folder.writeJson("scores.json", scores);
    return scores;
  } finally {
    lease.release();
  }
}

/** Does something with a run that is done, from its checkpoint. Throws ArgumentError where that is gone. */
async function reopened<T>({ folder, config }: RunAt, body: (session: Session) => Promise<T>): Promise<T> {
  const session = await openSession(folder, config, await folder.lease());
  try {
    if (!session.isDone) throw new ArgumentError(`${folder.path} holds no trained model; ${advice}`);
    return await body(session);
  } finally {
    session.close();
  }
}

/** The scores of a run that is done. */
function scoresOf({ row, folder }: RunAt): Scores | undefined {
  const file = folder.file(ownName(row, "scores.json"));
  if (!existsSync(file)) return undefined;
  const parsed = scoresSchema.safeParse(readJson(file));
  if (!parsed.success) throw new DataError(file, undefined, `these are no scores; ${advice}`);
  return parsed.data;
}

function adapterOf(folder: RunFolder): string {
  const metrics = readJson(folder.file("metrics.json")) as { adapter?: unknown };
  return typeof metrics.adapter === "string" ? metrics.adapter : "unknown";
}
