import { kernel, linearGrid } from "../device/kernel.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { correlate, filterGradient, type Conv2dOptions } from "./conv2d.ts";
import { epilogueOf, type Epilogue } from "./epilogue.ts";
import { convolutionLayer } from "./lib/convolutionLayer.ts";
import { byFour, chooseTile, tiledKernel, type Tile } from "./lib/tiles.ts";
import { flopsOf, transposedConvolution, type Geometry, type Pair } from "./lib/convolution.ts";

const convTranspose2dKernel = kernel("convTranspose2d");
const convTranspose2dTiles = tiledKernel("convTranspose2d");

export interface ConvTranspose2dOptions extends Conv2dOptions {
  /** Rows and columns more at the bottom and right: which of the sizes that the convolution maps to P, Q is meant. */
  outputPadding?: Pair;
}

/**
 * activation(x ∗ᵀ w + bias): the input gradient of `conv2d` with the same w (R,S,C/groups,K) and options,
 * applied to x (N,P,Q,K): (N,H,W,C), H = (P−1)·stride − padding + dilation·(R−1) + outputPadding + 1. bias (C).
 *
 * @throws ShapeError where the shapes do not fit, ArgumentError where an option is not a whole number.
 */
export function convTranspose2d(x: Tensor, w: Tensor, options: ConvTranspose2dOptions = {}): Tensor {
  const geometry = transposedConvolution("convTranspose2d", x.shape, w.shape, options);
  const { N, H, W, C } = geometry;
  const { variant } = options;
  return convolutionLayer("convTranspose2d", x, w, options, {
    shape: [N, H, W, C],
    forward: (epilogue, y) => transposed(x, w, y, geometry, { ...epilogue, variant }),
    dx: (dz, dx) => correlate(dz, w, dx, geometry, { variant }),
    dw: (dz, dw) => filterGradient(dz, x, dw, geometry, variant),
  });
}

/** out (N,H,W,C) = activation(x ∗ᵀ w + bias), in the letters of the convolution that is transposed. */
export function transposed(
  x: Tensor,
  w: Tensor,
  out: Tensor,
  geometry: Geometry,
  options: Epilogue & { variant?: Tile | undefined } = {},
): void {
  const { N, H, W, C, K, G, stride_h, stride_w } = geometry;
  const { constants: epilogue, bias } = epilogueOf(options, w);
  const constants = { ...epilogue, STRIDE_H: stride_h, STRIDE_W: stride_w };
  const params = { ...geometry, slices: 1 };
  const work = { flops: flopsOf(geometry) };
  if (G > 1)
    convTranspose2dKernel("forward_groups", { x, w, out, bias }, params, linearGrid(out.size, 64), {
      constants,
      work,
    });
  else {
    const rows = N * Math.ceil(H / stride_h) * Math.ceil(W / stride_w); // of a phase
    const tile =
      options.variant ?? chooseTile(out.device, { label: "convTranspose2d.forward", rows, columns: C });
    convTranspose2dTiles(
      tile === "tall" && byFour(K) ? "forward_tall" : "forward",
      { x, x4: x, w, w4: w, out, bias },
      params,
      { rows, columns: C, phases: stride_h * stride_w },
      {
        constants: {
          ...constants,
          BY_DEPTH: byFour(K),
          WHOLE: byFour(C),
          ONE_COLUMN: C === 1 ? byFour(K) : 0,
        },
        tile,
        work,
      },
    );
  }
}
