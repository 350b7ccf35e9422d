import { checkList, checkOptions } from "../device/arguments.ts";
import { ArgumentError, ShapeError } from "../device/errors.ts";
import { conv2d as convolve, type Conv2dOptions } from "../ops/conv2d.ts";
import {
  convTranspose2d as convolveTransposed,
  type ConvTranspose2dOptions,
} from "../ops/convTranspose2d.ts";
import { dropout as drop } from "../ops/dropout.ts";
import { elu, gelu, leakyRelu, mul, relu, sigmoid, softplus, tanh, where } from "../ops/elementwise.ts";
import { hardSwish, mish, silu } from "../ops/functions.ts";
import { matmul } from "../ops/matmul.ts";
import type { Activation } from "../ops/lib/activation.ts";
import { affine } from "../ops/lib/affine.ts";
import { convolution, transposedConvolution, type Pair } from "../ops/lib/convolution.ts";
import { gatherRows, reshape as reshaped } from "../ops/rearrange.ts";
import { sameShape, show, sizeOf, type Shape } from "../tensor/shape.ts";
import { stopGradient } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Initial } from "./init.ts";
import { needContext, type Layer, type ParameterShape } from "./layer.ts";

/** What weight and bias start from; evenly spread over ±1 / √fanIn unless given. */
export interface LayerInitial {
  weight?: Initial | undefined;
  bias?: Initial | undefined;
}

export interface LinearLayerOptions {
  activation?: Activation | undefined;
  bias?: boolean | undefined;
  initial?: LayerInitial | undefined;
}

/** y = activation(x W + b): (inputs) → (outputs); weight (inputs, outputs). */
export function linear(
  inputs: number,
  outputs: number,
  { activation = "none", bias = true, initial }: LinearLayerOptions = {},
): Layer {
  return {
    label: `linear${suffix(activation)}`,
    parameters: weights([inputs, outputs], outputs, [inputs, outputs], bias, initial),
    outputShape(input) {
      if (!sameShape(input, [inputs]))
        throw new ShapeError(
          `linear: takes samples of shape (${inputs}), not ${show(input)}; flatten images first`,
        );
      return [outputs];
    },
    apply: (x, parameter) => affine(x, parameter("weight"), { activation, ...biasOf(bias, parameter) }),
    ...throughSlope(activation, (dz, _, parameter) => matmul(dz, parameter("weight"), { transposeB: true })),
  };
}

export type Conv2dLayerOptions = Omit<Conv2dOptions, "bias"> & {
  kernel: Pair;
  bias?: boolean | undefined;
  initial?: LayerInitial | undefined;
};

/** A convolution: (H, W, inputs) → (P, Q, outputs); weight (R, S, inputs / groups, outputs). */
export function conv2d(inputs: number, outputs: number, given: Conv2dLayerOptions): Layer {
  checkOptions("conv2d", given);
  const { kernel, bias = true, initial, ...options } = given;
  const [R, S] = both(kernel);
  const groups = options.groups ?? 1;
  const shape = [R, S, inputs / groups, outputs];
  const fans = [(R * S * inputs) / groups, (R * S * outputs) / groups] as const;
  return {
    label: `conv ${R}x${S}${strideOf(options.stride)}${suffix(options.activation)}`,
    parameters: weights(shape, outputs, fans, bias, initial),
    outputShape(input) {
      const { P, Q, K } = convolution("conv2d", [1, ...input], shape, options);
      return [P, Q, K];
    },
    apply: (x, parameter) => convolve(x, parameter("weight"), { ...options, ...biasOf(bias, parameter) }),
    ...throughSlope(options.activation, (dz, input, parameter) =>
      convolveTransposed(dz, parameter("weight"), {
        ...options,
        activation: "none",
        ...backTo(input, shape, options),
      }),
    ),
  };
}

export type ConvTranspose2dLayerOptions = Omit<ConvTranspose2dOptions, "bias"> & {
  kernel: Pair;
  bias?: boolean | undefined;
  initial?: LayerInitial | undefined;
};

/**
 * The transpose of a convolution: (P, Q, inputs) → (H, W, outputs); weight (R, S, outputs / groups, inputs),
 * the filter of the convolution that it transposes.
 */
export function convTranspose2d(inputs: number, outputs: number, given: ConvTranspose2dLayerOptions): Layer {
  checkOptions("convTranspose2d", given);
  const { kernel, bias = true, initial, ...options } = given;
  const [R, S] = both(kernel);
  const groups = options.groups ?? 1;
  const shape = [R, S, outputs / groups, inputs];
  const fans = [(R * S * inputs) / groups, (R * S * outputs) / groups] as const;
  return {
    label: `transposed conv ${R}x${S}${strideOf(options.stride)}${suffix(options.activation)}`,
    parameters: weights(shape, outputs, fans, bias, initial).map((parameter) =>
      parameter.name === "weight" ? { ...parameter, outputAxis: 2 } : parameter,
    ),
    outputShape(input) {
      const { H, W, C } = transposedConvolution("convTranspose2d", [1, ...input], shape, options);
      return [H, W, C];
    },
    apply: (x, parameter) =>
      convolveTransposed(x, parameter("weight"), { ...options, ...biasOf(bias, parameter) }),
    ...throughSlope(options.activation, (dz, _, parameter) =>
      convolve(dz, parameter("weight"), { ...options, activation: "none" }),
    ),
  };
}

const activations = { relu, leakyRelu, sigmoid, tanh, softplus, gelu, elu, silu, mish, hardSwish };

/** What `activation` makes layers of. */
export type ActivationName = keyof typeof activations;

