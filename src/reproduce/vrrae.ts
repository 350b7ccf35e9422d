import { datasetNamed, type DatasetName } from "../data/known.ts";
import type { PartialConfig } from "../train/config.ts";
import { modelNamed, type ModelName } from "../models/known.ts";
import {
  baselineNotes,
  batchSizeNotes,
  betaNotes,
  figure2Notes,
  readingNotes,
  table1Notes,
  table2Notes,
  table3Notes,
} from "./notes.ts";
import type { Experiment, Paper, Reading, Row, Scale } from "./experiment.ts";
import { published } from "./published.ts";

const imageMetrics = ["interpolationFd", "randomFd", "priorFd", "test"] as const;
const bumpMetrics = ["test", "diagonal", "generation"] as const;

const titleOf = (data: DatasetName) => datasetNamed(data).title + (data === "folder" ? " (CelebA)" : "");

/** The paper's four models (tables 1 and 2). */
const four = ["ae", "vae", "rrae", "vrrae"] as const;

/** Samples in a batch of the paper, by which its weight of the KL term, summed over the batch, is to be understood. */
const paperBatch: Partial<Record<DatasetName, number>> = { mnist: 576, "fashion-mnist": 576, folder: 576 };

/** The weights of the KL term that the paper found best (table A.3-2). */
const bestBeta: Partial<Record<DatasetName, Partial<Record<ModelName, number>>>> = {
  mnist: { vae: 1e-3, vrrae: 1e-6 },
  "fashion-mnist": { vae: 1e-3, vrrae: 1e-6 },
  cifar10: { vae: 1e-5, vrrae: 0 },
  folder: { vae: 1e-6, vrrae: 1e-6 },
};

/** "Variational Rank Reduction Autoencoders" (Mounayer et al.). */
export const vrrae: Paper = {
  name: "vrrae",
  title: "Variational Rank Reduction Autoencoders",
  measured: { time: { about: "the time of a training step, VAE beside VRRAE (table A.4-1)", minutes: 4 } },
  withReading,
  experiments: {
    table1: {
      about: "the four models on 100 bumps (table 1)",
      data: ["bumps"],
      build: () => ({
        title: "Table 1: 100 Gaussian bumps",
        metrics: bumpMetrics,
        rows: four.map((model) => row(model, { model }, published.table1[model])),
        notes: table1Notes,
      }),
    },
    table2: {
      about: "the four models on images (table 2)",
      data: ["mnist", "fashion-mnist", "cifar10", "folder"],
      build: (data, scale) => ({
        title: `Table 2: ${titleOf(data)}`,
        metrics: imageMetrics,
        rows: four.map((model) => row(model, best(model, data, scale), published.table2[data]?.[model])),
        notes: table2Notes(data),
      }),
    },
    table3: {
      about: "what f = I and the KL term are worth (table 3)",
      data: ["mnist", "fashion-mnist", "cifar10", "folder"],
      build: (data, scale) => ({
        title: `Table 3: ablation on ${titleOf(data)}`,
        metrics: imageMetrics,
        rows: [
          row(
            "rrae-vae",
            { ...best("vrrae", data, scale), model: "rrae-vae" },
            published.table3[data]?.["rrae-vae"],
          ),
          row(
            "vae-identity",
            { ...best("vae", data, scale), model: "vae-identity" },
            published.table3[data]?.["vae-identity"],
          ),
          row("vrrae", { model: "vrrae", beta: 0 }, published.table3[data]?.["vrrae-0"], "VRRAE (β = 0)"),
          row("vrrae", best("vrrae", data, scale), published.table3[data]?.vrrae),
        ],
        notes: table3Notes(data),
      }),
    },
    figure2: {
      about: "the latent space, with a bump on the diagonal in red (figure 2)",
      data: ["bumps"],
      build: () => ({
        title: "Figure 2: the latent space of 100 Gaussian bumps",
        metrics: ["activeUnits", "roundness", "straightness", "test"],
        rows: (["vae", "vrrae", "ae", "rrae"] as const).map((model) => row(model, { model })),
        notes: figure2Notes,
        isScatter: true,
      }),
    },
    beta: {
      about: "the weight of the KL term (table A.3-2)",
      data: ["mnist", "fashion-mnist", "cifar10"],
      build: (data, scale) => ({
        title: `Table A.3-2: the weight of the KL term on ${titleOf(data)}`,
        metrics: [...imageMetrics, "activeUnits"],
        rows: (["vae", "vrrae"] as const).flatMap((model) =>
          (data === "cifar10" ? [0, 1e-5, 1e-4] : [0, 1e-6, 1e-4, 1e-3, 1e-2]).map((beta) => {
            const known = published.beta[data]?.[model][beta];
            const config = { model, beta: perBatch(beta, data, scale) };
            return row(model, config, known, `${modelNamed(model).title} (β = ${beta})`);
          }),
        ),
        notes: betaNotes(data),
      }),
    },
    "batch-size": {
      about: "batches of 8 to 64 (table A.4-2)",
      data: ["bumps"],
      build: () => ({
        title: "Table A.4-2: the size of the batch, VRRAE on bumps",
        metrics: bumpMetrics,
        rows: [8, 16, 32, 64].map((batch) => {
          // the KL term is summed over the batch: the weight of a sample stays the same
          const config = { model: "vrrae", batch, beta: (1e-3 * 64) / batch } as const;
          return row("vrrae", config, published.batchSize[batch], `batch ${batch}`);
        }),
        notes: batchSizeNotes,
      }),
    },
    baselines: {
      about: "other autoencoders (table A.4-3)",
      data: ["mnist", "fashion-mnist", "folder"],
      build: (data, scale) => ({
        title: `Table A.4-3: other autoencoders on ${titleOf(data)}`,
        metrics: imageMetrics,
        rows: [
          ...(["long-ae", "irmae", "lorae", "contractive", "sparse"] as const).map((model) =>
            row(model, { model }, published.baselines[data]?.[model]),
          ),
          ...four.map((model) => row(model, best(model, data, scale), published.table2[data]?.[model])),
        ],
        notes: baselineNotes(data),
      }),
    },
  },
};

