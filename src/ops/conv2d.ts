import { checkOptions } from "../device/arguments.ts";
import { checkOperands, type Tensor } from "../tensor/tensor.ts";
import type { Activation } from "./lib/activation.ts";
import { convolution, type ConvolutionOptions } from "./lib/convolution.ts";
import { convolutionLayer } from "./lib/convolutionLayer.ts";
import {
  correlate,
  filterGradient,
  inputGradient,
  type ConvolutionVariant,
} from "./lib/convolutionPasses.ts";
import { reshape } from "./rearrange.ts";

export interface Conv2dOptions extends ConvolutionOptions {
  /** Added to each pixel: (K). */
  bias?: Tensor | undefined;
  /** Applied to each element at the end. */
  activation?: Activation | undefined;
  /** Which kernels compute it and its gradients; those that are fastest on the device unless given. */
  variant?: ConvolutionVariant | undefined;
}

/**
 * activation(x ∗ w + bias): the cross-correlation of images x (N,H,W,C) with K filters w (R,S,C/groups,K),
 * whose windows stand `stride` pixels apart: (N,P,Q,K), P = ⌊(H + padding − dilation·(R−1) − 1) / stride⌋ + 1.
 * An image without a batch (H,W,C) gives one (P,Q,K).
 *
 * On CPU adapters filters of 3 × 3 on neighbouring pixels, for many channels, go by Winograd's F(4 × 4, 3 × 3): a number that
 * is infinite makes those of its tiles of 4 × 4 pixels NaN.
 *
 * @throws ShapeError where the shapes do not fit, ArgumentError where an option is not a whole number.
 */
export function conv2d(x: Tensor, w: Tensor, options: Conv2dOptions = {}): Tensor {
  checkOperands("conv2d", x, w);
  checkOptions("conv2d", options);
  if (x.shape.length === 3) {
    const y = conv2d(reshape(x, [1, ...x.shape]), w, options);
    return reshape(y, y.shape.slice(1));
  }
  const geometry = convolution("conv2d", x.shape, w.shape, options);
  const { N, P, Q, K } = geometry;
  const { variant } = options;
  return convolutionLayer("conv2d", x, w, options, {
    shape: [N, P, Q, K],
    geometry,
    forward: (epilogue, y) => correlate(x, w, y, geometry, { ...epilogue, variant }),
    dx: (dz, dx) => inputGradient(dz, w, dx, geometry, variant),
    dw: (dz, dw) => filterGradient(x, dz, dw, geometry, variant),
  });
}
