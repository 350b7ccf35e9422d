import { interpolations } from "../train/generate.ts";
import type { Column } from "./columns.ts";
import { imagesOf } from "./sources.ts";
import type { Subject } from "./subject.ts";

/** Images in a strip, pairs that are interpolated between, and rows of samples. */
export const across = 10;
export const pairs = 3;
const sampleRows = 2;

/** Pictures of a model, by their names. */
interface StripKind {
  title: string;
  lead: string;
  /** What of the models they are, for those who do not see them. */
  what: string;
  /** Images in blocks of their own; none where the model has none. */
  draw(subject: Subject): Promise<Float32Array[]>;
}

const generated = (column: Column, title: string, what: string, lead: string): StripKind => ({
  ...{ title, lead, what },
  draw: async (subject) => {
    const images = await imagesOf(subject, column, across * sampleRows);
    return images ? [images] : [];
  },
});

const strips = {
  reconstructions: {
    title: "Reconstructions",
    lead: "The first held-out images, and what each model makes of them.",
    what: "Reconstructions",
    draw: async (subject) => {
      const images = await imagesOf(subject, "rec", across);
      return images ? [images] : [];
    },
  },
  interpolation: {
    title: "Interpolation",
    lead: "From one held-out image to another, on a straight line between their codes.",
    what: "An interpolation",
    draw: async ({ session: { model, data, config } }) => {
      if (data.test.count < 2 * pairs) return [];
      const way = await interpolations(model, data.test, { pairs, steps: across - 2, seed: config.seed });
      const size = way.length / pairs;
      return Array.from({ length: pairs }, (_, pair) => way.subarray(pair * size, (pair + 1) * size));
    },
  },
  samples: generated(
    "random",
    "Samples",
    "Samples",
    "Decoded from a Gaussian fitted to the codes of training images.",
  ),
  prior: generated(
    "prior",
    "Samples from the prior",
    "Samples from the prior",
    "Decoded from N(0, I), which only the variational models aim at.",
  ),
  gen1: generated("gen1", "GEN-1", "Generated images", "Generated images of the first stage."),
  gen2: generated("gen2", "GEN-2", "Generated images", "Generated images of the second stage."),
} as const satisfies Record<string, StripKind>;
export type StripName = keyof typeof strips;

export const stripKind = (name: StripName): StripKind => strips[name];
export const usualStrips: readonly StripName[] = ["reconstructions", "interpolation", "samples", "prior"];
