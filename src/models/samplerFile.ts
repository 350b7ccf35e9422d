import { z } from "zod";
import { encodeSafetensors, parseSafetensors, type EncodableTensor } from "../data/safetensors.ts";
import { ArgumentError, DataError } from "../device/errors.ts";
import type { Sampler, SavedSampler, SamplerTensor } from "../latent/sampler.ts";
import type { Autoencoder } from "./autoencoder.ts";
import { restoreSampler } from "./samplers.ts";

/** The metadata's key under which a file holds, as JSON, what its sampler is. */
const key = "sampler";
const about = z.looseObject({ kind: z.string() });

/** A sampler as a safetensors file: what it learned as F64 tensors, and what it is as JSON in the metadata. */
export function encodeSampler(sampler: Sampler): Uint8Array<ArrayBuffer> {
  const { about, tensors } = sampler.save();
  const encoded = [...tensors].map(([name, { shape, values }]): [string, EncodableTensor] => [
    name,
    { dtype: "F64", shape, data: values },
  ]);
  return encodeSafetensors(new Map(encoded), { [key]: JSON.stringify(about) });
}

/**
 * The sampler in a file of `encodeSampler`, which draws the same codes again.
 *
 * @param fileName for messages only.
 * @throws DataError for a file that is no sampler's, or one of another model.
 */
export function parseSampler(model: Autoencoder, bytes: Uint8Array, fileName: string): Sampler {
  const { tensors, metadata } = parseSafetensors(bytes, fileName);
  try {
    const saved: SavedSampler = {
      about: about.parse(JSON.parse(metadata[key] ?? "null")),
      tensors: new Map(
        [...tensors].map(([name, { shape, data }]): [string, SamplerTensor] => {
          if (!(data instanceof Float64Array)) throw new ArgumentError(`tensor ${name} is not of F64`);
          return [name, { shape, values: data }];
        }),
      ),
    };
    return restoreSampler(model, saved);
  } catch (error) {
    if (error instanceof z.ZodError || error instanceof SyntaxError)
      throw new DataError(fileName, undefined, "it holds no sampler");
    if (error instanceof ArgumentError) throw new DataError(fileName, undefined, error.message);
    throw error;
  }
}
