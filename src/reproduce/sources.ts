import { permutation } from "../data/random.ts";
import { datasetNamed } from "../data/known.ts";
import { renormaliseSamples } from "../latent/renormaliseSamples.ts";
import { interpolate } from "../latent/interpolation.ts";
import { modelNamed } from "../models/known.ts";
import { codesOf, decodeCodes, fitSampler, samplesFrom } from "../train/generate.ts";
import type { Sampler } from "../latent/sampler.ts";
import { samplerOf, type SamplerKind } from "../models/samplers.ts";
import type { Column, Source } from "./columns.ts";
import type { Subject } from "./subject.ts";

/** Images between each pair of training images (paper of the VRRAE, section 4.2). */
const between = 5;

/** Where the images of a column come from, unless a row says otherwise. */
const usual: Record<Column, Source> = {
  interpolation: "interpolation",
  random: "gaussian",
  prior: "prior",
  mixture: "mixture-10",
  rec: "reconstruction",
  gen1: "prior",
  gen2: "mixture-10",
};

/** `count` images of a column; undefined where the model has none. */
export function imagesOf(subject: Subject, column: Column, count: number): Promise<Float32Array | undefined> {
  const source = subject.sampling.sources?.[column] ?? usual[column];
  return subject.once(`${count} images by ${source}`, () => {
    if (source === "interpolation") return ways(subject, count);
    if (source === "reconstruction") return reconstructions(subject, count);
    return drawn(subject, source, count);
  });
}

/** Of held-out samples; where codes are renormalised, samples are too. */
async function reconstructions({ session, sampling }: Subject, count: number): Promise<Float32Array> {
  const { model, data, config } = session;
  const made = await decodeCodes(model, await codesOf(model, data.test, count));
  const rule = sampling.sampler?.renormalise;
  if (rule === undefined) return made;
  const { range } = datasetNamed(config.data);
  return renormaliseSamples(made, data.test.take(count).values(), data.test.size, {
    average: rule === "paper" ? "deviation" : (rule.average ?? "variance"),
    ...(range === "auto" ? {} : { clip: range }),
  });
}

async function ways({ session: { model, data, config } }: Subject, count: number): Promise<Float32Array> {
  const pairs = count / between;
  const chosen = data.train.select(permutation(data.train.count, config.seed, 0).subarray(0, 2 * pairs));
  const ends = await codesOf(model, chosen);
  const half = ends.length / 2;
  return decodeCodes(
    model,
    interpolate(ends.subarray(0, half), ends.subarray(half), model.codeSize, between),
  );
}

/** New images, from codes of a sampler that is fitted to training samples. */
async function drawn(subject: Subject, kind: SamplerKind, count: number): Promise<Float32Array | undefined> {
  const { model, config } = subject.session;
  const sampler = await fittedSampler(subject, kind);
  return sampler && samplesFrom(model, sampler, count, config.seed);
}

/** A sampler that is fitted to training samples; undefined where the model has none of that kind. */
export async function fittedSampler(subject: Subject, kind: SamplerKind): Promise<Sampler | undefined> {
  const { model, data, config } = subject.session;
  if (kind === "prior" && !modelNamed(config.model).prior) return undefined;
  if (kind === "second-stage" && !model.drawSecondStage) return undefined;
  return subject.once(kind, () =>
    fitSampler(samplerOf(model, kind, subject.sampling.sampler), model, data.train, config.basisCount),
  );
}
