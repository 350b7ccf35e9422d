import type { Device } from "../device/device.ts";
import { ArgumentError } from "../device/errors.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkBytes, Emitter, type Attribute, type Initializer, type Node, type Stored } from "./emitter.ts";
import type { ImageOrder } from "./forms.ts";
import { functions } from "./functions.ts";
import {
  graphOf,
  type Computation,
  type Extent,
  type Graph,
  type OperationValue,
  type Value,
} from "./graph.ts";
import { imageOrder, isAffine, writeOperation } from "./operators.ts";

/** The version of ONNX's operators that files ask for, and of the format that came with it. */
export const [OPSET, IR] = [18, 8];

const types = { float: 1, int: 2, string: 3, ints: 7 } as const;
const elements = { float: 1, int64: 7 } as const;

/** A graph as ONNX has it: images are (N, C, H, W), and weights lie as PyTorch's. */
export interface OnnxGraph {
  name: string;
  nodes: readonly Node[];
  initializers: ReadonlyMap<string, Initializer>;
  inputs: readonly Port[];
  outputs: readonly Port[];
}

interface Port {
  name: string;
  shape: readonly Extent[];
}

/**
 * An ONNX file of a function of batches of samples, a network or any other: `inputs` has the shape of a sample for each tensor
 * that it takes, and `names` the tensors that its weights are called after. Images are (N, C, H, W) in the file.
 *
 * @throws ArgumentError for operations that have no counterpart in ONNX here.
 */
export async function exportFunction(
  device: Device,
  inputs: Readonly<Record<string, Shape>>,
  compute: Computation,
  {
    name = "function",
    names,
  }: { name?: string | undefined; names?: ReadonlyMap<string, Tensor> | undefined } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  return encodeOnnx(writeGraph(name, await graphOf(device, inputs, compute, names)));
}

/** A graph in the operators and layouts of ONNX. */
export function writeGraph(name: string, graph: Graph): OnnxGraph {
  const emitter = new Emitter((value, emitter) => write(value, emitter));
  for (const { name } of graph.inputs) emitter.unused(name);
  for (const outputName of graph.outputs.keys()) emitter.unused(outputName);
  chooseOrders(graph, emitter.orders);
  const outputs: Port[] = [];
  for (const [outputName, value] of graph.outputs) {
    const isImage = value.shape.length === 4;
    const made = isImage ? emitter.image(value) : emitter.plain(value);
    emitter.nodes.push({ type: "Identity", inputs: [made], output: outputName, attributes: {} });
    outputs.push({ name: outputName, shape: isImage ? imageShape(value.shape) : value.shape });
  }
  const inputs = graph.inputs.map(({ name, shape }) => ({
    name,
    shape: shape.length === 4 ? imageShape(shape) : shape,
  }));
  return { name, nodes: emitter.nodes, initializers: emitter.initializers, inputs, outputs };
}

function write(value: Value, emitter: Emitter): Stored {
  if (value.kind === "input")
    return { layout: value.shape.length === 4 ? "image" : "plain", name: value.name };
  if (value.kind === "operation") return writeOperation(value, emitter);
  throw new ArgumentError("a constant has no layout of its own");
}

const imageShape = ([N, H, W, C]: readonly Extent[]) => [N!, C!, H!, W!];

/**
 * Where an affine map makes a vector that becomes an image, by nothing but functions of each number on the way, the map is to
 * make it in PyTorch's order: its weight is moved once, here, and no batch ever is.
 */
function chooseOrders({ outputs }: Graph, orders: Map<Value, ImageOrder>): void {
  const users = new Map<Value, number>();
  const operations: OperationValue[] = [];
  const visit = (value: Value) => {
    users.set(value, (users.get(value) ?? 0) + 1);
    if (users.get(value) !== 1 || value.kind !== "operation") return;
    operations.push(value);
    for (const input of value.inputs) if (typeof input === "object") visit(input);
  };
  for (const output of outputs.values()) visit(output);
  for (const value of operations) {
    if (value.name !== "reshape") continue;
    let at = value.inputs[0] as Value;
    const order = imageOrder(value, at);
    while (order && at.kind === "operation" && users.get(at) === 1) {
      if (isAffine(at)) orders.set(at, order);
      if (isAffine(at) || !worksOnEach(at)) break;
      at = at.inputs.find((input) => typeof input === "object" && input.kind !== "constant") as Value;
    }
  }
}

/** Whether an operation changes each number of vectors by itself, with constants of one number for each at most. */
function worksOnEach({ name, inputs, shape }: OperationValue): boolean {
  if (name === undefined || shape.length !== 2) return false;
  if (Object.hasOwn(functions, name) || name === "batchNormInference") return true;
  const others = inputs.filter((input) => typeof input === "object" && input.kind !== "constant");
  return others.length === 1 && ["add", "sub", "mul", "div", "min", "max", "pow"].includes(name);
}

/** The bytes of an ONNX file. Throws LimitError for weights that do not fit one. */
export async function encodeOnnx(
  graph: OnnxGraph,
  about: Readonly<Record<string, string>> = {},
): Promise<Uint8Array<ArrayBuffer>> {
  checkBytes(graph.initializers.values());
  const { encodeModel } = await import("./protobuf.ts");
  return encodeModel({
    irVersion: IR,
    producerName: "hestenes",
    opsetImport: [{ domain: "", version: OPSET }],
    metadataProps: Object.entries(about).map(([key, value]) => ({ key, value })),
    graph: {
      name: graph.name,
      node: graph.nodes.map(({ type, inputs, output, attributes }) => ({
        name: output,
        opType: type,
        input: inputs,
        output: [output],
        attribute: Object.entries(attributes).map(([name, value]) => ({ name, ...attributeOf(value) })),
      })),
      initializer: [...graph.initializers].map(([name, { shape, data }]) => ({
        name,
        dims: shape,
        dataType: data instanceof Float32Array ? elements.float : elements.int64,
        rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      })),
      input: graph.inputs.map(portOf),
      output: graph.outputs.map(portOf),
    },
  });
}

function attributeOf(value: Attribute): object {
  if (typeof value === "number") return { i: value, type: types.int };
  if (typeof value === "string") return { s: new TextEncoder().encode(value), type: types.string };
  if ("float" in value) return { f: value.float, type: types.float };
  return { ints: value, type: types.ints };
}

function portOf({ name, shape }: Port): object {
  const dim = shape.map((extent) =>
    typeof extent === "number" ? { dimValue: extent } : { dimParam: extent },
  );
  return { name, type: { tensorType: { elemType: elements.float, shape: { dim } } } };
}
