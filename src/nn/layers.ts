import { ShapeError } from "../device/errors.ts";
import { conv2d as convolve, type Conv2dOptions } from "../ops/conv2d.ts";
import {
  convTranspose2d as convolveTransposed,
  type ConvTranspose2dOptions,
} from "../ops/convTranspose2d.ts";
import { elu, gelu, leakyRelu, relu, sigmoid, softplus, tanh } from "../ops/elementwise.ts";
import type { Activation } from "../ops/lib/activation.ts";
import { affine } from "../ops/lib/affine.ts";
import { convolution, transposedConvolution, type Pair } from "../ops/lib/convolution.ts";
import { sameShape, show, sizeOf, type Shape } from "../tensor/shape.ts";
import { track } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** A parameter that a layer needs: initial values are evenly spread over ±1 / √fanIn. */
export interface ParameterShape {
  name: "weight" | "bias";
  shape: Shape;
  fanIn: number;
}

/** A layer is a record of what it needs and does; its parameters live elsewhere. Shapes are of one sample. */
export interface Layer {
  /** What it is, for tables: `conv 3x3 /2, relu`. */
  readonly label: string;
  readonly parameters: readonly ParameterShape[];
  /** The shape of what it makes of a sample of shape `input`. Throws ShapeError if it cannot take it. */
  outputShape(input: Shape): Shape;
  /** Applies it to a batch (N, …input); `parameter` gives its parameters by name. */
  apply(x: Tensor, parameter: (name: string) => Tensor): Tensor;
}

/** y = activation(x W + b): (inputs) → (outputs); weight (inputs, outputs). */
export function linear(
  inputs: number,
  outputs: number,
  { activation = "none", bias = true }: { activation?: Activation; bias?: boolean } = {},
): Layer {
  return {
    label: `linear${suffix(activation)}`,
    parameters: weights([inputs, outputs], outputs, inputs, bias),
    outputShape(input) {
      if (!sameShape(input, [inputs]))
        throw new ShapeError(
          `linear: takes samples of shape (${inputs}), not ${show(input)}; flatten images first`,
        );
      return [outputs];
    },
    apply: (x, parameter) => affine(x, parameter("weight"), { activation, ...biasOf(bias, parameter) }),
  };
}

export type Conv2dLayerOptions = Omit<Conv2dOptions, "bias"> & { kernel: Pair; bias?: boolean };

/** A convolution: (H, W, inputs) → (P, Q, outputs); weight (R, S, inputs / groups, outputs). */
export function conv2d(
  inputs: number,
  outputs: number,
  { kernel, bias = true, ...options }: Conv2dLayerOptions,
): Layer {
  const [R, S] = both(kernel);
  const shape = [R, S, inputs / (options.groups ?? 1), outputs];
  return {
    label: `conv ${R}x${S}${strideOf(options.stride)}${suffix(options.activation)}`,
    parameters: weights(shape, outputs, R * S * shape[2]!, bias),
    outputShape(input) {
      const { P, Q, K } = convolution("conv2d", [1, ...input], shape, options);
      return [P, Q, K];
    },
    apply: (x, parameter) => convolve(x, parameter("weight"), { ...options, ...biasOf(bias, parameter) }),
  };
}

export type ConvTranspose2dLayerOptions = Omit<ConvTranspose2dOptions, "bias"> & {
  kernel: Pair;
  bias?: boolean;
};

/**
 * The transpose of a convolution: (P, Q, inputs) → (H, W, outputs); weight (R, S, outputs / groups, inputs),
 * the filter of the convolution that it transposes.
 */
export function convTranspose2d(
  inputs: number,
  outputs: number,
  { kernel, bias = true, ...options }: ConvTranspose2dLayerOptions,
): Layer {
  const [R, S] = both(kernel);
  const groups = options.groups ?? 1;
  const shape = [R, S, outputs / groups, inputs];
  return {
    label: `transposed conv ${R}x${S}${strideOf(options.stride)}${suffix(options.activation)}`,
    parameters: weights(shape, outputs, (R * S * inputs) / groups, bias),
    outputShape(input) {
      const { H, W, C } = transposedConvolution("convTranspose2d", [1, ...input], shape, options);
      return [H, W, C];
    },
    apply: (x, parameter) =>
      convolveTransposed(x, parameter("weight"), { ...options, ...biasOf(bias, parameter) }),
  };
}

const activations = { relu, leakyRelu, sigmoid, tanh, softplus, gelu, elu };

/** An activation alone; the layers above have it built in, which is faster. */
export function activation(kind: Exclude<Activation, "none">): Layer {
  return {
    label: kind,
    parameters: [],
    outputShape: (input) => input,
    apply: (x) => activations[kind](x),
  };
}

/** Each sample in another shape of the same size, in row-major order; no copy is made. */
export function reshape(shape: Shape): Layer {
  return {
    label: "reshape",
    parameters: [],
    outputShape(input) {
      if (sizeOf(input) !== sizeOf(shape))
        throw new ShapeError(
          `reshape: ${show(input)} has ${sizeOf(input)} elements, ${show(shape)} has ${sizeOf(shape)}`,
        );
      return shape;
    },
    apply: (x) => track(x.view([x.shape[0]!, ...shape]), [x], (dy) => [dy]),
  };
}

/** Each sample as a vector, in row-major order: height, width, channels. */
export function flatten(): Layer {
  return {
    label: "flatten",
    parameters: [],
    outputShape: (input) => [sizeOf(input)],
    apply: (x) => track(x.view([x.shape[0]!, sizeOf(x.shape.slice(1))]), [x], (dy) => [dy]),
  };
}

function weights(shape: Shape, outputs: number, fanIn: number, bias: boolean): ParameterShape[] {
  if (![...shape, outputs].every((extent) => Number.isInteger(extent) && extent > 0))
    throw new ShapeError(
      `a layer's weight is ${show(shape)}; sizes, channels and channels / groups are whole numbers from 1`,
    );
  const weight: ParameterShape = { name: "weight", shape, fanIn };
  return bias ? [weight, { name: "bias", shape: [outputs], fanIn }] : [weight];
}

function biasOf(bias: boolean, parameter: (name: string) => Tensor): { bias?: Tensor } {
  return bias ? { bias: parameter("bias") } : {};
}

function both(pair: Pair): readonly [number, number] {
  return typeof pair === "number" ? [pair, pair] : pair;
}

function strideOf(stride: Pair = 1): string {
  const [down, across] = both(stride);
  if (down === across) return down === 1 ? "" : ` /${down}`;
  return ` /${down}x${across}`;
}

function suffix(activation: Activation = "none"): string {
  return activation === "none" ? "" : `, ${activation}`;
}
