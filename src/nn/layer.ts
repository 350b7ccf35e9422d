import { ArgumentError } from "../device/errors.ts";
import type { RandomState } from "../ops/random.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Initial } from "./init.ts";

/**
 * How layers that have state or draw noise are applied: "train" computes from the batch and updates the state, "infer"
 * computes from the state alone, and "recompute" computes as "train" does and writes no state: for activations that are
 * computed once more for a gradient, and for the later parts of a batch.
 */
export type Mode = "train" | "infer" | "recompute";

/** What layers that have state or draw noise need beside their parameters. */
export interface LayerContext {
  readonly mode: Mode;
  /** The state by name: tensors that stay from step to step, and that "train" overwrites. */
  readonly state: (name: string) => Tensor;
  /** Where "train" draws from. In "recompute" it stands where it stood when the layer was applied before. */
  readonly noise?: RandomState | undefined;
}

/** A parameter that a layer needs. */
export interface ParameterShape {
  name: string;
  shape: Shape;
  /** Numbers that each number of the layer's output is computed from. */
  fanIn: number;
  /** Numbers of the layer's output that each number of its input goes into; as `fanIn` unless given. */
  fanOut?: number | undefined;
  /** The axis of the output channels, by which a weight is seen as a matrix; the last unless given. */
  outputAxis?: number | undefined;
  /** How it starts; evenly spread over ±1 / √fanIn unless given. */
  initial?: Initial | undefined;
}

/** A tensor that a layer keeps from step to step beside its parameters, and that no gradient moves. */
export interface StateShape {
  name: string;
  shape: Shape;
  /** What it starts from. */
  initial: Initial;
}

/**
 * A layer is a record of what it needs and does; its parameters and its state live elsewhere. Shapes are of one sample.
 */
export interface Layer {
  /** What it is, for tables: `conv 3x3 /2, relu`. */
  readonly label: string;
  readonly parameters: readonly ParameterShape[];
  /** None unless given. */
  readonly state?: readonly StateShape[] | undefined;
  /** Whether what training makes of a sample depends on the rest of the batch: such a batch cannot be taken in parts. */
  readonly usesBatchStatistics?: boolean | undefined;
  /** Whether training draws random numbers. */
  readonly usesNoise?: boolean | undefined;
  /** The shape of what it makes of a sample of shape `input`. Throws ShapeError if it cannot take it. */
  outputShape(input: Shape): Shape;
  /** The layers that it is made of, each with what it makes on the way from a sample of shape `input`; for tables. */
  inside?(input: Shape): readonly LayerRow[];
  /**
   * Applies it to a batch (N, …input); `parameter` gives its parameters by name.
   *
   * @throws ArgumentError if it has state or draws noise, and there is no `context`.
   */
  apply(x: Tensor, parameter: (name: string) => Tensor, context?: LayerContext): Tensor;
  /**
   * The gradient with respect to its input (N, …input), from that with respect to its output and from the output y
   * (N, …output): a chain of operations that have gradients themselves, so that a loss may contain it. Layers that are
   * linear between kinks have one; for these it is exact, as their second derivative is 0 almost everywhere.
   */
  inputGradient?(dy: Tensor, y: Tensor, input: Shape, parameter: (name: string) => Tensor): Tensor;
}

/** One line of a network's table. */
export interface LayerRow {
  name: string;
  label: string;
  outputShape: Shape;
  parameterCount: number;
}

/** The context of a layer that cannot do without. */
export function needContext(label: string, context: LayerContext | undefined): LayerContext {
  if (context) return context;
  throw new ArgumentError(
    `${label}: training and inference differ, so apply(x, parameter, context) needs a context: ` +
      `{ mode: "train", "infer" or "recompute", state: its tensors by name, noise: a RandomState }`,
  );
}
