import { setTimeout as sleep } from "node:timers/promises";
import { Command, Option } from "commander";
import { columns } from "../device/columns.ts";
import type { ProfileRow } from "../device/profiler.ts";
import { leftOutInWords } from "../data/left-out.ts";
import { presetNames } from "../data/descriptor.ts";
import { setsOf } from "../data/load.node.ts";
import { configSchema, type PartialConfig } from "../train/config.ts";
import { writeFileAtomic } from "../runs/files.node.ts";
import { modelNamed } from "../models/known.ts";
import { HistoryLogs, logKinds, type LogKind } from "../runs/history-logs.node.ts";
import { RunFolder } from "../runs/run-folder.node.ts";
import { runSession } from "../runs/run-session.node.ts";
import type { Session } from "../runs/session.node.ts";
import { dataFlags, forModels, modelFlags } from "./settingFlags.ts";
import { ProgressDisplay } from "./progress.ts";
import { newConfig, resumedConfig, usage, usageOf } from "./settings.ts";
import { interruptSignal, number, printJson } from "./usage.ts";
import { version } from "../device/version.node.ts";

/** Flags that set the number of that name in the configuration, and what --help says. */
const numbers: [flag: string, help: string][] = [
  ["--limit <count>", "use only the first training samples"],
  ["--steps <count>", "training steps; of a model of several stages, those of the first"],
  ["--batch <count>", "samples a step"],
  [
    "--at-once <count>",
    "samples that go through the networks at once (default as many as the adapter can bind)",
  ],
  ["--rate <rate>", "learning rate"],
  ["--clip <norm>", "largest norm of the gradient"],
  ["--seed <seed>", "fixes weights, order and noise"],
  ["--log-every <steps>", "steps between lines of the history"],
  ["--evaluate-every <steps>", "steps between errors on held-out data"],
  ["--checkpoint-every <steps>", "steps between checkpoints"],
];

interface Flags extends PartialConfig {
  config?: string;
  preset?: string;
  out?: string;
  json?: boolean;
  quiet?: boolean;
  profile?: boolean | string;
  log?: LogKind[];
}

const shape = configSchema.shape;

export function trainCommand(): Command {
  const command = new Command("train")
    .description(
      "Train an autoencoder and write a run folder with a report.\n" +
        "Without options: a VRRAE on the paper's Gaussian bumps: half a minute on a CPU with lavapipe, minutes with SwiftShader.",
    )
    .addOption(choice("--model <name>", shape.model.unwrap().options, "which autoencoder (default vrrae)"))
    .addOption(choice("--data <name>", shape.data.unwrap().options, "which data set (default bumps)"))
    .option("--path <folder>", "where the files of the data set are")
    .addOption(choice("--optimizer <name>", shape.optimizer.unwrap().options, "(default adabelief)"))
    .addOption(
      choice("--basis <form>", shape.basis.unwrap().options, "inference basis (default concatenated)"),
    );
  command
    .option("--basis-file <file.npy>", "an inference basis of your own, (L, k) with orthonormal columns")
    .option(
      "--fine-tune <run>",
      "go on from a run of a model with a basis, with its encoder and basis fixed (default --out RUN-fine-tuned)",
    );
  command.option(
    "--adaptive",
    `${forModels("adaptive")}: seek the least rank that does as well as --rank; details in --config`,
  );
  for (const flag of [...dataFlags(), ...modelFlags()]) command.addOption(flag);
  for (const [flag, help] of numbers) command.option(flag, help, number(flag.split(" ")[0]!));
  return command
    .option("--adapter <name>", "the adapter to use, by part of its name")
    .addOption(choice("--preset <name>", presetNames, "defaults for all of the above (default quick)"))
    .option("--config <file>", "a JSON file with the same settings; flags come before it")
    .option("--out <folder>", "the run folder; a run that is there goes on (default runs/MODEL-DATA-SEED)")
    .option("--profile [trace.json]", "time every kernel; write a Chrome trace to the file, if one is given")
    .addOption(choice("--log <kinds...>", logKinds, "the history in these forms too, in the run folder"))
    .option("--json", "print the results as JSON on standard output")
    .option("--quiet", "show no progress")
    .action((flags: Flags) => train(flags));
}

function choice(flags: string, choices: readonly string[], help: string): Option {
  return new Option(flags, help).choices(choices);
}

