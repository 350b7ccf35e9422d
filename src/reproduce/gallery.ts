import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { datasetNamed } from "../data/known.ts";
import { writeFileAtomic } from "../runs/files.node.ts";
import { html, type Html } from "../report/html.ts";
import { imageGrid, rangeOfValues } from "../report/pictures.node.ts";
import type { Chart, Experiment, Outcome, Row, RunAt } from "./experiment.ts";
import { ownName } from "./outcome.ts";
import { across, pairs, stripKind, usualStrips, type StripName } from "./strips.ts";
import type { Subject } from "./subject.ts";

/** Whether the strips of a finished run were drawn. */
export function hasStrips({ row, folder }: Pick<RunAt, "row" | "folder">): boolean {
  return existsSync(folder.file(ownName(row, "strips")));
}

/**
 * Draws the same held-out images, ways between them and as many samples for every model of a seed, one small PNG each,
 * in the run's folder `strips`; of vectors none. The model has its basis already.
 */
export async function drawStrips(
  subject: Subject,
  row: Row,
  { strips: chosen = usualStrips }: Experiment,
): Promise<void> {
  const { data, config, folder } = subject.session;
  const shape = data.test.shape as readonly [number, number, number];
  const files = new Map<string, Uint8Array>();
  if (shape.length === 3) {
    const originals = data.test.take(across).values();
    const { colormap, range: known } = datasetNamed(config.data);
    const range = known === "auto" ? rangeOfValues(originals) : known;
    const grid = (images: Float32Array) =>
      imageGrid({ images, columns: across, shape, range, colormap, gap: 2, scale: 1 });
    for (const name of chosen) {
      const blocks = await stripKind(name).draw(subject);
      blocks.forEach((images, at) => files.set(blockName(name, at, blocks.length), grid(images)));
    }
    files.set("originals", grid(originals));
  }
  mkdirSync(folder.file(ownName(row, "strips")), { recursive: true });
  for (const [name, bytes] of files) writeFileAtomic(stripFile({ row, folder }, name), bytes);
}

/** Draws the charts that an experiment has beyond those of each run's report. */
export async function drawCharts(
  subject: Subject,
  row: Row,
  { charts: chosen = [] }: Experiment,
): Promise<void> {
  for (const { file, draw } of chosen)
    if (draw) writeFileAtomic(subject.session.folder.file(ownName(row, file)), await draw(subject));
}

/** Blocks that there are several of are counted from 1. */
function blockName(name: StripName, at: number, of: number): string {
  return of === 1 ? name : `${name}-${at + 1}`;
}

/** Strips that belong together: blocks of them, one row for each model. */
export interface Strips {
  name: StripName;
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
  const of = (name: string, what: string) =>
    runs.flatMap((run) => drawn(run.row.label, stripFile(run, name), `${what} of ${run.row.label}`));
  const { strips: chosen = usualStrips } = outcome.experiment;
  return chosen
    .map((name) => {
      const { title, lead, what } = stripKind(name);
      const original =
        name === "reconstructions"
          ? drawn("Original", stripFile(first, "originals"), "The original images")
          : [];
      const single = of(name, what);
      const blocks =
        single.length > 0
          ? [[...original, ...single]]
          : Array.from({ length: pairs }, (_, at) => of(blockName(name, at, pairs), what));
      return { name, title, lead: `Seed ${first.seed}. ${lead}`, blocks };
    })
    .filter(({ blocks }) => blocks.some((rows) => rows.length > 0));
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

function stripFile({ row, folder }: Pick<RunAt, "row" | "folder">, name: string): string {
  return join(folder.file(ownName(row, "strips")), `${name}.png`);
}
