import { DataError } from "../device/errors.ts";
import type { StoredRows } from "./dataset.ts";
import { readBytesNow } from "./files.node.ts";
import { decodePictures } from "./pictures.node.ts";
import { resize, type Picture } from "./resize.ts";

/** The size that all pictures have, or are given, and the one that they had it from. */
export interface Form {
  height: number;
  width: number;
  wanted: readonly [number, number] | undefined;
  first: string;
}

/** Resizes a picture where a size is wanted, and refuses one of another size than the first otherwise. */
export function ofForm(picture: Picture, file: string, { height, width, wanted, first }: Form): Picture {
  if (wanted) return resize(picture, ...wanted);
  if (picture.height === height && picture.width === width) return picture;
  throw new DataError(
    file,
    0,
    `${picture.height} × ${picture.width} pixels, but ${first} has ${height} × ${width}; ` +
      `give a size to resize all pictures to`,
  );
}

/** Luma as ITU-R BT.601 weighs it. */
export function toGrey(rgb: Uint8Array): Uint8Array {
  const grey = new Uint8Array(rgb.length / 3);
  for (let i = 0; i < grey.length; i++) {
    grey[i] = Math.round(0.299 * rgb[3 * i]! + 0.587 * rgb[3 * i + 1]! + 0.114 * rgb[3 * i + 2]!);
  }
  return grey;
}

/** Pictures in files, decoded when they are needed. */
export class PictureRows implements StoredRows {
  readonly #files: readonly string[];
  readonly #form: Form;
  readonly #channels: 1 | 3;

  constructor(files: readonly string[], form: Form, channels: 1 | 3) {
    this.#files = files;
    this.#form = form;
    this.#channels = channels;
  }

  get count(): number {
    return this.#files.length;
  }

  /** Throws DataError for a file that is damaged, of another size, or gone. */
  read(rows: ArrayLike<number>, out: Uint8Array): void {
    const files = Array.from(rows, (row) => ({
      file: this.#files[row]!,
      bytes: readBytesNow(this.#files[row]!),
    }));
    let at = 0;
    for (const picture of decodePictures(files)) {
      if (picture instanceof DataError) throw picture;
      const { data } = ofForm(picture, files[at]!.file, this.#form);
      const stored = this.#channels === 1 ? toGrey(data) : data;
      out.set(stored, at++ * stored.length);
    }
  }

  pick(rows: ArrayLike<number>): PictureRows {
    return new PictureRows(
      Array.from(rows, (row) => this.#files[row]!),
      this.#form,
      this.#channels,
    );
  }
}
