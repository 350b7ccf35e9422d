import type { Device } from "../../device/device.ts";
import { kernel, linearGrid } from "../../device/kernel.ts";
import { empty, type Tensor } from "../../tensor/tensor.ts";
import { epilogueOf, fittingSlices, sumSlices, type Epilogue } from "../epilogue.ts";
import { flopsOf, type Geometry } from "./convolution.ts";
import { byFour, chooseTile, sharers, tiledKernel, type Tile } from "./tiles.ts";
import {
  fitsFilterGradient,
  fitsWinograd,
  paysWinograd,
  winogradCorrelate,
  winogradFilterGradient,
} from "./winograd.ts";

/**
 * Which kernels make a convolution: those of a tile, or "winograd", which makes a quarter of the products where filters are
 * 3 × 3 on neighbouring pixels and channels whole vec4s; where they are not it is as if nothing was said.
 */
export type ConvolutionVariant = Tile | "winograd";

/** Whether this is made by Winograd's method, and the tile that is asked for where it is not. */
function methodOf(device: Device, geometry: Geometry, variant: ConvolutionVariant | undefined) {
  if (variant !== undefined && variant !== "winograd") return { winograd: false, tile: variant };
  const takes = variant === "winograd" ? fitsWinograd : paysWinograd;
  return { winograd: takes(device, geometry), tile: undefined };
}

const conv2dKernel = kernel("conv2d");
const directKernel = kernel("conv2d.direct");
const pointsKernel = kernel("conv2d.points");
const narrowKernel = kernel("conv2d.narrow");
const conv2dTiles = tiledKernel("conv2d");
const convTranspose2dKernel = kernel("convTranspose2d");
const convTranspose2dTiles = tiledKernel("convTranspose2d");

/** out (N,P,Q,K) = activation(x ∗ w + bias). */
export function correlate(
  x: Tensor,
  w: Tensor,
  out: Tensor,
  geometry: Geometry,
  { variant, ...epilogue }: Epilogue & { variant?: ConvolutionVariant | undefined } = {},
): void {
  const { winograd, tile } = methodOf(x.device, geometry, variant);
  if (winograd) return winogradCorrelate(x, w, out, geometry, epilogue);
  const { N, P, Q, C, K, R, S, G } = geometry;
  const { constants, bias } = epilogueOf(epilogue, w);
  const params = { ...geometry, slices: 1 };
  const work = { flops: flopsOf(geometry) };
  const SUBGROUP = tile === undefined ? sharers(x.device) : 0;
  if (tile === undefined && isPointwise(geometry))
    pointsKernel("forward_points", { x4: x, w4: w, out4: out, bias }, params, linearGrid(out.size / 4, 64), {
      constants,
      work,
    });
  else if (SUBGROUP > 0 && hasOneFilter(geometry))
    directKernel(
      "forward_one",
      { x4: x, w4: w, out, bias },
      params,
      linearGrid(N * P * Math.ceil(Q / 4), 64),
      { constants: { ...constants, SUBGROUP, S, WHOLE: byFour(Q) }, work },
    );
  else if (SUBGROUP === 8 && G === 1 && C > 0 && R * S * C <= 32 && K % 4 === 0)
    directKernel(
      "forward_few",
      { x, w4: w, out4: out, bias },
      params,
      linearGrid(N * P * Math.ceil(K / 32), 1),
      { constants: { ...constants, SUBGROUP, S, CHANNELS: C, DEPTH: R * S * C }, work },
    );
  else if (G > 1)
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
        tile,
        work,
      },
    );
}

/** Whether it is a convolution with one filter for whole vec4s of channels, whose windows stand side by side. */
function hasOneFilter({ C, K, stride_w, dilation_w }: Geometry): boolean {
  return K === 1 && C % 4 === 0 && stride_w === 1 && dilation_w === 1;
}

/** Whether it multiplies each pixel with the same vector, and both are whole vec4s: see `conv2d.points.wgsl`. */
function isPointwise({ N, H, W, C, P, Q, K, R, S, stride_h, stride_w }: Geometry): boolean {
  const inPlace = R * S === 1 && P === H && Q === W && stride_h === 1 && stride_w === 1;
  return inPlace && K === 1 && C % 4 === 0 && (N * P * Q) % 4 === 0;
}

/** out (N,H,W,C) = d (x ∗ w) / dx applied to dz (N,P,Q,K). */
export function inputGradient(
  dz: Tensor,
  w: Tensor,
  out: Tensor,
  geometry: Geometry,
  variant?: ConvolutionVariant,
): void {
  const { N, H, W, C, K, S, stride_h, stride_w, dilation_h, dilation_w } = geometry;
  const SUBGROUP = variant === undefined ? sharers(dz.device) : 0;
  const undilated = dilation_h === 1 && dilation_w === 1;
  const params = { ...geometry, slices: 1 };
  const work = { flops: flopsOf(geometry) };
  if (variant === undefined && isPointwise(geometry))
    pointsKernel("backward_x_points", { x4: dz, w4: w, out4: out }, params, linearGrid(dz.size / 4, 64), {
      work,
    });
  else if (SUBGROUP > 0 && hasOneFilter(geometry) && stride_h === 1) {
    const grid = linearGrid(N * H * Math.ceil(W / 4), 64);
    directKernel("backward_x_one", { x: dz, w4: w, out4: out }, params, grid, {
      constants: { SUBGROUP, S },
      work,
    });
  } else if (SUBGROUP > 0 && C === 1 && K % 4 === 0 && undilated && stride_h === stride_w && stride_h <= 2) {
    const grid = linearGrid(N * Math.ceil(H / stride_h) * Math.ceil(W / (4 * stride_w)), 64);
    const { R, pad_h: PAD_H, pad_w: PAD_W } = geometry;
    directKernel("backward_x_few", { x4: dz, w4: w, out }, params, grid, {
      constants: { SUBGROUP, R, S, PAD_H, PAD_W, STRIDE: stride_h },
      work,
    });
  } else transposed(dz, w, out, geometry, { variant });
}

