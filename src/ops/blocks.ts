import { checkList, checkOptions, checkWhole, optionsOf } from "../device/arguments.ts";
import { ArgumentError, ShapeError } from "../device/errors.ts";
import { show, sizeOf } from "../tensor/shape.ts";
import { checkTensors, type Tensor } from "../tensor/tensor.ts";
import { add } from "./arithmetic.ts";
import { neg } from "./elementwise.ts";
import { composed } from "./lib/composed.ts";
import { concat, pad, permute, reshape, slice, stridedSlice } from "./rearrange.ts";
import { windowGeometry, type PoolOptions } from "./pool.ts";
import { amax } from "./reduce.ts";

/**
 * Which part of the channels holds the pixels of a block: with "DCR" channel (i·block + j)·C + c has pixel (i, j) of channel c,
 * with "CRD" channel (c·block + i)·block + j. ONNX's names.
 */
export type BlockOrder = "DCR" | "CRD";

function checkBlocks(op: string, x: Tensor, block: number, order: BlockOrder): void {
  checkTensors(op, x);
  checkWhole(`${op}: block`, block, 1);
  if (order !== "DCR" && order !== "CRD")
    throw new ArgumentError(`${op}: an order is "DCR" or "CRD", not "${String(order)}"`);
  if (x.shape.length !== 4)
    throw new ShapeError(`${op}: x is ${show(x.shape)}, expected images (N, H, W, C)`);
}

/**
 * Images x (N,H,W,C·block²) with each pixel spread over a block × block square: (N, H·block, W·block, C). The order is "DCR"
 * unless given; PyTorch's pixel_shuffle has "CRD". Source: Shi et al., arXiv:1609.05158, section 3.2.
 */
export function depthToSpace(x: Tensor, block: number, order: BlockOrder = "DCR"): Tensor {
  checkBlocks("depthToSpace", x, block, order);
  const [N, H, W, all] = x.shape as [number, number, number, number];
  const C = all / block ** 2;
  if (!Number.isInteger(C))
    throw new ShapeError(
      `depthToSpace: ${show(x.shape)} has ${all} channels, which are no multiple of ${block}²`,
    );
  return composed([x], () => {
    const parts = order === "DCR" ? [block, block, C] : [C, block, block];
    const turned = permute(reshape(x, [N, H, W, ...parts]), order === "DCR" ? [0, 1, 3, 2, 4, 5] : [0, 1, 4, 2, 5, 3]); // prettier-ignore
    return reshape(turned, [N, H * block, W * block, C]);
  });
}

/** The reverse of `depthToSpace`: images x (N, H·block, W·block, C) with each square in one pixel, (N,H,W,C·block²). */
export function spaceToDepth(x: Tensor, block: number, order: BlockOrder = "DCR"): Tensor {
  checkBlocks("spaceToDepth", x, block, order);
  const [N, all, wide, C] = x.shape as [number, number, number, number];
  const [H, W] = [all / block, wide / block];
  if (!Number.isInteger(H) || !Number.isInteger(W))
    throw new ShapeError(`spaceToDepth: ${show(x.shape)} is not cut into squares of ${block} × ${block}`);
  return composed([x], () => {
    const parts = permute(reshape(x, [N, H, block, W, block, C]), order === "DCR" ? [0, 1, 3, 2, 4, 5] : [0, 1, 3, 5, 2, 4]); // prettier-ignore
    return reshape(parts, [N, H, W, C * block ** 2]);
  });
}

function checkSpace(
  op: string,
  x: Tensor,
  blocks: readonly number[],
  sides: readonly (readonly [number, number])[],
) {
  checkTensors(op, x);
  checkList(`${op}: the list of blocks`, blocks);
  checkList(`${op}: the list of margins`, sides);
  for (const side of sides) checkList(`${op}: the margins of an axis`, side);
  for (const block of blocks) checkWhole(`${op}: a block`, block, 1);
  for (const n of sides.flat()) checkWhole(`${op}: a margin`, n, 0);
  if (sides.length !== blocks.length || x.shape.length <= blocks.length)
    throw new ShapeError(
      `${op}: ${blocks.length} blocks and ${sides.length} margins for ${show(x.shape)}; give as many, for the axes after the first`,
    );
}

/**
 * x (N, …) with every block-th element of the axes after the first apart: after zeros were put around them by `margins`, the
 * batch is Π blocks times as large, and axis i has 1 / blocks[i] of its elements. TensorFlow's space_to_batch_nd.
 */
export function spaceToBatch(
  x: Tensor,
  blocks: readonly number[],
  margins: readonly (readonly [number, number])[],
): Tensor {
  checkSpace("spaceToBatch", x, blocks, margins);
  const [N, ...axes] = x.shape as [number, ...number[]];
  const D = blocks.length;
  const rest = axes.slice(D);
  const long = blocks.map((_, i) => axes[i]! + margins[i]![0] + margins[i]![1]);
  if (!long.every((extent, i) => extent % blocks[i]! === 0))
    throw new ShapeError(`spaceToBatch: blocks ${show(blocks)} do not divide the padded axes ${show(long)}`);
  return composed([x], () => {
    const none = [0, 0] as const;
    const padded = margins.flat().some((n) => n > 0)
      ? pad(x, [none, ...margins, ...rest.map(() => none)])
      : x;
    const apart = reshape(padded, [N, ...blocks.flatMap((block, i) => [long[i]! / block, block]), ...rest]);
    const places = blocks.map((_, i) => 1 + 2 * i);
    const order = [...places.map((i) => i + 1), 0, ...places, ...rest.map((_, i) => 1 + 2 * D + i)];
    return reshape(permute(apart, order), [
      N * sizeOf(blocks),
      ...long.map((n, i) => n / blocks[i]!),
      ...rest,
    ]);
  });
}

