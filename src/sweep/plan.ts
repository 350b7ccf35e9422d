import { createHash } from "node:crypto";
import { datasetNames } from "../data/known.ts";
import { uniform } from "../data/random.ts";
import { ArgumentError } from "../device/errors.ts";
import { modelNames } from "../models/known.ts";
import { completeConfig, isSettingOf, type Config } from "../train/config.ts";
import { rangeOf, type Range, type SweepFile } from "./file.ts";

/** One run of a sweep. */
export interface PlannedRun {
  /** Its folder: model, data, seed, and a hash of all that its weights and results depend on. */
  name: string;
  /** Complete; `path` is as it was given. */
  config: Config;
  /** What tells it from the other runs: the settings that have several values. */
  varied: Record<string, unknown>;
}

/** The generator's stream that searches draw from; data and training have others. */
const searchStream = 101;

/** More runs than this are a mistake in a file. */
const mostRuns = 200_000;

/** The runs of a sweep, in the order of its file; what would be the same run twice is there once. Throws ArgumentError. */
export function planOf(sweep: SweepFile): PlannedRun[] {
  const { search } = sweep;
  const given = search
    ? Array.from({ length: search.count }, (_, i) => {
        const block = i % sweep.runs.length;
        return { block, settings: drawn(sweep.runs[block]!, search.seed, i) };
      })
    : sweep.runs.flatMap((one, block) => products(one).map((settings) => ({ block, settings })));
  const runs = new Map<string, PlannedRun>();
  const varied = variedOf(given.map(({ settings }) => settings));
  for (const { block, settings } of given) {
    const place = (setting?: string) => sweep.placeOf(block, setting);
    const config = completeConfig(withoutUseless(settings), sweep.preset, place);
    const name = nameOf(config);
    const own = [...varied].filter((key) => isSettingOf(config.model, key));
    const values = own.map((key) => [key, config[key as keyof Config]] as const);
    if (!runs.has(name)) runs.set(name, { name, config, varied: Object.fromEntries(values) });
  }
  return [...runs.values()];
}

/** Every combination of the values of lists; the last setting changes fastest. */
function products(settings: Record<string, unknown>): Record<string, unknown>[] {
  let all: Record<string, unknown>[] = [{}];
  for (const [key, value] of Object.entries(settings)) {
    const values: unknown[] = Array.isArray(value) ? value : [value];
    if (all.length * values.length > mostRuns)
      throw new ArgumentError(`a sweep of more than ${mostRuns} runs; multiply fewer lists`);
    all = all.flatMap((before) => values.map((one) => ({ ...before, [key]: one })));
  }
  return all;
}

/** Settings drawn at random: the same for the same seed and number, whatever the other runs. */
function drawn(settings: Record<string, unknown>, seed: number, run: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(settings).map(([key, value], at) => {
      const u = uniform(seed, searchStream, run, at);
      const range = rangeOf(value);
      if (range) return [key, within(range, u)];
      return [key, Array.isArray(value) ? (value as unknown[])[Math.floor(u * value.length)] : value];
    }),
  );
}

function within(range: Range, u: number): number {
  if ("int" in range) {
    const [low, high] = range.int;
    return Math.floor(low + u * (high - low + 1));
  }
  const [low, high] = "log" in range ? range.log.map(Math.log) : range.uniform;
  const at = low! + u * (high! - low!);
  return Number(("log" in range ? Math.exp(at) : at).toPrecision(6)); // what a person would write
}

/** The settings without those that make no difference to their model, so that a product holds each run once. */
function withoutUseless(settings: Record<string, unknown>): Record<string, unknown> {
  const model = modelNames.find((name) => name === (settings.model ?? "vrrae"));
  if (
    model === undefined ||
    (settings.data !== undefined && !datasetNames.some((name) => name === settings.data))
  )
    return settings; // `completeConfig` refuses it
  return Object.fromEntries(Object.entries(settings).filter(([key]) => isSettingOf(model, key)));
}

/** The settings that differ between runs. */
function variedOf(runs: readonly Record<string, unknown>[]): Set<string> {
  const keys = new Set(runs.flatMap((run) => Object.keys(run)));
  const isVaried = (key: string) => new Set(runs.map((run) => JSON.stringify(run[key]))).size > 1;
  return new Set([...keys].filter(isVaried));
}

/** The settings that differ between runs, in the order of the file: whoever has the most of them has them all in it. */
export function settingsOf(runs: readonly Pick<PlannedRun, "varied">[]): string[] {
  const keys = runs.map(({ varied }) => Object.keys(varied)).sort((a, b) => b.length - a.length);
  return [...new Set(keys.flat())];
}

/** What a run's weights and results depend on, in one order; the adapter that it happens to be trained on is no part of it. */
function identity({ adapter: _, ...config }: Config): string {
  const entries = Object.entries(config).filter(([key]) => isSettingOf(config.model, key));
  return JSON.stringify(sorted(Object.fromEntries(entries)));
}

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, one]) => [key, sorted(one)]),
  );
}

function nameOf(config: Config): string {
  const hash = createHash("sha256").update(identity(config)).digest("hex").slice(0, 12);
  return `${config.model}-${config.data}-${config.seed}-${hash}`;
}
