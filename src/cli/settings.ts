import { readFileSync } from "node:fs";
import { presetNames } from "../data/descriptor.ts";
import { datasetNamed, isPublic, type DatasetName } from "../data/known.ts";
import { ArgumentError } from "../device/errors.ts";
import { architectureFor } from "../train/architecture.ts";
import {
  completeConfig,
  type Config,
  type PartialConfig,
  isSettingOf,
  type SettingSource,
} from "../train/config.ts";
import { fineTuneSettings } from "../runs/fine-tune.node.ts";
import { RunFolder } from "../runs/run-folder.node.ts";
import { flagOf, forModels } from "./settingFlags.ts";
import { UsageError } from "./usage.ts";
import { systemWords } from "../device/systemWords.ts";

/** What a run may be given anew when it goes on: none of it changes the weights after a step. */
const free: ReadonlySet<string> = new Set([
  "steps",
  "path",
  "adapter",
  "basis",
  "basisCount",
  "evaluateCount",
  "evaluateEvery",
  "logEvery",
  "checkpointEvery",
] satisfies (keyof Config)[]);

/** Where settings come from: a file, and flags, which come before it. */
export interface Sources {
  file: string | undefined;
  preset: string | undefined;
  flags: PartialConfig;
}

/** The whole configuration of a new run. Throws UsageError for settings that make none. */
export function newConfig({ file, preset, flags }: Sources): Config {
  const given: PartialConfig = { ...(file === undefined ? {} : readConfig(file)), ...flags };
  const { fineTune } = given;
  const before = fineTune === undefined ? {} : usage(() => fineTuneSettings(new RunFolder(fineTune)));
  for (const key of ["model", "size", "latent", "rank"] as const)
    if (fineTune !== undefined && given[key] !== undefined && given[key] !== before[key])
      throw new UsageError(
        `${fineTune} has ${key} ${before[key]}, not ${given[key]}; leave that out to fine-tune it`,
      );
  const config = usage(() => completeConfig({ ...before, ...given }, preset, sourceOf(file, flags)));
  checkFlags(config, flags);
  usage(() => architectureFor(config));
  requirePath(config.data, config.path);
  return config;
}

/**
 * The configuration of the run in `folder` as it goes on: its own, and what is given anew of the settings that change
 * no weights. Throws UsageError for another value of one that does.
 */
export function resumedConfig(folder: RunFolder, sources: Sources): Config {
  const before = folder.config();
  const { file, preset, flags } = sources;
  const given = {
    ...presetOf(preset, before.data),
    ...(file === undefined ? {} : readConfig(file)),
    ...flags,
  };
  const after = usage(() => completeConfig({ ...before, ...given }, preset, sourceOf(file, flags)));
  for (const key of Object.keys(given) as (keyof Config)[]) {
    const [was, is] = [before[key], after[key]].map((value) => JSON.stringify(value));
    const isFixed = before.fineTune !== undefined && key.startsWith("basis");
    if (was === is || (free.has(key) && !isFixed)) continue;
    if (key === "layout" && before.layout === undefined && after.layout === "NHWC") continue; // the same, said
    throw new UsageError(
      `the run in ${folder.path} was started with ${key} ${was}, not ${is}; ` +
        `leave that out to go on with it, or start another with --out FOLDER`,
    );
  }
  checkFlags(after, flags);
  return after;
}

/** How messages name a setting: its flag where it was given by one, else the file and the key. */
function sourceOf(file: string | undefined, flags: object): SettingSource {
  return (setting) => {
    if (setting === undefined) return file ?? "settings";
    if (Object.hasOwn(flags, setting)) return flagOf(setting);
    return file === undefined ? setting : `${file}: ${setting}`;
  };
}

/** What that preset says of the data set; nothing for none, and for a name that `completeConfig` refuses. */
function presetOf(preset: string | undefined, data: DatasetName): PartialConfig {
  const name = presetNames.find((one) => one === preset);
  return name === undefined ? {} : datasetNamed(data).presets[name];
}

/** Throws UsageError for flags that make no difference to the model or to the data. */
function checkFlags({ model, data }: Config, flags: PartialConfig): void {
  for (const name of Object.keys(flags))
    if (!isSettingOf(model, name))
      throw new UsageError(`${flagOf(name)} is for ${forModels(name)}, not for ${model}; leave it out`);
  refusePath(data, flags.path);
}

/** Throws UsageError for a path to the files of a data set that lies in none. */
export function refusePath(data: DatasetName, path: string | undefined): void {
  if (datasetNamed(data).files === "none" && path !== undefined)
    throw new UsageError(`${data} are computed, not read from files; leave out --path`);
}

/** Throws UsageError for a data set that lies in files where none are given. */
export function requirePath(data: DatasetName, path: string | undefined): void {
  if (datasetNamed(data).files === "none" || path !== undefined) return;
  throw new UsageError(
    `${data} needs --path, where its files are` +
      (isPublic(data) ? `; to fetch them: npx hestenes data download ${data}` : ""),
  );
}

function readConfig(file: string): object {
  try {
    const parsed: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed;
  } catch (cause) {
    throw new UsageError(`--config ${file}: ${systemWords(cause)}`);
  }
  throw new UsageError(`--config ${file}: a JSON object with settings is needed`);
}

/** As `usage`, for what takes its time. */
export async function usageOf<T>(body: Promise<T>): Promise<T> {
  try {
    return await body;
  } catch (cause) {
    if (cause instanceof ArgumentError) throw new UsageError(cause.message);
    throw cause;
  }
}

/** Runs `body`; what it finds wrong with its arguments is wrong usage of the command. */
export function usage<T>(body: () => T): T {
  try {
    return body();
  } catch (cause) {
    if (cause instanceof ArgumentError) throw new UsageError(cause.message);
    throw cause;
  }
}
