import { checkOptions } from "../device/arguments.ts";
import { checkOperands, type Tensor } from "../tensor/tensor.ts";
import type { Conv2dOptions } from "./conv2d.ts";
import { transposedConvolution, type Pair } from "./lib/convolution.ts";
import { convolutionLayer } from "./lib/convolutionLayer.ts";
import { correlate, filterGradient, transposed } from "./lib/convolutionPasses.ts";

export interface ConvTranspose2dOptions extends Conv2dOptions {
  /** Rows and columns more at the bottom and right: which of the sizes that the convolution maps to P, Q is meant. */
  outputPadding?: Pair | undefined;
}

/**
 * activation(x ∗ᵀ w + bias): the input gradient of `conv2d` with the same w (R,S,C/groups,K) and options,
 * applied to x (N,P,Q,K): (N,H,W,C), H = (P−1)·stride − padding + dilation·(R−1) + outputPadding + 1. bias (C).
 *
 * @throws ShapeError where the shapes do not fit, ArgumentError where an option is not a whole number.
 */
export function convTranspose2d(x: Tensor, w: Tensor, options: ConvTranspose2dOptions = {}): Tensor {
  checkOperands("convTranspose2d", x, w);
  checkOptions("convTranspose2d", options);
  const geometry = transposedConvolution("convTranspose2d", x.shape, w.shape, options);
  const { N, H, W, C } = geometry;
  const { variant } = options;
  return convolutionLayer("convTranspose2d", x, w, options, {
    shape: [N, H, W, C],
    geometry,
    forward: (epilogue, y) => transposed(x, w, y, geometry, { ...epilogue, variant }),
    dx: (dz, dx) => correlate(dz, w, dx, geometry, { variant }),
    dw: (dz, dw) => filterGradient(dz, x, dw, geometry, variant),
  });
}
