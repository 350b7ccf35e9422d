import { ArgumentError, LimitError, ShapeError } from "../../device/errors.ts";
import { show, type Shape } from "../../tensor/shape.ts";

/** `n` for both axes, or `[height, width]`. */
export type Pair = number | readonly [number, number];

/** Zeros around an image: for all sides, by axis, or `[[top, bottom], [left, right]]`. */
export type Padding =
  Pair | readonly [readonly [number, number], readonly [number, number]] | "same" | "valid";

/** What convolutions and transposed convolutions have in common. */
export interface ConvolutionOptions {
  /** Pixels from one window to the next; 1 unless given. */
  stride?: Pair | undefined;
  /** Zeros around the image; none unless given. "same" makes P = ⌈H / stride⌉. */
  padding?: Padding | undefined;
  /** Pixels from one tap of the filter to the next; 1 unless given. */
  dilation?: Pair | undefined;
  /** Parts of the channels that do not mix; 1 unless given. */
  groups?: number | undefined;
}

/**
 * One convolution in the letters of the kernels: x (N,H,W,C), w (R,S,C/G,K), y (N,P,Q,K).
 * A transposed convolution is described by the convolution whose input gradient it is.
 */
export interface Geometry {
  N: number;
  H: number;
  W: number;
  C: number;
  P: number;
  Q: number;
  K: number;
  R: number;
  S: number;
  G: number;
  stride_h: number;
  stride_w: number;
  pad_h: number;
  pad_w: number;
  /** Padding behind the image, which kernels of convolutions need not know. */
  after_h: number;
  after_w: number;
  dilation_h: number;
  dilation_w: number;
}

/** Multiplications and additions of the convolution, or of either of its gradients. */
export function flopsOf({ N, P, Q, K, R, S, C, G }: Geometry): number {
  return (2 * N * P * Q * K * R * S * C) / G;
}

/** The geometry of `conv2d(x, w)`. */
export function convolution(op: string, x: Shape, w: Shape, options: ConvolutionOptions): Geometry {
  const { N, H, W, last: C } = image(op, "x", x);
  const { R, S, inner, K, G, stride, dilation } = filter(op, w, options);
  if (inner * G !== C)
    throw new ShapeError(
      `${op}: x ${show(x)} has ${C} channels, w ${show(w)} with ${G} groups takes ${inner * G}`,
    );
  const extents = [H, W] as const;
  const reach = [dilation[0] * (R - 1) + 1, dilation[1] * (S - 1) + 1] as const;
  const pads = sides(op, options.padding, (axis) => {
    const windows = Math.ceil(extents[axis] / stride[axis]);
    return Math.max(0, (windows - 1) * stride[axis] + reach[axis] - extents[axis]);
  });
  checkPixels(op, extents, pads);
  const [P, Q] = ([0, 1] as const).map((axis) => {
    const room = extents[axis] + pads[axis][0] + pads[axis][1] - reach[axis];
    if (room < 0)
      throw new ShapeError(
        `${op}: w ${show(w)} reaches over ${reach[axis]} pixels of axis ${axis + 1}, x ${show(x)} has ` +
          `${extents[axis]} and ${pads[axis][0] + pads[axis][1]} of padding; pad more or use a smaller filter`,
      );
    return Math.floor(room / stride[axis]) + 1;
  }) as [number, number];
  return geometry({ N, H, W, C, P, Q, K, R, S, G }, stride, pads, dilation);
}

/** The geometry of the convolution whose input gradient is `convTranspose2d(x, w)`. */
export function transposedConvolution(
  op: string,
  x: Shape,
  w: Shape,
  options: ConvolutionOptions & { outputPadding?: Pair | undefined },
): Geometry {
  const { N, H: P, W: Q, last: K } = image(op, "x", x);
  const { R, S, inner, K: filters, G, stride, dilation } = filter(op, w, options);
  if (filters !== K)
    throw new ShapeError(
      `${op}: x ${show(x)} has ${K} channels, the last axis of w ${show(w)} has ${filters}; w is the filter ` +
        `(R,S,C/groups,K) of the convolution that is transposed`,
    );
  const extra = pair(op, "outputPadding", options.outputPadding ?? 0, 0);
  const windows = [P, Q] as const;
  const reach = [dilation[0] * (R - 1) + 1, dilation[1] * (S - 1) + 1] as const;
  const pads = sides(op, options.padding, (axis) => Math.max(0, reach[axis] + extra[axis] - stride[axis]));
  const [H, W] = ([0, 1] as const).map((axis) => {
    if (extra[axis] >= Math.max(stride[axis], dilation[axis]))
      throw new ArgumentError(
        `${op}: outputPadding ${extra[axis]} must be below the stride ${stride[axis]} or the dilation ${dilation[axis]}`,
      );
    const [before, after] = pads[axis];
    const extent = (windows[axis] - 1) * stride[axis] + reach[axis] + extra[axis] - before - after;
    if (extent < 1)
      throw new ShapeError(
        `${op}: padding ${before} + ${after} leaves nothing of axis ${axis + 1} of x ${show(x)}`,
      );
    return extent;
  }) as [number, number];
  checkPixels(op, [H, W], pads);
  return geometry({ N, H, W, C: inner * G, P, Q, K, R, S, G }, stride, pads, dilation);
}