/** The reverse of `spaceToBatch`: x (N·Π blocks, …) with its batch put between the elements, less `crops` at both ends. */
export function batchToSpace(
  x: Tensor,
  blocks: readonly number[],
  crops: readonly (readonly [number, number])[],
): Tensor {
  checkSpace("batchToSpace", x, blocks, crops);
  const [all, ...axes] = x.shape as [number, ...number[]];
  const D = blocks.length;
  const rest = axes.slice(D);
  const N = all / sizeOf(blocks);
  const long = blocks.map((block, i) => axes[i]! * block);
  const kept = long.map((extent, i) => extent - crops[i]![0] - crops[i]![1]);
  if (!Number.isInteger(N) || kept.some((n) => n < 0))
    throw new ShapeError(
      `batchToSpace: blocks ${show(blocks)} and crops ${JSON.stringify(crops)} do not fit ${show(x.shape)}`,
    );
  return composed([x], () => {
    const apart = reshape(x, [...blocks, N, ...axes]);
    const order = [D, ...blocks.flatMap((_, i) => [D + 1 + i, i]), ...rest.map((_, i) => 1 + 2 * D + i)];
    const whole = reshape(permute(apart, order), [N, ...long, ...rest]);
    return slice(whole, [0, ...crops.map(([before]) => before), ...rest.map(() => 0)], [N, ...kept, ...rest]);
  });
}

/**
 * What each window of images x (N,H,W,C) sees, one after another: (N,P,Q,R·S·C), by rows, columns and channels; 0 where it
 * sees padding, or what `fill` says. PyTorch's unfold has channels first.
 */
export function extractPatches(
  x: Tensor,
  options: Omit<PoolOptions, "rounding"> & { fill?: number | undefined },
): Tensor {
  checkTensors("extractPatches", x);
  const { params: at } = windowGeometry("extractPatches", x.shape, options);
  const { N, H, W, C, P, Q, R, S } = at;
  const after = (extent: number, before: number, last: number) => Math.max(0, last + 1 - before - extent);
  const [down, across] = [
    after(H, at.pad_h, (P - 1) * at.stride_h + (R - 1) * at.dilation_h),
    after(W, at.pad_w, (Q - 1) * at.stride_w + (S - 1) * at.dilation_w),
  ];
  return composed([x], () => {
    const padded = pad(x, [[0, 0], [at.pad_h, down], [at.pad_w, across], [0, 0]], options.fill); // prettier-ignore
    const taps = Array.from({ length: R * S }, (_, tap) => {
      const [r, s] = [Math.floor(tap / S) * at.dilation_h, (tap % S) * at.dilation_w];
      return stridedSlice(padded, [0, r, s, 0], [N, P, Q, C], [1, at.stride_h, at.stride_w, 1]);
    });
    return concat(taps, 3);
  });
}

/** How windows lie on images whose largest or smallest sums are looked for; one window starts at each pixel unless given. */
export type MorphologyOptions = Omit<PoolOptions, "rounding" | "window">;

function morphology(op: string, x: Tensor, w: Tensor, options: MorphologyOptions): Tensor {
  checkTensors(op, x, w);
  const { stride = 1, ...others } = optionsOf(op, options);
  const [R, S, C] = w.shape;
  if (w.shape.length !== 3 || x.shape.length !== 4 || x.shape[3] !== C)
    throw new ShapeError(
      `${op}: x is ${show(x.shape)} and w ${show(w.shape)}; give images (N, H, W, C) and a structure (R, S, C)`,
    );
  return composed([x, w], () => {
    const patches = extractPatches(x, { ...others, stride, window: [R!, S!], fill: -Infinity });
    const [N, P, Q] = patches.shape as [number, number, number];
    return amax(add(reshape(patches, [N, P, Q, R! * S!, C!]), reshape(w, [R! * S!, C!])), 3);
  });
}

/**
 * The largest sum of a pixel and the element of w (R,S,C) over it, for each window of images x (N,H,W,C), channel by channel:
 * (N,P,Q,C). Padding is never the largest. Sums that share the place share its gradient evenly. Source: Serra, "Image
 * Analysis and Mathematical Morphology", 1982; TensorFlow's dilation2d.
 */
export function dilation2d(x: Tensor, w: Tensor, options: MorphologyOptions = {}): Tensor {
  return morphology("dilation2d", x, w, options);
}

/** The smallest difference of a pixel and the element of w (R,S,C) over it: the negative of `dilation2d` of -x. */
export function erosion2d(x: Tensor, w: Tensor, options: MorphologyOptions = {}): Tensor {
  checkTensors("erosion2d", x, w);
  checkOptions("erosion2d", options);
  return composed([x, w], () => neg(morphology("erosion2d", neg(x), w, options)));
}
