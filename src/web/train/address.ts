import { modelNames } from "./models.ts";
import type { ModelName, Settings } from "./protocol.ts";

/** What the page's address asks for: `?data=bumps&model=vrrae&with=vae&rank=2&latent=16&beta=0.001&seed=500`. */
export interface Asked extends Pick<Settings, "batch" | "steps" | "logEvery"> {
  /** The pictures, of those that need no file. */
  data: "bumps" | "emoji";
  model: ModelName;
  /** The second model; empty for none. */
  with: ModelName | "";
  rank: number;
  latent: number;
  beta: number;
  seed: number;
  /** Side of the moving spot's pictures in pixels. */
  size: number | undefined;
  /** What could not be had as it was asked for, in words. */
  refused: string[];
}

/** The least and the largest value of each number, and whether it is a whole one. */
const ranges = {
  rank: { least: 1, most: 32, whole: true },
  latent: { least: 1, most: 64, whole: true },
  beta: { least: 0, most: 1, whole: false },
  seed: { least: 0, most: 2 ** 32 - 1, whole: true },
  size: { least: 8, most: 128, whole: true },
  batch: { least: 1, most: 4096, whole: true },
  steps: { least: 1, most: 1e9, whole: true },
  logEvery: { least: 1, most: 1e6, whole: true },
} as const;

/**
 * The number that `text` gives for `key`: the nearest that it may be, with words where that is another one; only words
 * where it is none.
 */
export function mendNumber(
  key: keyof typeof ranges,
  text: string,
  most: number = ranges[key].most,
): { value?: number; words?: string } {
  const { least, whole } = ranges[key];
  const given = text.trim() === "" ? NaN : Number(text);
  if (Number.isNaN(given)) return { words: `${key}=${text} is no number, and is left out` };
  const value = Math.min(most, Math.max(least, whole ? Math.round(given) : given));
  if (value === given) return { value };
  const isInside = given >= least && given <= most;
  const rule = isInside ? "is a whole number" : `goes from ${least} to ${most}`;
  return { value, words: `${key}=${text} became ${value}: it ${rule}` };
}

/** The address of a model's file, which `model` may give in place of a model's name: it has a dot or a slash in it. */
export function fileIn(address: URLSearchParams): string | undefined {
  const text = address.get("model") ?? "";
  return /[./]/.test(text) ? text : undefined;
}

/**
 * Reads an address: numbers out of their range become the nearest in it, and what means nothing is left out. `mostRank` is
 * what the data allow, where that is known.
 */
export function readAddress(address: URLSearchParams, mostRank: number = ranges.rank.most): Asked {
  const refused: string[] = [];
  const number = (key: keyof typeof ranges): number | undefined => {
    const text = address.get(key);
    if (text === null) return undefined;
    const { value, words } = mendNumber(key, text, key === "rank" ? mostRank : undefined);
    if (words !== undefined) refused.push(words);
    return value;
  };
  const oneOf = <Name extends string>(key: string, usual: Name, names: readonly Name[]): Name => {
    const text = address.get(key) ?? usual;
    const found = names.find((name) => name === text);
    if (found === undefined) refused.push(`${key}=${text} is none of ${names.filter(Boolean).join(", ")}`);
    return found ?? usual;
  };
  return {
    data: oneOf("data", "bumps", ["bumps", "emoji"]),
    model: fileIn(address) === undefined ? oneOf("model", "vrrae", modelNames) : "vrrae",
    with: oneOf("with", "vae", [...modelNames, ""]),
    rank: number("rank") ?? 2,
    latent: number("latent") ?? 16,
    beta: number("beta") ?? 1e-3,
    seed: number("seed") ?? 500,
    size: number("size"),
    batch: number("batch"),
    steps: number("steps"),
    logEvery: number("logEvery"),
    refused,
  };
}

/** What an address without any settings asks for. */
const usual = readAddress(new URLSearchParams());

/** The address that asks for these settings, and pictures of that size if one is asked for; drawings and files are in none. */
export function addressOf({ models, data, ...numbers }: Settings, size: number | undefined): URLSearchParams {
  const given = { ...numbers, data: data.kind, model: models[0], with: models[1] ?? "", size };
  const query = new URLSearchParams();
  for (const key of ["data", "model", "with", ...(Object.keys(ranges) as (keyof typeof ranges)[])] as const) {
    const value = given[key];
    const isInAddress = key !== "data" || value === "emoji";
    if (isInAddress && value !== undefined && value !== usual[key]) query.set(key, String(value));
  }
  return query;
}
