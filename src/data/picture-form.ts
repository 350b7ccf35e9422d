import { DataError } from "../device/errors.ts";
import { resize, type Picture } from "./resize.ts";

/** Pixels of a picture, at most: 256 MB when it is decoded. Those of all that are decoded at once, too. */
export const mostPixels = 2 ** 26;

/** A picture's file, its name within the data, and what tells whether it is still the same. */
export interface Source {
  file: string;
  name: string;
  /** Bytes, and the time of the last change in milliseconds; −1 for a file that cannot be looked at. */
  size: number;
  time: number;
}

/** The size that all pictures have, or are resized to. */
export interface Form {
  height: number;
  width: number;
  /** The picture that all have their size from, where none is asked for. */
  like: string | undefined;
}

/** Values of an RGB row. */
export const rowSize = ({ height, width }: Form): number => 3 * height * width;

/** Resizes a picture where a size is wanted, and refuses one of another size than the first otherwise. */
export function ofForm(picture: Picture, file: string, { height, width, like }: Form): Picture {
  if (like === undefined) return resize(picture, height, width);
  if (picture.height === height && picture.width === width) return picture;
  throw new DataError(
    file,
    undefined,
    `${picture.height} × ${picture.width} pixels, but ${like} has ${height} × ${width}; ` +
      `give a size to resize all pictures to`,
  );
}

export function hasGreyOnly(rgb: Uint8Array): boolean {
  for (let i = 0; i < rgb.length; i += 3) if (rgb[i] !== rgb[i + 1] || rgb[i] !== rgb[i + 2]) return false;
  return true;
}

/**
 * Brings pixels from one number of channels to another, in `out`, which may begin where `pixels` does. Grey is luma as
 * ITU-R BT.601 weighs it; that of a grey pixel's RGB is the grey itself.
 */
export function toChannels(pixels: Uint8Array, from: 1 | 3, to: 1 | 3, out: Uint8Array): void {
  if (from === to) {
    if (out.buffer !== pixels.buffer || out.byteOffset !== pixels.byteOffset) out.set(pixels);
  } else if (to === 1) {
    for (let i = 0; 3 * i < pixels.length; i++)
      out[i] = Math.round(0.299 * pixels[3 * i]! + 0.587 * pixels[3 * i + 1]! + 0.114 * pixels[3 * i + 2]!);
  } else
    for (let i = pixels.length - 1; i >= 0; i--) {
      const grey = pixels[i]!;
      out[3 * i + 2] = grey;
      out[3 * i + 1] = grey;
      out[3 * i] = grey;
    }
}
