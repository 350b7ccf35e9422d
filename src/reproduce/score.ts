import { z } from "zod";
import { permutation } from "../data/random.ts";
import { interpolate } from "../latent/interpolation.ts";
import { roundness, straightness } from "../latent/form.ts";
import { activeUnits } from "../latent/spectrum.ts";
import { bumpFitError } from "../metrics/bumpFit.ts";
import { modelNamed } from "../models/known.ts";
import { codesOf, decodeCodes, diagonalCodes, fitSampler, samplesFrom } from "../train/generate.ts";
import { samplerOf } from "../models/samplers.ts";
import type { Session } from "../runs/session.node.ts";
import type { Results } from "../report/summary.node.ts";
import type { Fid } from "./fid.ts";
import { imagesCompared, type Judge, type Likeness } from "./judge.ts";
import type { Metric } from "./metrics.ts";

/** Numbers measured of a run: those of the tables, and the other distances of its images. */
export const scoresSchema = z.object({
  steps: z.int(),
  seconds: z.number(),
  metrics: z.record(z.string(), z.number()),
  likeness: z.record(z.string(), z.record(z.string(), z.number())),
  /** What its images were compared by: the classifier's accuracy, and cFDs of unseen real images and of noise. */
  judge: z.object({ accuracy: z.number(), floor: z.number(), ceiling: z.number() }).exactOptional(),
  /** SHA-256 of the weights that FIDs were measured with. */
  fidWeights: z.string().exactOptional(),
});
export type Scores = z.output<typeof scoresSchema>;

/** Pairs that are interpolated between, and images between each (paper, section 4.2). */
const pairs = 250;
const between = 5;
/** Bumps that are drawn for the error of random generation. */
const bumpsDrawn = 1000;

/**
 * Measures a trained model. Random generation draws from a normal distribution fitted to the codes of training
 * samples: a mixture of one component is scikit-learn's default, which the paper, that names no number, may have used.
 */
export async function score(session: Session, results: Results, judge: Judge | undefined): Promise<Scores> {
  const { model, data, config } = session;
  const { seed, basisCount } = config;
  const metrics: Partial<Record<Metric, number>> = { test: results.testError };
  if (results.diagonalError !== undefined) metrics.diagonal = results.diagonalError;
  const codes = await codesOf(model, data.train, basisCount);
  metrics.activeUnits = activeUnits(codes, model.codeSize);
  metrics.roundness = roundness(codes, model.codeSize);
  const likeness: Record<string, Likeness> = {};

  if (config.data === "bumps") {
    const sampler = await fitSampler(samplerOf(model, "gaussian"), model, data.train, basisCount);
    const drawn = await samplesFrom(model, sampler, bumpsDrawn, seed);
    const { mean = 0, std = 1, shape } = data.train;
    if (data.diagonal)
      metrics.straightness = straightness(await diagonalCodes(model, data.diagonal), model.codeSize);
    metrics.generation = bumpFitError(drawn, { size: shape[0]!, mean, std }).percent;
  }
  if (judge)
    for (const [what, images] of await imagesOf(session)) {
      likeness[what] = await judge.compare(images);
      metrics[`${what}Fd`] = likeness[what].frechet;
    }
  const { train = 0, evaluate = 0 } = session.timings;
  return scoresSchema.parse({
    steps: results.steps,
    seconds: train + evaluate,
    metrics,
    likeness,
    ...(judge ? { judge: judge.facts } : {}),
  });
}

/** The scores of a run with FIDs by the given network, whose weights have that digest. */
export async function withFids(session: Session, scores: Scores, fid: Fid, digest: string): Promise<Scores> {
  const metrics = { ...scores.metrics };
  for (const [what, images] of await imagesOf(session)) metrics[`${what}Fid`] = await fid.compare(images);
  return { ...scores, metrics, fidWeights: digest };
}

/** The images that are compared with real ones: ways between training images, and samples. */
async function imagesOf({ model, data, config }: Session) {
  const { seed, basisCount } = config;
  const drawn = data.train.select(permutation(data.train.count, seed, 0).subarray(0, 2 * pairs));
  const ends = await codesOf(model, drawn);
  const half = ends.length / 2;
  const way = interpolate(ends.subarray(0, half), ends.subarray(half), model.codeSize, between);
  const gaussian = await fitSampler(samplerOf(model, "gaussian"), model, data.train, basisCount);
  return [
    ["interpolation", await decodeCodes(model, way)],
    ["random", await samplesFrom(model, gaussian, imagesCompared, seed)],
    ...(modelNamed(config.model).prior
      ? [["prior", await samplesFrom(model, samplerOf(model, "prior"), imagesCompared, seed)] as const]
      : []),
  ] as const;
}
