import { checkOptions } from "../device/arguments.ts";
import { ArgumentError, ShapeError } from "../device/errors.ts";
import { kernel, linearGrid } from "../device/kernel.ts";
import { show, type Shape } from "../tensor/shape.ts";
import { saveFor, track } from "../tensor/tape.ts";
import { checkOperands, empty, emptyFor, type Tensor } from "../tensor/tensor.ts";
import { note } from "../tensor/trace.ts";
import { where } from "./arithmetic.ts";
import { sqrt, square } from "./elementwise.ts";
import { composed } from "./lib/composed.ts";
import { convolution, type ConvolutionOptions, type Pair } from "./lib/convolution.ts";
import { equal } from "./logic.ts";

const poolKernel = kernel("pool");
const WG = 64;

/** How windows lie on images; every window has a pixel of the image in it. */
export interface PoolOptions extends Pick<ConvolutionOptions, "padding"> {
  /** Height and width of a window. */
  window: Pair;
  /** Pixels from one window to the next; the window's height and width unless given. */
  stride?: Pair | undefined;
  /** Pixels from one of a window to its next; 1 unless given. */
  dilation?: Pair | undefined;
  /**
   * Whether a last window that reaches past the padding is left out, by "floor", which is what is done unless given, or taken, by
   * "ceil", if it begins before the padding behind the image.
   */
  rounding?: "floor" | "ceil" | undefined;
}

export interface AveragePoolOptions extends PoolOptions {
  /** Whether pixels of the padding count, as zeros; true unless given, as PyTorch has it. */
  countPadding?: boolean | undefined;
}

/** How the windows lie along an axis of `extent` pixels, behind `pad` of padding; `padded` are all pixels. */
interface Axis {
  extent: number;
  pad: number;
  padded: number;
  stride: number;
  dilation: number;
  taps: number;
}

/** The number of windows; those that begin in the image, or before it, count with "ceil". */
function windowsOf(
  { extent, pad, padded, stride, dilation, taps }: Axis,
  rounding: "floor" | "ceil",
): number {
  const whole = Math.floor((padded - dilation * (taps - 1) - 1) / stride) + 1;
  const isMore = (whole - 1) * stride + dilation * (taps - 1) + 1 < padded && whole * stride < extent + pad;
  return rounding === "ceil" && isMore ? whole + 1 : whole;
}

/** Whether one of the windows has no pixel of the image: only those at both ends may. */
function hasEmpty({ extent, pad, stride, dilation, taps }: Axis, windows: number): boolean {
  const reach = dilation * (taps - 1);
  for (let at = 0; at < windows; at++) {
    const first = at * stride - pad;
    if (first >= 0 && first < extent) continue;
    const inside = first < 0 ? first + dilation * Math.ceil(-first / dilation) : extent;
    if (inside >= extent || inside > first + reach) return true;
  }
  return false;
}

/** How windows lie on images x (N,H,W,C), in the letters of the kernels. */
export function windowGeometry(op: string, x: Shape, options: PoolOptions) {
  checkOptions(op, options);
  const { window, stride = window, padding = 0, dilation = 1, rounding = "floor" } = options;
  const [R, S] = Array.isArray(window) ? (window as [number, number]) : [window as number, window as number];
  if (![R, S].every((extent) => Number.isInteger(extent) && extent > 0))
    throw new ArgumentError(`${op}: a window is of whole numbers from 1, not ${JSON.stringify(window)}`);
  if (rounding !== "floor" && rounding !== "ceil")
    throw new ArgumentError(`${op}: rounding is "floor" or "ceil", not "${String(rounding)}"`);
  if (x.length !== 4) throw new ShapeError(`${op}: x is ${show(x)}, expected images (N, H, W, C)`);
  const C = x[3]!;
  const geometry = convolution(op, x, [R, S, 1, C], { stride, padding, dilation, groups: C });
  const { N, H, W, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w } = geometry;
  const padded_h = pad_h + H + geometry.after_h;
  const padded_w = pad_w + W + geometry.after_w;
  const axes: [Axis, Axis] = [
    { extent: H, pad: pad_h, padded: padded_h, stride: stride_h, dilation: dilation_h, taps: R },
    { extent: W, pad: pad_w, padded: padded_w, stride: stride_w, dilation: dilation_w, taps: S },
  ];
  const [P, Q] = [windowsOf(axes[0], rounding), windowsOf(axes[1], rounding)];
  const lattice = { stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, padded_h, padded_w };
  return { params: { N, H, W, C, P, Q, R, S, ...lattice }, axes };
}

