import { checkOptions, optionsOf } from "../device/arguments.ts";
import { ArgumentError, ShapeError } from "../device/errors.ts";
import { show } from "../tensor/shape.ts";
import { checkOperands, type Tensor } from "../tensor/tensor.ts";
import { add } from "./arithmetic.ts";
import { conv2d } from "./conv2d.ts";
import { convTranspose2d } from "./convTranspose2d.ts";
import { composed } from "./lib/composed.ts";
import { inFloat } from "./lib/storedLike.ts";
import { averagePool2d, maxPool2d, type AveragePoolOptions, type PoolOptions } from "./pool.ts";
import { pad, reshape, slice, stridedSlice } from "./rearrange.ts";

/** One number for depth, height and width, or one for each. */
export type Triple = number | readonly [number, number, number];

export interface Conv3dOptions {
  /** Voxels from one window to the next, for all axes or each; 1 unless given. */
  stride?: Triple | undefined;
  /** Zeros on both sides, for all axes or each; none unless given. "same" makes as many windows as ⌈extent / stride⌉. */
  padding?: Triple | "same" | "valid" | undefined;
  /** Voxels from one tap of the filter to the next, for all axes or each; 1 unless given. */
  dilation?: Triple | undefined;
  /** Added to each voxel: (K). */
  bias?: Tensor | undefined;
}

type Three = readonly [number, number, number];

function triple(op: string, option: string, value: Triple, least: number): Three {
  const all = typeof value === "number" ? ([value, value, value] as const) : value;
  if (!Array.isArray(all) || all.length !== 3 || !all.every((n) => Number.isInteger(n) && n >= least))
    throw new ArgumentError(
      `${op}: ${option} is ${JSON.stringify(value)}, expected a whole number from ${least}, or three of them`,
    );
  return all as Three;
}

/** Voxels of padding before and after each axis; the odd one of "same" goes after. */
function sides(
  op: string,
  padding: Triple | "same" | "valid",
  extents: readonly number[],
  [stride, reach]: readonly [Three, readonly number[]],
): (readonly [number, number])[] {
  if (padding === "same")
    return stride.map((step, axis) => {
      const all = Math.max(0, (Math.ceil(extents[axis]! / step) - 1) * step + reach[axis]! - extents[axis]!);
      return [Math.floor(all / 2), Math.ceil(all / 2)];
    });
  return triple(op, "padding", padding === "valid" ? 0 : padding, 0).map((n) => [n, n]);
}

const around = [0, 0] as const;

/**
 * x ∗ w + bias: the cross-correlation of volumes x (N,D,H,W,C) with K filters w (T,R,S,C,K): (N,O,P,Q,K). It is a sum of
 * T convolutions of images, one for each tap along the depth.
 */
export function conv3d(x: Tensor, w: Tensor, options: Conv3dOptions = {}): Tensor {
  checkOperands("conv3d", x, w);
  const { stride = 1, padding = 0, dilation = 1, bias } = optionsOf("conv3d", options);
  if (x.shape.length !== 5 || w.shape.length !== 5 || w.size === 0)
    throw new ShapeError(
      `conv3d: x is ${show(x.shape)} and w ${show(w.shape)}; give volumes (N, D, H, W, C) and filters (T, R, S, C, K)`,
    );
  const steps = triple("conv3d", "stride", stride, 1);
  const [dd, dh, dw] = triple("conv3d", "dilation", dilation, 1);
  const [N, D, H, W, C] = x.shape as [number, number, number, number, number];
  const [T, ...filter] = w.shape as [number, number, number, number, number];
  const reach = [dd * (T - 1) + 1, dh * (filter[0] - 1) + 1, dw * (filter[1] - 1) + 1];
  const [deep, high, wide] = sides("conv3d", padding, [D, H, W], [steps, reach]) as [
    readonly [number, number],
    readonly [number, number],
    readonly [number, number],
  ];
  const O = Math.floor((D + deep[0] + deep[1] - reach[0]!) / steps[0]) + 1;
  if (O < 1)
    throw new ShapeError(`conv3d: w ${show(w.shape)} reaches past the depth of x ${show(x.shape)}; pad more`);
  const convolve = (x: Tensor, w: Tensor) => {
    const padded = deep[0] + deep[1] === 0 ? x : pad(x, [around, deep, around, around, around]);
    const taps = Array.from({ length: T }, (_, t) => {
      const plane = stridedSlice(padded, [0, t * dd, 0, 0, 0], [N, O, H, W, C], [1, steps[0], 1, 1, 1]);
      const own = reshape(slice(w, [t, 0, 0, 0, 0], [1, ...filter]), filter);
      return conv2d(reshape(plane, [N * O, H, W, C]), own, {
        stride: [steps[1], steps[2]],
        padding: [high, wide],
        dilation: [dh, dw],
        ...(bias && t === 0 && { bias }),
      });
    });
    const sum = taps.reduce((all, tap) => add(all, tap));
    return reshape(sum, [N, O, ...sum.shape.slice(1)]);
  };
  return composed([x, w, bias], () => inFloat([x, w], (x, w) => convolve(x, w)));
}

