import { existsSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { Dataset } from "../../src/data/dataset.ts";
import { openDevice } from "../../src/device/device.ts";
import { messageCard } from "../../src/report/svg.ts";
import { pointsChart } from "../../src/report/points.ts";
import { Judge } from "../../src/reproduce/judge.ts";
import type { Experiment } from "../../src/reproduce/experiment.ts";
import { experimentMarkdown, writeMarkdown } from "../../src/reproduce/markdown.ts";
import type { Outcome } from "../../src/reproduce/experiment.ts";
import { experimentPage } from "../../src/reproduce/page.ts";
import { plotOf } from "../../src/reproduce/plots.ts";
import { reproduce, type ReproduceOptions } from "../../src/reproduce/reproduce.ts";
import { linesOf } from "../../src/reproduce/table.ts";
import { momentsOf } from "../../src/reproduce/through.ts";
import { factsOf, verdict } from "../../src/reproduce/verdict.ts";
import { values } from "../check.ts";
import { temporaryFolder } from "../data/files.ts";

const kinds: Experiment = {
  name: "kinds",
  title: "Rows of all kinds",
  data: "bumps",
  metrics: ["test", "activeUnits"],
  rows: [
    { label: "VAE of 4", config: { model: "vae", rank: 4 }, published: {}, series: "VAE" },
    { label: "VAE of 2", config: { model: "vae", rank: 2 }, published: {}, series: "VAE" },
    { label: "again", config: {}, published: {}, trained: "VAE of 2" },
    {
      label: "computed",
      config: {},
      published: {},
      compute: () => ({ metrics: { test: 7 }, files: { "own.svg": messageCard("computed") } }),
    },
  ],
  notes: [],
  findings: (outcome) => [`There are ${outcome.runs.length} runs.`],
  plots: [
    {
      ...{ name: "length", title: "By length", lead: "A lead.", shows: "rows" },
      x: { of: ({ config }) => config.rank ?? NaN, label: "length of the codes" },
      y: { of: "test", log: true },
    },
    { name: "through", title: "Through", lead: "A lead.", shows: "training", y: { of: "activeUnits" } },
  ],
  through: { every: 2, metrics: ["activeUnits"] },
  strips: ["reconstructions", "samples"],
  charts: [
    {
      file: "own.svg",
      title: "Own",
      lead: "A lead.",
      draw: ({ codeSize }) => Promise.resolve(messageCard(`${codeSize}`)),
    },
  ],
};

const options = (out: string, more: Partial<ReproduceOptions> = {}): ReproduceOptions => ({
  scale: "quick",
  seeds: 2,
  settings: { size: 12, steps: 5, batch: 16, evaluateCount: 8, checkpointEvery: 2 },
  out,
  version: "0",
  ...more,
});

const dots = (svg: string) => svg.match(/<circle/g)?.length ?? 0;

test("rows share what is trained, are computed, are measured through the training, and are plotted", async () => {
  const out = temporaryFolder();
  const stop = new AbortController();
  const every = {
    onProgress: ({ line }: { line: { step: number } }) => void (line.step === 3 && stop.abort()),
  };
  const begun = await reproduce(kinds, options(out, { hooks: () => every, signal: stop.signal }));
  expect(begun.runs).toHaveLength(0);
  const trained: string[] = [];
  const outcome = await reproduce(
    kinds,
    options(out, { hooks: ({ row, seed }) => (trained.push(`${row.label} ${seed}`), {}) }),
  );
  expect(trained).toEqual(["VAE of 4 500", "VAE of 2 500", "VAE of 4 501", "VAE of 2 501"]);
  expect([outcome.complete, outcome.runs.length]).toEqual([true, 7]); // what is computed is so once
  expect(momentsOf(outcome.runs[0]!.folder).map(({ step }) => step)).toEqual([1, 2, 4, 5]);
  const [, two, again, computed] = linesOf(outcome);
  expect(again!.cells[0]!.values).toEqual(two!.cells[0]!.values);
  expect(computed!.cells[0]).toMatchObject({ values: [7], mean: 7 });
  const caution = "Not a finding: 2 seeds and 5 of the scale's 500 steps cannot rank the models.";
  expect(verdict(outcome)).toBe(`${caution} There are 7 runs.`);
  expect(factsOf(outcome).slice(1, 4)).toEqual(["5 steps each", "12 × 12 pixels", "4 runs, 2 seeds each"]);

  const [length, through] = kinds.plots!.map((plot) => plotOf(outcome, plot));
  expect(dots(length!)).toBe(2); // of the rows that have a length
  expect(dots(through!)).toBe(2 + 2 * 4);
  const page = experimentPage(outcome, { version: "0" });
  expect(page).toContain("By length");
  expect(page.match(/data:image\/png;base64/g)).toHaveLength(7); // originals, and of three rows reconstructions and samples
  expect(page.match(/data:image\/svg/g)).toHaveLength(4);
  const markdown = join(temporaryFolder(), "kinds.md");
  writeMarkdown(markdown, experimentMarkdown(outcome, "0"));
  const links = [...readFileSync(markdown, "utf8").matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => link!);
  expect(links).toEqual([
    ...["kinds-length.svg", "kinds-through.svg", "kinds-reconstructions.png", "kinds-samples.png"],
    ...["kinds-vae-of-4-500-own.svg", "kinds-vae-of-2-500-own.svg"],
    ...["kinds-vae-of-2-500-own-again.svg", "kinds-computed-500-own.svg"],
  ]);
  for (const link of links) expect(existsSync(join(dirname(markdown), link)), link).toBe(true);

  const { folder } = outcome.runs[1]!;
  rmSync(folder.file("scores-again.json"));
  rmSync(folder.file("strips-again"), { recursive: true });
  const measuredAgain = await reproduce(kinds, options(out));
  expect(linesOf(measuredAgain)).toEqual(linesOf(outcome));
  expect(existsSync(folder.file("strips-again/reconstructions.png"))).toBe(true);
}, 120_000);

test("a plot has each run's point, the diagonal, and leaves out what no axis can show", () => {
  const series = [
    { label: "a", points: [1, 2, NaN].map((x) => ({ x, y: 2 * x, spread: 0.5 })), isLine: true },
    {
      label: "b",
      points: [
        { x: -1, y: 1 },
        { x: 3, y: 3 },
      ],
    },
  ];
  const svg = pointsChart({
    series,
    x: { label: "x", log: true },
    y: { label: "y" },
    diagonal: true,
    level: 2,
  });
  expect(dots(svg)).toBe(2 + 3);
  expect(svg.match(/stroke-dasharray/g)!.length).toBeGreaterThanOrEqual(2);
  expect(svg).not.toMatch(/NaN|undefined/);
  expect(pointsChart({ series: [], x: { label: "x" }, y: { label: "y" } })).toContain("No point is finite.");
  const none: Outcome = { experiment: kinds, scale: "quick", adapter: "", runs: [], complete: false };
  for (const plot of kinds.plots!) expect(plotOf(none, plot)).toContain("No point is finite.");
});

test("vectors are compared as they are: their own half lies below noise", async () => {
  const vectors = new Dataset({ name: "vectors", shape: [4], stored: Float32Array.from(values(4 * 800, 3)) });
  const [test, train] = vectors.split(400, 0);
  const device = await openDevice();
  const judge = await Judge.ofVectors(device, { train: train, test: test });
  device.close();
  expect(judge.facts).toEqual({ floor: judge.floor.frechet, ceiling: judge.ceiling.frechet });
  expect(judge.floor.frechet).toBeLessThan(0.1 * judge.ceiling.frechet);
  expect((await judge.compare(train.values())).frechet).toBeCloseTo(0, 9);
});
