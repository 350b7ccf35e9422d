import { encodeSafetensors, parseSafetensors } from "../data/safetensors.ts";
import { ArgumentError } from "../device/errors.ts";
import { Model } from "../models/model.ts";
import { ParameterGroup } from "../optim/arena.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { readModel, readTensors, restoreModel, restoreTensors } from "./state.ts";

/** What can be kept in a safetensors file: a model, the parameters of an arena, or tensors by name. */
export type Weights = Model | ParameterGroup | ReadonlyMap<string, Tensor>;

/** The bytes of a safetensors file with all that `weights` hold, to the last bit. */
export async function encodeWeights(weights: Weights): Promise<Uint8Array<ArrayBuffer>> {
  if (weights instanceof Model) return encodeSafetensors(await readModel(weights));
  return encodeSafetensors(await readTensors(tensorsOf(weights), "F32"));
}

/**
 * Gives `weights` the values of a safetensors file of the same names and shapes; `file` names it in messages. Throws
 * DataError for another one.
 */
export function decodeWeights(weights: Weights, bytes: Uint8Array, file: string): void {
  const { tensors } = parseSafetensors(bytes, file);
  if (weights instanceof Model) restoreModel(weights, tensors, file);
  else restoreTensors(tensorsOf(weights), tensors, file);
}

function tensorsOf(weights: ParameterGroup | ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> {
  if (weights instanceof ParameterGroup) return weights.parameters;
  if (weights instanceof Map) return weights;
  throw new ArgumentError("a model, a ParameterArena or a Map of tensors by name is needed to save or load");
}
