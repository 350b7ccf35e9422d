import { join } from "node:path";
import { Command, Option } from "commander";
import { datasetNamed, datasetNames, downloadNames, type DatasetName } from "../data/known.ts";
import { dataOf, type Experiment, type Reading, type Scale } from "../reproduce/experiment.ts";
import { experiments, measured, namesakes, wholeName, workOf } from "../reproduce/experiments.ts";
import { experimentFor, type Asked } from "../reproduce/networks.ts";
import { readInceptionFile } from "../reproduce/fid.ts";
import { experimentMarkdown, writeMarkdown } from "../reproduce/markdown.ts";
import { experimentPage } from "../reproduce/page.ts";
import { reproduce } from "../reproduce/reproduce.ts";
import { judgeWords, linesOf, titled, wordsOf } from "../reproduce/table.ts";
import { cautionOf, factsOf } from "../reproduce/verdict.ts";
import { counted } from "../reproduce/words.ts";
import { writeFileAtomic } from "../runs/files.node.ts";
import type { SessionHooks } from "../runs/session.node.ts";
import { columns } from "../device/columns.ts";
import { ProgressDisplay } from "./progress.ts";
import { makeNetworks } from "./reproduce-many.ts";
import { reproduceTime } from "./reproduce-time.ts";
import { storeOption } from "./sweeps.ts";
import { refusePath, requirePath, usage, usageOf } from "./settings.ts";
import { interruptSignal, printJson, UsageError, whole } from "./usage.ts";
import { version } from "../device/version.node.ts";
import { dataFolder } from "../sweep/paths.ts";
import type { Outcome, RunAt } from "../reproduce/experiment.ts";

interface Flags {
  list?: boolean;
  data?: DatasetName;
  path?: string;
  scale: Scale;
  seeds?: number;
  steps?: number;
  size?: number;
  out?: string;
  adapter?: string;
  reading?: Reading;
  inception?: string;
  markdown?: string;
  json?: boolean;
  quiet?: boolean;
  workers?: number;
  queue?: string;
  store: string;
}

export function reproduceCommand(): Command {
  return new Command("reproduce")
    .summary("Run a table of a paper again, beside the published figures.")
    .description(
      "Run a table of a paper again: trains every model of it, and shows ours beside the published figures.\n" +
        "What was interrupted goes on where it was. --list shows what there is.",
    )
    .argument("[experiment]", "which one: PAPER/EXPERIMENT; EXPERIMENT is enough where only one paper has it")
    .option("--list", "show all experiments, what each needs and about how long it takes")
    .addOption(
      new Option("--data <name>", "the images (default: the table's first)").choices([...datasetNames]),
    )
    .option(
      "--path <folder>",
      "where the files of the data set are; of several, a folder NAME in it for each",
    )
    .addOption(
      new Option("--scale <scale>", "the paper's own settings, or the same in minutes")
        .choices(["quick", "paper"])
        .default("quick"),
    )
    .addOption(
      new Option(
        "--reading <reading>",
        "with --scale paper: all as the paper's text has it, or as its code does (default: settings of the code, models of the text)",
      ).choices(["text", "code"]),
    )
    .option("--seeds <count>", "networks trained for each row (default 2, paper 5)", whole("--seeds"))
    .option("--steps <count>", "training steps of each; of time, steps that are measured", whole("--steps"))
    .option("--size <pixels>", "side of the bumps", whole("--size", 2))
    .option("--out <folder>", "folder of the runs and the results (default reproductions/TABLE-DATA-SCALE)")
    .option(
      "--inception <file>",
      "safetensors with the weights of torchvision's inception_v3: measure FIDs too, of images",
    )
    .option("--markdown <file>", "write the results as a Markdown page too, its few small pictures beside it")
    .option("--adapter <name>", "the adapter to use, by part of its name")
    .option("--workers <count>", "networks at once, each in a process of its own", whole("--workers"))
    .addOption(new Option("--queue <address>", "have the networks made by those who run: hestenes worker"))
    .addOption(storeOption())
    .option("--json", "print the results as JSON on standard output")
    .option("--quiet", "show no progress")
    .action(run);
}

async function run(name: string | undefined, flags: Flags): Promise<void> {
  if (flags.list) {
    if (name !== undefined) throw new UsageError("--list shows all experiments; leave out the name");
    return flags.json ? printJson(list()) : void process.stdout.write(listWords());
  }
  if (name === undefined) throw new UsageError("which experiment? --list shows what there is");
  const meant = namesakes(name);
  if (meant.length > 1)
    throw new UsageError(`several papers have a ${name}: ${meant.join(", ")}; which one?`);
  if (wholeName(name) === "vrrae/time") {
    for (const flag of ["data", "path", "reading", "seeds", "size", "inception", "workers", "queue"] as const)
      if (flags[flag] !== undefined) throw new UsageError(`--${flag} is not for time; leave it out`);
    return reproduceTime(flags);
  }
  const { scale, path, seeds = scale === "paper" ? 5 : 2, steps, size, adapter } = flags;
  const { markdown, json, quiet, workers, queue } = flags;
  const experiment = usage(() => chosenExperiment(name, flags));
  checkPath(dataOf(experiment), path);
  const inception = usage(() => flags.inception && readInceptionFile(flags.inception)) || undefined;
  const own =
    flags.out ??
    `${queue === undefined ? "reproductions/" : ""}${[experiment.name.replace("/", "-"), ...dataOf(experiment), scale].join("-")}`;
  const out = queue === undefined ? own : join(flags.store, own);
  const given = { path, steps, size, adapter };
  const settings = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const display = new ProgressDisplay(quiet ?? false);
  const { signal, release } = interruptSignal(() =>
    display.notice("Stopping after this step; press Ctrl-C again to quit at once."),
  );
  try {
    if (workers !== undefined || queue !== undefined) {
      const { data, reading, inception } = flags;
      const asked = Object.fromEntries(
        Object.entries({ name, data, scale, reading, inception }).filter(([, value]) => value !== undefined),
      ) as unknown as Asked;
      const work = { reproduce: asked, seeds, settings, out };
      const how = { workers: workers ?? 1, queue, store: flags.store, signal, display };
      await usageOf(makeNetworks(work, how));
    }
    const outcome = await usageOf(
      reproduce(experiment, {
        ...{ scale, seeds, settings, out, version, inception, signal },
        hooks: (at) => hooksOf(at, display),
        onPhase: (text) => display.say(text),
        onNotice: (text) => display.notice(text),
        onScores: (soFar) => {
          display.stop();
          write(soFar, out);
          display.say(lastLine(soFar));
        },
      }),
    );
    display.stop();
    if (markdown !== undefined && outcome.runs.length > 0)
      usage(() => writeMarkdown(markdown, experimentMarkdown(outcome, version)));
    if (json) printJson(resultsOf(outcome));
    else process.stdout.write(summary(outcome, out, markdown));
    if (outcome.complete) return;
    display.notice(`Stopped after ${counted(outcome.runs.length, "run")}. The same command goes on.`);
    process.exitCode = 130;
  } finally {
    display.stop();
    release();
  }
}

