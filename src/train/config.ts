import { z } from "zod";
import {
  presetNames,
  type DatasetSetting,
  type PresetName,
  type PresetSettings,
} from "../data/descriptor.ts";
import { datasetNamed, datasetNames, datasetsWith } from "../data/known.ts";
import { definedOnly, hint } from "../device/arguments.ts";
import { ArgumentError } from "../device/errors.ts";
import { packSchedule } from "../optim/schedules.ts";
import { optimizerKinds } from "../optim/settings.ts";
import { hasSetting, modelNamed, modelNames, modelSettings, type ModelName } from "../models/known.ts";
import { length } from "../models/settings.ts";

const positive = z.number().positive();
const count = z.int().positive();

const number = z.number();
const warmup = number.default(0);

/** The shapes of a `Schedule`; what its numbers may be is for `packSchedule` to say. */
const schedule = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("constant"), warmup }),
    z.strictObject({ kind: z.literal("warmup"), steps: number, warmup }),
    z.strictObject({ kind: z.literal("cosine"), steps: number, floor: number.default(0), warmup }),
    z.strictObject({ kind: z.literal("exponential"), decay: number, every: number, warmup }),
    z.strictObject({ kind: z.literal("steps"), milestones: z.array(number), factor: number, warmup }),
  ])
  .superRefine((given, context) => {
    try {
      packSchedule(given);
    } catch (error) {
      if (!(error instanceof ArgumentError)) throw error;
      context.addIssue({ code: "custom", message: error.message.replace(/^schedule: /, "") });
    }
  });

/** Settings of the models that cut their latent batch to a rank. */
const basisSettings = {
  /** Seek the least rank that does as well as the one it starts with; see `AdaptiveOptions`. */
  adaptive: z
    .union([
      z.literal(true).transform(() => ({})),
      z.strictObject({
        ...{ least: count.exactOptional(), window: count.exactOptional(), settle: count.exactOptional() },
        ...{ reach: count.exactOptional(), giveUp: count.exactOptional(), finish: count.exactOptional() },
        ...{
          near: positive.exactOptional(),
          still: positive.exactOptional(),
          wanted: positive.exactOptional(),
        },
      }),
    ])
    .optional(),
  basis: z.enum(["concatenated", "pca"]).default("concatenated"),
  /** A .npy file with a basis (L, k) of one's own, in place of one that is found from the training data. */
  basisFile: z.string().optional(),
  /** The folder of a run to go on from, with its encoder and its basis fixed. */
  fineTune: z.string().optional(),
};

/** Settings that only some data sets have. `description` and `value` are what --help shows. */
export const dataSettings = {
  size: count.max(4096).optional().meta({ description: "side of the pictures", value: "pixels" }),
  divideBy: positive.optional().meta({
    description: "what the values of .npy files are divided by (default 255 for uint8, 65535 for uint16)",
    value: "number",
  }),
  layout: z
    .enum(["NHWC", "NCHW"])
    .optional()
    .meta({ description: "order of a .npy file's axes (default NHWC)", value: "axes" }),
  intrinsic: count.optional().meta({ description: "numbers that a point is made from", value: "n" }),
  ambient: count.max(1024).optional().meta({ description: "numbers that a point has", value: "D" }),
  count: count.optional().meta({ description: "points to train on", value: "count" }),
  dataSeed: z
    .int()
    .min(0)
    .max(0xffffffff)
    .optional()
    .meta({ description: "fixes map and points (default 0), whatever the run's seed is", value: "number" }),
} satisfies Record<DatasetSetting, z.ZodType>;

/** Everything that a run depends on. One of these, and the data, gives the same weights to the last bit. */
export const configSchema = z.strictObject({
  /** Which autoencoder. */
  model: z.enum(modelNames).default("vrrae"),
  /** Which data set; `path` says where its files are. */
  data: z.enum(datasetNames).default("bumps"),
  path: z.string().optional(),
  ...dataSettings,
  /** Training samples to use; all of them without it. */
  limit: count.optional(),
  ...modelSettings,
  ...basisSettings,
  steps: count.optional(),
  batch: length().optional(),
  /** Samples of a batch that go through the networks at once; as many as the adapter can bind without it, and never more. */
  atOnce: count.optional(),
  rate: positive.optional(),
  optimizer: z.enum(optimizerKinds).default("adabelief"),
  schedule: schedule.default({ kind: "constant", warmup: 0 }),
  /** Largest norm of the whole gradient. */
  clip: positive.optional(),
  seed: z.int().min(0).max(0xffffffff).default(500),
  /** Steps between lines of the history, between errors on held-out data, and between checkpoints. */
  logEvery: count.optional(),
  evaluateEvery: count.optional(),
  checkpointEvery: count.optional(),
  /** Held-out images that the error is measured on while training; the final one uses all. */
  evaluateCount: count.default(256),
  /** Training samples that the inference basis is fitted on, after the last step. */
  basisCount: count.default(4096),
  adapter: z.string().optional(),
});

/** A configuration as a person writes it: nothing is required. */
export type PartialConfig = z.input<typeof configSchema>;

/** A configuration with every default in place. */
export type Config = z.output<typeof configSchema> & Defaults;

