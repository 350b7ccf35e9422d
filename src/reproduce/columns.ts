import type { SamplerKind, SamplerOptions } from "../models/samplers.ts";

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

/** How new images come about. */
export interface Sampling {
  /** Where the images of columns come from, in place of the usual source. */
  sources?: Partial<Record<Column, Source>>;
  /** What samplers are told. */
  sampler?: SamplerOptions;
}
