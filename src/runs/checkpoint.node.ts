import { createHash, randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { DataError } from "../device/errors.ts";
import { checkpointFiles as files, digested, stateFile, stateJson } from "../train/checkpointFiles.ts";
import { guardOf, isSystemError, readFile, syncFolder, underGuard, writeSynced } from "./files.node.ts";
import { asideName, stageOf } from "./lease-folder.node.ts";
import {
  encodeSafetensors,
  parseSafetensors,
  type EncodableTensor,
  type StoredTensor,
} from "../data/safetensors.ts";

/** What `writeCheckpoint` keeps: the model's and the optimiser's tensors by name, and all else as JSON. */
export interface CheckpointParts {
  model: ReadonlyMap<string, EncodableTensor>;
  optimizer: ReadonlyMap<string, EncodableTensor>;
  /** Finite numbers, strings, booleans, null, lists and objects of them. */
  state: object;
  /** What the model's file says of itself. */
  about?: Readonly<Record<string, string>> | undefined;
}

/** A checkpoint as it was written. */
export interface Checkpoint {
  model: Map<string, StoredTensor>;
  optimizer: Map<string, StoredTensor>;
  state: Record<string, unknown>;
}

/** What helps against damage. */
const advice = "delete the folder of the checkpoint, and the run is trained anew";

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const stateSchema = z.strictObject({
  version: z.literal(1),
  sha256: z.strictObject({ model: digest, optimizer: digest, state: digest }),
  state: z.record(z.string(), z.unknown()),
});

interface Places {
  current: string;
  old: string;
  fresh: string;
}

/** The current checkpoint of a run, and in `stage`, while it is replaced, the old and the new one. */
function placesIn(runFolder: string, stage: string): Places {
  const current = join(runFolder, "checkpoint");
  return { current, old: join(stage, asideName), fresh: join(stage, "checkpoint.new") };
}

/** Where this process replaces the checkpoint: in its lease, or beside it where none is needed. */
function ownPlaces(runFolder: string): Places {
  return placesIn(runFolder, guardOf(runFolder)?.stage ?? runFolder);
}

/** Where somebody may be replacing the checkpoint, or may have been. */
function allPlaces(runFolder: string): Places[] {
  const stage = stageOf(runFolder);
  return [...(stage === undefined ? [] : [stage]), runFolder].map((place) => placesIn(runFolder, place));
}

/**
 * Replaces the checkpoint of a run. The three files are written to `checkpoint.new`, `state.json` last and with the
 * digests of all; then the folders change places by renaming. Killed at any moment, the process leaves the previous
 * checkpoint or this one, whole, for `readCheckpoint` to find; what a kill left lying is cleaned by the next write.
 * One process at a time may write. The run folder must exist.
 *
 * @throws ArgumentError for a state that JSON would not give back, BusyError where the lease of the folder is lost.
 */
export function writeCheckpoint(runFolder: string, parts: CheckpointParts): void {
  underGuard(guardOf(runFolder), () => replace(runFolder, parts));
}

function replace(runFolder: string, { model, optimizer, state, about }: CheckpointParts): void {
  settle(runFolder);
  const stateText = stateJson(state);
  const modelBytes = encodeSafetensors(model, about);
  const optimizerBytes = encodeSafetensors(optimizer);
  const tensors = { model: sha(modelBytes), optimizer: sha(optimizerBytes) };
  const sha256 = { ...tensors, state: sha(digested(tensors, stateText)) };

  const made = ownPlaces(runFolder).fresh;
  fs.mkdirSync(made);
  writeSynced(join(made, files.model), modelBytes);
  writeSynced(join(made, files.optimizer), optimizerBytes);
  writeSynced(join(made, files.state), stateFile(sha256, stateText));
  syncFolder(made);

  guardOf(runFolder)?.check();
  const { current, old, fresh } = ownPlaces(runFolder);
  if (fs.existsSync(current)) fs.renameSync(current, old);
  fs.renameSync(fresh, current);
  syncFolder(runFolder);
  discard(old);
}

/** Puts the newest whole checkpoint in its place and removes what earlier kills left beside it. */
function settle(runFolder: string): void {
  guardOf(runFolder)?.check();
  for (const { current, old, fresh } of [ownPlaces(runFolder), placesIn(runFolder, runFolder)]) {
    if (!fs.existsSync(current)) {
      if (isWhole(fresh)) fs.renameSync(fresh, current);
      else if (fs.existsSync(old)) fs.renameSync(old, current);
      syncFolder(runFolder);
    }
    discard(fresh);
    discard(old);
  }
}

/** Removes a folder, which has another name by then: one that takes its place meanwhile stays. */
function discard(folder: string): void {
  if (!fs.existsSync(folder)) return;
  const away = `${folder}.${randomBytes(4).toString("hex")}`;
  fs.renameSync(folder, away);
  fs.rmSync(away, { recursive: true, force: true });
}

/**
 * The newest whole checkpoint of a run, or undefined where none was finished yet: `checkpoint`; where a kill between
 * two renames left none of that name, a complete `checkpoint.new`, else `checkpoint.old`. A run that goes on writing
 * meanwhile does no harm.
 *
 * @throws DataError naming the file of a checkpoint that is damaged.
 */
export function readCheckpoint(runFolder: string): Checkpoint | undefined {
  for (;;) {
    const before = identity(runFolder);
    try {
      return readNewest(runFolder);
    } catch (error) {
      if (identity(runFolder) === before) throw error;
    }
  }
}

/** The step of the newest checkpoint, as far as it can be read without its tensors; undefined where there is none. */
export function stepReached(runFolder: string): number | undefined {
  for (const { current, old } of allPlaces(runFolder))
    for (const folder of [current, old])
      if (fs.existsSync(join(folder, files.state)))
        return Number(readState(join(folder, files.state)).state.step);
  return undefined;
}

/** Changes whenever the folders change places: tells damage from a checkpoint replaced while it was read. */
function identity(runFolder: string): string {
  const folders = allPlaces(runFolder).flatMap(({ current, old, fresh }) => [current, old, fresh]);
  const marks = folders.map((folder) => {
    const found = fs.statSync(folder, { throwIfNoEntry: false });
    return found && [folder, found.ino, found.birthtimeMs];
  });
  return JSON.stringify(marks);
}

function readNewest(runFolder: string): Checkpoint | undefined {
  const places = allPlaces(runFolder);
  const { current } = places[0]!;
  if (fs.existsSync(current)) return readFolder(current);
  for (const { fresh } of places) if (isWhole(fresh)) return readFolder(fresh);
  for (const { old } of places) if (fs.existsSync(old)) return readFolder(old);
  return undefined;
}

function isWhole(folder: string): boolean {
  if (!fs.existsSync(join(folder, files.state))) return false;
  try {
    readFolder(folder);
    return true;
  } catch (error) {
    if (error instanceof DataError) return false;
    throw error;
  }
}

function readFolder(folder: string): Checkpoint {
  const { sha256, state } = readState(join(folder, files.state));
  const tensors = (part: "model" | "optimizer") => {
    const path = join(folder, files[part]);
    const bytes = readBytes(path);
    checkDigest(path, sha(bytes), sha256[part]);
    return parseSafetensors(bytes, path).tensors;
  };
  return { model: tensors("model"), optimizer: tensors("optimizer"), state };
}

function readState(path: string): z.infer<typeof stateSchema> {
  let value: unknown;
  try {
    value = JSON.parse(readBytes(path).toString("utf8"));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new DataError(path, undefined, `not JSON (${error.message}); ${advice}`);
  }
  const checked = stateSchema.safeParse(value);
  if (!checked.success)
    throw new DataError(
      path,
      undefined,
      `not a checkpoint's state (${z.prettifyError(checked.error)}); ${advice}`,
    );
  const { state } = value as z.infer<typeof stateSchema>;
  const { sha256 } = checked.data;
  checkDigest(path, sha(digested(sha256, JSON.stringify(state))), sha256.state);
  return { ...checked.data, state };
}

function readBytes(path: string): Buffer {
  try {
    return readFile(path);
  } catch (error) {
    if (!(isSystemError(error) && error.code === "ENOENT")) throw error;
    throw new DataError(path, undefined, `the file is missing from the checkpoint; ${advice}`);
  }
}

function checkDigest(path: string, got: string, expected: string): void {
  if (got !== expected)
    throw new DataError(
      path,
      undefined,
      `damaged or of another checkpoint: SHA-256 is ${got}, expected ${expected}; ${advice}`,
    );
}

function sha(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
