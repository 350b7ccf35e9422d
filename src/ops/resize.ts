import { checkList, optionsOf } from "../device/arguments.ts";
import { ArgumentError, ShapeError } from "../device/errors.ts";
import { kernel, linearGrid } from "../device/kernel.ts";
import { show } from "../tensor/shape.ts";
import { track } from "../tensor/tape.ts";
import { checkOperands, emptyFor, type Tensor } from "../tensor/tensor.ts";
import { note } from "../tensor/trace.ts";

const resizeKernel = kernel("resize");
const WG = 64;

export interface ResizeOptions {
  /** "nearest" copies pixels, "bilinear", the default, mixes the four around. */
  mode?: "nearest" | "bilinear" | undefined;
  /** Whether the centres of the corner pixels stay where they are; false unless given, so that the edges of the image stay. */
  alignCorners?: boolean | undefined;
  /**
   * Whether pixels lie at their centres, where corners are not aligned: pixel i of the result at (i + ½) H / P - ½, otherwise at
   * i H / P. True in bilinear mode unless given, false in nearest, as PyTorch has it. TensorFlow's `half_pixel_centers`.
   */
  halfPixels?: boolean | undefined;
}

/**
 * Images x (N,H,W,C) in another size, (N,P,Q,C), as PyTorch's `interpolate` makes them. A smaller image is a sample of the
 * larger one: nothing is smoothed.
 */
export function resize2d(x: Tensor, size: readonly [number, number], options: ResizeOptions = {}): Tensor {
  checkOperands("resize2d", x);
  const { mode = "bilinear", alignCorners = false } = optionsOf("resize2d", options);
  const { halfPixels = mode === "bilinear" } = options;
  checkList("resize2d: the size", size);
  const [P, Q] = size;
  if (x.shape.length !== 4)
    throw new ShapeError(`resize2d: x is ${show(x.shape)}, expected images (N, H, W, C)`);
  if (mode !== "nearest" && mode !== "bilinear")
    throw new ArgumentError(`resize2d: mode is "nearest" or "bilinear", not "${String(mode)}"`);
  const [N, H, W, C] = x.shape as [number, number, number, number];
  checkSize(P, Q);
  if (H * W === 0) throw new ShapeError(`resize2d: x ${show(x.shape)} has no pixels`);
  if (2 * (P + 1) * H >= 2 ** 31 || 2 * (Q + 1) * W >= 2 ** 31)
    throw new ShapeError(`resize2d: from ${H} × ${W} to ${P} × ${Q} is past what 32 bits count`);
  const isNearest = mode === "nearest";
  /** Pixel i lies at (i · mul + add) / den, of which nearest mode takes the whole part. */
  const axis = (extent: number, count: number) => {
    if (alignCorners) {
      const [mul, den] = [count > 1 ? extent - 1 : 0, Math.max(1, count - 1)] as const;
      return isNearest ? ([2 * mul, den, 2 * den] as const) : ([mul, 0, den] as const);
    }
    if (!halfPixels) return [extent, 0, count] as const;
    return [2 * extent, isNearest ? extent : extent - count, 2 * count] as const;
  };
  const [mul_h, add_h, den_h] = axis(H, P);
  const [mul_w, add_w, den_w] = axis(W, Q);
  const params = { N, H, W, C, P, Q, mul_h, add_h, den_h, mul_w, add_w, den_w };
  const constants = { NEAREST: Number(isNearest) };
  const out = emptyFor([x], [N, P, Q, C]);
  const work = { bytes: 4 * (x.size + out.size) };
  resizeKernel("forward", { x, out }, params, linearGrid(out.size, WG), { constants, work });
  note("resize2d", out, [x], { mode, alignCorners, halfPixels });

  return track(out, [x], (dy, gradients) => {
    const dx = gradients.empty(0);
    resizeKernel("backward_x", { dy, out: dx }, params, linearGrid(dx.size, WG), { constants, work });
    return [dx];
  });
}

function checkSize(...size: number[]): void {
  if (!size.every((extent) => Number.isInteger(extent) && extent > 0))
    throw new ShapeError(`resize2d: the size is ${show(size)}; give whole numbers from 1, [height, width]`);
}
