import { readFileSync } from "node:fs";
import { basename, extname } from "node:path";
import { isMap, isScalar, LineCounter, parse, parseDocument, YAMLParseError, type Document } from "yaml";
import { z } from "zod";
import { hint } from "../device/arguments.ts";
import { ArgumentError } from "../device/errors.ts";
import { presetNames } from "../data/descriptor.ts";
import { configSchema } from "../train/config.ts";
import { systemWords } from "../device/systemWords.ts";

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

const settingNames = Object.keys(configSchema.shape);

/** Settings of runs: one value, or a list of those that it takes in turn, or a range for a search to draw from. */
const settings = z.record(z.string(), z.unknown()).superRefine((given, context) => {
  for (const name of Object.keys(given))
    if (!settingNames.includes(name))
      context.addIssue({
        code: "custom",
        path: [name],
        message: `no such setting${hint(name, settingNames)}; there are ${settingNames.join(", ")}`,
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
  runs: z.union([settings, z.array(settings).nonempty()], {
    error:
      'settings are needed here, such as {"model": ["ae", "vrrae"], "seed": [500, 501]}, or a list of such',
  }),
  search: search.optional(),
});

/** A sweep as its file has it. */
export interface SweepFile extends Omit<z.output<typeof sweepSchema>, "name" | "runs"> {
  name: string;
  runs: Record<string, unknown>[];
  /** Where a setting of one of `runs` was given, for messages; without one, where the sweep is from. */
  placeOf: (block: number, setting?: string) => string;
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
  const { given, placeOf: inFile } = path === undefined ? flagsAlone : parsed(path);
  const checked = sweepSchema.safeParse(given);
  if (!checked.success) throw new ArgumentError(wordsOf(checked.error, inFile));
  const unknown = settings.safeParse(over);
  if (!unknown.success) throw new ArgumentError(wordsOf(unknown.error, () => "--set"));
  const { name = nameFrom(path), runs, ...more } = checked.data;
  const isList = Array.isArray(runs);
  const placeOf: SweepFile["placeOf"] = (block, setting) => {
    if (setting === undefined) return inFile(isList ? ["runs", block] : ["runs"]);
    if (Object.hasOwn(over, setting)) return `--set ${setting}`;
    return `${inFile(isList ? ["runs", block, setting] : ["runs", setting])}: ${setting}`;
  };
  const all = (isList ? runs : [runs]).map((one) => ({ ...one, ...over }));
  all.forEach((one, block) => {
    for (const [key, value] of Object.entries(one))
      checkValue(placeOf(block, key), value, more.search !== undefined);
  });
  return { ...more, name, runs: all, placeOf };
}

function checkValue(place: string, value: unknown, isSearch: boolean): void {
  if (Array.isArray(value) && value.length === 0) throw new ArgumentError(`${place}: the list is empty`);
  let found: Range | undefined;
  try {
    found = rangeOf(value);
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    throw new ArgumentError(wordsOf(error, () => place));
  }
  if (found && !isSearch)
    throw new ArgumentError(
      `${place}: a range needs a search to draw from it; give a list, or a search beside runs`,
    );
}

/** What a file holds, and in which line of it. */
interface Parsed {
  given: unknown;
  placeOf: (path: readonly PropertyKey[]) => string;
}

const flagsAlone: Parsed = { given: { runs: {} }, placeOf: () => "--set" };

function parsed(file: string): Parsed {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new ArgumentError(
      `${file} cannot be read: ${systemWords(cause)}. A sweep is a file such as ` +
        `{"runs": {"model": ["ae", "vrrae"], "data": "bumps", "seed": [500, 501]}}`,
    );
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines }); // JSON is YAML
  try {
    const [wrong] = document.errors;
    if (wrong) throw wrong;
    const placeOf = (path: readonly PropertyKey[]) => {
      const at = offsetOf(document, path);
      return at === undefined ? file : `${file}, line ${lines.linePos(at).line}`;
    };
    return { given: document.toJS({ maxAliasCount: 100 }), placeOf };
  } catch (cause) {
    if (cause instanceof YAMLParseError || cause instanceof ReferenceError)
      throw new ArgumentError(`${file} is neither JSON nor YAML: ${cause.message}`);
    throw cause;
  }
}

/** Where in its text a document has the last key of a path; undefined for one that it gets from elsewhere. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number | undefined {
  const parent: unknown = document.getIn(path.slice(0, -1), true) ?? document.contents;
  const key = isMap(parent)
    ? parent.items.map((pair) => pair.key).find((key) => isScalar(key) && key.value === path.at(-1))
    : document.getIn(path, true);
  return (key as { range?: [number, number, number] | null } | undefined)?.range?.[0];
}

function nameFrom(path: string | undefined): string {
  if (path === undefined) return "sweep";
  const name = basename(path, extname(path)).replace(/[^a-z0-9._-]+/gi, "-");
  return /^[a-z0-9]/i.test(name) ? name.slice(0, 61) : "sweep";
}

/** What is wrong, each with its place. */
function wordsOf(error: z.ZodError, placeOf: Parsed["placeOf"]): string {
  return error.issues
    .flatMap((issue) => {
      if (issue.code === "unrecognized_keys" && issue.path.length === 0)
        return issue.keys.map((key) => `${placeOf([key])}: ${strangerWords(key)}`);
      const where = [placeOf(issue.path), ...(issue.path.length > 0 ? [issue.path.join(".")] : [])];
      return [[...where, issue.message].join(": ")];
    })
    .join("; ");
}

function strangerWords(key: string): string {
  if (settingNames.includes(key)) return `${key} is a setting of runs; put it into "runs"`;
  const known = Object.keys(sweepSchema.shape);
  return `a sweep has no ${key}${hint(key, known)}; it has ${known.join(", ")}`;
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
