import { datasetNamed, type DatasetName } from "../data/known.ts";
import type { Paper, Row } from "./experiment.ts";
import type { Published } from "./published.ts";
import { movingAverage, smoothed } from "./varianceLossComputed.ts";
import {
  balanceFindings,
  bareLabel,
  bareNormalisedLabel,
  computedLabel,
  figure3Findings,
  figure4Findings,
  generationFindings,
  lawFindings,
  learnedLabel,
  normalisedLabel,
  picturesAlone,
  publishedLabel,
} from "./varianceLossFindings.ts";
import {
  balanceNotes,
  cfdNote,
  figure3Notes,
  figure4Notes,
  figure5Note,
  generationNotes,
  lawNotes,
  normalisationNotes,
} from "./varianceLossNotes.ts";
import { publishedTables } from "./varianceLossPublished.ts";
import {
  again,
  balanceRow,
  dense,
  networkRow,
  networks,
  pcaRow,
  raeRow,
  stages,
  twoStage,
} from "./varianceLossRows.ts";

const images = ["mnist", "fashion-mnist", "cifar10"] as const;

/** "Variance Loss in Variational Autoencoders" (Asperti, 2020). */
export const varianceLoss: Paper = {
  name: "variance-loss",
  title: "Variance Loss in Variational Autoencoders",
  experiments: {
    figure3: {
      about: "mse and variance loss of a line and its moving average (figure 3)",
      data: ["bumps"],
      build: () => ({
        title: "Figure 3: a line and a smoother one",
        metrics: ["mse", "varianceLoss", "varianceRatio"],
        rows: [3, 7, smoothed.window, 15, 25].map((window) => ({
          label: `mean of ${window} points`,
          config: {},
          published:
            window === smoothed.window
              ? { mse: [smoothed.mse] as Published, varianceLoss: [smoothed.loss] as Published }
              : {},
          compute: () => movingAverage(window),
        })),
        notes: figure3Notes,
        findings: figure3Findings,
        charts: [
          { file: "line.svg", title: "The lines", lead: "The line, and the mean of its neighbourhood." },
        ],
      }),
    },
    figure4: {
      about: "variance loss beside mse of twelve networks on each data set, and PCA (figure 4)",
      minutes: 13,
      data: images,
      together: true,
      build: (data, scale) => ({
        title: "Figure 4: variance loss and mse of many networks",
        metrics: ["mse", "varianceLoss", "varianceRatio", "drawnRatio"],
        rows: [
          ...networks(scale).map((one) => networkRow(one, scale)),
          ...[4, 16].map((k) => pcaRow(k, data)),
        ],
        notes: figure4Notes(scale),
        findings: figure4Findings,
        plots: [
          {
            ...{ name: "losses", title: "Variance loss and mse", shows: "runs", diagonal: true },
            lead: "A point for each network and seed, of 1,000 held-out images; on the dashed line the two are equal.",
            x: { of: "mse" },
            y: { of: "varianceLoss" },
          },
        ],
        ...quiet,
      }),
    },
    law: {
      about: "the variance law through training, for β from 1e-4 to 10",
      data: ["mnist", "fashion-mnist", "cifar10"],
      build: (data, scale) => ({
        title: `The variance law on ${titleOf(data)}`,
        metrics: ["varianceLaw", "usedUnits", "mse"],
        rows: [1e-4, 1e-3, 1e-2, 0.1, 1, 10].map((beta) => ({
          label: `β = ${beta}`,
          config: {
            ...{ model: "likelihood-vae", likelihood: "fixed", deviation: Math.SQRT1_2, klWeight: beta },
            ...dense(scale),
          },
          published: {},
        })),
        notes: lawNotes,
        findings: lawFindings,
        through: { every: scale === "quick" ? 20 : 500, metrics: ["varianceLaw"] },
        plots: [
          {
            ...{ name: "law", title: "The variance law through training", shows: "training", level: 1 },
            lead: "Mean over the coordinates of E μ² + E σ², of 1,000 training images; the mean of the seeds.",
            y: { of: "varianceLaw", log: true },
          },
        ],
        ...quiet,
      }),
    },
    balance: {
      about: "reconstruction beside generation for fixed, learned and computed γ",
      data: ["mnist", "fashion-mnist", "cifar10"],
      build: (data, scale) => ({
        title: `Fixed, learned and computed γ on ${titleOf(data)}`,
        metrics: ["mse", "recFd", "gen1Fd", "varianceLaw", "usedUnits"],
        rows: [
          ...[1, 0.3, 0.1].map((deviation) => balanceRow("fixed", scale, deviation)),
          balanceRow("learned", scale),
          balanceRow("computed", scale),
        ],
        notes: [cfdNote, ...balanceNotes],
        findings: balanceFindings,
        plots: [
          {
            ...{ name: "balance", title: "Reconstruction and generation", shows: "runs" },
            lead: "A point for each run: cFD of reconstructions, and of images decoded from N(0, I).",
            x: { of: "recFd" },
            y: { of: "gen1Fd" },
          },
        ],
        strips: ["reconstructions", "gen1"],
        isBrief: true,
        charts: [],
      }),
    },
    table1: generation("table 1", ["cifar10", "mnist", "fashion-mnist"], 3),
    table2: generation("table 2", ["folder"]),
    figure5: {
      about: "generated images of the second stage (figure 5)",
      data: ["folder", "cifar10", "fashion-mnist", "mnist"],
      build: (data, scale) => ({
        title: `Figure 5: generated images on ${titleOf(data)}`,
        metrics: ["secondSpread", "varianceLaw"],
        rows: [
          { label: computedLabel, config: twoStage("computed", scale), published: {}, ...stages },
          again(normalisedLabel, { renormalise: {} }),
        ],
        notes: [figure5Note],
        findings: picturesAlone,
        strips: ["reconstructions", "gen2"],
        isBrief: true,
        charts: [],
      }),
    },
    figure6: {
      about: "the same seeds with and without renormalisation of the second stage's codes (figure 6)",
      data: ["folder", "cifar10", "fashion-mnist", "mnist"],
      build: (data, scale) => ({
        title: `Figure 6: with and without renormalisation on ${titleOf(data)}`,
        metrics: ["secondSpread", "varianceLaw"],
        rows: [
          { label: computedLabel, config: twoStage("computed", scale), published: {}, ...stages },
          again(bareLabel, { gammaNoise: false }),
          again(bareNormalisedLabel, { gammaNoise: false, renormalise: {} }),
          again(publishedLabel, { renormalise: "paper" }),
        ],
        notes: [figure5Note, ...normalisationNotes],
        findings: picturesAlone,
        strips: ["gen2"],
        isBrief: true,
        charts: [],
      }),
    },
  },
};

