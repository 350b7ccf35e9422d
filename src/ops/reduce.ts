import { ShapeError } from "../device/errors.ts";
import { kernel, linearGrid } from "../device/kernel.ts";
import { normalAxes, show, sizeOf, type Shape } from "../tensor/shape.ts";
import { track } from "../tensor/tape.ts";
import { checkOperands, checkTensors, empty, type Tensor } from "../tensor/tensor.ts";
import { note } from "../tensor/trace.ts";
import { checkCountable } from "./lib/countable.ts";
import { axisParams, broadcastStrides, mergeAxes, rankOf } from "./lib/strided.ts";

const reduceKernel = kernel("reduce");
const WG = 64;
const unusedAxes = { ...axisParams("e", []), ...axisParams("y", []) };

/** The reductions, by their numbers in `shaders/reduce.wgsl`. */
const codes = { sum: 0, norm: 1, max: 2, min: 3, logsumexp: 4, ties: 5 } as const;
type Reduction = Exclude<keyof typeof codes, "ties">;
/** What a reduction starts from. */
const first = { sum: 0, norm: 0, max: -Infinity, min: Infinity, logsumexp: -Infinity } as const;

/** The axes to reduce: all of them if left out, negative ones counted from the end. */
export type Axes = number | readonly number[];

/** One pass over R of x (A,R,B), which leaves P numbers of every R. */
interface Pass {
  A: number;
  R: number;
  B: number;
  P: number;
  block: number;
  T: number;
}

/** How one pass shares out (A,R,B): whole columns to lanes where those are enough or short, blocks otherwise. */
function plan(A: number, R: number, B: number, isSoftware: boolean): Pass {
  const [enough, short] = isSoftware ? [512, 1024] : [65536, 128];
  if (R <= (A * B >= enough ? 4096 : short)) return { A, R, B, P: 1, block: R * B, T: B };
  const parts = isSoftware ? Math.ceil(Math.sqrt(R)) : Math.ceil(R / 64);
  const S = Math.min(parts, Math.ceil(WG / B)); // lanes of a block for every column
  const perLane = Math.ceil(R / parts);
  return { A, R, B, P: S * Math.ceil(R / (perLane * S)), block: perLane * S * B, T: S * B };
}

/** The passes that reduce `axes` of `shape`: a run of neighbouring axes at a time, the last run first. */
function passes(shape: Shape, axes: readonly number[], isSoftware: boolean): Pass[] {
  const runs: { extent: number; reduced: boolean }[] = [];
  shape.forEach((extent, axis) => {
    const reduced = axes.includes(axis);
    const last = runs.at(-1);
    if (last?.reduced === reduced) last.extent *= extent;
    else if (extent !== 1) runs.push({ extent, reduced });
  });
  const all: Pass[] = [];
  for (let run = runs.length - 1; run >= 0; run--) {
    if (!runs[run]!.reduced) continue;
    const A = sizeOf(runs.slice(0, run).map(({ extent }) => extent));
    const B = sizeOf(runs.slice(run + 1).map(({ extent, reduced }) => (reduced ? 1 : extent)));
    for (let R = runs[run]!.extent; ; R = all.at(-1)!.P) {
      all.push(plan(A, R, B, isSoftware));
      if (all.at(-1)!.P === 1) break;
    }
  }
  return all.length > 0 ? all : [plan(sizeOf(shape), 1, 1, true)];
}

/** Reduces `axes` of x into `out`; a sum is multiplied by `scale`. */
function reduceInto(out: Tensor, kind: Reduction, x: Tensor, axes: readonly number[], scale = 1): void {
  const all = passes(x.shape, axes, x.device.isSoftware);
  let from = x;
  all.forEach(({ A, R, B, P, block, T }, k) => {
    const isLast = k === all.length - 1;
    const N = A * P * B;
    const to = isLast ? out : empty(x.device, [N]);
    const lanesPerRow = P * B;
    const params = {
      N,
      rowLength: R * B,
      block,
      T,
      lanesPerRow,
      scale: isLast ? scale : 1,
      first: first[kind],
    };
    const constants = kind === "logsumexp" ? {} : { OP: codes[kind] };
    const entry = kind === "logsumexp" || kind === "norm" ? kind : "forward";
    const work = { bytes: 4 * (A * R * B + N) };
    reduceKernel(entry, { x: from, out: to }, { ...params, ...unusedAxes }, linearGrid(N, WG), {
      constants,
      work,
    });
    if (from !== x) from.dispose();
    from = to;
  });
}

/** The sums of x over the axes along which a tensor of shape `out.shape` was repeated to make it, times `scale`. */
export function sumTo(out: Tensor, x: Tensor, scale = 1): Tensor {
  checkTensors("sumTo", out, x);
  const strides = broadcastStrides(out.shape, x.shape);
  const axes = x.shape.flatMap((extent, axis) => (strides[axis] === 0 && extent !== 1 ? [axis] : []));
  reduceInto(out, "sum", x, axes, scale);
  return out;
}

