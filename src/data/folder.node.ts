import { join } from "node:path";
import { ArgumentError, DataError } from "../device/errors.ts";
import { Dataset } from "./dataset.ts";
import { readBytes } from "./files.node.ts";
import { layoutOf, scan, unwrapped, type Layout } from "./folder-layout.node.ts";
import { leftOut, type LeftOut } from "./left-out.ts";
import { ofForm, PictureRows, toGrey, type Form } from "./picture-rows.node.ts";
import { decodePictures, mostPixels } from "./pictures.node.ts";
import type { Picture } from "./resize.ts";

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
/** Files that are read at once. */
const together = 64;

/**
 * The pictures of a folder, sorted by name, as [H, W, 1] or [H, W, 3] with values in [0, 1]: JPEG, PNG, WebP, AVIF, GIF
 * and TIFF. Each of its folders with pictures is a class, numbered in sorted order, unless the pictures lie in the folder
 * itself. Hidden files and folders, pictures beside classes and those that cannot be read are left out, and counted in the
 * data set's `leftOut`; of `names` none is.
 *
 * Pictures that are too many for memory are decoded once to look at them, and anew each time they are needed. The values,
 * the number of channels and what is left out are the same.
 */
export async function loadFolder(path: string, options: FolderOptions = {}): Promise<Dataset> {
  return load(
    path,
    options.names ? named(path, options.names) : layoutOf(unwrapped(await scan(path))),
    options,
  );
}

/** The pictures of these names in a folder. */
export function named(path: string, names: readonly string[]): Layout {
  return { files: names.map((name) => join(path, name)), labels: undefined, leftOut: [] };
}

/** Loads the pictures of a layout; `name` is the data set's. */
export async function load(name: string, layout: Layout, options: FolderOptions): Promise<Dataset> {
  const wanted = typeof options.size === "number" ? ([options.size, options.size] as const) : options.size;
  checkOptions(wanted, options);
  const { files } = layout;
  const isWhole = options.names === undefined;
  const kept: number[] = [];
  const refused: string[] = [];
  let channels = options.channels;
  let isGrey = true;
  let form: Form | undefined;
  let pixels: Uint8Array | undefined;
  for await (const [index, picture] of pictures(files)) {
    const file = files[index]!;
    if (picture instanceof DataError) {
      if (!isWhole) throw picture;
      refused.push(picture.message);
      continue;
    }
    if (!form) {
      const [height, width] = wanted ?? [picture.height, picture.width];
      form = { height, width, wanted, first: file };
      const size = 3 * height * width;
      if (files.length * size <= (options.inMemory ?? mostBytes))
        pixels = new Uint8Array(files.length * size);
    }
    const { data } = ofForm(picture, file, form);
    pixels?.set(data, kept.length * data.length);
    kept.push(index);
    isGrey &&= hasGreyOnly(data);
    if (!pixels && !isWhole && (channels || !isGrey)) break; // nothing is left to find out
  }
  if (!form)
    throw new ArgumentError(
      `folder: none of the ${files.length} pictures in ${name} can be read; ${refused[0]}`,
    );
  channels ??= isGrey ? 1 : 3;
  const taken = isWhole ? kept : files.map((_, index) => index);
  const rgb = pixels?.subarray(0, 3 * kept.length * form.height * form.width);
  return new Dataset({
    name,
    shape: [form.height, form.width, channels],
    stored: !rgb ? new Uint8Array(0) : channels === 1 ? toGrey(rgb) : rgb,
    rows: rgb
      ? undefined
      : new PictureRows(
          taken.map((index) => files[index]!),
          form,
          channels,
        ),
    scale: 1 / 255,
    labels: layout.labels && Uint8Array.from(taken, (index) => layout.labels![index]!),
    leftOut: [...layout.leftOut, ...unreadable(refused)],
  });
}

function checkOptions(
  wanted: readonly [number, number] | undefined,
  { channels, names, inMemory = mostBytes }: FolderOptions,
): void {
  if (wanted) {
    if (wanted.length !== 2 || !wanted.every((side) => Number.isInteger(side) && side >= 1))
      throw new ArgumentError(
        `folder: expected a size of whole numbers from 1 on, got ${wanted.join(" × ")}`,
      );
    if (wanted[0] * wanted[1] > mostPixels)
      throw new ArgumentError(`folder: a size of ${wanted.join(" × ")} has more than ${mostPixels} pixels`);
  }
  if (channels !== undefined && ![1, 3].includes(channels))
    throw new ArgumentError(`folder: channels: expected 1 or 3, got ${String(channels)}`);
  if (names?.length === 0) throw new ArgumentError(`folder: names: expected one or more, got none`);
  if (!(inMemory >= 0))
    throw new ArgumentError(`folder: inMemory: expected bytes from 0 on, got ${String(inMemory)}`);
}

/** The pictures in files, or why they cannot be read, some of them read and decoded at once. */
async function* pictures(files: readonly string[]): AsyncGenerator<[index: number, Picture | DataError]> {
  for (let from = 0; from < files.length; from += together) {
    const part = files.slice(from, from + together);
    const read = await Promise.all(part.map((file) => readBytes(file).catch(asDataError)));
    const decoded = decodePictures(
      read.flatMap((bytes, i) => (bytes instanceof DataError ? [] : [{ bytes, file: part[i]! }])),
    );
    for (const [i, bytes] of read.entries())
      yield [from + i, bytes instanceof DataError ? bytes : decoded.next().value!];
  }
}

function asDataError(error: unknown): DataError {
  if (error instanceof DataError) return error;
  throw error;
}

const unreadable = (refused: readonly string[]): LeftOut[] =>
  leftOut(refused, "file that cannot be read", "files that cannot be read");

function hasGreyOnly(rgb: Uint8Array): boolean {
  for (let i = 0; i < rgb.length; i += 3) if (rgb[i] !== rgb[i + 1] || rgb[i] !== rgb[i + 2]) return false;
  return true;
}
