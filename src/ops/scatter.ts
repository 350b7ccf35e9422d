import { checkWhole } from "../device/arguments.ts";
import { ShapeError } from "../device/errors.ts";
import { linearGrid } from "../device/kernel.ts";
import { copyInto } from "../tensor/accumulate.ts";
import { checkShape, sameShape, show, type Shape } from "../tensor/shape.ts";
import { saveFor, track } from "../tensor/tape.ts";
import { checkTensors, empty, type Tensor } from "../tensor/tensor.ts";
import { add, mul } from "./arithmetic.ts";
import { clone, full, ones } from "./create.ts";
import {
  along,
  nested,
  none,
  ordered,
  pickInto,
  putInto,
  scatterKernel,
  WG,
  type Places,
} from "./lib/places.ts";

function zeroed(out: Tensor): Tensor {
  const zeros = full(out.device, out.shape, 0);
  copied(out, zeros);
  zeros.dispose();
  return out;
}

function copied(out: Tensor, x: Tensor): Tensor {
  if (x.size > 0) copyInto(out, x);
  return out;
}

/** The slices of x at places, with the gradient of x: sums of those of the slices. */
function picked(x: Tensor, at: Places, shape: Shape): Tensor {
  const y = pickInto(empty(x.device, shape), x, at);
  saveFor([y], [x], [at.places]);
  return track(y, [x], (dy, gradients) => {
    const pairs = ordered(at);
    return [putInto(zeroed(gradients.empty(0)), pairs, dy, at)];
  });
}

/**
 * The elements of x (…,R,…) that `indices` (…,K,…), whole numbers as f32, name along `axis`, the last unless given: what
 * NumPy calls take_along_axis and PyTorch gather. NaN stands for an index that is none. The gradient of an element that is
 * named more than once is a sum, in the same order each time.
 *
 * @throws ShapeError where the shapes differ in another axis.
 */
export function takeAlongAxis(x: Tensor, indices: Tensor, axis = -1): Tensor {
  checkTensors("takeAlongAxis", x, indices);
  return picked(x, along("takeAlongAxis", x.shape, indices, axis), indices.shape);
}

/** The slices of x that `indices` (…,D) name, D coordinates along the first axes of x: the other axes of both, in that order. */
export function gatherNd(x: Tensor, indices: Tensor): Tensor {
  checkTensors("gatherNd", x, indices);
  const at = nested("gatherNd", x.shape, indices);
  return picked(x, at, [...indices.shape.slice(0, -1), ...x.shape.slice(indices.shape.at(-1))]);
}

/** Sums of the updates at their places, zeros elsewhere. */
function summed(updates: Tensor, at: Places, shape: Shape): Tensor {
  const pairs = ordered(at);
  const y = putInto(zeroed(empty(updates.device, shape)), pairs, updates, at);
  pairs.dispose();
  saveFor([y], [updates], [at.places]);
  return track(y, [updates], (dy, gradients) => [pickInto(gradients.empty(0), dy, at, 0)]);
}

function checkUpdates(name: string, updates: Tensor, wanted: Shape): void {
  if (!sameShape(updates.shape, wanted))
    throw new ShapeError(`${name}: updates are ${show(updates.shape)}, expected ${show(wanted)}`);
}

/**
 * x with each element of `updates` added to the one that `indices`, of the same shape, name along `axis`. An index that is none
 * adds to nothing. Several updates of one element are added up, in the same order each time.
 */
export function scatterAdd(x: Tensor, indices: Tensor, updates: Tensor, axis = -1): Tensor {
  checkTensors("scatterAdd", x, indices, updates);
  checkUpdates("scatterAdd", updates, indices.shape);
  const sums = summed(updates, along("scatterAdd", x.shape, indices, axis), x.shape);
  const y = add(x, sums);
  saveFor([y], [x, updates], [sums]);
  return y;
}

/**
 * x with each element of `updates` in place of the one that `indices`, of the same shape, name along `axis`: what NumPy calls
 * put_along_axis and PyTorch scatter. Of several updates of one element the last counts; an index that is none changes nothing.
 */
export function scatterAlongAxis(x: Tensor, indices: Tensor, updates: Tensor, axis = -1): Tensor {
  checkTensors("scatterAlongAxis", x, indices, updates);
  checkUpdates("scatterAlongAxis", updates, indices.shape);
  return replaced(x, updates, along("scatterAlongAxis", x.shape, indices, axis));
}

/** x with the last of the updates of each place in it. */
function replaced(x: Tensor, updates: Tensor, at: Places): Tensor {
  const pairs = ordered(at);
  const y = putInto(clone(x), pairs, updates, at, 1);
  saveFor([y], [x, updates], [at.places, pairs]);
  return track(y, [x, updates], (dy, gradients) => {
    let [dx, du]: (Tensor | undefined)[] = [];
    if (gradients.wanted(0)) {
      dx = copied(gradients.empty(0), dy);
      putInto(dx, pairs, full(dy.device, updates.shape, 0), at, 1);
    }
    if (gradients.wanted(1)) {
      const last = empty(dy.device, [at.K, 1]);
      scatterKernel("last", { pairs, out: last }, { ...none, N: at.K, K: at.K }, linearGrid(at.K, WG));
      du = mul(pickInto(empty(dy.device, [at.K, at.L]), dy, at, 0), last);
    }
    return [dx, du];
  });
}

/**
 * Zeros of the given shape with each slice of `updates` added at the coordinates that `indices` (…,D) name along the first D
 * axes: updates have the other axes of the indices, then those of the shape.
 */
export function scatterNd(indices: Tensor, updates: Tensor, shape: Shape): Tensor {
  checkTensors("scatterNd", indices, updates);
  checkShape("scatterNd", shape);
  const at = nested("scatterNd", shape, indices);
  checkUpdates("scatterNd", updates, [...indices.shape.slice(0, -1), ...shape.slice(indices.shape.at(-1))]);
  return summed(updates, at, shape);
}

/**
 * x with the slices that `indices` (…,D) name by coordinates along its first D axes replaced by `updates`, which have the other
 * axes of the indices, then those of x. Of several updates of one slice the last counts; an index that is none changes nothing.
 */
export function updateNd(x: Tensor, indices: Tensor, updates: Tensor): Tensor {
  checkTensors("updateNd", x, indices, updates);
  const at = nested("updateNd", x.shape, indices);
  checkUpdates("updateNd", updates, [...indices.shape.slice(0, -1), ...x.shape.slice(indices.shape.at(-1))]);
  return replaced(x, updates, at);
}

/** The sums of the slices of x (N,…) that have the same segment in `segments` (N), 0 … count - 1 as f32: (count,…). */
export function segmentSum(x: Tensor, segments: Tensor, count: number): Tensor {
  checkTensors("segmentSum", x, segments);
  if (segments.shape.length !== 1 || segments.size !== x.shape[0])
    throw new ShapeError(
      `segmentSum: segments are ${show(segments.shape)}; x ${show(x.shape)} needs one for each slice`,
    );
  checkWhole("segmentSum: the count", count, 0);
  const shape = [count, ...x.shape.slice(1)];
  return summed(x, nested("segmentSum", shape, segments.view([segments.size, 1])), shape);
}

/** How many of `indices`, of any shape, are 0, 1, … count - 1: (count). */
export function bincount(indices: Tensor, count: number): Tensor {
  checkTensors("bincount", indices);
  return indices.device.scope(() =>
    segmentSum(ones(indices.device, [indices.size]), indices.view([indices.size]), count),
  );
}
