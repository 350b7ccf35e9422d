import { max, mul } from "../../ops/arithmetic.ts";
import { conv2d } from "../../ops/conv2d.ts";
import { pad, reshape, slice } from "../../ops/rearrange.ts";
import { amax } from "../../ops/reduce.ts";
import { tensor, type Tensor } from "../../tensor/tensor.ts";
import type { Pool } from "./wiring.ts";

/**
 * Pools images (N, H, W, C), none of whose values is below zero where it is a maximum, over windows of 3 × 3. A mean is
 * over nine pixels, those past the edge taken as zeros; `inside` alone counts only those that there are.
 */
export function pooled(x: Tensor, kind: Pool, { inside }: { inside: boolean }): Tensor {
  return x.device.scope(() => {
    if (kind === "mean") return meanOf(x, inside);
    const along = kind === "maximum" ? slidingMaximum : halvingMaximum;
    return along(along(x, 1), 2);
  });
}

function meanOf(x: Tensor, inside: boolean): Tensor {
  const [, H, W, C] = x.shape as readonly [number, number, number, number];
  const ninth = tensor(x.device, new Float32Array(9 * C).fill(1 / 9), [3, 3, 1, C]);
  const sums = conv2d(x, ninth, { padding: 1, groups: C });
  if (!inside) return sums;
  const there = (length: number, at: number) => 3 - (at === 0 ? 1 : 0) - (at === length - 1 ? 1 : 0);
  const shares = Float32Array.from(
    { length: H * W },
    (_, at) => 9 / (there(H, Math.floor(at / W)) * there(W, at % W)),
  );
  return mul(sums, tensor(x.device, shares, [1, H, W, 1]));
}

/** Of each element and its two neighbours along an axis: as many as there are. Zeros stand past the ends. */
function slidingMaximum(x: Tensor, axis: number): Tensor {
  const padded = pad(
    x,
    x.shape.map((_, i) => (i === axis ? ([1, 1] as const) : ([0, 0] as const))),
  );
  const from = (start: number) =>
    slice(
      padded,
      x.shape.map((_, i) => (i === axis ? start : 0)),
      x.shape,
    );
  return max(max(from(0), from(1)), from(2));
}

/** Of elements 2 i, 2 i + 1 and 2 i + 2 along an axis: that of the two pairs that cover them. */
function halvingMaximum(x: Tensor, axis: number): Tensor {
  const windows = (x.shape[axis]! - 1) >> 1;
  const pairs = (start: number) => {
    const part = slice(
      x,
      x.shape.map((_, i) => (i === axis ? start : 0)),
      x.shape.map((length, i) => (i === axis ? 2 * windows : length)),
    );
    const shape = [...x.shape.slice(0, axis), windows, 2, ...x.shape.slice(axis + 1)];
    return amax(reshape(part, shape), axis + 1);
  };
  return max(pairs(0), pairs(1));
}