/** out (N,H,W,C) = activation(x ∗ᵀ w + bias), in the letters of the convolution that is transposed. */
export function transposed(
  x: Tensor,
  w: Tensor,
  out: Tensor,
  geometry: Geometry,
  { variant, ...epilogue }: Epilogue & { variant?: ConvolutionVariant | undefined } = {},
): void {
  const turned = turnedAround(geometry);
  const { winograd, tile: asked } = methodOf(x.device, turned, variant);
  if (winograd && turned.pad_h >= 0 && turned.pad_w >= 0)
    return winogradCorrelate(x, w, out, turned, { ...epilogue, flipped: true });
  const { N, H, W, C, K, G, stride_h, stride_w } = geometry;
  const { constants: common, bias } = epilogueOf(epilogue, w);
  const constants = { ...common, STRIDE_H: stride_h, STRIDE_W: stride_w };
  const params = { ...geometry, slices: 1 };
  const work = { flops: flopsOf(geometry) };
  if (G > 1)
    convTranspose2dKernel("forward_groups", { x, w, out, bias }, params, linearGrid(out.size, 64), {
      constants,
      work,
    });
  else {
    const rows = N * Math.ceil(H / stride_h) * Math.ceil(W / stride_w); // of a phase
    const tile = asked ?? chooseTile(out.device, { label: "convTranspose2d.forward", rows, columns: C });
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

/** The convolution of y with the filter turned around whose result is the input's gradient, with neighbouring windows. */
function turnedAround(geometry: Geometry): Geometry {
  const { H, W, C, P, Q, K, R, S, pad_h, pad_w } = geometry;
  return { ...geometry, H: P, W: Q, C: K, P: H, Q: W, K: C, pad_h: R - 1 - pad_h, pad_w: S - 1 - pad_w };
}

/** out (R,S,C/G,K) = d (x ∗ w) / dw applied to dz (N,P,Q,K): a sum over pixels, in slices. */
export function filterGradient(
  x: Tensor,
  dz: Tensor,
  out: Tensor,
  geometry: Geometry,
  asked?: ConvolutionVariant,
): void {
  const { winograd, tile: variant } = methodOf(x.device, geometry, asked);
  if (winograd && fitsFilterGradient(x.device, geometry)) return winogradFilterGradient(x, dz, out, geometry);
  const { Q, C, K, R, S, G, stride_w, dilation_w } = geometry;
  const pointwise = variant === undefined && isPointwise(geometry);
  const narrow =
    variant === undefined && G === 1 && K < 8 && C % 4 === 0 && stride_w === 1 && dilation_w === 1;
  const across = Math.ceil(S / 5);
  const lanes = narrow ? R * across * K * (C / 4) : out.size; // of a slice
  const most = pointwise ? 2 ** 11 : narrow ? 2 ** 13 : 2 ** 16;
  const [pixels, wanted] = narrow || G > 1 ? [64, most / lanes] : [1024, 256];
  const slices = fittingSlices(filterSlices(geometry, pixels, wanted), out);
  const parts = slices > 1 ? empty(out.device, [slices, ...out.shape]) : out;
  const params = { ...geometry, slices };
  const work = { flops: flopsOf(geometry) };
  if (pointwise)
    pointsKernel(
      "backward_w_points",
      { x4: x, w4: dz, out4: parts },
      params,
      linearGrid(slices * lanes, 64),
      { work },
    );
  else if (narrow)
    narrowKernel("backward_w", { x4: x, w: dz, out: parts }, params, linearGrid(slices * lanes, 64), {
      constants: { TAPS: Math.ceil(S / across) },
      work,
    });
  else if (G > 1)
    conv2dKernel("backward_w_groups", { x, w: dz, out: parts }, params, linearGrid(parts.size, 64), { work });
  else
    conv2dTiles(
      "backward_w",
      { x, x4: x, w: dz, w4: dz, bias: x, out: parts },
      params,
      { rows: R * S * C, columns: K, depths: slices, rowVectors: C % 4 === 0 },
      {
        constants: { BY_DEPTH: byFour(C), BY_COLUMN: byFour(K), WHOLE: byFour(K), WHOLE_ROWS: byFour(Q) },
        tile: variant,
        work,
      },
    );
  if (parts === out) return;
  sumSlices(parts, out, K);
  parts.dispose();
}

/** Into how many slices the pixels are cut, each with memory of its own: of `pixels` or more, and at most `most`. */
export function filterSlices({ N, P, Q }: Geometry, pixels: number, most: number): number {
  return Math.max(1, Math.min(N * P, Math.ceil(Math.min((N * P * Q) / pixels, most))));
}
