import { join } from "node:path";
import { ArgumentError, DataError } from "../device/errors.ts";
import { Dataset, type StoredRows } from "./dataset.ts";
import { isFolder, listFolder, readBytes, readBytesNow } from "./files.ts";
import { decodePicture } from "./pictures.ts";
import { resize, type Picture } from "./resize.ts";

/** Options of `loadFolder`. */
export interface FolderOptions {
  /** Side, or [height, width], to resize every picture to; without it all must have one size. */
  size?: number | readonly [number, number];
  /** 1 for grey, 3 for RGB; without it grey when all pictures are. */
  channels?: 1 | 3;
  /** Only the pictures of these names, in this order; all of them without it. */
  names?: readonly string[];
  /** Bytes of pixels that are held in memory, at most: pictures that have more are decoded when they are needed. 4 GiB unless given. */
  inMemory?: number;
}

const mostBytes = 2 ** 32;
/** Pictures that tell whether all are grey, where not all are read at once. */
const looked = 100;
export const isPicture = (name: string) => /\.(png|jpe?g)$/i.test(name);

/**
 * The PNG and JPEG pictures of a folder, sorted by name, as [H, W, 1] or [H, W, 3] with values in [0, 1]. When the
 * folder itself holds none, each of its folders is a class, numbered in sorted order. Pictures that are too many for
 * memory are decoded anew each time they are needed; a damaged one is then found late.
 */
export async function loadFolder(path: string, options: FolderOptions = {}): Promise<Dataset> {
  const { files, labels } = options.names
    ? { files: options.names.map((name) => join(path, name)), labels: undefined }
    : await findPictures(path);
  const wanted = typeof options.size === "number" ? ([options.size, options.size] as const) : options.size;
  if (wanted?.some((side) => !Number.isInteger(side) || side < 1)) {
    throw new ArgumentError(`folder: expected a size of whole numbers from 1 on, got ${wanted.join(" × ")}`);
  }
  const [first] = files;
  const { height, width } = pictureOf(await readBytes(first!), first!, wanted);
  const form = { height, width, wanted, first: first! };
  const size = 3 * height * width;
  const isHeld = files.length * size <= (options.inMemory ?? mostBytes);
  const read = isHeld ? files : files.slice(0, looked);
  const pixels = new Uint8Array(read.length * size);
  for (const [index, file] of read.entries())
    pixels.set(ofForm(await readBytes(file), file, form).data, index * size);
  const channels = options.channels ?? (isGrey(pixels) ? 1 : 3);
  const rows = isHeld ? undefined : new PictureRows(files, form, channels);
  const stored = rows ? new Uint8Array(0) : channels === 1 ? toGrey(pixels) : pixels;
  return new Dataset({ name: path, shape: [height, width, channels], stored, rows, scale: 1 / 255, labels });
}

/** The size that all pictures have, or are given, and the one that they had it from. */
interface Form {
  height: number;
  width: number;
  wanted: readonly [number, number] | undefined;
  first: string;
}

function pictureOf(bytes: Uint8Array, file: string, wanted: Form["wanted"]): Picture {
  const picture = decodePicture(bytes, file);
  return wanted ? resize(picture, ...wanted) : picture;
}

/** Decodes a picture, and refuses one of another size. */
function ofForm(bytes: Uint8Array, file: string, { height, width, wanted, first }: Form): Picture {
  const picture = pictureOf(bytes, file, wanted);
  if (picture.height === height && picture.width === width) return picture;
  throw new DataError(
    file,
    0,
    `${picture.height} × ${picture.width} pixels, but ${first} has ${height} × ${width}; ` +
      `give a size to resize all pictures to`,
  );
}

/** Pictures in files, decoded when they are needed. */
class PictureRows implements StoredRows {
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
  read(row: number, out: Uint8Array): void {
    const file = this.#files[row]!;
    const { data } = ofForm(readBytesNow(file), file, this.#form);
    out.set(this.#channels === 1 ? toGrey(data) : data);
  }

  pick(rows: ArrayLike<number>): PictureRows {
    return new PictureRows(
      Array.from(rows, (row) => this.#files[row]!),
      this.#form,
      this.#channels,
    );
  }
}

async function findPictures(path: string): Promise<{ files: string[]; labels: Uint8Array | undefined }> {
  const names = await listFolder("folder", path);
  const pictures = names.filter(isPicture);
  if (pictures.length > 0) return { files: pictures.map((name) => join(path, name)), labels: undefined };
  const files: string[] = [];
  const labels: number[] = [];
  let classes = 0;
  for (const name of names) {
    const inner = join(path, name);
    if (!(await isFolder(inner))) continue;
    const within = (await listFolder("folder", inner)).filter(isPicture);
    files.push(...within.map((picture) => join(inner, picture)));
    labels.push(...within.map(() => classes));
    if (within.length > 0) classes++;
  }
  if (files.length === 0) {
    throw new ArgumentError(`folder: no .png, .jpg or .jpeg files in ${path}, nor in the folders within it`);
  }
  if (classes > 256)
    throw new ArgumentError(`folder: ${path} has ${classes} classes; at most 256 are supported`);
  return { files, labels: Uint8Array.from(labels) };
}

function isGrey(rgb: Uint8Array): boolean {
  for (let i = 0; i < rgb.length; i += 3) if (rgb[i] !== rgb[i + 1] || rgb[i] !== rgb[i + 2]) return false;
  return true;
}

/** Luma as ITU-R BT.601 weighs it. */
function toGrey(rgb: Uint8Array): Uint8Array {
  const grey = new Uint8Array(rgb.length / 3);
  for (let i = 0; i < grey.length; i++) {
    grey[i] = Math.round(0.299 * rgb[3 * i]! + 0.587 * rgb[3 * i + 1]! + 0.114 * rgb[3 * i + 2]!);
  }
  return grey;
}
