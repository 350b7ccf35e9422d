import type { Dataset } from "../data/dataset.ts";
import { permutation } from "../data/random.ts";
import { interpolate } from "../latent/interpolation.ts";
import type { Sampler } from "../latent/sampler.ts";
import type { Autoencoder } from "../models/autoencoder.ts";
import { concat } from "../ops/rearrange.ts";
import { tensor, type Tensor } from "../tensor/tensor.ts";
import { collect } from "./batching.ts";

/** Decoded a batch at a time, so that no batch is larger than in training. */
const chunk = 64;

/** The codes (N, codeSize) of the first `count` samples. */
export function codesOf(model: Autoencoder, data: Dataset, count = data.count): Promise<Float32Array> {
  return collect(model, data, chunk, (x) => model.encode(x), count);
}

/** The codes of the first `count` samples, and the variances that training draws them with, (N, codeSize) both. */
export async function distributionsOf(
  model: Autoencoder,
  data: Dataset,
  count = data.count,
): Promise<{ codes: Float32Array; variances: Float32Array }> {
  const D = model.codeSize;
  const bothOf = (x: Tensor) => {
    using codes = model.encode(x);
    using variances = model.codeVariance(x);
    return concat([codes, variances], 1);
  };
  const both = await collect(model, data, chunk, bothOf, count);
  const half = (from: number) =>
    Float32Array.from(
      { length: both.length / 2 },
      (_, i) => both[2 * D * Math.floor(i / D) + from + (i % D)]!,
    );
  return { codes: half(0), variances: half(D) };
}

/** The samples of codes (N, codeSize), one after the other. */
export async function decodeCodes(model: Autoencoder, codes: Float32Array): Promise<Float32Array> {
  const { codeSize, input, device } = model;
  const size = input.reduce((a, b) => a * b, 1);
  const count = codes.length / codeSize;
  const samples = new Float32Array(count * size);
  const most = Math.min(chunk, model.atOnce);
  for (let from = 0; from < count; from += most) {
    const part = codes.subarray(from * codeSize, Math.min(from + most, count) * codeSize);
    using code = tensor(device, part, [part.length / codeSize, codeSize]);
    using decoded = model.decode(code);
    samples.set(await decoded.read(), from * size);
  }
  return samples;
}

/** Fits a sampler to what the model makes of the first `count` samples: their codes, with variances where it asks for them. */
export async function fitSampler<S extends Sampler>(
  sampler: S,
  model: Autoencoder,
  data: Dataset,
  count = data.count,
): Promise<S> {
  if (sampler.fitsTo === "codes") await sampler.fit(await codesOf(model, data, count));
  if (sampler.fitsTo === "distributions") {
    const { codes, variances } = await distributionsOf(model, data, count);
    await sampler.fit(codes, variances);
  }
  return sampler;
}

/** `count` new samples, decoded from codes of the sampler. */
export async function samplesFrom(
  model: Autoencoder,
  sampler: Sampler,
  count: number,
  seed: number,
): Promise<Float32Array> {
  return decodeCodes(model, await sampler.sample(count, seed));
}

/**
 * Images on the way between `pairs` pairs of samples drawn by `seed`, both ends included:
 * (pairs, steps + 2, …input).
 */
export async function interpolations(
  model: Autoencoder,
  data: Dataset,
  { pairs, steps, seed }: { pairs: number; steps: number; seed: number },
): Promise<Float32Array> {
  const drawn = data.select(permutation(data.count, seed, 0).subarray(0, 2 * pairs));
  const codes = await codesOf(model, drawn);
  const half = codes.length / 2;
  const way = interpolate(codes.subarray(0, half), codes.subarray(half), model.codeSize, steps, {
    ends: true,
  });
  return decodeCodes(model, way);
}

/** The codes of about sixty bumps whose centres move along the diagonal: the red way of the paper's figure 2. */
export async function diagonalCodes(model: Autoencoder, diagonal: Dataset): Promise<Float32Array> {
  const centres = diagonal.centres!;
  const order = Array.from({ length: diagonal.count }, (_, i) => i).sort(
    (i, j) => centres[2 * i]! - centres[2 * j]!,
  );
  const step = Math.max(1, Math.floor(order.length / 60));
  return codesOf(model, diagonal.select(order.filter((_, i) => i % step === 0)));
}
