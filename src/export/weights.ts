import {
  encodeSafetensors,
  parseSafetensors,
  type EncodableTensor,
  type StoredTensor,
} from "../data/safetensors.ts";
import { hint } from "../device/arguments.ts";
import { ArgumentError, DataError } from "../device/errors.ts";
import { float16 } from "../device/float16.ts";
import { Model } from "../models/model.ts";
import type { Network } from "../nn/sequential.ts";
import type { ParameterGroup } from "../optim/arena.ts";
import { show } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { asIs, moved, movedBack, type Form } from "./forms.ts";
import { graphOf, type Graph } from "./graph.ts";
import { writeGraph } from "./onnx.ts";
import { namesOf, networkOf } from "./parts.ts";

/** What `namesOf` calls the basis of a model. A file may be without one: it is found from data. */
const BASIS = "basis";

/** A network of your own with what it is applied with. */
export interface OwnNetwork {
  network: Network;
  parameters: ParameterGroup;
  /** What its layers keep, by name, where there is any. */
  state?: ReadonlyMap<string, Tensor> | undefined;
}

/** A tensor of a model as PyTorch has it. */
interface Weight {
  /** As it is called there. */
  name: string;
  form: Form;
  /** As it is called here; undefined where several make it, as a weight and its largest singular value. */
  own: string | undefined;
  values: Float32Array;
}

/**
 * The weights of a model as a safetensors file for PyTorch: filters (outputs, inputs, height, width), affine maps (outputs,
 * inputs), vectors that are images by channels first, `running_mean` and `running_var` of batch norms; named
 * `network.layer.weight`. A weight that is divided by its largest singular value is in the file as it is applied. The tensors
 * fit the ONNX files of the same model.
 */
export async function exportWeights(
  weights: Model | OwnNetwork,
  about: Readonly<Record<string, string>> = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const all = await weightsOf(weights);
  const tensors = all.map(({ name, form, values }): [string, EncodableTensor] => [
    name,
    { dtype: "F32", shape: form.shape, data: moved(values, form) },
  ]);
  return encodeSafetensors(new Map(tensors), about);
}

/** What `importWeights` is told. */
export interface ImportOptions {
  /**
   * What tensors of the file, or all that begin with a name and a dot, are called by `exportWeights`: `{ "features.0":
   * "encoder.conv1" }`. Those of "" are left out.
   */
  names?: Readonly<Record<string, string>> | undefined;
  /** Whether the file may lack tensors, which then stay as they are; false unless given. */
  partial?: boolean | undefined;
  /** For messages. */
  fileName?: string | undefined;
}

/**
 * Gives a model, or a network, the weights of a safetensors file that PyTorch or `exportWeights` wrote, in the layouts that
 * `exportWeights` has. Returns the names of the tensors that were read, as they are called here.
 *
 * @throws DataError, before anything is written, for tensors that are missing, of other shapes, or go nowhere.
 */
export async function importWeights(
  weights: Model | OwnNetwork,
  file: Uint8Array,
  { names = {}, partial = false, fileName = "weights.safetensors" }: ImportOptions = {},
): Promise<string[]> {
  const fail = (problem: string): never => {
    throw new DataError(fileName, undefined, problem);
  };
  const { tensors } = parseSafetensors(file, fileName);
  const targets = new Map((await weightsOf(weights)).map((weight) => [weight.name, weight]));
  const used = new Set<string>();
  const found = new Map<string, { weight: Weight; values: Float32Array }>();
  for (const [theirs, tensor] of tensors) {
    const name = nameHere(theirs, names, used);
    if (name === "" || theirs.endsWith("num_batches_tracked")) continue;
    const weight = targets.get(name);
    if (!weight)
      return fail(
        `${theirs}${name === theirs ? "" : `, as ${name},`} goes nowhere${hint(name, targets.keys())}; the model has ` +
          `${shortened([...targets.keys()])}`,
      );
    if (weight.own === undefined)
      return fail(`${name} is divided by its largest singular value here, and cannot be taken from a file`);
    if (found.has(weight.own)) return fail(`two of its tensors are to be ${name}`);
    const { shape } = weight.form;
    if (tensor.shape.join() !== shape.join())
      return fail(`${theirs} is of shape ${show(tensor.shape)}, and ${name} of ${show(shape)}`);
    found.set(weight.own, { weight, values: floats(tensor, theirs, fileName) });
  }
  const unused = Object.keys(names).find((name) => !used.has(name));
  if (unused !== undefined) fail(`it holds nothing called ${unused}${hint(unused, tensors.keys())}`);
  const missing = [...targets.values()].filter(
    ({ own }) => own !== undefined && own !== BASIS && !found.has(own),
  );
  if (missing.length > 0 && !partial) fail(`it lacks ${shortened(missing.map(({ name }) => name))}`);
  const own = tensorsOf(weights);
  for (const [name, { weight, values }] of found)
    if (name === BASIS && weights instanceof Model) weights.truncation!.setBasis(values);
    else own.get(name)!.write(movedBack(values, weight.form));
  return [...found.keys()];
}

