import type { Device } from "../../device/device.ts";
import { kernel, linearGrid } from "../../device/kernel.ts";
import { empty, type Tensor } from "../../tensor/tensor.ts";
import { epilogueOf, sumSlices, type Epilogue } from "../epilogue.ts";
import { product } from "../matmul.ts";
import type { Geometry } from "./convolution.ts";

const winogradKernel = kernel("conv2d.winograd");
const WG = 64;

/** Places of a tile of 4 × 4 pixels in which products are made. */
const PLACES = 36;

/** Images are taken in parts whose tiles have about so many bytes: they stay in a core's cache from kernel to kernel. */
const PART = 2 ** 21;

/** No more bytes than this are taken for the tiles of a part, for filters, or for the filter's gradient by parts. */
const MOST = 2 ** 26;

/** How many times as fast it has to be by `gainOf`, which is right to a fifth. */
const WORTH = 1.1;

/** Whether F(4 × 4, 3 × 3) can make this convolution: filters of 3 × 3 on neighbouring pixels, channels in whole vec4s. */
export function fitsWinograd(device: Device, geometry: Geometry): boolean {
  const { R, S, G, C, K, stride_h, stride_w, dilation_h, dilation_w } = geometry;
  const plain = [G, stride_h, stride_w, dilation_h, dilation_w].every((n) => n === 1);
  if (!plain || R !== 3 || S !== 3 || C % 4 !== 0 || K % 4 !== 0) return false;
  return Math.max(bytesOf(geometry, 1), 4 * PLACES * C * K) <= mostOf(device);
}

/** Whether it does so faster than tiles of products, on a CPU adapter: on GPUs nobody has measured it. */
export function paysWinograd(device: Device, geometry: Geometry): boolean {
  return device.isSoftware && fitsWinograd(device, geometry) && gainOf(geometry) > WORTH;
}

/**
 * How many times as fast it is on lavapipe, as measured: products of few channels take 1.4 times as long as those of tiles,
 * rows of tiles come in 32, and a number of a tile that is made, or taken up again, takes as long as 36 products.
 */
function gainOf(geometry: Geometry): number {
  const { N, P, Q, C, K } = geometry;
  const tiles = N * tilesOf(geometry);
  const products = 1.4 * 32 * Math.ceil(tiles / 32) * C * K;
  return (9 * N * P * Q * C * K) / (PLACES * (products + 36 * (tiles * (C + K) + C * K)));
}

function tilesOf({ P, Q }: Geometry): number {
  return Math.ceil(P / 4) * Math.ceil(Q / 4);
}

/** The bytes of the tiles of so many images, of x or of y. */
function bytesOf(geometry: Geometry, images: number): number {
  return 4 * PLACES * images * tilesOf(geometry) * Math.max(geometry.C, geometry.K);
}

function mostOf(device: Device): number {
  return Math.min(MOST, device.largestBinding);
}

/** Runs of images, `most` at most and of about `PART` bytes: where each begins, and its tiles. */
function partsOf(geometry: Geometry, most = Infinity): { first: number; T: number }[] {
  const { N } = geometry;
  const images = Math.max(1, Math.floor(PART / bytesOf(geometry, 1)));
  const count = Math.min(most, Math.ceil(N / images));
  const startOf = (part: number) => Math.floor((part * N) / count);
  return Array.from({ length: count }, (_, part) => {
    const first = startOf(part);
    return { first, T: (startOf(part + 1) - first) * tilesOf(geometry) };
  });
}

/**
 * out (N,P,Q,K) = activation(x ∗ w + bias), w (3,3,C,K). With `flipped` w is (3,3,K,C), and is turned into the filter whose
 * convolution is the input's gradient.
 */
export function winogradCorrelate(
  x: Tensor,
  w: Tensor,
  out: Tensor,
  geometry: Geometry,
  { flipped = false, ...epilogue }: Epilogue & { flipped?: boolean | undefined } = {},
): void {
  const { C, K } = geometry;
  const { device } = x;
  device.scope(() => {
    const filters = empty(device, [PLACES, C, K]);
    launch("filters", { w, out: filters }, geometry, { lanes: C * K, FLIPPED: flipped ? 1 : 0 });
    for (const part of partsOf(geometry))
      device.scope(() => {
        const { T } = part;
        const tiles = imageTiles(x, geometry, part);
        const made = empty(device, [PLACES, T, K]);
        multiply({ a: tiles, b: filters, out: made, M: T, N: K, K: C, transposeA: false });
        const { constants, bias } = epilogueOf(epilogue, w);
        const operands = { x: made, bias: bias, out };
        launch("result", operands, geometry, { ...part, ...constants, lanes: T * K });
      });
  });
}

/** Whether `winogradFilterGradient` keeps to the bytes that it may take. */
export function fitsFilterGradient(device: Device, geometry: Geometry): boolean {
  if (!fitsWinograd(device, geometry)) return false;
  const images = Math.ceil(geometry.N / filterPartsOf(device, geometry).length);
  return bytesOf(geometry, images) <= mostOf(device);
}

/** Each part has a gradient of its own, which are added in order. */
function filterPartsOf(device: Device, geometry: Geometry) {
  return partsOf(geometry, Math.floor(mostOf(device) / (4 * PLACES * geometry.C * geometry.K)));
}

/** out (3,3,C,K) = d (x ∗ w) / dw applied to dz (N,P,Q,K). */
export function winogradFilterGradient(x: Tensor, dz: Tensor, out: Tensor, geometry: Geometry): void {
  const { C, K } = geometry;
  const { device } = x;
  device.scope(() => {
    const parts = filterPartsOf(device, geometry);
    const Z = parts.length;
    const sums = empty(device, [PLACES, C, K]);
    const each = Z > 1 ? empty(device, [Z, PLACES, C, K]) : sums;
    parts.forEach((part, z) =>
      device.scope(() => {
        const { T } = part;
        const tiles = imageTiles(x, geometry, part);
        const slopes = empty(device, [PLACES, T, K]);
        launch("slopes", { x: dz, out: slopes }, geometry, { ...part, lanes: T * K });
        const own = each.view([PLACES, C, K], z * PLACES * C * K);
        multiply({ a: tiles, b: slopes, out: own, M: C, N: K, K: T, transposeA: true });
      }),
    );
    if (Z > 1) sumSlices(each, sums, K);
    launch("weights", { x: sums, out }, geometry, { lanes: C * K });
  });
}

function imageTiles(x: Tensor, geometry: Geometry, part: { first: number; T: number }): Tensor {
  const tiles = empty(x.device, [PLACES, part.T, geometry.C]);
  launch("image", { x, out: tiles }, geometry, { ...part, lanes: tiles.size / PLACES });
  return tiles;
}

/** A product for each of the places. */
function multiply(
  factors: Pick<Parameters<typeof product>[0], "a" | "b" | "out" | "M" | "N" | "K" | "transposeA">,
): void {
  product({ ...factors, B: PLACES, transposeB: false, variant: undefined });
}

function launch(
  entry: "filters" | "image" | "result" | "slopes" | "weights",
  operands: Record<string, Tensor>,
  geometry: Geometry,
  { lanes, T = 0, first = 0, ...constants }: Record<string, number> & { lanes: number },
): void {
  winogradKernel(entry, operands, { ...geometry, T, first }, linearGrid(lanes, WG), {
    constants,
    work: { bytes: 8 * PLACES * lanes },
  });
}
