import { datasetNamed, type DatasetName } from "../data/known.ts";
import type { SamplerOptions } from "../models/samplers.ts";
import { loadData } from "../runs/session.node.ts";
import type { Config, PartialConfig } from "../train/config.ts";
import type { Paper, Row, Scale } from "./experiment.ts";
import type { Published } from "./published.ts";
import { movingAverage, pcaLosses, smoothed } from "./varianceLossComputed.ts";
import {
  balanceFindings,
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
      data: images,
      together: true,
      build: (data, scale) => ({
        title: "Figure 4: variance loss and mse of many networks",
        metrics: ["mse", "varianceLoss", "varianceRatio", "drawnRatio"],
        rows: [
          ...networks(scale).map((one) => networkRow(one, scale)),
          ...[4, 16].map((k) => pcaRow(k, data)),
        ],
        notes: figure4Notes,
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
    table1: generation("table 1", ["cifar10", "mnist", "fashion-mnist"]),
    table2: generation("table 2", ["folder"]),
    figure5: {
      about: "generated images of the second stage (figure 5)",
      data: ["folder", "cifar10", "fashion-mnist", "mnist"],
      build: (data, scale) => ({
        title: `Figure 5: generated images on ${titleOf(data)}`,
        metrics: ["secondSpread", "varianceLaw"],
        rows: [
          { label: computedLabel, config: twoStage("computed", scale), published: {}, ...stages },
          normalised({}),
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
          ...[normalised({}), normalised("paper")],
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

// Figure 4

interface NamedNetwork {
  label: string;
  series: string;
  config: PartialConfig;
}

/** Twelve networks of three kinds: of several sizes and lengths of the code. */
function networks(scale: Scale): NamedNetwork[] {
  const small = scale === "quick";
  const mlp = (networkUnits: number, networkLayers: number, latent: number): NamedNetwork => ({
    label: `dense ${networkUnits} × ${networkLayers}, code of ${latent}`,
    series: "dense",
    config: { network: "mlp", networkUnits, networkLayers, latent },
  });
  const conv = (network: "wae" | "rae", width: number, latent: number): NamedNetwork => {
    const networkWidth = small ? width / 8 : width;
    return {
      label: `${network.toUpperCase()}'s convolutions ${networkWidth}, code of ${latent}`,
      series: "convolutional",
      config: { network, networkWidth, latent },
    };
  };
  const resnet = (width: number, networkScales: number, latent: number): NamedNetwork => {
    const networkWidth = small ? width / 4 : width;
    return {
      label: `ResNet ${networkWidth} × ${networkScales}, code of ${latent}`,
      series: "ResNet",
      config: {
        network: "resnet",
        networkWidth,
        networkScales,
        latent,
        ...(small ? { networkUnits: 64 } : {}),
      },
    };
  };
  return [
    ...[mlp(128, 1, 4), mlp(256, 2, 8), mlp(256, 2, 32), mlp(512, 2, 16)],
    ...[conv("rae", 64, 8), conv("rae", 64, 32), conv("rae", 128, 16), conv("wae", 64, 16)],
    ...[resnet(16, 2, 8), resnet(16, 2, 32), resnet(16, 3, 16), resnet(32, 2, 16)],
  ];
}

function networkRow({ label, series, config }: NamedNetwork, scale: Scale): Row {
  const training: PartialConfig =
    scale === "quick"
      ? { steps: 200, batch: 16, rate: 1e-3, optimizer: "adam" }
      : { steps: 60_000, batch: 100, rate: 1e-4, optimizer: "adam" };
  return {
    ...{ label, series, published: {} },
    config: {
      model: "likelihood-vae",
      likelihood: "computed",
      ...config,
      ...training,
      ...unwatched(training),
    },
  };
}

/** Nothing is measured before the end. */
const unwatched = ({ steps = 1 }: PartialConfig): PartialConfig => ({
  evaluateEvery: steps,
  checkpointEvery: Math.max(1, Math.round(steps / 2)),
});

function pcaRow(k: number, data: DatasetName): Row {
  return {
    ...{ label: `PCA of ${k}`, series: "PCA", published: {}, config: { data } },
    compute: async (config: Config) => pcaLosses((await loadData(config)).test, k),
  };
}

// The variance law, and the balance of the two terms

/** Dense networks, small ones at the quick scale. */
function dense(scale: Scale): PartialConfig {
  const small: PartialConfig = {
    ...{ network: "mlp", networkUnits: 256, networkLayers: 2, latent: 16 },
    ...{ steps: 400, batch: 50, rate: 1e-3, optimizer: "adam" },
  };
  const whole: PartialConfig = {
    ...{ network: "mlp", networkUnits: 1024, networkLayers: 3, latent: 16 },
    ...{ steps: 30_000, batch: 100, rate: 1e-4, optimizer: "adam" },
  };
  const config = scale === "quick" ? small : whole;
  return { ...config, ...unwatched(config) };
}

function balanceRow(likelihood: "fixed" | "learned" | "computed", scale: Scale, deviation?: number): Row {
  return {
    label: deviation === undefined ? `γ ${likelihood}` : `γ = ${deviation}`,
    config: {
      ...{ model: "likelihood-vae", likelihood, ...(deviation === undefined ? {} : { deviation }) },
      ...dense(scale),
    },
    published: {},
  };
}

// Tables 1 and 2

function generation(
  table: keyof typeof publishedTables,
  data: readonly DatasetName[],
): Paper["experiments"][string] {
  return {
    about: `reconstruction and generation of RAE and of two-stage VAEs, with normalisation and without (${table})`,
    data,
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
            published: shown(known.computed),
            ...stages,
          },
          normalised({}),
          { ...normalised("paper"), published: shown(known.normalised) },
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

/** Where new images of a two-stage VAE come from. */
const stages = { sources: { gen1: "prior", gen2: "second-stage" } } as const;

/** The networks with computed γ again, whose codes and reconstructions are renormalised. */
function normalised(renormalise: Exclude<SamplerOptions["renormalise"], undefined>): Row {
  return {
    label: renormalise === "paper" ? publishedLabel : normalisedLabel,
    config: {},
    published: {},
    trained: computedLabel,
    ...stages,
    sampler: { renormalise },
  };
}

/** The two-stage VAE of the paper; the learned γ is that of Dai and Wipf. */
function twoStage(likelihood: "learned" | "computed", scale: Scale): PartialConfig {
  const small: PartialConfig = {
    ...{ network: "resnet", networkWidth: 4, networkScales: 2, networkUnits: 64, latent: 16 },
    ...{ secondWidth: 128, steps: 300, secondSteps: 600, batch: 32, rate: 1e-3, optimizer: "adam" },
  };
  const whole: PartialConfig = {
    ...{ network: "resnet", networkWidth: 32, networkScales: 3, networkUnits: 512, latent: 64 },
    ...{ secondWidth: 2048, steps: 350_000, secondSteps: 700_000, batch: 100, rate: 1e-4, optimizer: "adam" },
    schedule: { kind: "steps", milestones: [125_000, 250_000], factor: 0.5 },
  };
  const config = scale === "quick" ? small : whole;
  return { model: "two-stage", likelihood, ...config, ...unwatched(config) };
}

/** RAE-L2 of table 1, RAE-SN of table 2, whose weights are those of its code for sums over a sample. */
function raeRow(table: keyof typeof publishedTables, scale: Scale, published: Row["published"]): Row {
  const isSpectral = table === "table 2";
  const latent = isSpectral ? 64 : 128;
  const P = isSpectral ? 64 * 64 * 3 : 32 * 32 * 3;
  const codePenalty = (2 * (isSpectral ? 2.4e-3 : 1e-3) * P) / latent;
  const small: PartialConfig = {
    ...{ network: "rae", networkWidth: 8, latent: 16, codePenalty },
    ...{ steps: 300, batch: 32, rate: 1e-3, optimizer: "adam" },
  };
  const whole: PartialConfig = {
    ...{ network: "rae", latent, codePenalty },
    ...{ steps: 45_000, batch: 100, rate: isSpectral ? 1e-3 : 5e-4, optimizer: "adam" },
  };
  const config = scale === "quick" ? small : whole;
  return {
    label: isSpectral ? "RAE-SN" : "RAE-L2",
    config: {
      ...(isSpectral ? { model: "rae-sn" } : { model: "rae-l2", penalty: 1e-6 * P }),
      ...config,
      ...unwatched(config),
    },
    published,
    sources: { gen1: "gaussian", gen2: "mixture-10" },
  };
}