export interface ConvTranspose3dOptions extends Omit<Conv3dOptions, "padding"> {
  /** Voxels that are taken off on both sides, for all axes or each; none unless given. */
  padding?: Triple | undefined;
  /** Voxels more at the far ends: which of the sizes that the convolution maps to that of x is meant. */
  outputPadding?: Triple | undefined;
}

/**
 * The transpose of `conv3d`: volumes x (N,O,P,Q,K) and the filters w (T,R,S,C,K) of the convolution that is transposed give
 * (N,D,H,W,C), D = (O-1)·stride - 2·padding + dilation·(T-1) + outputPadding + 1. The bias is (C).
 */
export function convTranspose3d(x: Tensor, w: Tensor, options: ConvTranspose3dOptions = {}): Tensor {
  const op = "convTranspose3d";
  checkOperands(op, x, w);
  const { stride = 1, padding = 0, dilation = 1, outputPadding = 0, bias } = optionsOf(op, options);
  if (bias) checkOperands(op, bias);
  if (x.shape.length !== 5 || w.shape.length !== 5 || w.size === 0)
    throw new ShapeError(
      `${op}: x is ${show(x.shape)} and w ${show(w.shape)}; give volumes (N, O, P, Q, K) and filters (T, R, S, C, K)`,
    );
  const [sd, sh, sw] = triple(op, "stride", stride, 1);
  const [pd, ph, pw] = triple(op, "padding", padding, 0);
  const [dd, dh, dw] = triple(op, "dilation", dilation, 1);
  const [od, oh, ow] = triple(op, "outputPadding", outputPadding, 0);
  const [N, O, ...plane] = x.shape as [number, number, number, number, number];
  const [T, ...filter] = w.shape as [number, number, number, number, number];
  const D = (O - 1) * sd - 2 * pd + dd * (T - 1) + od + 1;
  if (O < 1 || D < 1 || (od > 0 && od >= Math.max(sd, dd)))
    throw new ShapeError(
      `${op}: of x ${show(x.shape)}, padding ${pd} and outputPadding ${od} make a depth of ${D}; it is from 1 on, and ` +
        `outputPadding is below the stride or the dilation`,
    );
  const spread = (x: Tensor, w: Tensor) => {
    const frames = reshape(x, [N * O, ...plane]);
    const taps = Array.from({ length: T }, (_, t) => {
      const own = reshape(slice(w, [t, 0, 0, 0, 0], [1, ...filter]), filter);
      const made = convTranspose2d(frames, own, {
        ...{ stride: [sh, sw], padding: [ph, pw], dilation: [dh, dw], outputPadding: [oh, ow] },
      });
      const image = made.shape.slice(1) as [number, number, number];
      const apart = pad(reshape(made, [N, O, 1, ...image]), [
        around,
        around,
        [0, sd - 1],
        around,
        around,
        around,
      ]);
      const reach = (O - 1) * sd + 1;
      const line = slice(reshape(apart, [N, O * sd, ...image]), [0, 0, 0, 0, 0], [N, reach, ...image]);
      return pad(line, [around, [t * dd, dd * (T - 1 - t) + od], around, around, around]);
    });
    const sum = taps.reduce((all, tap) => add(all, tap));
    const inner = slice(sum, [0, pd, 0, 0, 0], [N, D, ...sum.shape.slice(2)]);
    return bias ? add(inner, bias) : inner;
  };
  return composed([x, w, bias], () => inFloat([x, w], (x, w) => spread(x, w)));
}