/** Throws UsageError where files are needed and not given, or given and not needed. */
function checkPath(sets: readonly DatasetName[], path: string | undefined): void {
  const inFiles = sets.filter((set) => datasetNamed(set).files !== "none");
  for (const set of inFiles) requirePath(set, path ?? dataFolder(set));
  if (inFiles.length === 0) refusePath(sets[0]!, path);
}

/** What `--list` shows; minutes are those of one seed at the quick scale. */
function list() {
  return [...experiments].map(([name, { about, data, together = false }]) => ({
    ...{ name, about, data, together },
    ...workOf(name),
  }));
}

function listWords(): string {
  const rows = list().map(({ name, about, data, together, networks, steps, minutes }) => [
    name,
    about,
    datasetNamed(data[0]!).files === "none"
      ? "nothing"
      : `files of ${data.join(together ? " and " : " or ")}`,
    networks === 0 ? "none" : `${networks} × ${steps} steps`,
    networks === 0 ? "seconds" : minutes === undefined ? "not measured" : `${minutes} min`,
  ]);
  const others = [...measured].map(([name, { about, minutes }]) => [
    name,
    about,
    "nothing",
    "none",
    `${minutes} min`,
  ]);
  const paperOf = ([name]: string[]) => name!.split("/")[0]!;
  const papers = [...new Set(rows.map(paperOf))];
  const inOrder = papers.flatMap((paper) => [...rows, ...others].filter((row) => paperOf(row) === paper));
  return [
    columns([["experiment", "what", "needs", "networks", "takes about"], ...inOrder], 3),
    "",
    "Networks and minutes are those of one seed at the quick scale, on the first data set, on two CPU cores with lavapipe.",
    `\`hestenes data download NAME\` fetches the files of ${downloadNames.join(", ")}.`,
    "",
  ].join("\n");
}

function chosenExperiment(name: string, { data, scale, reading, inception }: Flags): Experiment {
  if (reading !== undefined && scale !== "paper")
    throw new UsageError("--reading is for --scale paper: the quick scale has settings of its own");
  return experimentFor({
    ...{ name, scale },
    ...(data === undefined ? {} : { data }),
    ...(reading === undefined ? {} : { reading }),
    ...(inception === undefined ? {} : { inception }),
  });
}

function hooksOf({ row, seed, number, of }: RunAt, display: ProgressDisplay): SessionHooks {
  return {
    onStart: ({ trainer }) => {
      display.say(`${number}/${of} ${row.label}, seed ${seed}`);
      if (trainer.step < trainer.totalSteps) display.start(trainer.step, trainer.totalSteps);
    },
    onProgress: (progress) => display.update(progress),
    onNotice: (text) => display.notice(text),
  };
}

function lastLine({ runs, experiment }: Outcome): string {
  const { row, seed, scores } = runs.at(-1)!;
  const words = experiment.metrics.flatMap((metric) => {
    const value = scores.metrics[metric];
    return value === undefined ? [] : [titled(metric, value.toPrecision(4))];
  });
  return `${row.label}, seed ${seed}: ${words.join(", ")}`;
}

function write(outcome: Outcome, out: string): void {
  writeFileAtomic(join(out, "results.json"), JSON.stringify(resultsOf(outcome), null, 2) + "\n");
  writeFileAtomic(join(out, "results.html"), experimentPage(outcome, { version }));
}

/** What `results.json` holds. */
function resultsOf(outcome: Outcome): object {
  const { experiment, scale, adapter, complete, runs } = outcome;
  const { name, title, data, notes } = experiment;
  const each = runs.map(({ row, seed, scores }) => ({ row: row.label, seed, ...scores }));
  return { name, title, data, scale, adapter, version, complete, rows: linesOf(outcome), notes, runs: each };
}

function summary(outcome: Outcome, out: string, markdown: string | undefined): string {
  const { experiment } = outcome;
  const judge = judgeWords(outcome);
  const caution = cautionOf(outcome);
  return [
    experiment.title,
    `${factsOf(outcome).join(", ")}\n`,
    columns(wordsOf(outcome), 1),
    "",
    ...(caution === undefined ? [] : [`Not a finding: ${caution}.`]),
    ...(judge === undefined ? [] : [judge]),
    ...experiment.notes,
    `\nPage: ${join(out, "results.html")}`,
    ...(markdown === undefined ? [] : [`Markdown: ${markdown}`]),
    "",
  ].join("\n");
}