interface Defaults extends Omit<PresetSettings, "size"> {
  size: number | undefined;
  logEvery: number;
  evaluateEvery: number;
  checkpointEvery: number;
}

/** How messages name where a setting is from, or where all are; by a string, "FILE: setting". */
export type SettingSource = string | ((setting?: string) => string);

/**
 * Fills in the defaults of `preset` and checks the whole: unknown keys and values out of range are
 * errors that name the key, as `source` has it.
 */
export function completeConfig(
  given: unknown,
  preset = "quick",
  source: SettingSource = "configuration",
): Config {
  const place =
    typeof source === "function"
      ? source
      : (setting?: string) => (setting === undefined ? source : `${source}: ${setting}`);
  if (!isPreset(preset))
    throw new ArgumentError(
      `no preset named ${preset}${hint(preset, presetNames)}; there are ${presetNames.join(", ")}`,
    );
  const parsed = configSchema.safeParse(withDefaults(given));
  if (!parsed.success)
    throw new ArgumentError(parsed.error.issues.map((issue) => describe(issue, given, place)).join("; "));
  const config = parsed.data;
  const { settings, leastSize = 1, presets } = datasetNamed(config.data);
  const defaults = presets[preset];
  for (const key of Object.keys(dataSettings) as DatasetSetting[])
    if (config[key] !== undefined && !settings.includes(key))
      throw new ArgumentError(`${place(key)} is for ${datasetsWith(key).join(", ")}, not for ${config.data}`);
  if (config.size !== undefined && config.size < leastSize)
    throw new ArgumentError(
      `${place("size")}: ${config.data} have sides of ${leastSize} pixels or more, not ${config.size}`,
    );
  const steps = config.steps ?? defaults.steps;
  const rank = config.rank ?? defaults.rank;
  const complete: Config = {
    ...defaults,
    ...definedOnly(config),
    steps,
    rank,
    size: config.size ?? defaults.size,
    latent: config.latent ?? Math.max(defaults.latent, rank),
    logEvery: config.logEvery ?? Math.max(1, Math.round(steps / 100)),
    evaluateEvery: config.evaluateEvery ?? Math.max(1, Math.round(steps / 10)),
    checkpointEvery: config.checkpointEvery ?? Math.max(1, Math.round(steps / 4)),
  };
  const { basis: hasBasis } = modelNamed(complete.model);
  if (complete.rank > Math.min(complete.latent, complete.batch) && hasBasis)
    throw new ArgumentError(
      `${place("rank")} ${complete.rank} is more than a batch of ${complete.batch} latent vectors ` +
        `of length ${complete.latent} can have; lower rank, or raise batch and latent`,
    );
  for (const key of ["basisFile", "fineTune", "adaptive"] as const)
    if (complete[key] !== undefined && !hasBasis)
      throw new ArgumentError(
        `${place(key)} is for models with a basis, ${modelsWith(key).join(", ")}, not ${complete.model}`,
      );
  if (complete.fineTune !== undefined && complete.adaptive)
    throw new ArgumentError(
      `${place("fineTune")}: the rank is fixed by then: fineTune and adaptive do not go together`,
    );
  return complete;
}

function isPreset(name: string): name is PresetName {
  return (presetNames as readonly string[]).includes(name);
}

/** What is given, over what its model says of settings that are not. */
function withDefaults(given: unknown): unknown {
  if (typeof given !== "object" || given === null) return given;
  const { model = "vrrae", data = "bumps" } = given as PartialConfig;
  if (!modelNames.includes(model) || !datasetNames.includes(data)) return given;
  return { ...modelNamed(model).defaults?.(data), ...definedOnly(given) };
}

/** Steps that a run of that configuration takes in all of its stages. */
export function totalStepsOf(config: Config): number {
  return config.steps + (modelNamed(config.model).laterSteps?.(config.steps, config) ?? 0);
}

/** Whether the setting of that name makes a difference to `model`. */
export function isSettingOf(model: ModelName, name: string): boolean {
  if (Object.hasOwn(modelSettings, name)) return hasSetting(model, name);
  return !Object.hasOwn(basisSettings, name) || modelNamed(model).basis === true;
}

/** The models that the setting of that name makes a difference to. */
export function modelsWith(name: string): ModelName[] {
  return modelNames.filter((model) => isSettingOf(model, name));
}

/** An issue in words: the setting, the value that it was given, and what was expected. */
function describe(issue: z.core.$ZodIssue, given: unknown, place: Exclude<SettingSource, string>): string {
  const [first, ...further] = issue.path.map(String);
  const where = [place(first), ...further].join(".");
  if (issue.code === "unrecognized_keys") {
    const known = Object.keys(configSchema.shape);
    const all = first === undefined ? `${hint(issue.keys[0], known)}; there are ${known.join(", ")}` : "";
    return `${where}: unknown ${issue.keys.length > 1 ? "keys" : "key"} ${issue.keys.join(", ")}${all}`;
  }
  const value = issue.path.reduce<unknown>(
    (inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key],
    given,
  );
  const is = typeof value === "object" || value === undefined ? "" : ` is ${JSON.stringify(value)}`;
  const meant = issue.code === "invalid_value" ? hint(value, issue.values.map(String)) : "";
  return `${where}${is}: ${issue.message.charAt(0).toLowerCase()}${issue.message.slice(1)}${meant}`;
}
