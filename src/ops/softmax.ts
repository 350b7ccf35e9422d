import { ShapeError } from "../device/errors.ts";
import { kernel, linearGrid } from "../device/kernel.ts";
import { normalAxes, show, sizeOf } from "../tensor/shape.ts";
import { track } from "../tensor/tape.ts";
import { checkOperands, checkTensors, empty, emptyFor, type Tensor } from "../tensor/tensor.ts";
import { note } from "../tensor/trace.ts";
import { checkCountable } from "./lib/countable.ts";
import { sumTo } from "./reduce.ts";

const softmaxKernel = kernel("softmax");
const WG = 64;

function alongAxis(name: string, x: Tensor, axis: number, LOG: 0 | 1): Tensor {
  checkOperands(name, x);
  const [at] = normalAxes(name, x.shape.length, axis) as [number];
  const R = x.shape[at]!;
  const B = sizeOf(x.shape.slice(at + 1));
  const A = sizeOf(x.shape.slice(0, at));
  const params = { A, R, B, scale: 1 };
  const grid = linearGrid(R === 0 ? 0 : A * B, WG);
  const constants = { LOG };

  const y = emptyFor([x], x.shape);
  softmaxKernel("forward", { x, out: y }, params, grid, { constants, work: { bytes: 12 * x.size } });
  note(name, y, [x], { axis: at });

  return track(y, [x], (dy, gradients) => {
    const dx = gradients.empty(0);
    softmaxKernel("backward", { y, dy, out: dx }, params, grid, { constants, work: { bytes: 20 * x.size } });
    return [dx];
  });
}

/**
 * e^x / Σ e^x along `axis`, the last unless given, without overflow. An x of -Infinity gives 0. All along the axis is
 * NaN where the largest x is infinite, of either sign: ∞ / ∞ and 0 / 0 have no value.
 */
export function softmax(x: Tensor, axis = -1): Tensor {
  return alongAxis("softmax", x, axis, 0);
}

/** The logarithm of `softmax`, x - log Σ e^x, finite where the softmax vanishes for a finite x. */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  return alongAxis("logSoftmax", x, axis, 1);
}

/**
 * The mean over the batch of -log softmax(`logits`)[label], for `logits` (B,C) and `labels` (B): class indices
 * 0 … C-1, as f32. A label that is none of them makes the loss NaN. No gradient flows to the labels.
 */
export function crossEntropy(logits: Tensor, labels: Tensor): Tensor {
  checkOperands("crossEntropy", logits);
  checkTensors("crossEntropy", labels);
  const [A, R] = logits.shape;
  if (logits.shape.length !== 2 || !R)
    throw new ShapeError(
      `crossEntropy: logits is ${show(logits.shape)}; give one row of classes per sample, (B, C)`,
    );
  if (labels.shape.length !== 1 || labels.shape[0] !== A)
    throw new ShapeError(
      `crossEntropy: labels is ${show(labels.shape)}; logits ${show(logits.shape)} needs (${A}), one index per sample`,
    );
  checkCountable("crossEntropy", R);
  const params = { A: A!, R, B: 1, scale: 1 / A! };
  const grid = linearGrid(A!, WG);
  const work = { bytes: 4 * logits.size };

  const each = empty(logits.device, [A!]);
  softmaxKernel("cross_entropy", { x: logits, labels, out: each }, params, grid, { work });
  const loss = sumTo(empty(logits.device, []), each, params.scale);
  each.dispose();

  return track(loss, [logits], (dy, gradients) => {
    const dx = gradients.empty(0);
    softmaxKernel("cross_entropy_backward", { x: logits, labels, dy, out: dx }, params, grid, { work });
    return [dx];
  });
}
