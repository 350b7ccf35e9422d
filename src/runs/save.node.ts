import { dirname } from "node:path";
import { ArgumentError, NumericalError } from "../device/errors.ts";
import type { CheckpointFiles } from "../train/checkpointFiles.ts";
import * as inMemory from "../train/save.ts";
import type { Checkpoint } from "../train/state.ts";
import type { TrainerState } from "../train/trainer.ts";
import { decodeWeights, type Weights } from "../train/weights.ts";
import { readCheckpoint, writeCheckpoint } from "./checkpoint.node.ts";
import { isSystemError, makeFolder, readGivenFile, writeFileAtomic } from "./files.node.ts";
import { systemWords } from "../device/systemWords.ts";

export { exportOnnx, type OnnxOptions } from "../export/model.ts";
export { exportFunction } from "../export/onnx.ts";
export { exportWeights, importWeights, type ImportOptions, type OwnNetwork } from "../export/weights.ts";

/**
 * Writes the weights to a safetensors file, whole or not at all; folders that are missing are made. Without a path it gives
 * the bytes of that file, as in a page.
 */
export function saveModel(weights: Weights, path: string): Promise<void>;
export function saveModel(weights: Weights): Promise<Uint8Array<ArrayBuffer>>;
export async function saveModel(weights: Weights, path?: string): Promise<Uint8Array<ArrayBuffer> | void> {
  if (path === undefined) return inMemory.saveModel(weights);
  checkPath("saveModel", path);
  const bytes = await inMemory.saveModel(weights);
  makeFolder(dirname(path));
  writeFileAtomic(path, bytes);
}

/**
 * Gives `weights` the values of a safetensors file, by its path or its bytes: of `saveModel`, or the
 * `checkpoint/model.safetensors` of a run. Throws ArgumentError for a file that cannot be read, DataError for one of other
 * names or shapes, or damaged.
 */
export async function loadModel(
  weights: Weights,
  file: string | Uint8Array | ArrayBuffer | Blob,
): Promise<void> {
  if (typeof file !== "string") return inMemory.loadModel(weights, file);
  decodeWeights(weights, readGivenFile(file), file);
}

/**
 * Writes a checkpoint to `folder/checkpoint`, in place of the one before, whole or not at all, as runs of the command line
 * do; `about` is what the model's file says of itself. Without a folder it gives the files, as in a page. Throws
 * NumericalError, and keeps the one before, where a weight is no number.
 */
export function saveCheckpoint(
  checkpoint: Checkpoint,
  folder: string,
  about?: Readonly<Record<string, string>>,
): Promise<void>;
export function saveCheckpoint(checkpoint: Checkpoint): Promise<CheckpointFiles>;
export async function saveCheckpoint(
  checkpoint: Checkpoint,
  folder?: string,
  about?: Readonly<Record<string, string>>,
): Promise<CheckpointFiles | void> {
  if (folder === undefined) return inMemory.saveCheckpoint(checkpoint);
  checkPath("saveCheckpoint", folder);
  const { model, state } = checkpoint;
  for (const [name, { data }] of model) {
    const at = data.findIndex((value: number | bigint) => !Number.isFinite(Number(value)));
    if (at >= 0) throw new NumericalError(`step ${state.step}: ${name} has ${data[at]} at element ${at}`);
  }
  makeFolder(folder);
  writeCheckpoint(folder, { ...checkpoint, ...(about && { about }) });
}

/**
 * The checkpoint in a folder, or of its files, to resume from; undefined where there is none yet. Throws DataError for one
 * that is damaged.
 */
export function loadCheckpoint(folder: string): Promise<Checkpoint | undefined>;
export function loadCheckpoint(files: CheckpointFiles): Promise<Checkpoint>;
export async function loadCheckpoint(from: string | CheckpointFiles): Promise<Checkpoint | undefined> {
  if (typeof from === "object" && from !== null) return inMemory.loadCheckpoint(from);
  checkPath("loadCheckpoint", from);
  const found = readGiven(from);
  return found && { ...found, state: found.state as unknown as TrainerState };
}

/** Throws ArgumentError where a file stands in place of a folder, or nothing there can be read. */
function readGiven(folder: string): ReturnType<typeof readCheckpoint> {
  try {
    return readCheckpoint(folder);
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    const why = cause.code === "ENOTDIR" ? "there is a file of that name" : systemWords(cause);
    throw new ArgumentError(`loadCheckpoint: ${folder} is no folder with a checkpoint (${why})`, { cause });
  }
}

function checkPath(what: string, path: unknown): void {
  if (typeof path !== "string") throw new ArgumentError(`${what}: a path is needed, not ${String(path)}`);
}
