import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { datasetNamed } from "../data/known.ts";
import { writeFileAtomic } from "../runs/files.node.ts";
import { codesOf, decodeCodes, fitSampler, interpolations, samplesFrom } from "../train/generate.ts";
import { html, type Html } from "../report/html.ts";
import { samplerOf } from "../models/samplers.ts";
import { modelNamed } from "../models/known.ts";
import { imageGrid, rangeOfValues } from "../report/pictures.node.ts";
import type { RunFolder } from "../runs/run-folder.node.ts";
import type { Session } from "../runs/session.node.ts";
import type { Outcome } from "./outcome.ts";

/** Images in a strip, pairs that are interpolated between, and rows of samples. */
const across = 10;
const pairs = 3;
const sampleRows = 2;

/** The strips of a run, that those of other models stand below: file names without their ending. */
type Strip = "originals" | "reconstructions" | "samples" | "prior" | `interpolation-${number}`;
const ways = Array.from({ length: pairs }, (_, pair) => `interpolation-${pair + 1}` as const);

/** Whether the strips of a finished run were drawn. */
export function hasStrips(folder: RunFolder): boolean {
  return existsSync(stripFile(folder, "originals"));
}

/**
 * Draws the same held-out images, ways between them and as many samples for every model of a seed, one small PNG each,
 * in the run's folder `strips`. The model has its basis already.
 */
export async function drawStrips({ model, data, config, folder }: Session): Promise<void> {
  const shape = data.test.shape as readonly [number, number, number];
  const { seed, basisCount } = config;
  const shown = data.test.take(across);
  const originals = shown.values();
  const known = datasetNamed(config.data);
  const range = known.range === "auto" ? rangeOfValues(originals) : known.range;
  const { colormap } = known;
  mkdirSync(folder.file("strips"), { recursive: true });
  const draw = (name: Strip, images: Float32Array) =>
    writeFileAtomic(
      stripFile(folder, name),
      imageGrid({
        ...{ images, columns: across, shape, range, colormap, gap: 2, scale: 1 },
      }),
    );

  const count = across * sampleRows;
  const gaussian = await fitSampler(samplerOf(model, "gaussian"), model, data.train, basisCount);
  draw("samples", await samplesFrom(model, gaussian, count, seed));
  if (modelNamed(config.model).prior)
    draw("prior", await samplesFrom(model, samplerOf(model, "prior"), count, seed));
  if (data.test.count >= 2 * pairs) {
    const steps = across - 2;
    const way = await interpolations(model, data.test, { pairs, steps, seed });
    const size = way.length / pairs;
    ways.forEach((name, pair) => draw(name, way.subarray(pair * size, (pair + 1) * size)));
  }
  draw("reconstructions", await decodeCodes(model, await codesOf(model, shown)));
  draw("originals", originals);
}

/** Strips that belong together: blocks of them, one row for each model. */
export interface Strips {
  name: "reconstructions" | "interpolation" | "samples" | "prior";
  title: string;
  lead: string;
  blocks: { label: string; file: string; alt: string }[][];
}

/** The strips of the first run of each row: reconstructions, ways and samples. What no run has is left out. */
export function stripsOf(outcome: Outcome): Strips[] {
  const runs = firstRuns(outcome);
  const [first] = runs;
  if (!first) return [];
  const drawn = (label: string, file: string, alt: string) =>
    existsSync(file) ? [{ label, file, alt }] : [];
  const original = drawn("Original", stripFile(first.folder, "originals"), "The original images");
  const of = (name: Strip, what: string) =>
    runs.flatMap(({ row: { label }, folder }) =>
      drawn(label, stripFile(folder, name), `${what} of ${label}`),
    );
  const seed = `Seed ${first.seed}.`;
  const all: Strips[] = [
    {
      name: "reconstructions",
      title: "Reconstructions",
      lead: `${seed} The first held-out images, and what each model makes of them.`,
      blocks: [[...original, ...of("reconstructions", "Reconstructions")]],
    },
    {
      name: "interpolation",
      title: "Interpolation",
      lead: `${seed} From one held-out image to another, on a straight line between their codes.`,
      blocks: ways.map((name) => of(name, "An interpolation")),
    },
    {
      name: "samples",
      title: "Samples",
      lead: `${seed} Decoded from a Gaussian fitted to the codes of training images.`,
      blocks: [of("samples", "Samples")],
    },
    {
      name: "prior",
      title: "Samples from the prior",
      lead: `${seed} Decoded from N(0, I), which only the variational models aim at.`,
      blocks: [of("prior", "Samples from the prior")],
    },
  ];
  return all.filter(({ blocks }) => blocks.some((rows) => rows.length > 0));
}

/** All strips, one below the other, as parts of the page. */
export function gallery(outcome: Outcome): Html {
  return html`${stripsOf(outcome).map(
    ({ title, lead, blocks }) =>
      html`<section class="card wide">
        <h2>${title}</h2>
        <p class="lead">${lead}</p>
        ${blocks.map(
          (rows) =>
            html`<div class="strips">
              ${rows.map(
                ({ label, file, alt }) =>
                  html`<figure>
                    <figcaption>${label}</figcaption>
                    ${picture(file, alt)}
                  </figure>`,
              )}
            </div>`,
        )}
      </section>`,
  )}`;
}

/** A chart of a run's report, by its file in the run's folder. */
export interface Chart {
  file: string;
  title: string;
  lead: string;
}

/** Charts that stand side by side, one of each run. */
export const charts = {
  scatter: {
    file: "latent.svg",
    title: "Latent space",
    lead: "The first two coordinates of the codes of held-out samples.",
  },
  spectrum: {
    file: "singular-values.svg",
    title: "Singular values",
    lead: "Of the latent vectors of training samples.",
  },
} as const satisfies Record<string, Chart>;

/** The first run of each row, where there is one. */
export function firstRuns({ experiment, runs }: Outcome): Outcome["runs"] {
  return experiment.rows.flatMap(({ label }) => runs.find((run) => run.row.label === label) ?? []);
}

/** A picture as part of the page. */
export function picture(file: string, alt: string): Html {
  const kind = file.endsWith(".svg") ? "svg+xml" : "png";
  return html`<img alt="${alt}" src="data:image/${kind};base64,${readFileSync(file).toString("base64")}" />`;
}

function stripFile(folder: RunFolder, name: Strip): string {
  return join(folder.file("strips"), `${name}.png`);
}
