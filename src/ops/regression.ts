import { optionsOf } from "../device/arguments.ts";
import { ArgumentError } from "../device/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { mul, sub } from "./arithmetic.ts";
import { abs, clamp, relu } from "./elementwise.ts";
import { checkSame, reduced, type LossOptions } from "./lib/reduction.ts";

export type { LossOptions, Reduction } from "./lib/reduction.ts";

/** |x̂ - x|. */
export function absoluteError(xHat: Tensor, x: Tensor, options: LossOptions = {}): Tensor {
  checkSame("absoluteError", xHat, x);
  return reduced("absoluteError", abs(sub(xHat, x)), options);
}

/** ½ d² for d = |x̂ - x| up to `delta`, delta (d - ½ delta) from there on. Source: Huber, Ann. Math. Statist. 35, 1964. */
export function huber(
  xHat: Tensor,
  x: Tensor,
  given: LossOptions & { delta?: number | undefined } = {},
): Tensor {
  checkSame("huber", xHat, x);
  const { delta = 1, ...options } = optionsOf("huber", given);
  if (!(delta > 0)) throw new ArgumentError(`huber: delta is a number above 0, not ${delta}`);
  const d = abs(sub(xHat, x));
  const near = clamp(d, 0, delta);
  return reduced("huber", mul(near, sub(d, mul(near, 0.5))), options);
}

/** max(0, 1 - y t) for scores y and targets t, which are -1 or 1. */
export function hinge(scores: Tensor, targets: Tensor, options: LossOptions = {}): Tensor {
  checkSame("hinge", scores, targets);
  return reduced("hinge", relu(sub(1, mul(scores, targets))), options);
}
