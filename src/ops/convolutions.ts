import { checkOptions, optionsOf } from "../device/arguments.ts";
import { ShapeError } from "../device/errors.ts";
import { show } from "../tensor/shape.ts";
import { checkOperands, type Tensor } from "../tensor/tensor.ts";
import { conv2d, type Conv2dOptions } from "./conv2d.ts";
import { convTranspose2d } from "./convTranspose2d.ts";
import type { Activation } from "./lib/activation.ts";
import { composed } from "./lib/composed.ts";
import { inFloat } from "./lib/storedLike.ts";
import type { Pair } from "./lib/convolution.ts";
import { averagePool2d, maxPool2d } from "./pool.ts";
import { reshape } from "./rearrange.ts";

export interface Conv1dOptions {
  /** Elements from one window to the next; 1 unless given. */
  stride?: number | undefined;
  /** Zeros at both ends, or `[before, after]`; none unless given. "same" makes as many windows as ⌈W / stride⌉. */
  padding?: number | readonly [number, number] | "same" | "valid" | undefined;
  /** Elements from one tap of the filter to the next; 1 unless given. */
  dilation?: number | undefined;
  /** Parts of the channels that do not mix; 1 unless given. */
  groups?: number | undefined;
  /** Added to each element: (K). */
  bias?: Tensor | undefined;
  /** Applied to each element at the end. */
  activation?: Activation | undefined;
}

/** The options of the same convolution of images of one row. */
function ofRows({
  stride = 1,
  padding = 0,
  dilation = 1,
  groups = 1,
  bias,
  activation,
}: Conv1dOptions): Conv2dOptions {
  const sides = typeof padding === "number" ? ([padding, padding] as const) : padding;
  return {
    stride: [1, stride],
    padding: typeof sides === "string" ? sides : [[0, 0], sides],
    dilation: [1, dilation],
    groups,
    ...(bias && { bias }),
    ...(activation && { activation }),
  };
}

function asRows(op: string, operand: string, x: Tensor): Tensor {
  if (x.shape.length !== 3)
    throw new ShapeError(
      `${op}: ${operand} is ${show(x.shape)}, expected ${operand === "x" ? "sequences (N, W, C)" : "a filter (S, C / groups, K)"}`,
    );
  const [N, W, C] = x.shape as [number, number, number];
  return reshape(x, operand === "x" ? [N, 1, W, C] : [1, N, W, C]);
}

const withoutRow = (y: Tensor) => reshape(y, [y.shape[0]!, y.shape[2]!, y.shape[3]!]);

/** activation(x ∗ w + bias): the cross-correlation of sequences x (N,W,C) with K filters w (S,C/groups,K): (N,Q,K). */
export function conv1d(x: Tensor, w: Tensor, options: Conv1dOptions = {}): Tensor {
  checkOperands("conv1d", x, w);
  checkOptions("conv1d", options);
  return composed([x, w, options.bias], () =>
    withoutRow(conv2d(asRows("conv1d", "x", x), asRows("conv1d", "w", w), ofRows(options))),
  );
}

/** The transpose of `conv1d`: sequences x (N,Q,K) and the filter w (S,C/groups,K) of the convolution that is transposed. */
export function convTranspose1d(
  x: Tensor,
  w: Tensor,
  given: Conv1dOptions & { outputPadding?: number | undefined } = {},
): Tensor {
  checkOperands("convTranspose1d", x, w);
  const { outputPadding = 0, ...options } = optionsOf("convTranspose1d", given);
  return composed([x, w, options.bias], () =>
    withoutRow(
      convTranspose2d(asRows("convTranspose1d", "x", x), asRows("convTranspose1d", "w", w), {
        ...ofRows(options),
        outputPadding: [0, outputPadding],
      }),
    ),
  );
}

/**
 * A convolution of each channel alone: images x (N,H,W,C), M filters for each channel in w (R,S,C,M); channel c makes the
 * channels c M … c M + M - 1 of the result (N,P,Q,C·M). Options are those of `conv2d`, but for its groups.
 */
export function depthwiseConv2d(x: Tensor, w: Tensor, options: Omit<Conv2dOptions, "groups"> = {}): Tensor {
  checkOperands("depthwiseConv2d", x, w);
  checkOptions("depthwiseConv2d", options);
  if (x.shape.length !== 4 || w.shape.length !== 4 || w.shape[2] !== x.shape[3])
    throw new ShapeError(
      `depthwiseConv2d: x is ${show(x.shape)} and w ${show(w.shape)}; give images (N, H, W, C) and filters (R, S, C, M)`,
    );
  const [R, S, C, M] = w.shape as [number, number, number, number];
  return composed([x, w, options.bias], () =>
    conv2d(x, reshape(w, [R, S, 1, C * M]), { ...options, groups: C }),
  );
}

/**
 * `depthwiseConv2d` of images x (N,H,W,C) with w (R,S,C,M), without a bias or an activation, and of what it makes a mixture
 * of channels by `mix` (1,1,C·M,K): (N,P,Q,K). The options' bias and activation come after the second. Source: Chollet,
 * arXiv:1610.02357, section 1.
 */
export function separableConv2d(
  x: Tensor,
  w: Tensor,
  mix: Tensor,
  options: Omit<Conv2dOptions, "groups"> = {},
): Tensor {
  checkOperands("separableConv2d", x, w, mix);
  const { bias, activation, ...windows } = optionsOf("separableConv2d", options);
  if (mix.shape.length !== 4 || mix.shape[0] !== 1 || mix.shape[1] !== 1)
    throw new ShapeError(`separableConv2d: mix is ${show(mix.shape)}; give (1, 1, C · M, K)`);
  return composed([x, w, mix, bias], () =>
    inFloat([x, w, mix], (x, w, mix) =>
      conv2d(depthwiseConv2d(x, w, windows), mix, {
        ...(bias && { bias }),
        ...(activation && { activation }),
      }),
    ),
  );
}

export interface Pool1dOptions {
  /** Elements of a window. */
  window: number;
  /** Elements from one window to the next; the window unless given. */
  stride?: number | undefined;
  /** Elements around each sequence, at both ends; none unless given. */
  padding?: number | undefined;
}

function rowPool({ window, stride = window, padding = 0 }: Pool1dOptions) {
  const pair = (first: number, n: number): Pair => [first, n];
  return { window: pair(1, window), stride: pair(1, stride), padding: pair(0, padding) };
}

/** The largest of each window of sequences x (N,W,C): (N,Q,C). */
export function maxPool1d(x: Tensor, options: Pool1dOptions): Tensor {
  checkOperands("maxPool1d", x);
  return composed([x], () => withoutRow(maxPool2d(asRows("maxPool1d", "x", x), rowPool(options))));
}

/** The mean of each window of sequences x (N,W,C), zeros of the padding among them: (N,Q,C). */
export function averagePool1d(x: Tensor, options: Pool1dOptions): Tensor {
  checkOperands("averagePool1d", x);
  return composed([x], () => withoutRow(averagePool2d(asRows("averagePool1d", "x", x), rowPool(options))));
}
