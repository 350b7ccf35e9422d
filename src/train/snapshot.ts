import { DataError } from "../device/errors.ts";
import { BasisAutoencoder } from "../models/basisAutoencoder.ts";
import type { Autoencoder } from "../models/autoencoder.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { readCheckpoint, writeCheckpoint, type Checkpoint } from "./checkpoint.ts";
import type { EncodableTensor, StoredTensor } from "./safetensors.ts";
import type { Trainer, TrainerState } from "./trainer.ts";

const basisName = "basis";
const noiseName = "noise";

/** Writes the whole state of `trainer` into the folder's checkpoint. */
export async function saveCheckpoint(folder: string, trainer: Trainer): Promise<void> {
  const { model, optimizer, noise } = trainer;
  const weights = await readAll(model.arena.parameters, "F32");
  if (model instanceof BasisAutoencoder && model.basis)
    weights.set(basisName, await readTensor(model.basis, "F32"));
  const moments = await readAll(optimizer.state(), "U32");
  moments.set(noiseName, await readTensor(noise.tensor, "U32"));
  writeCheckpoint(folder, { model: weights, optimizer: moments, state: trainer.state() });
}

/** Brings `trainer` to where the folder's checkpoint is, if there is one; says whether there was. */
export async function loadCheckpoint(folder: string, trainer: Trainer): Promise<boolean> {
  const checkpoint = readCheckpoint(folder);
  if (!checkpoint) return false;
  restoreModel(trainer.model, checkpoint, folder);
  for (const [name, tensor] of trainer.optimizer.state())
    restore(tensor, checkpoint.optimizer.get(name), `${folder}/checkpoint/optimizer.safetensors`, name);
  restore(trainer.noise.tensor, checkpoint.optimizer.get(noiseName), folder, noiseName);
  trainer.restore(checkpoint.state as unknown as TrainerState);
  await trainer.model.device.finish();
  return true;
}

/** Gives `model` the weights, and the basis if there is one, of a checkpoint. */
export function restoreModel(model: Autoencoder, checkpoint: Checkpoint, folder: string): void {
  const file = `${folder}/checkpoint/model.safetensors`;
  for (const [name, tensor] of model.arena.parameters) restore(tensor, checkpoint.model.get(name), file, name);
  const basis = checkpoint.model.get(basisName);
  if (basis && model instanceof BasisAutoencoder) model.setBasis(floats(basis));
}

async function readAll(
  tensors: ReadonlyMap<string, Tensor>,
  dtype: "F32" | "U32",
): Promise<Map<string, EncodableTensor>> {
  const read = new Map<string, EncodableTensor>();
  for (const [name, tensor] of tensors) read.set(name, await readTensor(tensor, dtype));
  return read;
}

/** The memory of a tensor bit for bit, labelled as floats or as words. */
async function readTensor(tensor: Tensor, dtype: "F32" | "U32"): Promise<EncodableTensor> {
  const bytes = await tensor.readBytes();
  return {
    dtype,
    shape: tensor.shape,
    data: dtype === "F32" ? new Float32Array(bytes) : new Uint32Array(bytes),
  };
}

function restore(tensor: Tensor, stored: StoredTensor | undefined, file: string, name: string): void {
  if (!stored || stored.shape.join() !== tensor.shape.join())
    throw new DataError(
      file,
      0,
      `${name} of shape (${tensor.shape.join(", ")}) is needed, the file has ` +
        (stored ? `(${stored.shape.join(", ")})` : "none"),
    );
  tensor.write(floats(stored));
}

function floats({ data }: StoredTensor): Float32Array {
  return new Float32Array(data.buffer, data.byteOffset, data.byteLength / 4);
}
