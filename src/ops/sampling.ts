import { checkList, checkWhole, optionsOf } from "../device/arguments.ts";
import { ArgumentError, ShapeError } from "../device/errors.ts";
import { sameShape, show } from "../tensor/shape.ts";
import { checkTensors, tensor, type Tensor } from "../tensor/tensor.ts";
import { add, mul, sub, where } from "./arithmetic.ts";
import { clamp, floor, round } from "./elementwise.ts";
import { composed } from "./lib/composed.ts";
import { lessEqual, logicalAnd } from "./logic.ts";
import { broadcastTo, concat, gatherRows, reshape, slice } from "./rearrange.ts";

export interface SampleOptions {
  /** "nearest" reads the nearest pixel, "bilinear", the default, mixes the four around. */
  mode?: "nearest" | "bilinear" | undefined;
  /** What is read beside the image: "zeros", the default, or the pixels at its "edge". */
  outside?: "zeros" | "edge" | undefined;
}

/**
 * Images x (N,H,W,C) read at `places` (N,P,Q,2), rows and columns of pixels, whose centres are whole numbers: (N,P,Q,C). With
 * gradients to the images, and in bilinear mode to the places.
 *
 * PyTorch's grid_sample, of (x, y) from -1 to 1, reads row (y + 1)·(H - 1)/2 and column (x + 1)·(W - 1)/2 where it aligns
 * corners, and ((y + 1)·H - 1)/2 and ((x + 1)·W - 1)/2 where it does not. Source: Jaderberg et al., arXiv:1506.02025, section 3.3.
 */
export function sampleImages(x: Tensor, places: Tensor, options: SampleOptions = {}): Tensor {
  const op = "sampleImages";
  checkTensors(op, x, places);
  const { mode = "bilinear", outside = "zeros" } = optionsOf(op, options);
  if (mode !== "nearest" && mode !== "bilinear")
    throw new ArgumentError(`${op}: mode is "nearest" or "bilinear", not "${String(mode)}"`);
  if (outside !== "zeros" && outside !== "edge")
    throw new ArgumentError(`${op}: outside is "zeros" or "edge", not "${String(outside)}"`);
  const [N, H, W, C] = x.shape as [number, number, number, number];
  if (x.shape.length !== 4 || places.shape.length !== 4 || places.shape[0] !== N || places.shape[3] !== 2)
    throw new ShapeError(
      `${op}: x is ${show(x.shape)} and places ${show(places.shape)}; expected (N, H, W, C) and (N, P, Q, 2)`,
    );
  if (H * W === 0) throw new ShapeError(`${op}: x ${show(x.shape)} has no pixels`);
  const [P, Q] = places.shape.slice(1) as [number, number];
  const { device } = x;
  return composed([x, places], () => {
    const images = tensor(
      device,
      Float32Array.from({ length: N }, (_, n) => n),
      [N, 1, 1, 1],
    );
    const pixels = reshape(x, [N * H * W, C]);
    const coordinate = (axis: number, extent: number) => {
      const at = slice(places, [0, 0, 0, axis], [N, P, Q, 1]);
      return outside === "edge" ? clamp(at, 0, extent - 1) : at;
    };
    const [row, column] = [coordinate(0, H), coordinate(1, W)];
    const within = (at: Tensor, extent: number) => logicalAnd(lessEqual(0, at), lessEqual(at, extent - 1));
    /** The pixel (N,P,Q,C) at whole coordinates, 0 beside the image. */
    const read = (r: Tensor, c: Tensor): Tensor => {
      const place = device.noGrad(() =>
        add(mul(add(mul(images, H), clamp(r, 0, H - 1)), W), clamp(c, 0, W - 1)),
      );
      const pixel = reshape(gatherRows(pixels, reshape(place, [N * P * Q])), [N, P, Q, C]);
      const isInside = device.noGrad(() => logicalAnd(within(r, H), within(c, W)));
      return where(isInside, pixel, 0);
    };
    if (mode === "nearest") return read(...device.noGrad(() => [round(row), round(column)] as const));
    const [top, left] = device.noGrad(() => [floor(row), floor(column)] as const);
    const [bottom, right] = device.noGrad(() => [add(top, 1), add(left, 1)] as const);
    const [down, across] = [sub(row, top), sub(column, left)];
    const [up, before] = [sub(1, down), sub(1, across)];
    const mixed = (r: Tensor) => add(mul(read(r, left), before), mul(read(r, right), across));
    return add(mul(mixed(top), up), mul(mixed(bottom), down));
  });
}

export interface CropOptions extends Pick<SampleOptions, "mode"> {
  /** What there is beside the image; 0 unless given. */
  fill?: number | undefined;
}

/**
 * Boxes cut out of images x (N,H,W,C) and resized to `size`: (K, height, width, C). `boxes` (K,4) are top, left, bottom and
 * right, from 0 to 1, where 0 and 1 are the centres of the first and last pixels; `indices` (K) name their images, as f32. With
 * gradients to the images, and in bilinear mode to the boxes. TensorFlow's crop_and_resize.
 */
export function cropAndResize(
  x: Tensor,
  boxes: Tensor,
  indices: Tensor,
  size: readonly [number, number],
  options: CropOptions = {},
): Tensor {
  const op = "cropAndResize";
  checkTensors(op, x, boxes, indices);
  checkList(`${op}: the size`, size);
  for (const extent of size) checkWhole(`${op}: the size`, extent, 1);
  const { mode, fill = 0 } = optionsOf(op, options);
  const [, H, W] = x.shape as [number, number, number, number];
  const K = indices.size;
  if (
    x.shape.length !== 4 ||
    indices.shape.length !== 1 ||
    size.length !== 2 ||
    !sameShape(boxes.shape, [K, 4])
  )
    // prettier-ignore
    throw new ShapeError(
      `${op}: x is ${show(x.shape)}, boxes ${show(boxes.shape)} and indices ${show(indices.shape)}; ` +
        `expected (N, H, W, C), (K, 4) and (K), and a size [height, width]`,
    );
  const { device } = x;
  return composed([x, boxes], () => {
    const place = (axis: 0 | 1, extent: number) => {
      const [from, to] = [slice(boxes, [0, axis], [K, 1]), slice(boxes, [0, axis + 2], [K, 1])];
      const n = size[axis];
      const parts = Float32Array.from({ length: n }, (_, i) => (n > 1 ? i / (n - 1) : 0.5));
      return mul(add(from, mul(sub(to, from), tensor(device, parts))), extent - 1);
    };
    const [P, Q] = size;
    const rows = broadcastTo(reshape(place(0, H), [K, P, 1, 1]), [K, P, Q, 1]);
    const columns = broadcastTo(reshape(place(1, W), [K, 1, Q, 1]), [K, P, Q, 1]);
    const within = (at: Tensor, extent: number) => logicalAnd(lessEqual(0, at), lessEqual(at, extent - 1));
    const isInside = device.noGrad(() => logicalAnd(within(rows, H), within(columns, W)));
    const read = sampleImages(gatherRows(x, indices), concat([rows, columns], 3), { mode, outside: "edge" });
    return where(isInside, read, fill);
  });
}
