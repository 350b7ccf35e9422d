import { checkOptions } from "../device/arguments.ts";
import { ArgumentError, ShapeError } from "../device/errors.ts";
import { kernel, linearGrid } from "../device/kernel.ts";
import { show, type Shape } from "../tensor/shape.ts";
import { saveFor, track } from "../tensor/tape.ts";
import { checkTensors, empty, type Tensor } from "../tensor/tensor.ts";
import { convolution, type ConvolutionOptions, type Pair } from "./lib/convolution.ts";

const poolKernel = kernel("pool");
const WG = 64;

/** How windows lie on images; every window has a pixel of the image in it. */
export interface PoolOptions extends Pick<ConvolutionOptions, "padding"> {
  /** Height and width of a window. */
  window: Pair;
  /** Pixels from one window to the next; the window's height and width unless given. */
  stride?: Pair | undefined;
}

export interface AveragePoolOptions extends PoolOptions {
  /** Whether pixels of the padding count, as zeros; true unless given, as PyTorch has it. */
  countPadding?: boolean | undefined;
}

/** The height and width of the windows of images x (N,H,W,C), in the letters of the kernels. */
export function poolGeometry(op: string, x: Shape, options: PoolOptions) {
  checkOptions(op, options);
  const { window, stride = window, padding = 0 } = options;
  const [R, S] = Array.isArray(window) ? (window as [number, number]) : [window as number, window as number];
  if (![R, S].every((extent) => Number.isInteger(extent) && extent > 0))
    throw new ArgumentError(`${op}: a window is of whole numbers from 1, not ${JSON.stringify(window)}`);
  if (x.length !== 4) throw new ShapeError(`${op}: x is ${show(x)}, expected images (N, H, W, C)`);
  const C = x[3]!;
  const { N, H, W, P, Q, stride_h, stride_w, pad_h, pad_w } = convolution(op, x, [R, S, 1, C], {
    ...{ stride, padding },
    groups: C,
  });
  const after = [(P - 1) * stride_h + R - pad_h - H, (Q - 1) * stride_w + S - pad_w - W] as const;
  if (pad_h >= R || pad_w >= S || after[0] >= R || after[1] >= S)
    throw new ArgumentError(
      `${op}: padding ${JSON.stringify(padding)} leaves windows of ${R} × ${S} without a pixel of the image; pad less`,
    );
  return { N, H, W, C, P, Q, R, S, stride_h, stride_w, pad_h, pad_w };
}

/**
 * The largest number of each window of images x (N,H,W,C), channel by channel: (N,P,Q,C). Padding is never the largest;
 * NaN is. The first of equals, row by row, gets the gradient.
 */
export function maxPool2d(x: Tensor, options: PoolOptions): Tensor {
  checkTensors("maxPool2d", x);
  const params = poolGeometry("maxPool2d", x.shape, options);
  const { N, P, Q, C, R, S } = params;
  const out = empty(x.device, [N, P, Q, C]);
  const taps = empty(x.device, out.shape);
  const work = { bytes: 4 * (x.size + 2 * out.size), flops: R * S * out.size };
  poolKernel("largest", { x, out, found: taps }, params, linearGrid(out.size, WG), { work });
  saveFor([out], [x], [taps]);

  return track(out, [x], (dy, gradients) => {
    const dx = gradients.empty(0);
    poolKernel("largest_backward", { dy, taps, out: dx }, params, linearGrid(dx.size, WG), { work });
    return [dx];
  });
}

/** The mean of each window of images x (N,H,W,C), channel by channel: (N,P,Q,C). */
export function averagePool2d(x: Tensor, options: AveragePoolOptions): Tensor {
  checkTensors("averagePool2d", x);
  const params = poolGeometry("averagePool2d", x.shape, options);
  const { N, P, Q, C, R, S } = params;
  const out = empty(x.device, [N, P, Q, C]);
  const constants = { COUNT_PADDING: Number(options.countPadding ?? true) };
  const work = { bytes: 4 * (x.size + out.size), flops: R * S * out.size };
  poolKernel("mean", { x, out }, params, linearGrid(out.size, WG), { constants, work });

  return track(out, [x], (dy, gradients) => {
    const dx = gradients.empty(0);
    poolKernel("mean_backward", { dy, out: dx }, params, linearGrid(dx.size, WG), { constants, work });
    return [dx];
  });
}