/** All tensors of a model as PyTorch has them: by the graphs of its networks, as what applies them says how they lie. */
async function weightsOf(weights: Model | OwnNetwork): Promise<Weight[]> {
  const all = new Map<string, Weight>();
  const covered = new Set<string>();
  for (const graph of await graphsOf(weights))
    for (const [name, { source }] of writeGraph("network", graph).initializers) {
      if (!source || source.constant.origins.length === 0) continue;
      const { constant, form } = source;
      for (const origin of constant.origins) covered.add(origin);
      if (constant.name === undefined || all.has(name)) continue;
      all.set(name, { name, form, own: constant.isOwn ? constant.name : undefined, values: constant.values });
    }
  for (const [name, tensor] of tensorsOf(weights))
    if (!covered.has(name))
      all.set(name, { name, form: asIs(tensor.shape), own: name, values: await tensor.read() });
  return [...all.values()];
}

async function graphsOf(weights: Model | OwnNetwork): Promise<Graph[]> {
  const graphs: Graph[] = [];
  if (weights instanceof Model) {
    for (const name of Object.keys(weights.networks)) {
      const { layers } = weights.networks[name]!;
      if (layers.length > 0) graphs.push(await networkOf(weights, name));
    }
    return graphs;
  }
  const { network, parameters, state } = weights;
  if (typeof network?.apply !== "function" || typeof parameters?.get !== "function")
    throw new ArgumentError(
      "weights are those of a model, or of { network, parameters: its ParameterArena, state }",
    );
  const compute = ({ input }: Readonly<Record<string, Tensor>>) => ({
    output: network.apply(input!, (name) => parameters.get(name), {
      mode: "infer",
      state: (name) => state!.get(name)!,
    }),
  });
  return [await graphOf(parameters.device, { input: network.inputShape }, compute, tensorsOf(weights))];
}

function tensorsOf(weights: Model | OwnNetwork): Map<string, Tensor> {
  if (weights instanceof Model) return namesOf(weights);
  return new Map([...weights.parameters.parameters, ...(weights.state ?? [])]);
}

/** What a tensor of a file is called here: by its own entry in `names`, or the longest that its name begins with. */
function nameHere(theirs: string, names: Readonly<Record<string, string>>, used: Set<string>): string {
  for (let at = theirs.length; at > 0; at = theirs.lastIndexOf(".", at - 1)) {
    const prefix = theirs.slice(0, at);
    const ours = Object.hasOwn(names, prefix) ? names[prefix] : undefined;
    if (ours === undefined) continue;
    used.add(prefix);
    return ours === "" ? "" : ours + theirs.slice(at);
  }
  return theirs;
}

/** The numbers of a tensor out of a file as floats of 32 bits. */
function floats({ dtype, data }: StoredTensor, name: string, file: string): Float32Array {
  if (dtype === "F32") return data;
  if (dtype === "F64") return Float32Array.from(data);
  if (dtype === "BF16") return new Float32Array(Uint32Array.from(data, (bits) => bits << 16).buffer);
  if (dtype === "F16") return float16.decode(data.slice().buffer);
  throw new DataError(file, undefined, `${name} is of ${dtype}, and weights are floats`);
}

function shortened(names: readonly string[], most = 6): string {
  const rest = names.length - most;
  return names.slice(0, most).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}