/** An activation alone; the layers above have those of `Activation` built in, which is faster. */
export function activation(kind: ActivationName): Layer {
  return {
    label: kind,
    parameters: [],
    outputShape: (input) => input,
    apply: (x) => activations[kind](x),
    ...throughSlope(kind, (dz) => dz),
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
    apply: (x) => asShape(x, shape),
    inputGradient: (dy, _, input) => asShape(dy, input),
  };
}

/** Each sample as a vector, in row-major order: height, width, channels. */
export function flatten(): Layer {
  return {
    label: "flatten",
    parameters: [],
    outputShape: (input) => [sizeOf(input)],
    apply: (x) => asShape(x, [sizeOf(x.shape.slice(1))]),
    inputGradient: (dy, _, input) => asShape(dy, input),
  };
}

/** The samples of a batch in another shape. */
function asShape(x: Tensor, shape: Shape): Tensor {
  return reshaped(x, [x.shape[0]!, ...shape]);
}

/**
 * The `inputGradient` of a layer that is a linear map before its activation, from the gradient dz with respect to what the
 * map makes; none where the activation is not linear between kinks. ReLU and leaky ReLU have the sign of what goes in.
 */
function throughSlope(
  activation: Activation | ActivationName | undefined,
  transposed: (dz: Tensor, input: Shape, parameter: (name: string) => Tensor) => Tensor,
): Pick<Layer, "inputGradient"> {
  if (
    activation !== undefined &&
    activation !== "none" &&
    activation !== "relu" &&
    activation !== "leakyRelu"
  )
    return {};
  return {
    inputGradient(dy, y, input, parameter) {
      if (activation === undefined || activation === "none") return transposed(dy, input, parameter);
      const isPositive = y.device.noGrad(() => relu(y));
      const below = activation === "relu" ? 0 : mul(dy, 0.01);
      return transposed(where(isPositive, dy, below), input, parameter);
    },
  };
}

/** How the transpose of a convolution of images of shape `input` gives images of that shape again. */
function backTo(input: Shape, filter: Shape, options: Conv2dOptions): ConvTranspose2dOptions {
  const { H, W, P, Q, R, S, ...geometry } = convolution("conv2d", [1, ...input], filter, options);
  const { stride_h, stride_w, dilation_h, dilation_w, pad_h, pad_w } = geometry;
  const after = (P: number, stride: number, reach: number, before: number, H: number) =>
    (P - 1) * stride + reach - before - H;
  const bottom = after(P, stride_h, dilation_h * (R - 1) + 1, pad_h, H);
  const right = after(Q, stride_w, dilation_w * (S - 1) + 1, pad_w, W);
  return {
    padding: [
      [pad_h, Math.max(0, bottom)],
      [pad_w, Math.max(0, right)],
    ],
    outputPadding: [Math.max(0, -bottom), Math.max(0, -right)],
  };
}

/** Elements made 0 with the probability `rate`, and the others divided by 1 − rate, in training; nothing in inference. */
export function dropout(rate: number): Layer {
  if (!(rate >= 0 && rate < 1))
    throw new ArgumentError(`dropout: the rate is a number from 0 on and below 1, not ${rate}`);
  const label = `dropout ${rate}`;
  return {
    label,
    parameters: [],
    usesNoise: true,
    outputShape: (input) => input,
    apply(x, _, context) {
      const { mode, noise } = needContext(label, context);
      if (mode === "infer") return x;
      if (!noise)
        throw new ArgumentError(`${label}: training draws, so the context needs noise: a RandomState`);
      return drop(x, rate, noise);
    },
  };
}

/**
 * A table of `count` vectors: (…input) → (…input, length), where the samples are whole numbers from 0 to count − 1; a
 * vector of NaN stands for what is none of them. The vectors, weight (count, length), start normal as in PyTorch.
 */
export function embedding(
  count: number,
  length: number,
  { initial = { normal: 1 } }: { initial?: Initial | undefined } = {},
): Layer {
  if (![count, length].every((extent) => Number.isInteger(extent) && extent > 0))
    throw new ShapeError(`embedding: ${show([count, length])} are to be whole numbers from 1`);
  return {
    label: `embedding of ${count}`,
    parameters: [{ name: "weight", shape: [count, length], fanIn: count, fanOut: length, initial }],
    outputShape: (input) => [...input, length],
    apply: (x, parameter) =>
      reshaped(gatherRows(parameter("weight"), reshaped(stopGradient(x), [x.size])), [...x.shape, length]),
  };
}

function weights(
  shape: Shape,
  outputs: number,
  [fanIn, fanOut]: readonly [number, number],
  bias: boolean,
  initial: LayerInitial = {},
): ParameterShape[] {
  if (![...shape, outputs].every((extent) => Number.isInteger(extent) && extent > 0))
    throw new ShapeError(
      `a layer's weight is ${show(shape)}; sizes, channels and channels / groups are whole numbers from 1`,
    );
  const parameter = (name: keyof LayerInitial, shape: Shape): ParameterShape => {
    const start = initial[name];
    return { name, shape, fanIn, fanOut, ...(start === undefined ? {} : { initial: start }) };
  };
  return bias ? [parameter("weight", shape), parameter("bias", [outputs])] : [parameter("weight", shape)];
}

function biasOf(bias: boolean, parameter: (name: string) => Tensor): { bias?: Tensor | undefined } {
  return bias ? { bias: parameter("bias") } : {};
}

function both(pair: Pair): readonly [number, number] {
  if (typeof pair === "number") return [pair, pair];
  checkList("a layer's kernel or stride, if it is no number,", pair);
  return pair;
}

function strideOf(stride: Pair = 1): string {
  const [down, across] = both(stride);
  if (down === across) return down === 1 ? "" : ` /${down}`;
  return ` /${down}x${across}`;
}

function suffix(activation: Activation = "none"): string {
  return activation === "none" ? "" : `, ${activation}`;
}
