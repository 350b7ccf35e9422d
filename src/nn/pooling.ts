import { ShapeError } from "../device/errors.ts";
import type { Pair } from "../ops/lib/convolution.ts";
import {
  averagePool2d as poolMeans,
  maxPool2d as poolLargest,
  poolGeometry,
  type AveragePoolOptions,
  type PoolOptions,
} from "../ops/pool.ts";
import { reshape } from "../ops/rearrange.ts";
import { mean } from "../ops/reduce.ts";
import { resize2d, type ResizeOptions } from "../ops/resize.ts";
import { show, type Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Layer } from "./layer.ts";

/** The largest of each window, (H, W, C) → (P, Q, C); windows touch unless `stride` says otherwise. */
export function maxPool2d(options: PoolOptions): Layer {
  return pooling("max pool", options, (x) => poolLargest(x, options));
}

/** The mean of each window, (H, W, C) → (P, Q, C); windows touch unless `stride` says otherwise. */
export function averagePool2d(options: AveragePoolOptions): Layer {
  return pooling("average pool", options, (x) => poolMeans(x, options));
}

/** The largest of each channel, (H, W, C) → (C); the first of equals gets the gradient. */
export function globalMaxPool(): Layer {
  return overImages("global max pool", (x) => {
    const [N, H, W, C] = x.shape as [number, number, number, number];
    return reshape(poolLargest(x, { window: [H, W] }), [N, C]);
  });
}

/** The mean of each channel, (H, W, C) → (C). */
export function globalAveragePool(): Layer {
  return overImages("global average pool", (x) => mean(x, [1, 2]));
}

/** Images in the size [height, width], (H, W, C) → (height, width, C); bilinear unless `mode` says otherwise. */
export function resize(size: readonly [number, number], options: ResizeOptions = {}): Layer {
  const { mode = "bilinear" } = options;
  return {
    label: `${mode} ${size.join("x")}`,
    parameters: [],
    outputShape: (input) => [...size, imageOf("resize", input)[2]],
    apply: (x) => resize2d(x, size, options),
  };
}

/** Images made larger by `factor`, (H, W, C) → (factor · H, factor · W, C); nearest unless `mode` says otherwise. */
export function upsample(factor: number, options: ResizeOptions = {}): Layer {
  const { mode = "nearest" } = options;
  if (!Number.isInteger(factor) || factor < 1)
    throw new ShapeError(`upsample: the factor is a whole number from 1, not ${factor}`);
  return {
    label: `${mode} x${factor}`,
    parameters: [],
    outputShape(input) {
      const [H, W, C] = imageOf("upsample", input);
      return [factor * H, factor * W, C];
    },
    apply: (x) => resize2d(x, [factor * x.shape[1]!, factor * x.shape[2]!], { ...options, mode }),
  };
}

/** A layer from images (H, W, C) to their channels (C). */
function overImages(label: string, apply: (x: Tensor) => Tensor): Layer {
  return { label, parameters: [], outputShape: (input) => [imageOf(label, input)[2]], apply };
}

function imageOf(op: string, input: Shape): readonly [number, number, number] {
  if (input.length !== 3) throw new ShapeError(`${op}: takes images (H, W, C), not ${show(input)}`);
  return input as readonly [number, number, number];
}

function pooling(name: string, options: PoolOptions, apply: (x: Tensor) => Tensor): Layer {
  const { window, stride = window } = options;
  const [height, width] = both(window);
  const [down, across] = both(stride);
  return {
    label: `${name} ${height}x${width} /${down === across ? down : `${down}x${across}`}`,
    parameters: [],
    outputShape(input) {
      const { P, Q, C } = poolGeometry(name, [1, ...imageOf(name, input)], options);
      return [P, Q, C];
    },
    apply,
  };
}

function both(pair: Pair): readonly [number, number] {
  return typeof pair === "number" ? [pair, pair] : pair;
}
