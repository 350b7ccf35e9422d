import { ArgumentError, ShapeError } from "../device/errors.ts";
import { Canvas } from "./canvas.node.ts";
import type { Colormap, ImageShape, Paint, Range } from "./colours.ts";

export interface PictureOptions {
  /** Height, width and channels (1 or 3) of every image. */
  readonly shape: ImageShape;
  /** What black and white stand for; "auto" by default. Values outside are clamped. */
  readonly range?: Range | undefined;
  /** Colours for images of one channel; "grey" by default. */
  readonly colormap?: Colormap | undefined;
  /** Transparent pixels between images; 4 by default. */
  readonly gap?: number | undefined;
  /** Side of the square drawn for one pixel; by default what makes an image about 112 pixels wide. */
  readonly scale?: number | undefined;
}

export interface GridOptions extends PictureOptions {
  /** N images, `(N, H, W, C)`. */
  readonly images: Float32Array;
  /** Images per row. */
  readonly columns: number;
}

/** N images in rows of `columns`, as a PNG. NaN and infinite pixels are drawn magenta. */
export function imageGrid({ images, ...options }: GridOptions): Uint8Array {
  return stackedGrids({ groups: [images], ...options });
}

export interface StackOptions extends PictureOptions {
  /** Groups of images, each `(N, H, W, C)` with an N of its own. */
  readonly groups: readonly Float32Array[];
  /** Images per row. */
  readonly columns: number;
}

/** One grid below the other, with a wider gap between them, as a PNG. "auto" is the range of all groups. */
export function stackedGrids({ groups, columns, ...options }: StackOptions): Uint8Array {
  const sheet = layOut("imageGrid", options);
  requireCount("imageGrid", "columns", columns);
  const images = join(groups);
  const places: Place[] = [];
  let top = 0;
  for (const group of groups) {
    const count = sheet.count("images", group);
    const first = places.length;
    for (let i = 0; i < count; i++)
      places.push({
        image: first + i,
        column: i % columns,
        top: top + Math.floor(i / columns) * sheet.stepY,
      });
    top += Math.ceil(count / columns) * sheet.stepY + 3 * sheet.gap;
  }
  return sheet.draw(images, places, images);
}

function join(arrays: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}

export interface PairedOptions extends PictureOptions {
  /** N images, `(N, H, W, C)`. */
  readonly originals: Float32Array;
  /** Their N reconstructions, `(N, H, W, C)`. */
  readonly reconstructions: Float32Array;
  /** Images per row. */
  readonly columns: number;
}

/**
 * Bands of two rows, originals above and their reconstructions below, as a PNG. Both are drawn with one range,
 * that of the originals where it is "auto".
 */
export function pairedRows({ originals, reconstructions, columns, ...options }: PairedOptions): Uint8Array {
  const sheet = layOut("pairedRows", options);
  const count = sheet.count("originals", originals);
  if (sheet.count("reconstructions", reconstructions) !== count)
    throw new ShapeError(
      `pairedRows: ${count} originals but ${reconstructions.length / sheet.size} reconstructions; give one for each`,
    );
  requireCount("pairedRows", "columns", columns);
  const band = 2 * sheet.stepY + 3 * sheet.gap;
  const places = Array.from({ length: 2 * count }, (_, image) => {
    const i = image % count;
    const top = Math.floor(i / columns) * band + (image < count ? 0 : sheet.stepY);
    return { image, column: i % columns, top };
  });
  return sheet.draw(join([originals, reconstructions]), places, originals);
}

export interface InterpolationOptions extends PictureOptions {
  /** Images `(pairs, steps, H, W, C)`: each pair's way from its first image to its last. */
  readonly images: Float32Array;
  readonly pairs: number;
  readonly steps: number;
}

/** One row per pair, one column per step, as a PNG. */
export function interpolationStrip({ images, pairs, steps, ...options }: InterpolationOptions): Uint8Array {
  const sheet = layOut("interpolationStrip", options);
  const count = sheet.count("images", images);
  requireCount("interpolationStrip", "pairs", pairs);
  requireCount("interpolationStrip", "steps", steps);
  if (count !== pairs * steps)
    throw new ShapeError(
      `interpolationStrip: ${count} images; ${pairs} pairs of ${steps} steps need ${pairs * steps}`,
    );
  return imageGrid({ images, columns: steps, ...options });
}

/** Where an image stands: its column, and its upper edge in pixels. */
interface Place {
  readonly image: number;
  readonly column: number;
  readonly top: number;
}

/** Checks what all pictures share and fixes the distances between images. */
function layOut(op: string, { shape, range = "auto", colormap = "grey", ...rest }: PictureOptions) {
  const [H, W, C] = shape;
  requireCount(op, "shape's H", H);
  requireCount(op, "shape's W", W);
  if (C !== 1 && C !== 3)
    throw new ShapeError(`${op}: shape is [${shape.join(", ")}]; images have 1 channel or 3, not ${C}`);
  const { gap = 4, scale = Math.max(1, Math.round(112 / Math.max(H, W))) } = rest;
  requireCount(op, "scale", scale);
  if (!Number.isInteger(gap) || gap < 0)
    throw new ArgumentError(`${op}: gap is ${gap}; give a whole number of pixels, 0 or more`);
  const size = H * W * C;
  const stepX = W * scale + gap;
  const stepY = H * scale + gap;

  function count(operand: string, images: Float32Array): number {
    if (images.length === 0 || images.length % size !== 0)
      throw new ShapeError(
        `${op}: ${operand} has ${images.length} values; images of shape [${shape.join(", ")}] ` +
          `need a positive multiple of ${size}`,
      );
    return images.length / size;
  }

  function draw(images: Float32Array, places: readonly Place[], rangeOf: Float32Array): Uint8Array {
    const paint: Paint = { range: range === "auto" ? rangeOfValues(rangeOf) : range, colormap };
    const right = places.reduce((most, { column }) => Math.max(most, column * stepX + W * scale), 0);
    const bottom = places.reduce((most, { top }) => Math.max(most, top + H * scale), 0);
    const canvas = new Canvas(right, bottom);
    for (const { image, column, top } of places)
      canvas.draw(
        images.subarray(image * size, (image + 1) * size),
        shape,
        column * stepX,
        top,
        scale,
        paint,
      );
    return canvas.encode();
  }

  return { size, gap, stepY, count, draw };
}

/** The smallest and largest finite value; half a unit to either side where there is only one. */
export function rangeOfValues(values: Float32Array): [low: number, high: number] {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return [0, 1];
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}

function requireCount(op: string, name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1)
    throw new ArgumentError(`${op}: ${name} is ${value}; give a whole number, 1 or more`);
}