function reduce(
  name: string,
  kind: Reduction,
  x: Tensor,
  given: Axes | undefined,
  keepDims: boolean,
): Tensor {
  checkOperands(name, x);
  const axes = normalAxes(name, x.shape.length, given);
  const kept = x.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
  const shape = keepDims ? kept : kept.filter((_, axis) => !axes.includes(axis));
  const y = empty(x.device, shape);
  const scale = name === "mean" ? y.size / x.size : 1;
  if ((kind === "max" || kind === "min") && x.size === 0 && y.size > 0)
    throw new ShapeError(`${name}: ${show(x.shape)} has no element along the axes ${show(axes)}`);
  reduceInto(y, kind, x, axes, scale);
  note(`reduce ${name}`, y, [x], { axes, keepDims });

  return track(y, [x], (dy, gradients) => {
    const dx = gradients.empty(0);
    const walk = mergeAxes(name, x.shape, [broadcastStrides(kept, x.shape)]);
    const unused = { rowLength: 0, block: 0, T: 0, lanesPerRow: 0, first: 0 };
    const where = { ...axisParams("e", walk.extents, 1), ...axisParams("y", walk.strides[0]!) };
    const params = { N: x.size, scale, ...unused, ...where };
    const saved = kind === "sum" ? { x: dy, y: dy } : { x, y };
    const spread = (op: keyof typeof codes, n: Tensor, out: Tensor) =>
      reduceKernel("backward", { ...saved, dy, n, out }, params, linearGrid(x.size, WG), {
        constants: { OP: codes[op], ...rankOf(walk) },
        work: { bytes: 8 * x.size },
      });
    if (kind !== "max" && kind !== "min") spread(kind, dy, dx);
    else {
      const ties = empty(x.device, x.shape);
      const counts = empty(x.device, y.shape);
      spread("ties", dy, ties);
      reduceInto(counts, "sum", ties, axes);
      spread(kind, counts, dx);
    }
    return [dx];
  });
}

/** Σ x over `axes` (all by default), which `keepDims` keeps as axes of extent 1. Of nothing it is 0. */
export function sum(x: Tensor, axes?: Axes, keepDims = false): Tensor {
  return reduce("sum", "sum", x, axes, keepDims);
}

/** The mean over `axes`; NaN of nothing. The sum has to be finite. */
export function mean(x: Tensor, axes?: Axes, keepDims = false): Tensor {
  return reduce("mean", "sum", x, axes, keepDims);
}

/** The largest over `axes`, NaN if one is NaN. Those that share the place share its gradient evenly. */
export function amax(x: Tensor, axes?: Axes, keepDims = false): Tensor {
  return reduce("max", "max", x, axes, keepDims);
}

/** The smallest over `axes`, NaN if one is NaN. Those that share the place share its gradient evenly. */
export function amin(x: Tensor, axes?: Axes, keepDims = false): Tensor {
  return reduce("min", "min", x, axes, keepDims);
}

/** The 2-norm √Σx² over `axes`, also where squares would not be finite; its gradient at 0 is taken as 0. */
export function norm(x: Tensor, axes?: Axes, keepDims = false): Tensor {
  return reduce("norm", "norm", x, axes, keepDims);
}

/** log Σ e^x over `axes`, for x of any size: Infinity where one is infinite, -Infinity where all are -Infinity. */
export function logsumexp(x: Tensor, axes?: Axes, keepDims = false): Tensor {
  return reduce("logsumexp", "logsumexp", x, axes, keepDims);
}

/**
 * The indices along `axis` of the largest elements, as f32: the first of equals, the first NaN if there is one.
 *
 * @throws LimitError where the axis has more than 2^24 elements, which an f32 cannot count.
 */
export function argmax(x: Tensor, axis = -1): Tensor {
  checkOperands("argmax", x);
  const [at] = normalAxes("argmax", x.shape.length, axis) as [number];
  const [R, B] = [x.shape[at]!, sizeOf(x.shape.slice(at + 1))];
  if (R === 0) throw new ShapeError(`argmax: ${show(x.shape)} has no element along axis ${axis}`);
  checkCountable("argmax", R);
  const out = empty(
    x.device,
    x.shape.filter((_, i) => i !== at),
  );
  const rows = { rowLength: R * B, block: R * B, T: B, lanesPerRow: B };
  const params = { N: out.size, ...rows, scale: 1, first: 0, ...unusedAxes };
  reduceKernel("argmax", { x, out }, params, linearGrid(out.size, WG), { work: { bytes: 4 * x.size } });
  return out;
}
