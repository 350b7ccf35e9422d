import { ArgumentError } from "../device/errors.ts";
import { decodeCheckpoint, encodeCheckpoint, type CheckpointFiles } from "./checkpointFiles.ts";
import type { Checkpoint } from "./state.ts";
import { decodeWeights, encodeWeights, type Weights } from "./weights.ts";

/** The bytes of a safetensors file with the weights, to download or to keep. In Node, a path beside it writes the file. */
export function saveModel(weights: Weights): Promise<Uint8Array<ArrayBuffer>> {
  return encodeWeights(weights);
}

/** Gives `weights` the values of a safetensors file that `saveModel` made. Throws DataError for another one. */
export async function loadModel(weights: Weights, bytes: Uint8Array | ArrayBuffer | Blob): Promise<void> {
  decodeWeights(weights, await bytesOf(bytes), "model.safetensors");
}

/** The files of a checkpoint, by their names. In Node, a folder beside it writes them. */
export function saveCheckpoint(checkpoint: Checkpoint): Promise<CheckpointFiles> {
  return encodeCheckpoint(checkpoint);
}

/** The checkpoint that `files` hold, to resume from. Throws DataError for files that are damaged. */
export function loadCheckpoint(files: CheckpointFiles): Promise<Checkpoint> {
  return decodeCheckpoint(files);
}

async function bytesOf(given: unknown): Promise<Uint8Array> {
  if (given instanceof Uint8Array) return given;
  if (given instanceof ArrayBuffer) return new Uint8Array(given);
  if (given instanceof Blob) return new Uint8Array(await given.arrayBuffer());
  throw new ArgumentError(
    "loadModel: the bytes of a file are needed, as a Uint8Array, an ArrayBuffer or a Blob, or in Node its path",
  );
}
