import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { PNG } from "pngjs";
import { charts, firstRuns, stripsOf } from "./gallery.ts";
import { ownName } from "./outcome.ts";
import type { Chart, Outcome } from "./experiment.ts";
import { plotOf } from "./plots.ts";

/** A picture of a Markdown page: a file beside it. */
export interface Figure {
  /** The end of the file's name, after that of the page. */
  name: string;
  alt: string;
  bytes: Uint8Array;
}

/** Pictures that belong under one heading, side by side. */
export interface Figures {
  title: string;
  lead: string;
  figures: Figure[];
}

/** Transparent pixels between the strips of a picture, and between its blocks; within strips there are two. */
const gap = 8;
const blockGap = 24;

/** Blocks of strips in a picture; the page in HTML has all. */
const mostBlocks = 2;
/** Pictures wider than this are drawn at half their size. */
const wide = 600;

/**
 * The plots of an experiment and the pictures of its first runs, few and small enough to lie in a repository: the strips of each kind in one
 * PNG, singular values, and of bumps, whose codes have two numbers, the latent spaces.
 */
export function figuresOf(outcome: Outcome): Figures[] {
  const strips = stripsOf(outcome).map(({ name, title, lead, blocks }) => {
    const drawn = blocks.filter((rows) => rows.length > 0).slice(0, mostBlocks);
    const labels = drawn[0]!.map(({ label }) => label).join(", ");
    const rows = `From above${drawn.length > 1 ? ", in each block" : ""}: ${labels}.`;
    const bytes = stacked(drawn.map((block) => block.map(({ file }) => PNG.sync.read(readFileSync(file)))));
    return { title, lead: `${lead} ${rows}`, figures: [{ name: `${name}.png`, alt: title, bytes }] };
  });
  const { experiment } = outcome;
  const { scatter, spectrum } = charts;
  const chosen = experiment.charts ?? (experiment.data === "bumps" ? [scatter, spectrum] : [spectrum]);
  const plots = (experiment.plots ?? []).map((plot) => ({
    ...{ title: plot.title, lead: plot.lead },
    figures: [{ name: `${plot.name}.svg`, alt: plot.title, bytes: Buffer.from(plotOf(outcome, plot)) }],
  }));
  return [...plots, ...strips, ...chosen.flatMap((chart) => chartsOf(outcome, chart))];
}

/** One chart of the first run of each row. */
function chartsOf(outcome: Outcome, { file, title, lead }: Chart): Figures[] {
  const figures = firstRuns(outcome).flatMap(({ row, folder }) => {
    const own = ownName(row, file);
    const drawn = folder.file(own);
    const name = `${basename(folder.path)}-${own}`;
    return existsSync(drawn) ? [{ name, alt: row.label, bytes: readFileSync(drawn) }] : [];
  });
  return figures.length === 0 ? [] : [{ title, lead, figures }];
}

/** Blocks of pictures, all below each other, as one PNG. */
function stacked(blocks: readonly PNG[][]): Uint8Array {
  const width = Math.max(...blocks.flat().map((row) => row.width));
  const heights = blocks.map((rows) => rows.reduce((sum, { height }) => sum + height + gap, -gap));
  const height = heights.reduce((sum, own) => sum + own + blockGap, -blockGap);
  const all = new PNG({ width, height });
  all.data.fill(0);
  let top = 0;
  blocks.forEach((rows, at) => {
    let y = top;
    for (const row of rows) {
      PNG.bitblt(row, all, 0, 0, row.width, row.height, 0, y);
      y += row.height + gap;
    }
    top += heights[at]! + blockGap;
  });
  return PNG.sync.write(width > wide ? reduced(all) : all, { deflateLevel: 9 });
}

/** Squares of four pixels as their mean; what is transparent stays so. */
function reduced(picture: PNG): PNG {
  const out = new PNG({ width: picture.width >> 1, height: picture.height >> 1 });
  for (let y = 0; y < out.height; y++)
    for (let x = 0; x < out.width; x++)
      for (let channel = 0; channel < 4; channel++) {
        const at = (dy: number, dx: number) =>
          picture.data[4 * ((2 * y + dy) * picture.width + 2 * x + dx) + channel]!;
        out.data[4 * (y * out.width + x) + channel] = (at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1) + 2) >> 2;
      }
  return out;
}
