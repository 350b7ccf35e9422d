import { readFileSync } from "node:fs";
import { Command, Option } from "commander";
import { ArgumentError } from "../device/errors.ts";
import { formatProfile } from "./profile-table.ts";
import { completeConfig, configSchema, presets, type Config } from "../train/config.ts";
import { writeFileAtomic } from "../train/files.ts";
import { RunFolder } from "../train/run-folder.ts";
import { runSession, type Session } from "../train/session.ts";
import { summarize } from "../train/summary.ts";
import { ProgressDisplay } from "./progress.ts";
import { interruptSignal, number, printJson, UsageError } from "./usage.ts";
import { version } from "./version.ts";

/** Flags that set a key of the configuration: flag, key, what --help says. */
const numbers: [flag: string, key: keyof Config, help: string][] = [
  ["--size <pixels>", "size", "side of the bumps, or of a folder's images"],
  ["--limit <count>", "limit", "use only the first training samples"],
  ["--latent <L>", "latent", "length of the latent vector (RRAE, VRRAE)"],
  ["--rank <k>", "rank", "rank of the truncation; the latent length of AE and VAE"],
  ["--beta <weight>", "beta", "weight of the KL term, summed over the batch"],
  ["--steps <count>", "steps", "training steps"],
  ["--batch <count>", "batch", "samples a step"],
  ["--rate <rate>", "rate", "learning rate"],
  ["--clip <norm>", "clip", "largest norm of the gradient"],
  ["--seed <seed>", "seed", "fixes weights, order and noise"],
  ["--log-every <steps>", "logEvery", "steps between lines of the history"],
  ["--evaluate-every <steps>", "evaluateEvery", "steps between errors on held-out data"],
  ["--checkpoint-every <steps>", "checkpointEvery", "steps between checkpoints"],
];

interface Flags extends Record<string, unknown> {
  config?: string;
  preset: string;
  out?: string;
  json?: boolean;
  quiet?: boolean;
  profile?: boolean | string;
}

const shape = configSchema.shape;

export function trainCommand(): Command {
  const command = new Command("train")
    .description(
      "Train an autoencoder and write a run folder with a report.\n" +
        "Without options: a VRRAE on the paper's Gaussian bumps, in about a minute.",
    )
    .addOption(choice("--model <name>", shape.model.unwrap().options, "which autoencoder (default vrrae)"))
    .addOption(choice("--data <name>", shape.data.unwrap().options, "which data set (default bumps)"))
    .option("--path <folder>", "where the files of the data set are")
    .addOption(choice("--optimizer <name>", shape.optimizer.unwrap().options, "(default adabelief)"))
    .addOption(choice("--gauge <rule>", shape.gauge.unwrap().options, "gradient within the basis (default damped)"))
    .addOption(choice("--basis <form>", shape.basis.unwrap().options, "inference basis (default concatenated)"));
  for (const [flag, key, help] of numbers) command.option(flag, help, number(key));
  return command
    .option("--adapter <name>", "the adapter to use, by part of its name")
    .addOption(choice("--preset <name>", Object.keys(presets), "defaults for all of the above").default("quick"))
    .option("--config <file>", "a JSON file with the same settings; flags come before it")
    .option("--out <folder>", "the run folder; a run that is there goes on (default runs/MODEL-DATA-SEED)")
    .option("--profile [trace.json]", "time every kernel; write a Chrome trace to the file, if one is given")
    .option("--json", "print the results as JSON on standard output")
    .option("--quiet", "show no progress")
    .action((flags: Flags) => train(flags));
}

function choice(flags: string, choices: readonly string[], help: string): Option {
  return new Option(flags, help).choices(choices);
}

