import { checkWhole } from "../device/arguments.ts";
import { ShapeError } from "../device/errors.ts";
import { sameShape, show } from "../tensor/shape.ts";
import { checkTensors, type Tensor } from "../tensor/tensor.ts";
import { oneHot } from "./create.ts";
import { composed } from "./lib/composed.ts";
import { greater, isFinite, less, logicalAnd } from "./logic.ts";
import { matmul } from "./products.ts";
import { reshape } from "./rearrange.ts";
import { sum } from "./reduce.ts";
import { takeAlongAxis } from "./scatter.ts";

/**
 * How often class i was taken for class j: (count, count), of `labels` (N) and `predictions` (N), class indices as f32. An
 * index that is none is not counted.
 */
export function confusionMatrix(labels: Tensor, predictions: Tensor, count: number): Tensor {
  checkTensors("confusionMatrix", labels, predictions);
  checkWhole("confusionMatrix: the count", count, 0);
  if (labels.shape.length !== 1 || !sameShape(labels.shape, predictions.shape))
    throw new ShapeError(
      `confusionMatrix: labels are ${show(labels.shape)} and predictions ${show(predictions.shape)}; give (N) and (N)`,
    );
  const { device } = labels;
  return device.noGrad(() =>
    device.scope(() => matmul(oneHot(labels, count), oneHot(predictions, count), { transposeA: true })),
  );
}

/**
 * 1 where fewer than k of the classes score higher than the label, 0 elsewhere: (…) of `scores` (…,C) and `labels` (…), class
 * indices as f32. A label that is none, or whose score is not finite, gives 0. TensorFlow's in_top_k.
 */
export function inTopK(scores: Tensor, labels: Tensor, k: number): Tensor {
  checkTensors("inTopK", scores, labels);
  checkWhole("inTopK: k", k, 0);
  if (scores.shape.length === 0 || !sameShape(labels.shape, scores.shape.slice(0, -1)))
    throw new ShapeError(
      `inTopK: scores are ${show(scores.shape)} and labels ${show(labels.shape)}; give (…, C) and (…)`,
    );
  const { device } = scores;
  return device.noGrad(() =>
    composed([scores], () => {
      const own = takeAlongAxis(scores, reshape(labels, [...labels.shape, 1]));
      const higher = sum(greater(scores, own), -1);
      return logicalAnd(less(higher, k), isFinite(reshape(own, labels.shape)));
    }),
  );
}
