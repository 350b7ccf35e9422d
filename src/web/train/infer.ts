import { DataError } from "../../device/errors.ts";
import { parseSafetensors, type Safetensors, type StoredTensor } from "../../data/safetensors.ts";
import type { Config } from "../../train/config.ts";
import { readDescription } from "../../train/readModelFile.ts";
import type { ModelName } from "./protocol.ts";

/** The model that a file holds, as it says itself or as its tensors tell it. */
export interface Inferred {
  model: ModelName;
  input: [H: number, W: number, C: number];
  latent: number;
  rank: number;
  /** All of its configuration, where the file says it. */
  config?: Config;
}

/**
 * The model in the bytes of a file, with its tensors.
 *
 * @throws DataError for a file that is damaged, and what `modelIn` refuses.
 */
export function readModel(bytes: Uint8Array, name: string) {
  const file = parseSafetensors(bytes, name);
  return { found: modelIn(file, name), tensors: file.tensors };
}

/**
 * The model in a file: the one that it says to be, or, where it says nothing, what its tensors tell.
 *
 * @throws DataError for one that is no model of pictures.
 */
export function modelIn(file: Safetensors, name: string): Inferred {
  checkNumbers(file.tensors, name);
  const described = readDescription(file, name);
  if (!described) return inferModel(file.tensors, name);
  const { config, input } = described;
  const [H, W, C, ...more] = input;
  if (H === undefined || W === undefined || C === undefined || more.length > 0)
    throw new DataError(name, undefined, `it holds a model of ${input.join(" × ")} numbers, not of pictures`);
  return { model: config.model, input: [H, W, C], latent: config.latent, rank: config.rank, config };
}

function checkNumbers(tensors: ReadonlyMap<string, StoredTensor>, file: string): void {
  for (const [name, { dtype, data }] of tensors) {
    if (dtype !== "F32")
      throw new DataError(file, undefined, `${name} is of type ${dtype}; models here are of F32`);
    const at = data.findIndex((value) => !Number.isFinite(value));
    if (at >= 0) throw new DataError(file, undefined, `${name} has ${data[at]} where a number is needed`);
  }
}

/** Pixels of the small image that a decoder starts from: those of pictures of 1024 × 1024. */
const mostPlaces = 64 ** 2;

/**
 * Finds the kind and sizes of the model in a `model.safetensors` from the names and shapes of its tensors, for
 * models of images with the paper's networks: the encoder halves twice with padding, the decoder starts from 32
 * channels at a size that doubles four times, and its last filter cuts off what is too much.
 *
 * @throws DataError for anything else.
 */
function inferModel(tensors: ReadonlyMap<string, StoredTensor>, file: string): Inferred {
  const shapeOf = (name: string, axes: number) => {
    const shape = tensors.get(name)?.shape;
    if (shape?.length === axes) return shape;
    throw new DataError(
      file,
      undefined,
      `not a model of images by hestenes: ${name} with ${axes} axes is missing; it holds ` +
        ([...tensors.keys()].slice(0, 8).join(", ") || "nothing"),
    );
  };
  const [, , C] = shapeOf("encoder.conv1.weight", 4) as [number, number, number, number];
  const [features, latent] = shapeOf("encoder.linear.weight", 2) as [number, number];
  const [, small] = shapeOf("decoder.linear.weight", 2) as [number, number];
  const [R, S] = shapeOf("decoder.conv.weight", 4) as [number, number, number, number];
  const [, , , width] = shapeOf("encoder.conv2.weight", 4) as [number, number, number, number];
  const basis = tensors.get("basis")?.shape;
  if (basis && !(basis.length === 2 && basis[0] === latent && basis[1]! >= 1 && basis[1]! <= latent))
    throw new DataError(
      file,
      undefined,
      `basis of shape (${basis.join(", ")}) does not fit latent vectors of ${latent} numbers`,
    );
  const places = small / 32;
  if (places > mostPlaces || [C, features, latent, R, S, width].some((extent) => extent < 1))
    throw new DataError(file, undefined, "its layers are of sizes that no model of images has");
  // a decoder of some numbers makes pictures of several shapes: those nearest to a square are meant
  for (let rows = Math.floor(Math.sqrt(places)); rows >= 1; rows--) {
    const [H, W] = [16 * rows + 1 - R, (16 * places) / rows + 1 - S];
    if (places % rows === 0 && Math.ceil(H / 4) * Math.ceil(W / 4) * width === features)
      return { ...kindOf(tensors, latent), input: [H, W, C], latent };
  }
  throw new DataError(
    file,
    undefined,
    `encoder (${features} features) and decoder (${small}) are of different sizes`,
  );
}

function kindOf(
  tensors: ReadonlyMap<string, StoredTensor>,
  latent: number,
): { model: ModelName; rank: number } {
  const rank = tensors.get("basis")?.shape[1] ?? tensors.get("variance.linear.weight")?.shape[0] ?? latent;
  const hasVariance = tensors.has("variance.linear.weight");
  if (tensors.has("mean.linear.weight")) return { model: "vae", rank: latent };
  if (hasVariance) return { model: "vrrae", rank };
  return tensors.has("basis") ? { model: "rrae", rank } : { model: "ae", rank: latent };
}
