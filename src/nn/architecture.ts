import { ShapeError } from "../device/errors.ts";
import type { Activation } from "../ops/lib/activation.ts";
import { show, type Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Layers } from "./chain.ts";
import type { Layer } from "./layer.ts";
import { linear, type LayerInitial } from "./layers.ts";

/** What an architecture is asked for. */
export interface ArchitectureShapes {
  /** Shape of a sample, [H, W, C]. */
  input: Shape;
  /** Length of the code. */
  latent: number;
  /** After the decoder's last layer. */
  output: Activation;
}

/** The layers of the networks of an autoencoder. */
export interface ArchitectureLayers {
  /** Samples → features. */
  features: Layers;
  /** Features → code (latent), where the encoder gives that itself. */
  code: Layers;
  /** Features → what `mean` and `variance` take, where it gives a normal distribution for each sample. */
  posterior: Layers;
  /** → μ (latent). */
  mean: Layers;
  /** → log σ² (latent). */
  variance: Layers;
  /** Code (latent) → samples. */
  decoder: Layers;
}

/** The networks of a paper, for images of any size and number of channels, and codes of any length. */
export type Architecture = (shapes: ArchitectureShapes) => ArchitectureLayers;

/** As Keras and TensorFlow 1 start layers. */
export const KERAS: LayerInitial = { weight: "glorotUniform", bias: { constant: 0 } };

export type Size = readonly [height: number, width: number];

/** The image that samples are. Throws ShapeError for samples that are none. */
export function imageOf(
  architecture: string,
  input: Shape,
): readonly [height: number, width: number, C: number] {
  if (input.length !== 3 || !input.every((extent) => Number.isInteger(extent) && extent > 0))
    throw new ShapeError(
      `${architecture}: takes images [H, W, C] with extents from 1, not samples of shape ${show(input)}`,
    );
  return input as unknown as readonly [number, number, number];
}

/** The size after a convolution of stride 2. */
export const halved = ([H, W]: Size): Size => [Math.ceil(H / 2), Math.ceil(W / 2)];

/**
 * How a convolution of images of `size` pads so that it gives ⌈extent / stride⌉, one more at the end where the number is
 * odd: SAME of TensorFlow. A transposed convolution with it gives images of `size`.
 */
export function same(size: Size, kernel: number, stride: number) {
  const padding = (extent: number) => {
    const total = Math.max(0, (Math.ceil(extent / stride) - 1) * stride + kernel - extent);
    const before = Math.floor(total / 2);
    return [before, total - before] as const;
  };
  return { kernel, stride, padding: [padding(size[0]), padding(size[1])] as const };
}

/** A function of each number by itself. */
export function each(label: string, apply: (x: Tensor) => Tensor): Layer {
  return { label, parameters: [], outputShape: (input) => input, apply };
}

/** An affine map from features to a code, alone: what most architectures end in. */
export function affineTo(features: number, latent: number, initial: LayerInitial = KERAS): Layers {
  return { linear: linear(features, latent, { initial }) };
}
