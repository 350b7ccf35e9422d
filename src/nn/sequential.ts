import { columns } from "../device/columns.ts";
import { ArgumentError, ShapeError } from "../device/errors.ts";
import { checkShape, sameShape, show, sizeOf, type Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { uniformValues } from "./init.ts";
import type { Layer } from "./layers.ts";
import type { ParameterSpec } from "./parameter.ts";

/** A function of parameters and a batch, with the shapes of one sample before and after it. */
export interface Network {
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  /** What happens to a sample, in order. */
  readonly layers: readonly LayerRow[];
  /** Numbers in all parameters. */
  readonly parameterCount: number;
  /** The parameters with their initial values, drawn anew at each access and the same each time. */
  readonly parameters: readonly ParameterSpec[];
  /** Applies it to a batch (N, …inputShape); `parameter` gives the tensors of `parameters` by name. */
  apply(x: Tensor, parameter: (name: string) => Tensor): Tensor;
}

/** One line of a network's table. */
export interface LayerRow {
  name: string;
  label: string;
  outputShape: Shape;
  parameterCount: number;
}

export interface InitialValues {
  /** A whole number of 32 bits; 0 unless given. */
  seed?: number | undefined;
  /** Tells networks of one model apart: those of other names start from other values. */
  stream: string;
}

/**
 * Layers one after the other; their names go before those of their parameters (`conv1.weight`).
 * Shapes are worked out and checked here, for samples of shape `inputShape`. Weights and biases start
 * evenly spread over ±1 / √fan-in, where the fan-in of both kinds of convolution is input channels ·
 * filter height · filter width.
 */
export function sequential(
  inputShape: Shape,
  layers: Readonly<Record<string, Layer>>,
  { seed = 0, stream }: InitialValues,
): Network {
  checkShape(stream, inputShape);
  if (!(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32))
    throw new ArgumentError(`${stream}: the seed is a whole number from 0 to 4294967295, not ${seed}`);
  const rows: LayerRow[] = [];
  let shape = inputShape;
  for (const [name, layer] of Object.entries(layers)) {
    shape = outputShape(`${stream}.${name}`, layer, shape);
    const parameterCount = layer.parameters.reduce((sum, parameter) => sum + sizeOf(parameter.shape), 0);
    rows.push({ name, label: layer.label, outputShape: shape, parameterCount });
  }
  return {
    inputShape,
    outputShape: shape,
    layers: rows,
    parameterCount: rows.reduce((sum, row) => sum + row.parameterCount, 0),
    get parameters() {
      return Object.entries(layers).flatMap(([layerName, layer]) =>
        layer.parameters.map(({ name: own, shape, fanIn }) => {
          const name = `${layerName}.${own}`;
          const values = uniformValues(sizeOf(shape), 1 / Math.sqrt(fanIn), seed, `${stream}.${name}`);
          return { name, shape, values };
        }),
      );
    },
    apply(x, parameter) {
      if (x.shape.length === 0 || !sameShape(x.shape.slice(1), inputShape))
        throw new ShapeError(
          `${stream}: takes a batch (${["N", ...inputShape].join(", ")}), not ${show(x.shape)}`,
        );
      let y = x;
      for (const [name, layer] of Object.entries(layers))
        y = layer.apply(y, (own) => parameter(`${name}.${own}`));
      return y;
    },
  };
}

/** The shape that `layer` makes of `input`; errors name the layer. */
function outputShape(name: string, layer: Layer, input: Shape): Shape {
  try {
    return layer.outputShape(input);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new ShapeError(`${name} (${layer.label}) after ${show(input)}: ${error.message}`, { cause: error });
  }
}

/** The network as a table: each layer with the shape of what it makes and its number of parameters. */
export function describeNetwork({ inputShape, layers, parameterCount }: Network): string {
  const lines = [
    ["layer", "", "output", "parameters"],
    ["input", "", show(inputShape), ""],
    ...layers.map((row) => [row.name, row.label, show(row.outputShape), grouped(row.parameterCount)]),
    ["total", "", "", grouped(parameterCount)],
  ];
  return columns(lines, 3);
}

function grouped(count: number): string {
  return count === 0 ? "" : count.toLocaleString("en-US");
}
