import { ArgumentError, ShapeError } from "../device/errors.ts";
import { sameShape, show } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { mul, sub } from "./arithmetic.ts";
import { abs, clamp, relu } from "./elementwise.ts";
import { mean, sum } from "./reduce.ts";

/** What is made of the losses of all elements: their mean, their sum, or nothing. */
export type Reduction = "mean" | "sum" | "none";

export interface LossOptions {
  reduction?: Reduction | undefined;
}

function checkSame(name: string, a: Tensor, b: Tensor): void {
  if (!sameShape(a.shape, b.shape))
    throw new ShapeError(`${name}: the operands are ${show(a.shape)} and ${show(b.shape)}; give one shape`);
}

function reduced(name: string, losses: Tensor, reduction: string): Tensor {
  if (reduction === "mean") return mean(losses);
  if (reduction === "sum") return sum(losses);
  if (reduction === "none") return losses;
  throw new ArgumentError(`${name}: a reduction is "mean", "sum" or "none", not "${reduction}"`);
}

/** |x̂ - x|. */
export function absoluteError(xHat: Tensor, x: Tensor, { reduction = "mean" }: LossOptions = {}): Tensor {
  checkSame("absoluteError", xHat, x);
  return reduced("absoluteError", abs(sub(xHat, x)), reduction);
}

/** ½ d² for d = |x̂ - x| up to `delta`, delta (d - ½ delta) from there on. Source: Huber, Ann. Math. Statist. 35, 1964. */
export function huber(
  xHat: Tensor,
  x: Tensor,
  { delta = 1, reduction = "mean" }: LossOptions & { delta?: number | undefined } = {},
): Tensor {
  checkSame("huber", xHat, x);
  if (!(delta > 0)) throw new ArgumentError(`huber: delta is a number above 0, not ${delta}`);
  const d = abs(sub(xHat, x));
  const near = clamp(d, 0, delta);
  return reduced("huber", mul(near, sub(d, mul(near, 0.5))), reduction);
}

/** max(0, 1 - y t) for scores y and targets t, which are -1 or 1. */
export function hinge(scores: Tensor, targets: Tensor, { reduction = "mean" }: LossOptions = {}): Tensor {
  checkSame("hinge", scores, targets);
  return reduced("hinge", relu(sub(1, mul(scores, targets))), reduction);
}
