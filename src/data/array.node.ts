import { ArgumentError, DataError } from "../device/errors.ts";
import { Dataset } from "./dataset.ts";
import { readBytes } from "./files.node.ts";
import { parseNpyHeader } from "./npy-header.ts";
import { parseNpy, type NpyArray } from "./npy.ts";

/** How an array is taken. */
export interface ArrayOptions {
  /**
   * What the values are divided by. Without it the type says: 255 for uint8 and 65,535 for uint16, whose greatest value
   * becomes 1; booleans, other whole numbers and floats stay what they are.
   */
  divideBy?: number | undefined;
  /** The order of the axes of a picture's array: [N, H, W, C], or channels first, [N, C, H, W], as PyTorch has it. */
  layout?: "NHWC" | "NCHW" | undefined;
}

const layouts: readonly string[] = ["NHWC", "NCHW"];

/** What each type is divided by where nothing else is said. */
const greatest: Readonly<Record<string, number>> = { u1: 255, u2: 65_535 };

/**
 * Samples along the first axis of a `.npy` file: [N, D], [N, H, W] (one channel) or [N, H, W, C]; [N, C, H, W] with
 * `layout: "NCHW"`. See `ArrayOptions` for what becomes of the values.
 *
 * @throws DataError for a NaN or infinity, for a shape without samples, and for one that has its channels first where
 *   `layout` does not say so.
 */
export async function loadArray(file: string, options: ArrayOptions = {}): Promise<Dataset> {
  const { divideBy, layout } = options;
  if (layout !== undefined && !layouts.includes(layout))
    throw new ArgumentError(`npy: layout: expected ${layouts.join(" or ")}, got ${String(layout)}`);
  if (divideBy !== undefined && !(divideBy > 0 && divideBy < Infinity))
    throw new ArgumentError(`npy: divideBy: expected a number above 0, got ${divideBy}`);
  const bytes = await readBytes(file);
  const array = parseNpy(bytes, file);
  const { data, type } = array;
  const shape = shapeOf(array, file, layout);
  const scale = 1 / (divideBy ?? greatest[type] ?? 1);
  const values = data instanceof Uint8Array || data instanceof Float32Array ? data : Float32Array.from(data);
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) {
    const { start, fortran } = parseNpyHeader(bytes, file);
    throw new DataError(
      file,
      fortran ? start : start + wrong * Number(type.slice(1)),
      `element ${wrong} is ${data[wrong]}; only finite float32 values can be used`,
    );
  }
  const stored = layout === "NCHW" ? channelsLast(values, shape) : values;
  return new Dataset({ name: file, shape, stored, scale });
}

/** The shape [D] or [H, W, C] of the samples. */
function shapeOf({ shape, data }: NpyArray, file: string, layout: ArrayOptions["layout"]): number[] {
  const wrong = (expected: string) =>
    new DataError(file, 10, `shape [${shape.join(", ")}]; expected ${expected}`);
  if (layout === "NCHW") {
    if (shape.length !== 4 || data.length === 0) throw wrong("[N, C, H, W], as the layout says");
    const [, C, H, W] = shape as [number, number, number, number];
    return [H, W, C];
  }
  if (shape.length < 2 || shape.length > 4 || data.length === 0)
    throw wrong("[N, D], [N, H, W] or [N, H, W, C]");
  if (layout === undefined && hasChannelsFirst(shape))
    throw wrong(
      `[N, H, W, C], and this looks like [N, C, H, W], channels first; say so with layout NCHW ` +
        `(--layout NCHW), or NHWC if the pictures do have ${shape[3]} channels`,
    );
  return shape.length === 3 ? [...shape.slice(1), 1] : shape.slice(1);
}

/** One, three or four planes that are larger than a pixel's channels would be. */
function hasChannelsFirst([, first, ...sides]: readonly number[]): boolean {
  return sides.length === 2 && [1, 3, 4].includes(first!) && sides.every((side) => side > 4);
}

function channelsLast<T extends Uint8Array | Float32Array>(planes: T, [H, W, C]: readonly number[]): T {
  const out = planes.slice() as T;
  const pixels = H! * W!;
  const size = pixels * C!;
  for (let sample = 0; sample < planes.length; sample += size)
    for (let pixel = 0; pixel < pixels; pixel++)
      for (let c = 0; c < C!; c++) out[sample + pixel * C! + c] = planes[sample + c * pixels + pixel]!;
  return out;
}
