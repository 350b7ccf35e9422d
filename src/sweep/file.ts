import { readFileSync } from "node:fs";
import { basename, extname } from "node:path";
import { parse, YAMLParseError } from "yaml";
import { z } from "zod";
import { ArgumentError } from "../device/errors.ts";
import { presetNames } from "../data/descriptor.ts";
import { configSchema } from "../train/config.ts";

const count = z.int().positive();
const ends = z
  .tuple([z.number(), z.number()])
  .refine(([low, high]) => low < high, "the first number is to be below the second");

/** Numbers that a search draws from: evenly, evenly in their logarithms, or whole ones with both ends. */
const range = z.union([
  z.strictObject({ uniform: ends }),
  z.strictObject({ log: ends.refine(([low]) => low > 0, "the ends of a logarithmic range are above 0") }),
  z.strictObject({ int: ends }),
]);
export type Range = z.output<typeof range>;

/** Settings of runs: one value, or a list of those that it takes in turn, or a range for a search to draw from. */
const settings = z.record(z.string(), z.unknown()).superRefine((given, context) => {
  for (const name of Object.keys(given))
    if (!Object.hasOwn(configSchema.shape, name))
      context.addIssue({
        code: "custom",
        message: `unknown setting ${name}; there are ${Object.keys(configSchema.shape).join(", ")}`,
      });
});

/** How runs are chosen where not every combination is one. */
const search = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("random"), count, seed: z.int().min(0).default(0) }),
  z.strictObject({
    kind: z.literal("asha"),
    count,
    seed: z.int().min(0).default(0),
    /** Steps after which runs are compared for the first time. */
    least: count,
    /** Of so many runs that took as many steps, the best goes on; and it takes so many times as many. */
    factor: z.int().min(2).default(3),
  }),
]);
export type Search = z.output<typeof search>;

const sweepSchema = z.strictObject({
  /** The folder of the sweep in its store, and what commands call it; the file's name without its ending unless given. */
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,60}$/i, "letters, digits, dots and dashes, up to 61 of them")
    .optional(),
  preset: z.enum(presetNames).default("quick"),
  /** Whether each run gets a report with pictures. */
  reports: z.boolean().default(true),
  /** Settings, whose lists are multiplied with one another; or several such, one after the other. */
  runs: z.union([settings, z.array(settings).nonempty()]),
  search: search.optional(),
});

/** A sweep as its file has it. */
export interface SweepFile extends Omit<z.output<typeof sweepSchema>, "name" | "runs"> {
  name: string;
  runs: Record<string, unknown>[];
}

/** The range that a value of a setting is, if it is one. */
export function rangeOf(value: unknown): Range | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const [key, ...more] = Object.keys(value);
  if (more.length > 0 || !["uniform", "log", "int"].includes(key ?? "")) return undefined;
  return range.parse(value);
}

/**
 * Reads the file of a sweep, JSON or YAML, and puts `over` in the place of settings of that name in all of its runs.
 * Without a file, `over` is all. Throws ArgumentError for what is no sweep.
 */
export function readSweepFile(path: string | undefined, over: Record<string, unknown> = {}): SweepFile {
  const source = path ?? "--set";
  const given: unknown = path === undefined ? { runs: {} } : parsed(path);
  const checked = sweepSchema.safeParse(given);
  if (!checked.success) throw new ArgumentError(`${source}: ${wordsOf(checked.error)}`);
  const { name = nameFrom(path), runs, ...more } = checked.data;
  const all = (Array.isArray(runs) ? runs : [runs]).map((one) => ({ ...one, ...over }));
  const unknown = settings.safeParse(over);
  if (!unknown.success) throw new ArgumentError(`--set: ${wordsOf(unknown.error)}`);
  for (const one of all)
    for (const [key, value] of Object.entries(one)) checkValue(source, key, value, more.search !== undefined);
  return { ...more, name, runs: all };
}

function checkValue(source: string, key: string, value: unknown, isSearch: boolean): void {
  if (Array.isArray(value) && value.length === 0)
    throw new ArgumentError(`${source}: the list of ${key} is empty`);
  let found: Range | undefined;
  try {
    found = rangeOf(value);
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    throw new ArgumentError(`${source}: ${key}: ${wordsOf(error)}`);
  }
  if (found && !isSearch)
    throw new ArgumentError(
      `${source}: ${key} is a range, which needs a search to draw from it; give a list, or a search`,
    );
}

function parsed(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new ArgumentError(
      `${path} can not be read (${cause instanceof Error ? cause.message : String(cause)})`,
    );
  }
  try {
    return parse(text, { maxAliasCount: 100 }); // JSON is YAML
  } catch (cause) {
    if (cause instanceof YAMLParseError || cause instanceof ReferenceError)
      throw new ArgumentError(`${path} is neither JSON nor YAML: ${cause.message}`);
    throw cause;
  }
}

function nameFrom(path: string | undefined): string {
  if (path === undefined) return "sweep";
  const name = basename(path, extname(path)).replace(/[^a-z0-9._-]+/gi, "-");
  return /^[a-z0-9]/i.test(name) ? name.slice(0, 61) : "sweep";
}

function wordsOf(error: z.ZodError): string {
  return error.issues
    .map(({ path, message }) => (path.length > 0 ? `${path.join(".")}: ${message}` : message))
    .join("; ");
}

/** A word of `--set NAME=VALUE[,VALUE…]` as a setting and its values, which are read as YAML. Throws ArgumentError. */
export function settingOf(word: string): [string, unknown] {
  const [, name, text] = /^([a-z]\w*)=(.+)$/is.exec(word) ?? [];
  if (name === undefined || text === undefined)
    throw new ArgumentError(`--set takes NAME=VALUE or NAME=VALUE,VALUE, not "${word}"`);
  try {
    const value: unknown = parse(/^[{[]/.test(text) || !text.includes(",") ? text : `[${text}]`);
    return [name, value];
  } catch (cause) {
    throw new ArgumentError(`--set ${word}: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}
