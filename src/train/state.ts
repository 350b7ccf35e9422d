import { DataError } from "../device/errors.ts";
import { float16 } from "../device/float16.ts";
import type { Model } from "../models/model.ts";
import { sizeOf } from "../tensor/shape.ts";
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

/** A run as it was after some step, wherever it is kept. */
export type Checkpoint = RunState<EncodableTensor | StoredTensor>;

/** The whole state of `trainer`. */
export async function readTrainer(trainer: Trainer): Promise<RunState<EncodableTensor>> {
  const { model } = trainer;
  const moments = await readTensors(trainer.moments, "U32");
  moments.set(noiseName, await readTensor(trainer.noise.tensor, "U32"));
  for (const [name, part] of await readTensors(model.carried, "F32")) moments.set(name, part);
  const good = trainer.search?.good;
  if (good) moments.set(goodName, { dtype: "F32", shape: [good.length], data: Float32Array.from(good) });
  return { model: await readModel(model), optimizer: moments, state: trainer.state() };
}

/** The weights of `model`, what its layers keep, and its basis if there is one: the tensors of `model.safetensors`. */
export async function readModel(model: Model): Promise<Map<string, EncodableTensor>> {
  const weights = await readTensors(new Map([...model.arena.parameters, ...model.state]), "F32");
  const basis = model.truncation?.basis;
  if (basis) weights.set(basisName, await readTensor(basis, "F32"));
  return weights;
}

/** Brings `trainer` to `state`; `file` names a part's file in messages. */
export async function restoreTrainer(
  trainer: Trainer,
  { model, optimizer, state }: Checkpoint,
  file: (part: "model" | "optimizer") => string = (part) => `${part}.safetensors`,
): Promise<void> {
  trainer.restore(state);
  const good = optimizer.get(goodName);
  if (state.search) trainer.search?.restore(state.search, good && Float32Array.from(floats(good)));
  restoreModel(trainer.model, model, file("model"));
  const moments = file("optimizer");
  const { carried } = trainer.model;
  restoreTensors(
    new Map([...trainer.moments, [noiseName, trainer.noise.tensor], ...carried]),
    optimizer,
    moments,
  );
  await trainer.model.device.finish();
}

/** Gives `model` what `readModel` gave. Throws DataError, before anything is written, for what another model gave. */
export function restoreModel(
  model: Model,
  weights: ReadonlyMap<string, EncodableTensor | StoredTensor>,
  file = "model.safetensors",
): void {
  const own = new Map([...model.arena.parameters, ...model.state]);
  const { truncation } = model;
  const unknown = [...weights.keys()].find((name) => !own.has(name) && !(truncation && name === basisName));
  if (unknown !== undefined)
    throw new DataError(file, undefined, `it holds ${unknown}, which the model has not`);
  restoreTensors(own, weights, file);
  const basis = weights.get(basisName);
  if (!basis || !truncation) return;
  if (basis.shape.length === 2) truncation.setRank(basis.shape[1]!); // it may have been lowered
  truncation.restoreBasis(floats(basis));
}

/** The tensors bit for bit, labelled as floats or as words; those of float16 as what they are. */
export async function readTensors(
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
  if (tensor.dtype === float16) return { dtype: "F16", shape: tensor.shape, data: new Uint16Array(bytes) };
  return {
    dtype,
    shape: tensor.shape,
    data: dtype === "F32" ? new Float32Array(bytes) : new Uint32Array(bytes),
  };
}

/** Gives tensors the values that `stored` has under their names. Throws DataError, before any is written, for other shapes. */
export function restoreTensors(
  tensors: ReadonlyMap<string, Tensor>,
  stored: ReadonlyMap<string, EncodableTensor>,
  file: string,
): void {
  for (const [name, { shape }] of tensors) {
    const found = stored.get(name);
    if (
      found?.shape.join() !== shape.join() ||
      found.data.byteLength !== (found.dtype === "F16" ? 2 : 4) * sizeOf(shape)
    )
      throw new DataError(
        file,
        undefined,
        `${name} of shape (${shape.join(", ")}) is needed, the file has ` +
          (found ? `(${found.shape.join(", ")}) of ${found.dtype}` : "none"),
      );
  }
  for (const [name, tensor] of tensors) tensor.write(floats(stored.get(name)!));
}

function floats({ dtype, data }: EncodableTensor): Float32Array {
  if (dtype === "F16") return float16.decode(data.slice().buffer);
  return new Float32Array(data.buffer, data.byteOffset, data.byteLength / 4);
}
