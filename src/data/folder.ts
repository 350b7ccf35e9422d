import { join } from "node:path";
import { ArgumentError, DataError } from "../device/errors.ts";
import { Dataset } from "./dataset.ts";
import { isFolder, listFolder, readBytes } from "./files.ts";
import { decodePicture } from "./pictures.ts";
import { resize } from "./resize.ts";

/** Options of `loadFolder`. */
export interface FolderOptions {
  /** Side, or [height, width], to resize every picture to; without it all must have one size. */
  size?: number | readonly [number, number];
  /** 1 for grey, 3 for RGB; without it grey when all pictures are. */
  channels?: 1 | 3;
  /** Only the pictures of these names, in this order; all of them without it. */
  names?: readonly string[];
}

const mostBytes = 2 ** 32;
const isPicture = (name: string) => /\.(png|jpe?g)$/i.test(name);

/**
 * The PNG and JPEG pictures of a folder, sorted by name, as [H, W, 1] or [H, W, 3] with values in [0, 1]. When the
 * folder itself holds none, each of its folders is a class, numbered in sorted order.
 */
export async function loadFolder(path: string, options: FolderOptions = {}): Promise<Dataset> {
  const { files, labels } = options.names
    ? { files: options.names.map((name) => join(path, name)), labels: undefined }
    : await findPictures(path);
  const wanted = typeof options.size === "number" ? ([options.size, options.size] as const) : options.size;
  if (wanted?.some((side) => !Number.isInteger(side) || side < 1)) {
    throw new ArgumentError(`folder: expected a size of whole numbers from 1 on, got ${wanted.join(" × ")}`);
  }
  let shape: readonly [number, number] | undefined;
  let pixels = new Uint8Array(0);
  for (const [index, file] of files.entries()) {
    let picture = decodePicture(await readBytes(file), file);
    if (wanted) picture = resize(picture, ...wanted);
    if (!shape) {
      shape = [picture.height, picture.width];
      pixels = allocate(path, files.length, picture.data.length);
    } else if (picture.height !== shape[0] || picture.width !== shape[1]) {
      throw new DataError(
        file,
        0,
        `${picture.height} × ${picture.width} pixels, but ${files[0]} has ${shape.join(" × ")}; ` +
          `give a size to resize all pictures to`,
      );
    }
    pixels.set(picture.data, index * picture.data.length);
  }
  const channels = options.channels ?? (isGrey(pixels) ? 1 : 3);
  return new Dataset({
    name: path,
    shape: [...shape!, channels],
    stored: channels === 1 ? toGrey(pixels) : pixels,
    scale: 1 / 255,
    labels,
  });
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

function allocate(path: string, count: number, size: number): Uint8Array<ArrayBuffer> {
  if (count * size <= mostBytes) return new Uint8Array(count * size);
  throw new ArgumentError(
    `folder: ${count} pictures of ${size} bytes in ${path} need ${count * size} bytes, more than ${mostBytes}; ` +
      `give a smaller size`,
  );
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