type Sides = readonly [readonly [number, number], readonly [number, number]];

/** The most pixels along an axis of an image with its padding: kernels reckon with places on both sides of it. */
const MOST_PIXELS = 2 ** 31 - 1;

/** @throws LimitError where an image with its padding has too many pixels along an axis for numbers of 32 bits. */
function checkPixels(op: string, extents: readonly [number, number], pads: Sides): void {
  for (const axis of [0, 1] as const) {
    const pixels = extents[axis] + pads[axis][0] + pads[axis][1];
    if (pixels > MOST_PIXELS)
      throw new LimitError(
        `${op}: axis ${axis + 1} has ${pixels} pixels with its padding, and may have ${MOST_PIXELS}: pad less`,
      );
  }
}

function geometry(
  sizes: Pick<Geometry, "N" | "H" | "W" | "C" | "P" | "Q" | "K" | "R" | "S" | "G">,
  stride: readonly [number, number],
  pads: Sides,
  dilation: readonly [number, number],
): Geometry {
  return {
    ...sizes,
    stride_h: stride[0],
    stride_w: stride[1],
    pad_h: pads[0][0],
    pad_w: pads[1][0],
    after_h: pads[0][1],
    after_w: pads[1][1],
    dilation_h: dilation[0],
    dilation_w: dilation[1],
  };
}

function image(op: string, operand: string, shape: Shape) {
  if (shape.length !== 4)
    throw new ShapeError(`${op}: ${operand} is ${show(shape)}, expected images (N, height, width, channels)`);
  const [N, H, W, last] = shape as [number, number, number, number];
  return { N, H, W, last };
}

function filter(op: string, shape: Shape, options: ConvolutionOptions) {
  if (shape.length !== 4)
    throw new ShapeError(`${op}: w is ${show(shape)}, expected a filter (R, S, C / groups, K)`);
  const [R, S, inner, K] = shape as [number, number, number, number];
  if (R * S === 0) throw new ShapeError(`${op}: w ${show(shape)} has no taps; a filter has one at least`);
  const G = options.groups ?? 1;
  if (!Number.isInteger(G) || G < 1 || K % G !== 0)
    throw new ShapeError(`${op}: ${G} groups do not divide the ${K} filters of w ${show(shape)}`);
  const stride = pair(op, "stride", options.stride ?? 1, 1);
  const dilation = pair(op, "dilation", options.dilation ?? 1, 1);
  return { R, S, inner, K, G, stride, dilation };
}

function pair(op: string, option: string, value: Pair, least: number): readonly [number, number] {
  const both = typeof value === "number" ? ([value, value] as const) : value;
  if (both.length !== 2 || !both.every((n) => Number.isInteger(n) && n >= least))
    throw new ArgumentError(
      `${op}: ${option} is ${JSON.stringify(value)}, expected a whole number from ${least}, or [height, width]`,
    );
  return both;
}

/** Padding before and after each axis; `whole` is that of "same", whose odd pixel goes after. */
function sides(op: string, padding: Padding = 0, whole: (axis: 0 | 1) => number): Sides {
  if (padding === "valid") return sides(op, 0, whole);
  if (padding === "same") {
    const split = (total: number) => [Math.floor(total / 2), Math.ceil(total / 2)] as const;
    return [split(whole(0)), split(whole(1))];
  }
  const axes = typeof padding === "number" ? ([padding, padding] as const) : padding;
  if (axes.length !== 2)
    throw new ArgumentError(
      `${op}: padding is ${JSON.stringify(padding)}, expected a number, a pair or a pair of pairs`,
    );
  return [pair(op, "padding", axes[0], 0), pair(op, "padding", axes[1], 0)];
}
