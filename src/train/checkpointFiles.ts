import { encodeSafetensors, parseSafetensors, type EncodableTensor } from "../data/safetensors.ts";
import { ArgumentError, DataError } from "../device/errors.ts";
import type { Checkpoint } from "./state.ts";
import type { TrainerState } from "./trainer.ts";

/** The files of a checkpoint, the same on a disk and in a page. */
export const checkpointFiles = {
  model: "model.safetensors",
  optimizer: "optimizer.safetensors",
  state: "state.json",
} as const;

/** A checkpoint as the bytes of its files, by their names. */
export type CheckpointFiles = Record<
  (typeof checkpointFiles)[keyof typeof checkpointFiles],
  Uint8Array<ArrayBuffer>
>;

/** SHA-256 of each part in hexadecimal. */
export type Digests = Record<keyof typeof checkpointFiles, string>;

/** What the digest of `state.json` is made of: those of the other two, so that damage to them is told from damage to it. */
export function digested({ model, optimizer }: Omit<Digests, "state">, state: string): string {
  return [model, optimizer, state].join("\n");
}

/** The text of `state.json`. */
export function stateFile(sha256: Digests, state: string): string {
  return `${JSON.stringify({ version: 1, sha256 }).slice(0, -1)},"state":${state}}\n`;
}

/** JSON of a state. Throws ArgumentError for NaN and infinities, which JSON would turn into null. */
export function stateJson(state: object): string {
  return JSON.stringify(state, (key, value: unknown) => {
    if (typeof value === "number" && !Number.isFinite(value))
      throw new ArgumentError(`checkpoint: state.${key} is ${value}, which JSON cannot hold; leave it out`);
    return value;
  });
}

/** The files of a checkpoint, to be kept wherever a page keeps things. */
export async function encodeCheckpoint({ model, optimizer, state }: Checkpoint): Promise<CheckpointFiles> {
  const encoded = (tensors: ReadonlyMap<string, EncodableTensor>) => encodeSafetensors(tensors);
  const [modelBytes, optimizerBytes] = [encoded(model), encoded(optimizer)];
  const text = stateJson(state);
  const tensors = { model: await sha(modelBytes), optimizer: await sha(optimizerBytes) };
  const sha256 = { ...tensors, state: await sha(new TextEncoder().encode(digested(tensors, text))) };
  return {
    "model.safetensors": modelBytes,
    "optimizer.safetensors": optimizerBytes,
    "state.json": new TextEncoder().encode(stateFile(sha256, text)),
  };
}

/** The checkpoint in `files`. Throws DataError naming the file that is damaged, or of another checkpoint. */
export async function decodeCheckpoint(files: CheckpointFiles): Promise<Checkpoint> {
  const name = checkpointFiles.state;
  let content: { sha256: Digests; state: TrainerState };
  try {
    content = JSON.parse(new TextDecoder().decode(files[name])) as typeof content;
  } catch (cause) {
    throw new DataError(name, undefined, `not JSON (${(cause as Error).message})`);
  }
  const { sha256, state } = content;
  const check = async (part: keyof Digests, bytes: Uint8Array<ArrayBuffer>) => {
    if ((await sha(bytes)) !== sha256?.[part])
      throw new DataError(checkpointFiles[part], undefined, "damaged, or of another checkpoint");
  };
  await check("state", new TextEncoder().encode(digested(sha256, JSON.stringify(state))));
  const tensors = async (part: "model" | "optimizer") => {
    const bytes = files[checkpointFiles[part]];
    await check(part, bytes);
    return parseSafetensors(bytes, checkpointFiles[part]).tensors;
  };
  return { model: await tensors("model"), optimizer: await tensors("optimizer"), state };
}

async function sha(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