const quiet = { isBrief: true, strips: [], charts: [] } as const;
const titleOf = (data: DatasetName) => datasetNamed(data).title;

function generation(
  table: keyof typeof publishedTables,
  data: readonly DatasetName[],
  minutes?: number,
): Paper["experiments"][string] {
  return {
    about: `reconstruction and generation of RAE and of two-stage VAEs, with normalisation and without (${table})`,
    data,
    ...(minutes === undefined ? {} : { minutes }),
    build: (chosen, scale) => {
      const known = publishedTables[table];
      const isPapers = chosen === data[0];
      const shown = (one: Row["published"]) => (isPapers ? one : {});
      return {
        title: `${table[0]!.toUpperCase()}${table.slice(1)}: ${titleOf(chosen)}`,
        metrics: ["recFd", "gen1Fd", "gen2Fd", "gen2Kd", "secondSpread", "varianceRatio"],
        rows: [
          raeRow(table, scale, shown(known.rae)),
          {
            label: learnedLabel,
            config: twoStage("learned", scale),
            published: shown(known.learned),
            ...stages,
          },
          {
            label: computedLabel,
            config: twoStage("computed", scale),
            published: {},
            ...stages,
          },
          again(normalisedLabel, { renormalise: {} }),
          { ...again(bareLabel, { gammaNoise: false }), published: shown(known.computed) },
          again(bareNormalisedLabel, { gammaNoise: false, renormalise: {} }),
          { ...again(publishedLabel, { renormalise: "paper" }), published: shown(known.normalised) },
        ],
        notes: [cfdNote, ...generationNotes, ...normalisationNotes],
        findings: generationFindings,
        strips: ["reconstructions", "gen1", "gen2"],
        isBrief: true,
        charts: [],
      };
    },
  };
}
