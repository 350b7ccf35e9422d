import { datasetNamed, type DatasetName } from "../data/known.ts";
import { covarianceChart, maskChart } from "./codeCharts.ts";
import type { Experiment, Paper, Row, Scale } from "./experiment.ts";
import { lengthFindings, maskFindings, nacFindings, tableFindings } from "./maskaaeFindings.ts";
import { figureNotes, maskNotes, nacNotes, priorNotes, tableNotes } from "./maskaaeNotes.ts";
import { byLength, generation, mask, pair, priors } from "./maskaaeRows.ts";

const images = ["mnist", "fashion-mnist", "cifar10", "folder"] as const;

const quality = {
  name: "quality",
  title: "Quality against the length of the codes",
  lead: "Fréchet distance of samples from the prior: the mean of the seeds, with its deviation.",
  shows: "rows",
  x: { of: (row: Row) => row.config.latent ?? 0, label: "length of the codes", log: true },
  y: { of: "priorFd", log: true },
} as const;

const open = {
  ...quality,
  name: "open",
  title: "Open dimensions against the length of the codes",
  lead: "Dimensions that the mask of MaskAAE leaves open: the mean of the seeds, with its deviation.",
  y: { of: "openDimensions" },
} as const;

const titleOf = (data: DatasetName) => datasetNamed(data).title + (data === "folder" ? " (CelebA)" : "");
const anywhere = ["synthetic", ...images] as const;

/** "To regularize or not to regularize? The bias variance trade-off in regularized AEs" (Mondal et al., UAI 2020 and 2021). */
export const maskaae: Paper = {
  name: "maskaae",
  title: "MaskAAE and FlexAE",
  experiments: {
    figure2: {
      about: "a WAE's quality against the length of its codes (figure 2)",
      minutes: 2,
      data: ["synthetic", "mnist"],
      build: (data, scale) => ({
        title: `Figure 2: a WAE and the length of its codes, ${titleOf(data)}`,
        metrics: ["priorFd", "test"],
        rows: byLength(data, scale, ["WAE"]),
        notes: figureNotes(data),
        findings: lengthFindings,
        plots: [quality],
      }),
    },
    figure5: {
      about: "the same beside a MaskAAE, and the dimensions that its mask leaves open (figure 5)",
      minutes: 13,
      data: ["synthetic", "mnist"],
      build: (data, scale) => ({
        title: `Figure 5: WAE and MaskAAE against the length of the codes, ${titleOf(data)}`,
        metrics: ["priorFd", "openDimensions", "undecided", "nac", "test"],
        rows: byLength(data, scale, ["WAE", "MaskAAE"]),
        notes: [...figureNotes(data), ...maskNotes(scale, data)],
        findings: lengthFindings,
        plots: [quality, open],
      }),
    },
    figure6: {
      about: "the mask through training, for three lengths of codes (figure 6)",
      minutes: 3,
      data: ["mnist", "synthetic"],
      build: (data, scale) => ({
        title: `Figure 6: the mask through training, ${titleOf(data)}`,
        metrics: ["openDimensions", "undecided", "priorFd"],
        rows: [32, 64, 110].map((latent) => ({
          label: `${latent} numbers`,
          config: mask(data, scale, latent),
          published: data === "mnist" ? { openDimensions: [latent === 64 ? 13 : 11] as const } : {},
        })),
        notes: maskNotes(scale, data),
        findings: maskFindings,
        through: { every: scale === "quick" ? 20 : 5000, metrics: ["openDimensions", "undecided"] },
        plots: [
          {
            name: "open",
            title: "Open dimensions through training",
            lead: "The mean of the seeds, by step.",
            shows: "training",
            y: { of: "openDimensions" },
          },
        ],
        charts: [maskChart],
      }),
    },
    figure7: {
      about: "the covariance of the codes, WAE beside MaskAAE (figure 7)",
      minutes: 4,
      data: ["mnist", "synthetic"],
      build: (data, scale) => ({
        title: `Figure 7: the covariance of codes, ${titleOf(data)}`,
        ...ofCodes(data, scale),
        charts: [covarianceChart],
      }),
    },
    table1: {
      about: "generation by every model (table 1)",
      minutes: 21,
      data: images,
      build: (data, scale) => ({
        title: `Table 1: generated images, ${titleOf(data)}`,
        metrics: ["priorFd", "priorKd", "openDimensions", "test"],
        rows: generation(data, scale),
        notes: [...tableNotes(scale), ...maskNotes(scale, data)],
        findings: tableFindings,
        strips: ["reconstructions", "prior"],
      }),
    },
    table2: {
      about: "the correlation of the codes, WAE beside MaskAAE (table 2)",
      minutes: 8,
      data: anywhere,
      build: (data, scale) => ({
        title: `Table 2: the correlation of codes, ${titleOf(data)}`,
        ...ofCodes(data, scale),
      }),
    },
    prior: {
      about: "what a prior costs: N(0, I), mixtures, a second stage, a learned generator",
      minutes: 7,
      data: ["mnist", "synthetic", "fashion-mnist", "cifar10", "folder"],
      build: (data, scale) => ({
        title: `What the prior costs, ${titleOf(data)}`,
        metrics: ["priorFd", "priorKd", "priorDistance", "test"],
        rows: priors(data, scale),
        notes: priorNotes,
        findings: tableFindings,
        strips: ["prior"],
      }),
    },
  },
};

/** What figure 7 and table 2 have in common. */
function ofCodes(data: DatasetName, scale: Scale): Omit<Experiment, "name" | "data" | "title"> {
  return {
    metrics: ["nac", "nacCovariance", "nacFloor", "openDimensions", "priorDistance", "priorP", "priorFd"],
    rows: pair(data, scale),
    notes: [...nacNotes, ...maskNotes(scale, data)],
    findings: nacFindings,
    strips: [],
  };
}