async function train(flags: Flags): Promise<void> {
  const { config: file, preset, out, json, quiet, profile, log = [], ...settings } = flags;
  const sources = { file, preset, flags: settings };
  const { fineTune } = settings;
  const target = out ?? (fineTune === undefined ? undefined : `${fineTune.replace(/\/+$/, "")}-fine-tuned`);
  const existing = target === undefined ? undefined : new RunFolder(target);
  let config = existing?.exists ? resumedConfig(existing, sources) : newConfig(sources);
  const folder = existing ?? new RunFolder(`runs/${config.model}-${config.data}-${config.seed}`);
  const isNew = !folder.exists;
  usage(() => folder.checkUsable());
  if (!existing && !isNew) config = resumedConfig(folder, sources);

  const logs = await HistoryLogs.open(folder, log);
  const started = performance.now();
  const display = new ProgressDisplay(quiet ?? false);
  let isTraining = false;
  const { signal, release } = interruptSignal(() => {
    if (isTraining) display.notice("Stopping after this step; press Ctrl-C again to quit at once.");
  });
  let profiler: ReturnType<Session["device"]["profile"]> | undefined;
  try {
    const running = runSession(folder, config, {
      signal,
      onNotice: (text) => display.notice(text),
      onReading: (progress) => display.reading(progress),
      onStart: (session) => {
        isTraining = true;
        logs.begin();
        for (const sentence of leftOutInWords(setsOf(session.data))) display.notice(sentence);
        display.say(headline(session, isNew));
        if (profile) profiler = session.device.profile();
        if (!session.isDone) display.start(session.trainer.step, session.trainer.totalSteps);
      },
      onProgress: (progress) => {
        logs.add(progress.line);
        display.update(progress);
      },
    });
    const session = await usageOf(running);
    display.stop();
    release();
    const { step, totalSteps } = session.trainer;
    const stopped = () =>
      display.notice(
        (session.interrupted
          ? `Stopped at step ${step} of ${totalSteps}. To go on: `
          : `Stopped before the report was written; all ${step} steps are kept. To write it: `) +
          `npx hestenes train --out ${folder.path}`,
      );
    const late = interruptSignal(() => {
      stopped();
      process.exit(130);
    });
    try {
      if (profiler) await printProfile(session, profiler, profile, (text) => display.notice(text));
      if (session.interrupted || signal.aborted) {
        stopped();
        process.exitCode = 130;
        return;
      }
      const command = isNew
        ? commandLine()
        : `npx hestenes train --config ${folder.file("config.json")} --out NEW`;
      const { summarize } = await import("../report/summary.node.ts"); // late: it loads the plotting libraries
      const results = await summarize(session, { command, version });
      if (json) printJson(results);
      else process.stdout.write(results.verdict + `\nReport: ${folder.file("report.html")}\n`);
    } catch (error) {
      await sleep(10); // Ctrl-C in a terminal also ends what compiles the sources: then it is Ctrl-C that is told
      throw error;
    } finally {
      late.release();
      session.close();
    }
    display.say(`${((performance.now() - started) / 1000).toFixed(0)} seconds in all.`);
  } catch (error) {
    if (error !== signal.reason) throw error;
    display.notice("Stopped while pictures were read; those that were decoded are kept.");
    process.exitCode = 130;
  } finally {
    display.stop();
    release();
  }
}

function headline(session: Session, isNew: boolean): string {
  const { config, device, data, model, trainer } = session;
  const parameters = [...model.arena.parameters.values()].reduce((sum, { size }) => sum + size, 0);
  return [
    `${modelNamed(config.model).title} on ${config.data}: ${data.train.count} training and ${data.test.count} test ` +
      `samples of shape ${data.train.shape.join("×")}, ${parameters.toLocaleString("en")} parameters`,
    `Adapter: ${device.info.name} (${device.info.kind})` + (device.info.hint ? `. ${device.info.hint}` : ""),
    ...(config.fineTune === undefined
      ? []
      : [`Fine-tuning ${config.fineTune}: its encoder and its basis stay as they are.`]),
    ...(trainer.stages.length > 1 ? [stagesInWords(trainer)] : []),
    ...(isNew && trainer.step === 0 ? [] : [whereItIs(session)]),
  ].join("\n");
}

/** "12 steps in 2 stages: 4 of first, 8 of second." */
function stagesInWords({ stages, totalSteps }: Session["trainer"]): string {
  const each = stages.map(({ name, steps }) => `${steps} of ${name}`).join(", ");
  return `${totalSteps} steps in ${stages.length} stages: ${each}.`;
}

function whereItIs({ trainer: { step, totalSteps, stages, stage, stageIndex }, isDone }: Session): string {
  if (step === 0)
    return "Beginning again: the run in this folder was stopped before it had a checkpoint to go on from.";
  const where = stages.length > 1 ? `, in stage ${stageIndex + 1} of ${stages.length}, ${stage.name}` : "";
  return !isDone
    ? `Going on from step ${step} of ${totalSteps}${where}.`
    : `This run is finished: it has taken ${step} steps. Its report is written anew; ` +
        `to train it longer, raise --steps; to start another run, give --out FOLDER.`;
}

async function printProfile(
  session: Session,
  profiler: NonNullable<ReturnType<Session["device"]["profile"]>>,
  profile: boolean | string | undefined,
  say: (text: string) => void,
): Promise<void> {
  session.device.profile(false);
  say(formatProfile(await profiler.table()));
  const { waitedPerStep } = session.trainer;
  const share = Number.isFinite(session.waiting)
    ? `, ${(100 * session.waiting).toFixed(1)} % of its time`
    : "";
  if (waitedPerStep >= 0) say(`Each step waited ${waitedPerStep.toFixed(2)} ms for its batch${share}.`);
  if (typeof profile !== "string") return;
  writeFileAtomic(profile, await profiler.chromeTrace());
  say(`Trace: ${profile}`);
}

function commandLine(): string {
  return ["npx hestenes", ...process.argv.slice(2)].join(" ");
}

/** The profile as a table: what each kernel cost, the most expensive first. */
function formatProfile(rows: readonly ProfileRow[]): string {
  const rate = (value: number | undefined) => (value === undefined ? "" : value.toFixed(1));
  const cells = rows.map(({ label, calls, milliseconds, share, gflops, gigabytesPerSecond }) => [
    label,
    String(calls),
    milliseconds.toFixed(1),
    `${(100 * share).toFixed(1)} %`,
    rate(gflops),
    rate(gigabytesPerSecond),
  ]);
  return columns([["kernel", "calls", "ms", "share", "GFLOP/s", "GB/s"], ...cells], 1);
}