async function train(flags: Flags): Promise<void> {
  const { config: file, preset, out, json, quiet, profile, ...settings } = flags;
  const given = { ...(file === undefined ? {} : readConfig(file)), ...settings };
  const config = usage(() => completeConfig(given, preset, file ?? "options"));
  const folder = new RunFolder(out ?? `runs/${config.model}-${config.data}-${config.seed}`);
  const resumes = folder.exists;
  if (resumes) usage(() => checkSame(folder.config(), config, given, folder.path));
  else folder.create(config);

  const started = performance.now();
  const display = { progress: undefined as ProgressDisplay | undefined };
  const say = (text: string) => {
    if (display.progress) display.progress.note(text);
    else if (!quiet) process.stderr.write(text + "\n");
  };
  const { signal, release } = interruptSignal(() => say("Stopping after this step; press Ctrl-C again to quit at once."));
  let profiler: ReturnType<Session["device"]["profile"]> | undefined;
  try {
    const session = await runSession(folder, resumes ? folder.config() : config, {
      signal,
      onNotice: say,
      onStart: (session) => {
        say(headline(session));
        if (profile) profiler = session.device.profile();
        display.progress?.stop();
        display.progress = new ProgressDisplay(session.config.steps, { quiet: quiet ?? false, start: session.trainer.step });
      },
      onProgress: (progress) => display.progress?.update(progress),
    });
    display.progress?.stop();
    if (profiler) await printProfile(session, profiler, profile, say);
    if (session.interrupted) {
      say(`Stopped at step ${session.trainer.step} of ${config.steps}. To go on: hestenes train --out ${folder.path}`);
      process.exitCode = 130;
      session.close();
      return;
    }
    const results = await summarize(session, { command: commandLine(), version });
    session.close();
    if (json) printJson(results);
    else process.stdout.write(results.verdict + `\nReport: ${folder.file("report.html")}\n`);
    say(`${((performance.now() - started) / 1000).toFixed(0)} seconds in all.`);
  } finally {
    display.progress?.stop();
    release();
  }
}

function headline({ config, device, data, model, trainer }: Session): string {
  const parameters = [...model.arena.parameters.values()].reduce((sum, { size }) => sum + size, 0);
  return [
    `${config.model.toUpperCase()} on ${config.data}: ${data.train.count} training and ${data.test.count} test ` +
      `samples of shape ${data.train.shape.join("×")}, ${parameters.toLocaleString("en")} parameters`,
    `Adapter: ${device.info.name} (${device.info.kind})` + (device.info.hint ? `. ${device.info.hint}` : ""),
    ...(trainer.step > 0 ? [`Going on from step ${trainer.step} of ${config.steps}.`] : []),
  ].join("\n");
}

async function printProfile(
  session: Session,
  profiler: NonNullable<ReturnType<Session["device"]["profile"]>>,
  profile: boolean | string | undefined,
  say: (text: string) => void,
): Promise<void> {
  session.device.profile(false);
  say(formatProfile(await profiler.table()));
  if (typeof profile !== "string") return;
  writeFileAtomic(profile, await profiler.chromeTrace());
  say(`Trace: ${profile}`);
}

function readConfig(file: string): object {
  try {
    const parsed: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed;
    throw new UsageError(`${file}: a JSON object with settings is needed`);
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError(`${file}: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

/** A run that goes on keeps its configuration; only what does not change the weights may be given anew. */
function checkSame(before: Config, now: Config, given: object, path: string): void {
  for (const key of Object.keys(given) as (keyof Config)[]) {
    if (JSON.stringify(before[key]) === JSON.stringify(now[key])) continue;
    throw new ArgumentError(
      `the run in ${path} was started with ${key} ${JSON.stringify(before[key])}, not ${JSON.stringify(now[key])}; ` +
        `give another folder with --out`,
    );
  }
}

function usage<T>(body: () => T): T {
  try {
    return body();
  } catch (cause) {
    if (cause instanceof ArgumentError) throw new UsageError(cause.message);
    throw cause;
  }
}

function commandLine(): string {
  return ["hestenes", ...process.argv.slice(2)].join(" ");
}
