import type { Complete } from "../device/arguments.ts";
import { ArgumentError, ShapeError } from "../device/errors.ts";
import { show, sizeOf, type Shape } from "../tensor/shape.ts";
import { tensor, type Tensor } from "../tensor/tensor.ts";
import type { Layer, LayerContext, LayerRow } from "./layer.ts";

/** Layers by name, to be applied one after the other. */
export type Layers = Readonly<Record<string, Layer>>;

/** What the layers need, under names that begin with the layer's: `conv1.weight`. */
export function needs(
  layers: Layers,
): Complete<Pick<Layer, "parameters" | "state" | "usesBatchStatistics" | "usesNoise">> {
  const all = Object.entries(layers);
  const named = <Spec extends { name: string }>(list: (layer: Layer) => readonly Spec[] | undefined) =>
    all.flatMap(([name, layer]) =>
      (list(layer) ?? []).map((spec) => ({ ...spec, name: `${name}.${spec.name}` })),
    );
  return {
    parameters: named((layer) => layer.parameters),
    state: named((layer) => layer.state),
    usesBatchStatistics: all.some(([, layer]) => layer.usesBatchStatistics),
    usesNoise: all.some(([, layer]) => layer.usesNoise),
  };
}

/** The layers with the shapes of what they make, in order, of a sample of shape `input`; errors name the layer. */
export function rowsOf(
  layers: Layers,
  input: Shape,
  where = "",
): { rows: readonly LayerRow[]; outputShape: Shape } {
  const rows: LayerRow[] = [];
  let shape = input;
  if (typeof layers !== "object" || layers === null)
    throw new ArgumentError(`${where}: its layers are an object with layers by name, not ${String(layers)}`);
  for (const [name, layer] of Object.entries(layers)) {
    const before = shape;
    shape = outputShape(`${where}${name}`, layer, before);
    const inside = layer.inside?.(before) ?? [];
    rows.push(...inside.map((row) => ({ ...row, name: `${name}.${row.name}` })));
    const numbers = layer.parameters.reduce((sum, parameter) => sum + sizeOf(parameter.shape), 0);
    const parameterCount = inside.reduce((rest, row) => rest - row.parameterCount, numbers);
    rows.push({ name, label: layer.label, outputShape: shape, parameterCount });
  }
  return { rows, outputShape: shape };
}

/** Applies the layers one after the other. */
export function applyAll(
  layers: Layers,
  x: Tensor,
  parameter: (name: string) => Tensor,
  context?: LayerContext,
): Tensor {
  let y = x;
  for (const [name, layer] of Object.entries(layers))
    y = layer.apply(
      y,
      (own) => parameter(`${name}.${own}`),
      context && { ...context, state: (own) => context.state(`${name}.${own}`) },
    );
  return y;
}

/**
 * The gradient of the sum of what the layers make of a batch x (N, …input) with respect to x, as a chain of operations;
 * see `Layer.inputGradient`. Throws ArgumentError naming a layer that has none.
 */
export function inputGradientOf(
  layers: Layers,
  x: Tensor,
  parameter: (name: string) => Tensor,
  where: string,
): Tensor {
  const passed: (readonly [layer: Layer, input: Shape, y: Tensor, parameter: (own: string) => Tensor])[] = [];
  let y = x;
  for (const [name, layer] of Object.entries(layers)) {
    if (!layer.inputGradient)
      throw new ArgumentError(
        `${where}${name} (${layer.label}): a gradient with respect to the input goes through layers that are linear ` +
          `between kinks: with relu, leakyRelu or no activation, and without normalisation`,
      );
    const ofLayer = (own: string) => parameter(`${name}.${own}`);
    const input = y.shape.slice(1);
    y = layer.apply(y, ofLayer);
    passed.push([layer, input, y, ofLayer]);
  }
  let dy = tensor(x.device, new Float32Array(y.size).fill(1), y.shape);
  for (const [layer, input, made, ofLayer] of passed.reverse())
    dy = layer.inputGradient!(dy, made, input, ofLayer);
  return dy;
}

/** The shape that `layer` makes of `input`; errors name the layer. */
function outputShape(name: string, layer: Layer, input: Shape): Shape {
  if (typeof (layer as Partial<Layer> | undefined)?.apply !== "function")
    throw new ArgumentError(`${name}: a layer is needed, with apply()`);
  try {
    return layer.outputShape(input);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new ShapeError(`${name} (${layer.label}) after ${show(input)}: ${error.message}`, { cause: error });
  }
}
