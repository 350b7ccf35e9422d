import { optionsOf } from "../device/arguments.ts";
import { kernel, linearGrid } from "../device/kernel.ts";
import { normalAxes, sizeOf } from "../tensor/shape.ts";
import { track } from "../tensor/tape.ts";
import { checkTensors, empty, type Tensor } from "../tensor/tensor.ts";

const cumulateKernel = kernel("cumulate");
const WG = 64;
/** Elements that a lane adds up: a sum of R takes about log₆₄ R passes and 64 roundings in each. */
const BLOCK = 64;

/** Whether an element itself is left out of its sum or product, and whether they begin at the end. */
export interface CumulateOptions {
  exclusive?: boolean | undefined;
  reverse?: boolean | undefined;
}

type Flags = Record<"PRODUCT" | "EXCLUSIVE" | "REVERSE", 0 | 1>;

/** Scans x (A,R,B) into `out`: sums in blocks, whose totals are scanned first; products by one lane a column. */
function scan(x: Tensor, out: Tensor, [A, R, B]: readonly number[], constants: Flags): Tensor {
  const block = constants.PRODUCT ? Math.max(1, R!) : BLOCK;
  const P = Math.max(1, Math.ceil(R! / block));
  const N = A! * P * B!;
  const launch = (entry: "totals" | "scan", operands: Record<string, Tensor>) =>
    cumulateKernel(entry, operands, { N, R: R!, B: B!, P, block }, linearGrid(N, WG), {
      constants,
      work: { bytes: 8 * x.size },
    });
  if (P === 1) launch("scan", { x, before: x, out });
  else
    x.device.scope(() => {
      const totals = empty(x.device, [N]);
      launch("totals", { x, out: totals });
      const before = scan(totals, empty(x.device, [N]), [A!, P, B!], {
        ...constants,
        EXCLUSIVE: 1,
        REVERSE: 0,
      });
      launch("scan", { x, before, out });
    });
  return out;
}

function cumulate(name: "cumsum" | "cumprod", x: Tensor, axis: number, options: CumulateOptions): Tensor {
  checkTensors(name, x);
  const { exclusive = false, reverse = false } = optionsOf(name, options);
  const [at] = normalAxes(name, x.shape.length, axis) as [number];
  const extents = [sizeOf(x.shape.slice(0, at)), x.shape[at]!, sizeOf(x.shape.slice(at + 1))] as const;
  const [A, R, B] = extents;
  const flags = {
    PRODUCT: name === "cumprod" ? 1 : 0,
    EXCLUSIVE: exclusive ? 1 : 0,
    REVERSE: reverse ? 1 : 0,
  } as const;

  const y = scan(x, empty(x.device, x.shape), extents, flags);
  return track(y, [x], (dy, gradients) => {
    const dx = gradients.empty(0);
    if (name === "cumsum") return [scan(dy, dx, extents, { ...flags, REVERSE: reverse ? 0 : 1 })];
    const before = scan(x, empty(x.device, x.shape), extents, { ...flags, EXCLUSIVE: 1 });
    const params = { N: A * B, R, B, P: 1, block: R };
    cumulateKernel("product_backward", { x, before, dy, out: dx }, params, linearGrid(A * B, WG), {
      constants: flags,
      work: { bytes: 16 * x.size },
    });
    before.dispose();
    return [dx];
  });
}

/** The sums of the elements along `axis`, the last unless given, up to each one. */
export function cumsum(x: Tensor, axis = -1, options: CumulateOptions = {}): Tensor {
  return cumulate("cumsum", x, axis, options);
}

/** The products of the elements along `axis`, the last unless given, up to each one. One lane makes those of a column. */
export function cumprod(x: Tensor, axis = -1, options: CumulateOptions = {}): Tensor {
  return cumulate("cumprod", x, axis, options);
}

function running(name: "cummax" | "cummin", x: Tensor, axis: number, reverse: boolean): Tensor {
  checkTensors(name, x);
  const [at] = normalAxes(name, x.shape.length, axis) as [number];
  const [A, R, B] = [sizeOf(x.shape.slice(0, at)), x.shape[at]!, sizeOf(x.shape.slice(at + 1))] as const;
  const params = { N: A * B, R, B, P: 1, block: R };
  const constants = { LEAST: name === "cummin" ? 1 : 0, REVERSE: reverse ? 1 : 0 };
  const grid = linearGrid(R === 0 ? 0 : A * B, WG);
  const work = { bytes: 8 * x.size };
  const y = empty(x.device, x.shape);
  cumulateKernel("running", { x, out: y }, params, grid, { constants, work });
  return track(y, [x], (dy, gradients) => {
    const dx = gradients.empty(0);
    cumulateKernel("running_backward", { x, y, dy, out: dx }, params, grid, { constants, work });
    return [dx];
  });
}

/**
 * The largest of the elements along `axis`, the last unless given, up to each one, or with `reverse` from it on. NaN once there
 * is one. The gradient goes to the last of equals.
 */
export function cummax(x: Tensor, axis = -1, reverse = false): Tensor {
  return running("cummax", x, axis, reverse);
}

/** The smallest of the elements along `axis` up to each one, or with `reverse` from it on. */
export function cummin(x: Tensor, axis = -1, reverse = false): Tensor {
  return running("cummin", x, axis, reverse);
}
