import type { SamplerKind } from "../models/samplers.ts";

/** Images of a model that are compared with real ones, by the heading that they get. */
export const columnTitles = {
  interpolation: "interpolation",
  random: "random",
  prior: "prior",
  mixture: "mixture",
  rec: "REC",
  gen1: "GEN-1",
  gen2: "GEN-2",
} as const;
export type Column = keyof typeof columnTitles;

/** Where a model's images can come from; see `sources.ts`. */
export type Source = "interpolation" | "reconstruction" | SamplerKind;

/** Where the images of columns come from, in place of the usual source. */
export type Sources = Partial<Record<Column, Source>>;
