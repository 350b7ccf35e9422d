import { optionsOf } from "../../device/arguments.ts";
import { ArgumentError, ShapeError } from "../../device/errors.ts";
import { broadcastShape, sameShape, show } from "../../tensor/shape.ts";
import { checkTensors, type Tensor } from "../../tensor/tensor.ts";
import { div, mul } from "../arithmetic.ts";
import { mean, sum } from "../reduce.ts";
import { broadcastTo } from "../rearrange.ts";

/** What is made of the losses of all elements: their mean, their sum, or nothing. */
export type Reduction = "mean" | "sum" | "none";

export interface LossOptions {
  reduction?: Reduction | undefined;
  /** What each loss is multiplied by: broadcast to the losses. A mean is divided by the sum of the weights. */
  weights?: Tensor | undefined;
}

/** Throws unless a and b are tensors of one shape. */
export function checkSame(name: string, a: Tensor, b: Tensor): void {
  checkTensors(name, a, b);
  if (!sameShape(a.shape, b.shape))
    throw new ShapeError(`${name}: the operands are ${show(a.shape)} and ${show(b.shape)}; give one shape`);
}

/** The losses of all elements as the options have them. */
export function reduced(name: string, losses: Tensor, options: LossOptions): Tensor {
  const { reduction = "mean", weights } = optionsOf(name, options);
  if (!["mean", "sum", "none"].includes(reduction))
    throw new ArgumentError(`${name}: a reduction is "mean", "sum" or "none", not "${String(reduction)}"`);
  if (weights) checkTensors(name, weights);
  if (weights && !sameShape(broadcastShape(name, weights.shape, losses.shape), losses.shape))
    throw new ShapeError(
      `${name}: weights ${show(weights.shape)} are not broadcast to losses ${show(losses.shape)}`,
    );
  const weighed = weights ? mul(losses, weights) : losses;
  if (reduction === "none") return weighed;
  if (reduction === "sum") return sum(weighed);
  return weights ? div(sum(weighed), sum(broadcastTo(weights, losses.shape))) : mean(weighed);
}
