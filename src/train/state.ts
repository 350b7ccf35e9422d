import { DataError } from "../device/errors.ts";
import type { Model } from "../models/model.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { EncodableTensor, StoredTensor } from "../data/safetensors.ts";
import type { Trainer, TrainerState } from "./trainer.ts";

const basisName = "basis";
const noiseName = "noise";
/** The weights of the rank above, while the rank is sought. */
const goodName = "good";

/** Everything that a run needs to go on: tensors by name, for two files, and the place in the data. */
export interface RunState<Part> {
  model: ReadonlyMap<string, Part>;
  optimizer: ReadonlyMap<string, Part>;
  state: TrainerState;
}

/** The whole state of `trainer`. */
export async function readTrainer(trainer: Trainer): Promise<RunState<EncodableTensor>> {
  const { model } = trainer;
  const moments = await readAll(trainer.moments, "U32");
  moments.set(noiseName, await readTensor(trainer.noise.tensor, "U32"));
  for (const [name, part] of await readAll(model.carried, "F32")) moments.set(name, part);
  const good = trainer.search?.good;
  if (good) moments.set(goodName, { dtype: "F32", shape: [good.length], data: Float32Array.from(good) });
  return { model: await readModel(model), optimizer: moments, state: trainer.state() };
}

/** The weights of `model`, what its layers keep, and its basis if there is one: the tensors of `model.safetensors`. */
export async function readModel(model: Model): Promise<Map<string, EncodableTensor>> {
  const weights = await readAll(new Map([...model.arena.parameters, ...model.state]), "F32");
  const basis = model.truncation?.basis;
  if (basis) weights.set(basisName, await readTensor(basis, "F32"));
  return weights;
}

/** Brings `trainer` to `state`; `file` names a part's file in messages. */
export async function restoreTrainer(
  trainer: Trainer,
  { model, optimizer, state }: RunState<EncodableTensor | StoredTensor>,
  file: (part: "model" | "optimizer") => string,
): Promise<void> {
  trainer.restore(state);
  const good = optimizer.get(goodName);
  if (state.search) trainer.search?.restore(state.search, good && Float32Array.from(floats(good)));
  restoreModel(trainer.model, model, file("model"));
  const moments = file("optimizer");
  for (const [name, tensor] of trainer.moments) restore(tensor, optimizer.get(name), moments, name);
  restore(trainer.noise.tensor, optimizer.get(noiseName), moments, noiseName);
  for (const [name, tensor] of trainer.model.carried) restore(tensor, optimizer.get(name), moments, name);
  await trainer.model.device.finish();
}

/** Gives `model` what `readModel` gave. */
export function restoreModel(
  model: Model,
  weights: ReadonlyMap<string, EncodableTensor | StoredTensor>,
  file: string,
): void {
  for (const [name, tensor] of [...model.arena.parameters, ...model.state])
    restore(tensor, weights.get(name), file, name);
  const basis = weights.get(basisName);
  const { truncation } = model;
  if (!basis || !truncation) return;
  if (basis.shape.length === 2) truncation.setRank(basis.shape[1]!); // it may have been lowered
  truncation.restoreBasis(floats(basis));
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

function restore(tensor: Tensor, stored: EncodableTensor | undefined, file: string, name: string): void {
  if (!stored || stored.shape.join() !== tensor.shape.join())
    throw new DataError(
      file,
      0,
      `${name} of shape (${tensor.shape.join(", ")}) is needed, the file has ` +
        (stored ? `(${stored.shape.join(", ")})` : "none"),
    );
  tensor.write(floats(stored));
}

function floats({ data }: EncodableTensor): Float32Array {
  return new Float32Array(data.buffer, data.byteOffset, data.byteLength / 4);
}