/** How windows lie in volumes; every window has a voxel of the volume in it. */
export interface Pool3dOptions extends Pick<PoolOptions, "rounding"> {
  /** Depth, height and width of a window. */
  window: Triple;
  /** Voxels from one window to the next; the window's extents unless given. */
  stride?: Triple | undefined;
  /** Voxels around each volume, on both sides; none unless given. "same" makes as many windows as ⌈extent / stride⌉. */
  padding?: Triple | "same" | "valid" | undefined;
  /** Voxels from one of a window to its next; 1 unless given. */
  dilation?: Triple | undefined;
}

export interface AveragePool3dOptions extends Pool3dOptions {
  /** Whether voxels of the padding count, as zeros; true unless given, as PyTorch has it. */
  countPadding?: boolean | undefined;
}

/** Pools the images of x (N,D,H,W,C), and then along the depth: windows are boxes, so that the two are one. */
function pooled(
  op: string,
  x: Tensor,
  options: Pool3dOptions,
  pool: (x: Tensor, options: PoolOptions) => Tensor,
): Tensor {
  checkOperands(op, x);
  checkOptions(op, options);
  const { window, stride = window, padding = 0, dilation = 1, rounding } = options;
  if (x.shape.length !== 5)
    throw new ShapeError(`${op}: x is ${show(x.shape)}, expected volumes (N, D, H, W, C)`);
  const [N, D, H, W, C] = x.shape as [number, number, number, number, number];
  const taps = triple(op, "window", window, 1);
  const steps = triple(op, "stride", stride, 1);
  const gaps = triple(op, "dilation", dilation, 1);
  const reach = taps.map((n, axis) => gaps[axis]! * (n - 1) + 1);
  const [deep, high, wide] = sides(op, padding, [D, H, W], [steps, reach]) as [
    readonly [number, number],
    readonly [number, number],
    readonly [number, number],
  ];
  return composed([x], () => {
    const flat = pool(reshape(x, [N * D, H, W, C]), {
      ...{ window: [taps[1], taps[2]], stride: [steps[1], steps[2]], dilation: [gaps[1], gaps[2]] },
      ...{ padding: [high, wide], rounding },
    });
    const [, P, Q] = flat.shape as [number, number, number];
    const along = pool(reshape(flat, [N, D, P * Q, C]), {
      ...{ window: [taps[0], 1], stride: [steps[0], 1], dilation: [gaps[0], 1] },
      ...{ padding: [deep, around], rounding },
    });
    return reshape(along, [N, along.shape[1]!, P, Q, C]);
  });
}

/** The largest number of each window of volumes x (N,D,H,W,C), channel by channel: (N,O,P,Q,C). Padding is never the largest. */
export function maxPool3d(x: Tensor, options: Pool3dOptions): Tensor {
  return pooled("maxPool3d", x, options, maxPool2d);
}

/** The mean of each window of volumes x (N,D,H,W,C), channel by channel: (N,O,P,Q,C). */
export function averagePool3d(x: Tensor, options: AveragePool3dOptions): Tensor {
  checkOptions("averagePool3d", options);
  const { countPadding } = options;
  const average = (images: Tensor, own: AveragePoolOptions) =>
    averagePool2d(images, { ...own, countPadding });
  return pooled("averagePool3d", x, options, average);
}
