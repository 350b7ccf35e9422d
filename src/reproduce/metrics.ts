import { roundness, straightness } from "../latent/form.ts";
import { activeUnits, variances } from "../latent/spectrum.ts";
import { bumpFitError } from "../metrics/bumpFit.ts";
import { samplerOf } from "../models/samplers.ts";
import { diagonalCodes, fitSampler, samplesFrom } from "../train/generate.ts";
import { varianceLawOn, varianceLossOn } from "../train/variance.ts";
import { correlation, openDimensions, priorTest, undecided } from "./codeMetrics.ts";
import { columnTitles, type Column } from "./columns.ts";
import { imagesCompared, type Likeness } from "./judge.ts";
import { fittedSampler, imagesOf } from "./sources.ts";
import type { Subject } from "./subject.ts";

/** What is measured of a model. */
export interface MetricDescriptor {
  /** As the heading of a column; " %" at its end is its unit. */
  title: string;
  /** Which values people want; less of it unless given. */
  better?: "less" | "neither";
  /** It means the same in a paper, so that the paper's figure can stand on our axis. */
  isShared?: boolean;
  /** Undefined where a model has none. */
  of(subject: Subject): Promise<number | undefined> | number | undefined;
}

const metrics = {
  test: { title: "test error %", isShared: true, of: ({ results }) => results.testError },
  diagonal: { title: "diagonal test error %", isShared: true, of: ({ results }) => results.diagonalError },
  generation: { title: "generation error %", isShared: true, of: generationError },
  activeUnits: {
    title: "active units",
    better: "neither",
    of: async (subject) => activeUnits(await subject.codes(), subject.codeSize),
  },
  openDimensions: { title: "open dimensions", better: "neither", of: openDimensions },
  undecided: { title: "undecided values of the mask", better: "neither", of: undecided },
  nac: { title: "NAC", of: async (subject) => (await correlation(subject)).correlation },
  nacCovariance: {
    title: "NAC of covariances",
    of: async (subject) => (await correlation(subject)).covariance,
  },
  nacFloor: {
    title: "NAC of independent codes",
    better: "neither",
    of: async (subject) => (await correlation(subject)).floor,
  },
  priorDistance: {
    title: "energy distance of codes and prior",
    of: async (subject) => (await priorTest(subject))?.distance,
  },
  priorP: {
    title: "p of codes and prior",
    better: "neither",
    of: async (subject) => (await priorTest(subject))?.pValue,
  },
  roundness: {
    title: "narrowest by widest direction",
    better: "neither",
    of: async (subject) => roundness(await subject.codes(), subject.codeSize),
  },
  straightness: {
    title: "straightness of the diagonal",
    better: "neither",
    of: async ({ session: { model, data } }) =>
      data.diagonal && straightness(await diagonalCodes(model, data.diagonal), model.codeSize),
  },
  mse: { title: "mse", better: "neither", of: async (subject) => (await lossOf(subject)).mse },
  varianceLoss: {
    title: "variance loss",
    better: "neither",
    of: async (subject) => (await lossOf(subject)).loss,
  },
  varianceRatio: {
    title: "variance loss / mse",
    better: "neither",
    of: async (subject) => (await lossOf(subject)).ratio,
  },
  drawnRatio: {
    title: "the same of drawn codes",
    better: "neither",
    of: async ({ session: { model, data, config } }) =>
      (await varianceLossOn(model, data.test, { count: lossCount, drawn: config.seed })).ratio,
  },
  varianceLaw: {
    title: "variance law",
    better: "neither",
    of: async (subject) => (await lawOf(subject)).meanLaw,
  },
  usedUnits: {
    title: "active units (σ² below 0.8)",
    better: "neither",
    of: async (subject) => (await lawOf(subject)).activeUnits,
  },
  secondSpread: {
    title: "spread of second-stage codes / of codes",
    better: "neither",
    of: async (subject) => {
      const { config } = subject.session;
      const codes = await (await fittedSampler(subject, "second-stage"))?.sample(spreadCount, config.seed);
      if (!codes) return undefined;
      const spread = variances(codes, subject.codeSize);
      const mean = spread.reduce((sum, one) => sum + one, 0) / spread.length;
      return Math.sqrt(mean / (await lawOf(subject)).meanLaw);
    },
  },
} as const satisfies Record<string, MetricDescriptor>;

/** Codes of a second stage that a deviation is of. */
const spreadCount = 5000;

/** Held-out samples that the variance loss is of, and training samples that the variance law is. */
const [lossCount, lawCount] = [1000, 1000];

const lossOf = (subject: Subject) =>
  subject.once("variance loss", () =>
    varianceLossOn(subject.session.model, subject.session.data.test, { count: lossCount }),
  );

const lawOf = (subject: Subject) =>
  subject.once("variance law", () =>
    varianceLawOn(subject.session.model, subject.session.data.train, lawCount),
  );

/** How images are compared: on the features of a `Judge`, and of a network whose weights are given. */
const comparisons = {
  Fd: { title: "cFD", key: "frechet" },
  Kd: { title: "kernel distance", key: "kernel" },
  Fid: { title: "FID (given weights)", key: undefined },
} as const satisfies Record<string, { title: string; key: keyof Likeness | undefined }>;
type Comparison = keyof typeof comparisons;

/** What can be measured of a trained model. */
export type Metric = keyof typeof metrics | `${Column}${Comparison}`;

/** The images and the comparison of a metric, where it is one of images. */
export function compared(metric: Metric): { column: Column; by: Comparison } | undefined {
  const [, column, by] = /^(.*?)(Fd|Kd|Fid)$/.exec(metric) ?? [];
  return column === undefined ? undefined : { column: column as Column, by: by as Comparison };
}

export function metricNamed(metric: Metric): MetricDescriptor {
  const images = compared(metric);
  if (!images) return metrics[metric as keyof typeof metrics];
  const { title, key } = comparisons[images.by];
  return {
    title: `${columnTitles[images.column]} ${title}`,
    of: async (subject) => (key ? (await likenessOf(subject, images.column))?.[key] : undefined),
  };
}

/** How near the images of a column are to real ones; undefined without a judge, or without images. */
async function likenessOf(subject: Subject, column: Column): Promise<Likeness | undefined> {
  const { judge, likenesses } = subject;
  const images = judge && (await imagesOf(subject, column, imagesCompared));
  if (images) likenesses[column] ??= await judge.compare(images);
  return likenesses[column];
}

export const titleOf = (metric: Metric): string => metricNamed(metric).title;

/** Bumps that are drawn for the error of random generation. */
const bumpsDrawn = 1000;

/**
 * Random generation draws from a normal distribution fitted to the codes of training samples: a mixture of one component
 * is scikit-learn's default, which the VRRAE paper, that names no number, may have used.
 */
async function generationError({ session }: Subject): Promise<number | undefined> {
  const { model, data, config } = session;
  if (config.data !== "bumps") return undefined;
  const sampler = await fitSampler(samplerOf(model, "gaussian"), model, data.train, config.basisCount);
  const drawn = await samplesFrom(model, sampler, bumpsDrawn, config.seed);
  const { mean = 0, std = 1, shape } = data.train;
  return bumpFitError(drawn, { size: shape[0]!, mean, std }).percent;
}
