import { checkOptions, checkSeed } from "../device/arguments.ts";
import { columns } from "../device/columns.ts";
import { ShapeError } from "../device/errors.ts";
import { checkShape, sameShape, show, type Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { applyAll, inputGradientOf, needs, rowsOf, type Layers } from "./chain.ts";
import { initialValues } from "./init.ts";
import type { LayerContext, LayerRow } from "./layer.ts";
import type { ParameterSpec, StateSpec } from "./parameter.ts";

/** A function of parameters, state and a batch, with the shapes of one sample before and after it. */
export interface Network {
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  /** What happens to a sample, in order. */
  readonly layers: readonly LayerRow[];
  /** Numbers in all parameters. */
  readonly parameterCount: number;
  /** The parameters with their initial values, drawn anew at each access and the same each time. */
  readonly parameters: readonly ParameterSpec[];
  /** What its layers keep from step to step beside the parameters, with initial values; named as parameters are. */
  readonly state: readonly StateSpec[];
  /** Whether what training makes of a sample depends on the rest of the batch: such a batch cannot be taken in parts. */
  readonly usesBatchStatistics: boolean;
  /** Whether training draws random numbers: the context then has to have `noise`. */
  readonly usesNoise: boolean;
  /**
   * Applies it to a batch (N, …inputShape); `parameter` gives the tensors of `parameters` by name, and
   * `context.state` those of `state`.
   *
   * @throws ArgumentError if a layer has state or draws noise, and there is no `context`.
   */
  apply(x: Tensor, parameter: (name: string) => Tensor, context?: LayerContext): Tensor;
  /**
   * The gradient of the sum of what it makes of a batch x with respect to x, (N, …inputShape), as operations that have
   * gradients with respect to the parameters themselves: what the gradient penalty of a critic is made of. It applies the
   * network to x once.
   *
   * @throws ArgumentError naming a layer that is not linear between kinks.
   */
  inputGradient(x: Tensor, parameter: (name: string) => Tensor): Tensor;
}

export interface InitialValues {
  /** A whole number of 32 bits; 0 unless given. */
  seed?: number | undefined;
  /** Tells networks of one model apart: those of other names start from other values. */
  stream: string;
}

/**
 * Layers one after the other; their names go before those of their parameters and state (`conv1.weight`).
 * Shapes are worked out and checked here, for samples of shape `inputShape`. Weights and biases start
 * evenly spread over ±1 / √fan-in, unless their layer says otherwise; the fan-in of both kinds of convolution is
 * input channels · filter height · filter width.
 */
export function sequential(inputShape: Shape, layers: Layers, initial: InitialValues): Network {
  checkOptions("sequential", initial);
  const { seed = 0, stream } = initial;
  checkShape(stream, inputShape);
  checkSeed(`${stream}: seed`, seed);
  const { rows, outputShape } = rowsOf(layers, inputShape, `${stream}.`);
  const { parameters, state, usesBatchStatistics, usesNoise } = needs(layers);
  const drawn = (spec: Parameters<typeof initialValues>[0] & { name: string }) => ({
    name: spec.name,
    shape: spec.shape,
    values: initialValues(spec, seed, `${stream}.${spec.name}`),
  });
  return {
    inputShape,
    outputShape,
    layers: rows,
    parameterCount: rows.reduce((sum, row) => sum + row.parameterCount, 0),
    get parameters() {
      return parameters.map(drawn);
    },
    get state() {
      return state.map(drawn);
    },
    usesBatchStatistics,
    usesNoise,
    apply(x, parameter, context) {
      if (x.shape.length === 0 || !sameShape(x.shape.slice(1), inputShape))
        throw new ShapeError(
          `${stream}: takes a batch (${["N", ...inputShape].join(", ")}), not ${show(x.shape)}`,
        );
      return applyAll(layers, x, parameter, context);
    },
    inputGradient: (x, parameter) => inputGradientOf(layers, x, parameter, `${stream}.`),
  };
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