/** The same of windows each of which has a pixel of the image in it. */
export function poolGeometry(op: string, x: Shape, options: PoolOptions) {
  const { params, axes } = windowGeometry(op, x, options);
  const { P, Q, R, S } = params;
  if (hasEmpty(axes[0], P) || hasEmpty(axes[1], Q))
    throw new ArgumentError(
      `${op}: padding ${JSON.stringify(options.padding)} leaves windows of ${R} × ${S} without a pixel of the image; pad less`,
    );
  return params;
}

/**
 * The largest number of each window of images x (N,H,W,C), channel by channel: (N,P,Q,C). Padding is never the largest;
 * NaN is. The first of equals, row by row, gets the gradient.
 */
export function maxPool2d(x: Tensor, options: PoolOptions): Tensor {
  checkOperands("maxPool2d", x);
  const params = poolGeometry("maxPool2d", x.shape, options);
  const { N, P, Q, C, R, S } = params;
  const out = emptyFor([x], [N, P, Q, C]);
  const taps = empty(x.device, out.shape);
  const work = { bytes: 4 * (x.size + 2 * out.size), flops: R * S * out.size };
  poolKernel("largest", { x, out, found: taps }, params, linearGrid(out.size, WG), { work });
  saveFor([out], [x], [taps]);
  note("maxPool2d", out, [x], params);

  return track(out, [x], (dy, gradients) => {
    const dx = gradients.empty(0);
    poolKernel("largest_backward", { dy, taps, out: dx }, params, linearGrid(dx.size, WG), { work });
    return [dx];
  });
}

/** What the windows hold, added up or averaged. */
function total(op: string, x: Tensor, options: PoolOptions, constants: Record<string, number>): Tensor {
  checkOperands(op, x);
  const params = poolGeometry(op, x.shape, options);
  const { N, P, Q, C, R, S } = params;
  const out = emptyFor([x], [N, P, Q, C]);
  const work = { bytes: 4 * (x.size + out.size), flops: R * S * out.size };
  poolKernel("mean", { x, out }, params, linearGrid(out.size, WG), { constants, work });
  note(op, out, [x], { ...params, ...constants });

  return track(out, [x], (dy, gradients) => {
    const dx = gradients.empty(0);
    poolKernel("mean_backward", { dy, out: dx }, params, linearGrid(dx.size, WG), { constants, work });
    return [dx];
  });
}

/** The mean of each window of images x (N,H,W,C), channel by channel: (N,P,Q,C). */
export function averagePool2d(x: Tensor, options: AveragePoolOptions): Tensor {
  checkOptions("averagePool2d", options);
  return total("averagePool2d", x, options, { COUNT_PADDING: Number(options.countPadding ?? true) });
}

/** The sum of each window of images x (N,H,W,C), channel by channel: (N,P,Q,C). */
export function sumPool2d(x: Tensor, options: PoolOptions): Tensor {
  return total("sumPool2d", x, options, { SUM: 1 });
}

/** The length √Σ x² of each window of images x (N,H,W,C), channel by channel: (N,P,Q,C). Its gradient where it is 0 is taken as 0. */
export function l2Pool2d(x: Tensor, options: PoolOptions): Tensor {
  checkOperands("l2Pool2d", x);
  poolGeometry("l2Pool2d", x.shape, options);
  return composed([x], () => {
    const squares = sumPool2d(square(x), options);
    const isZero = equal(squares, 0);
    return where(isZero, 0, sqrt(where(isZero, 1, squares)));
  });
}