/** Settings of the paper's text that are not those of the authors' run scripts, or of the paper's table of times. */
const textSettings: Partial<Record<DatasetName, PartialConfig>> = {
  bumps: { rate: 1e-4 },
  mnist: { steps: 2083 },
  cifar10: { steps: 3906 },
  folder: { steps: 2261 },
};

/** Models that are something else in the authors' code than in the text. */
const otherInCode: readonly ModelName[] = ["irmae", "lorae", "sparse"];

/**
 * The experiment as the paper's text has it or as its code does, for the paper's scale. Without either, steps and rates
 * are those of the code, which made the figures, and the models what they are said to be.
 */
function withReading(experiment: Experiment, reading: Reading): Experiment {
  const rows = experiment.rows.map((one) => {
    const isOther = reading === "code" && otherInCode.includes(one.config.model ?? "vrrae");
    const own: PartialConfig =
      reading === "text" ? (textSettings[experiment.data] ?? {}) : isOther ? { published: true } : {};
    return { ...one, config: { ...own, ...one.config } };
  });
  return { ...experiment, rows, reading, notes: [readingNotes[reading], ...experiment.notes] };
}

function row(model: ModelName, config: PartialConfig, known: Row["published"] = {}, label?: string): Row {
  return { label: label ?? modelNamed(model).title, config, published: known };
}

/** The settings of a model with the weight of its KL term that the paper found best. */
function best(model: ModelName, data: DatasetName, scale: Scale): PartialConfig {
  const beta = bestBeta[data]?.[model];
  return beta === undefined ? { model } : { model, beta: perBatch(beta, data, scale) };
}

/** A weight of the KL term, which is summed over the batch, for the smaller batches (64) of the quick scale. */
function perBatch(beta: number, data: DatasetName, scale: Scale): number {
  return scale === "paper" ? beta : (beta * (paperBatch[data] ?? 64)) / 64;
}
