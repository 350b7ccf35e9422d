import { dirname } from "node:path";
import { ArgumentError, NumericalError } from "../device/errors.ts";
import type { Checkpoint } from "../train/state.ts";
import type { TrainerState } from "../train/trainer.ts";
import { decodeWeights, encodeWeights, type Weights } from "../train/weights.ts";
import { readCheckpoint, writeCheckpoint } from "./checkpoint.node.ts";
import { isSystemError, makeFolder, readGivenFile, writeFileAtomic } from "./files.node.ts";

export { exportOnnx, type OnnxOptions } from "../export/model.ts";
export { exportFunction } from "../export/onnx.ts";
export { exportWeights, importWeights, type ImportOptions, type OwnNetwork } from "../export/weights.ts";

/** Writes the weights to a safetensors file, whole or not at all; folders that are missing are made. */
export async function saveModel(weights: Weights, path: string): Promise<void> {
  checkPath("saveModel", path);
  const bytes = await encodeWeights(weights);
  makeFolder(dirname(path));
  writeFileAtomic(path, bytes);
}

/**
 * Gives `weights` the values of a safetensors file: of `saveModel`, or the `checkpoint/model.safetensors` of a run. Throws
 * ArgumentError for a file that can not be read, DataError for one of other names or shapes, or damaged.
 */
export async function loadModel(weights: Weights, file: string | Uint8Array): Promise<void> {
  if (file instanceof Uint8Array) return decodeWeights(weights, file, "model.safetensors");
  checkPath("loadModel", file);
  decodeWeights(weights, readGivenFile(file), file);
  await Promise.resolve();
}

/**
 * Writes a checkpoint to `folder/checkpoint`, in place of the one before, whole or not at all, as runs of the command line
 * do; `about` is what the model's file says of itself. Throws NumericalError, and keeps the one before, where a weight is no
 * number.
 */
export async function saveCheckpoint(
  checkpoint: Checkpoint,
  folder: string,
  about?: Readonly<Record<string, string>>,
): Promise<void> {
  checkPath("saveCheckpoint", folder);
  const { model, state } = checkpoint;
  for (const [name, { data }] of model) {
    const at = data.findIndex((value: number | bigint) => !Number.isFinite(Number(value)));
    if (at >= 0) throw new NumericalError(`step ${state.step}: ${name} has ${data[at]} at element ${at}`);
  }
  makeFolder(folder);
  writeCheckpoint(folder, { ...checkpoint, ...(about && { about }) });
  await Promise.resolve();
}

/** The checkpoint in `folder`, to resume from; undefined where there is none yet. Throws DataError for one that is damaged. */
export async function loadCheckpoint(folder: string): Promise<Checkpoint | undefined> {
  checkPath("loadCheckpoint", folder);
  const found = readGiven(folder);
  return Promise.resolve(found && { ...found, state: found.state as unknown as TrainerState });
}

/** Throws ArgumentError where a file stands in place of a folder, or nothing there can be read. */
function readGiven(folder: string): ReturnType<typeof readCheckpoint> {
  try {
    return readCheckpoint(folder);
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    const why = cause.code === "ENOTDIR" ? "there is a file of that name" : cause.message;
    throw new ArgumentError(`loadCheckpoint: ${folder} is no folder with a checkpoint (${why})`, { cause });
  }
}

function checkPath(what: string, path: unknown): void {
  if (typeof path !== "string") throw new ArgumentError(`${what}: a path is needed, not ${String(path)}`);
}
