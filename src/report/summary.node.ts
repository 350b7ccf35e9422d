import type { Dataset } from "../data/dataset.ts";
import { datasetNamed } from "../data/known.ts";
import { deviationOf, openUnits, variances } from "../latent/spectrum.ts";
import { covarianceMatrix } from "../metrics/covariance.ts";
import { frechetDistance } from "../metrics/frechet.ts";
import { linearBoundOn, relativeErrorOn } from "../train/evaluate.ts";
import {
  codesOf,
  decodeCodes,
  diagonalCodes,
  fitSampler,
  interpolations,
  samplesFrom,
} from "../train/generate.ts";
import { maskOf } from "../train/mask.ts";
import type { Config } from "../train/config.ts";
import { modelNamed } from "../models/known.ts";
import type { Sampler } from "../latent/sampler.ts";
import { samplerOf, type SamplerKind } from "../models/samplers.ts";
import { isSettingOf } from "../train/config.ts";
import { tensor } from "../tensor/tensor.ts";
import { measureCodes, secondStageSamplers, type SecondStageSamplers } from "./code-measures.node.ts";
import type { LatentPoints } from "./latent-charts.ts";
import type { ReportData } from "./report-data.ts";
import { writeReport } from "./report.node.ts";
import type { Session } from "../runs/session.node.ts";

/** What `metrics.json` holds. Errors are relative errors in percent. */
export interface Results {
  model: string;
  data: string;
  steps: number;
  testError: number;
  /** The least error of any linear autoencoder of the same code length on the test data. */
  linearBound: number;
  trainError: number;
  /** Bumps only: the error on centres along the diagonal, the test set of the paper's tables. */
  diagonalError?: number;
  /** Singular values of the latent vectors (RRAE, VRRAE). */
  singularValues?: number[];
  /** Dimensions of the codes that a mask lets through (MaskAAE). */
  openDimensions?: number;
  /** Vectors only: the Fréchet distance of samples to test points, on the numbers themselves, and that of training points. */
  sampleDistance?: { samples: number; training: number };
  seconds: Record<string, number>;
  /** Part of the time of a step for which it waited for its batch, 0 to 1; none where no steps were taken. */
  waiting?: number;
  adapter: string;
  verdict: string;
}

const shown = { images: 16, samples: 64, pairs: 6, steps: 8, codes: 1000, vectors: 2000 };
/** Training samples that the training error is measured on. */
const trainErrorCount = 1000;

/** Evaluates a finished run, saves it, and writes `metrics.json` and the report with its pictures. */
export async function summarize(
  session: Session,
  { command, version }: { command: string; version: string },
): Promise<Results> {
  const { folder, config, model, data, trainer, timings, device } = session;
  const start = performance.now();
  const fitted = await session.fitBasis(config.basisCount);
  await session.save();
  const errorOn = (set: Dataset) => relativeErrorOn(model, set, config.batch);
  const testError = await errorOn(data.test);
  const linearBound = linearBoundOn(data.test, model.codeSize);
  const outcome =
    `test error ${testError.toFixed(1)} %; ` +
    `linear bound (rank-${model.codeSize} PCA of the same data) ${linearBound.toFixed(1)} %.`;
  const mask = await maskOf(model);
  const results: Results = {
    model: config.model,
    data: config.data,
    steps: trainer.step,
    testError,
    linearBound,
    trainError: await errorOn(data.train.take(trainErrorCount)),
    ...(data.diagonal ? { diagonalError: await errorOn(data.diagonal) } : {}),
    ...(fitted ? { singularValues: Array.from(fitted.singularValues) } : {}),
    ...(mask ? { openDimensions: openUnits(mask) } : {}),
    ...(await distanceOfVectors(session)),
    seconds: {},
    ...(Number.isFinite(session.waiting) ? { waiting: Math.min(1, session.waiting) } : {}),
    adapter: device.info.name,
    verdict: `${titleOf(config)}: ${outcome}`,
  };
  const pictures = await draw(session);
  timings.evaluate += (performance.now() - start) / 1000;
  results.seconds = { ...timings };
  folder.writeJson("metrics.json", results);
  writeReport(folder.path, {
    ...pictures,
    ...facts(session, results),
    verdict: outcome.replace(/^t/, "T"),
    ...(fitted ? { singularValues: { values: fitted.singularValues, kept: model.codeSize } } : {}),
    ...(mask ? { covariance: await covarianceOf(session) } : {}),
    command,
    version,
  });
  return results;
}

