import { ShapeError } from "../device/errors.ts";
import { show, sizeOf, type Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Layer, LayerContext, LayerRow } from "./layer.ts";

/** Layers by name, to be applied one after the other. */
export type Layers = Readonly<Record<string, Layer>>;

/** What the layers need, under names that begin with the layer's: `conv1.weight`. */
export function needs(
  layers: Layers,
): Required<Pick<Layer, "parameters" | "state" | "usesBatchStatistics" | "usesNoise">> {
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

/** The shape that `layer` makes of `input`; errors name the layer. */
function outputShape(name: string, layer: Layer, input: Shape): Shape {
  try {
    return layer.outputShape(input);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new ShapeError(`${name} (${layer.label}) after ${show(input)}: ${error.message}`, { cause: error });
  }
}
