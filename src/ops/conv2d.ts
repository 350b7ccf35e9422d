import { kernel, linearGrid } from "../device/kernel.ts";
import { track } from "../tensor/tape.ts";
import { empty, type Tensor } from "../tensor/tensor.ts";
import { transposed } from "./convTranspose2d.ts";
import { gelu } from "./elementwise.ts";
import { epilogueGradients, epilogueOf, sumSlices, type Epilogue } from "./epilogue.ts";
import {
  checkBias,
  convolution,
  flopsOf,
  type ConvolutionOptions,
  type Geometry,
} from "./lib/convolution.ts";
import type { Activation } from "./lib/activation.ts";
import { byFour, tiledKernel, type Tile } from "./lib/tiles.ts";

const conv2dKernel = kernel("conv2d");
const conv2dTiles = tiledKernel("conv2d");

export interface Conv2dOptions extends ConvolutionOptions {
  /** Added to each pixel: (K). */
  bias?: Tensor;
  /** Applied to each element at the end. */
  activation?: Activation;
  /** Which kernels compute it and its gradients; those that are fastest on the device unless given. */
  variant?: Tile | undefined;
}

/**
 * activation(x ∗ w + bias): the cross-correlation of images x (N,H,W,C) with K filters w (R,S,C/groups,K),
 * whose windows stand `stride` pixels apart: (N,P,Q,K), P = ⌊(H + padding − dilation·(R−1) − 1) / stride⌋ + 1.
 *
 * @throws ShapeError where the shapes do not fit, ArgumentError where an option is not a whole number.
 */
export function conv2d(x: Tensor, w: Tensor, options: Conv2dOptions = {}): Tensor {
  if (options.activation === "gelu") return gelu(conv2d(x, w, { ...options, activation: "none" }));
  const { bias, activation, variant } = options;
  const geometry = convolution("conv2d", x.shape, w.shape, options);
  const { N, P, Q, K } = geometry;
  checkBias("conv2d", bias, K);

  const y = empty(x.device, [N, P, Q, K]);
  correlate(x, w, y, geometry, { bias, activation, variant });

  return track(y, bias ? [x, w, bias] : [x, w], (dy, gradients) => {
    const { dz, db } = epilogueGradients(dy, y, options, 2, gradients);
    const dx = gradients.wanted(0) ? gradients.empty(0) : undefined;
    if (dx) transposed(dz, w, dx, geometry, { variant });
    const dw = gradients.wanted(1) ? gradients.empty(1) : undefined;
    if (dw) filterGradient(x, dz, dw, geometry, variant);
    return [dx, dw, db];
  });
}

/** out (N,P,Q,K) = activation(x ∗ w + bias). */
export function correlate(
  x: Tensor,
  w: Tensor,
  out: Tensor,
  geometry: Geometry,
  options: Epilogue & { variant?: Tile | undefined } = {},
): void {
  const { N, P, Q, C, K, G } = geometry;
  const { constants, bias } = epilogueOf(options, w);
  const params = { ...geometry, slices: 1 };
  const work = { flops: flopsOf(geometry) };
  if (G > 1)
    conv2dKernel("forward_groups", { x, w, out, bias }, params, linearGrid(out.size, 64), {
      constants,
      work,
    });
  else
    conv2dTiles(
      "forward",
      { x, x4: x, w, w4: w, out, bias },
      params,
      { rows: N * P * Q, columns: K },
      {
        constants: {
          ...constants,
          BY_DEPTH: byFour(C),
          BY_COLUMN: byFour(K),
          WHOLE: byFour(K),
          ONE_COLUMN: K === 1 ? byFour(C) : 0,
        },
        tile: options.variant,
        work,
      },
    );
}

/** out (R,S,C/G,K) = d (x ∗ w) / dw applied to dz (N,P,Q,K): a sum over pixels, in slices. */
export function filterGradient(x: Tensor, dz: Tensor, out: Tensor, geometry: Geometry, variant?: Tile): void {
  const { N, P, Q, C, K, R, S, G } = geometry;
  const narrow = variant === undefined && G === 1 && K < 8 && C % 4 === 0;
  const scalar = G > 1 || narrow;
  const pixels = scalar ? Math.max(64, (N * P * Q * out.size) / 2 ** 16) : 1024;
  const slices = Math.max(1, Math.min(N * P, Math.ceil((N * P * Q) / pixels)));
  const parts = slices > 1 ? empty(out.device, [slices, ...out.shape]) : out;
  const params = { ...geometry, slices };
  const work = { flops: flopsOf(geometry) };
  if (narrow)
    conv2dKernel("backward_w_narrow", { x4: x, w: dz, out: parts }, params, linearGrid(parts.size / 4, 64), {
      work,
    });
  else if (scalar)
    conv2dKernel("backward_w_groups", { x, w: dz, out: parts }, params, linearGrid(parts.size, 64), { work });
  else
    conv2dTiles(
      "backward_w",
      { x, w: dz, w4: dz, bias: x, out: parts },
      params,
      { rows: R * S * C, columns: K, depths: slices },
      { constants: { BY_COLUMN: byFour(K), WHOLE: byFour(K) }, tile: variant, work },
    );
  if (parts === out) return;
  sumSlices(parts, out, K);
  parts.dispose();
}