/** Vectors of more numbers have covariances that take minutes to compare. */
const mostNumbers = 256;

/** How far samples of vectors are from test points: of the model's prior, or of a Gaussian fitted to the codes. */
async function distanceOfVectors(session: Session): Promise<Pick<Results, "sampleDistance">> {
  const { model, data, config } = session;
  const [D = 0, ...more] = data.test.shape;
  const count = Math.min(shown.vectors, data.test.count, data.train.count);
  if (more.length > 0 || D > mostNumbers || count < 2) return {};
  const sampler = samplerOf(model, modelNamed(config.model).prior ? "prior" : "gaussian");
  await fitSampler(sampler, model, data.train, config.basisCount);
  const test = data.test.values(0, count);
  const samples = frechetDistance(await samplesFrom(model, sampler, count, config.seed), test, D);
  return { sampleDistance: { samples, training: frechetDistance(data.train.values(0, count), test, D) } };
}

async function covarianceOf({ model, data }: Session): Promise<ReportData["covariance"]> {
  const codes = await codesOf(model, data.test, Math.min(data.test.count, shown.codes));
  return { values: covarianceMatrix(codes, model.codeSize), side: model.codeSize };
}

/** Everything in the report that is encoded or decoded: of vectors, the latent space alone. */
async function draw(session: Session): Promise<Partial<ReportData>> {
  const latent = await latentPoints(session);
  const secondLatent = await secondPoints(session, latent);
  const second = await secondStageSamplers(session);
  const ofCodes = { latent, secondLatent, ...(await measureCodes(session, second)) };
  if (session.data.test.shape.length === 3) return { ...ofCodes, ...(await drawImages(session, second)) };
  const none = "These samples are no images.";
  return { ...ofCodes, absent: { reconstructions: none, samples: none, interpolation: none } };
}

async function drawImages(
  { model, data, config }: Session,
  second: SecondStageSamplers | undefined,
): Promise<Partial<ReportData>> {
  const shape = data.test.shape as readonly [number, number, number];
  const { seed, basisCount } = config;
  const { range, colormap } = datasetNamed(config.data);
  const originals = data.test.take(shown.images);
  const spread = deviationOf(variances(await codesOf(model, data.train, shown.codes), model.codeSize));
  const from = async (kind: SamplerKind) => {
    const sampler = await fitSampler(samplerOf(model, kind, { seed }), model, data.train, basisCount);
    return drawnBy(sampler);
  };
  const drawnBy = (sampler: Sampler) => samplesFrom(model, sampler, shown.samples, seed);
  const samples = [
    ...(modelNamed(config.model).prior
      ? [
          {
            title: `prior N(0, I), where the codes spread by ${spread.toPrecision(2)}`,
            images: await from("prior"),
          },
        ]
      : []),
    ...(second
      ? [
          {
            title: "second stage, which makes codes like those of data",
            images: await drawnBy(second.plain),
          },
          {
            title: `second stage, renormalised: the same codes × ${second.factor.toPrecision(3)}`,
            images: await drawnBy(second.renormalised),
          },
        ]
      : []),
    { title: "Gaussian fitted to the codes", images: await from("gaussian") },
  ];
  const pairs = Math.min(shown.pairs, Math.floor(data.test.count / 2));
  return {
    images: {
      originals: originals.values(),
      reconstructions: await decodeCodes(model, await codesOf(model, originals)),
      shape,
      range,
    },
    samples,
    ...(pairs > 0
      ? {
          interpolation: {
            images: await interpolations(model, data.test, { pairs, steps: shown.steps, seed }),
            pairs,
            steps: shown.steps + 2,
          },
        }
      : { absent: { interpolation: "A single test image has no other to go to." } }),
    colormap,
  };
}

async function latentPoints({ model, data }: Session): Promise<NonNullable<ReportData["latent"]>> {
  const points = await codesOf(model, data.test, shown.codes);
  const { labels, centres } = data.test;
  const count = points.length / model.codeSize;
  return {
    points,
    k: model.codeSize,
    ...(labels ? { labels: labels.subarray(0, count) } : {}),
    ...(centres
      ? {
          labels: Float32Array.from({ length: count }, (_, i) => centres[2 * i]!),
          labelName: "x of the bump's centre",
        }
      : {}),
    ...(data.diagonal
      ? { path: await diagonalCodes(model, data.diagonal), pathLabel: "a bump moving along the diagonal" }
      : {}),
  };
}

/** The codes that a second stage has of those points, where there is one. */
async function secondPoints(
  { model }: Session,
  { points, k, path: _path, pathLabel: _label, ...rest }: LatentPoints,
): Promise<LatentPoints | undefined> {
  const { secondStage, device } = model;
  if (!secondStage) return undefined;
  using z = tensor(device, points, [points.length / k, k]);
  using u = secondStage.encode(z);
  return { ...rest, k, points: await u.read() };
}

function titleOf({ model, data }: Config): string {
  return `${modelNamed(model).title} on ${data}`;
}

function facts(session: Session, results: Results): Omit<ReportData, "verdict" | "command" | "version"> {
  const { config, device, folder, timings } = session;
  const percent = (value: number) => `${value.toFixed(1)} %`;
  const { testError, trainError, diagonalError, linearBound, openDimensions, sampleDistance, waiting } =
    results;
  return {
    title: titleOf(config),
    model: config.model,
    dataset: config.data,
    config: Object.fromEntries(Object.entries(config).filter(([name]) => isSettingOf(config.model, name))),
    adapter: device.info,
    history: folder.history(),
    numbers: [
      { label: "Test error", value: percent(testError), hint: "relative error on data never trained on" },
      ...(diagonalError === undefined
        ? []
        : [
            {
              label: "Diagonal test error",
              value: percent(diagonalError),
              hint: "the test set of the paper's tables",
            },
          ]),
      {
        label: "Training error",
        value: percent(trainError),
        hint: `on ${Math.min(trainErrorCount, session.data.train.count)} of ${session.data.train.count} samples`,
      },
      {
        label: "Linear bound",
        value: percent(linearBound),
        hint: `rank-${session.model.codeSize} PCA of the test data`,
      },
      ...(openDimensions === undefined
        ? []
        : [
            {
              label: "Open dimensions",
              value: `${openDimensions} of ${session.model.codeSize}`,
              hint: "that the mask lets through",
            },
          ]),
      ...(sampleDistance === undefined
        ? []
        : [
            {
              label: "Distance of samples",
              value: sampleDistance.samples.toPrecision(3),
              hint: `Fréchet, to test points; of training points ${sampleDistance.training.toPrecision(2)}`,
            },
          ]),
      { label: "Steps", value: String(results.steps) },
      ...(waiting === undefined
        ? []
        : [
            {
              label: "Waiting for data",
              value: percent(100 * waiting),
              hint: "of the time of a step, at most",
            },
          ]),
    ],
    reference: { label: "linear bound", value: linearBound },
    timings: Object.entries(timings).map(([label, seconds]) => ({ label, seconds })),
    stepsPerSecond: timings.train > 0 ? (results.steps - 1) / timings.train : undefined,
    date: new Date().toISOString().slice(0, 16).replace("T", " ") + " UTC",
  };
}
