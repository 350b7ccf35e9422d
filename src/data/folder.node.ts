import { join } from "node:path";
import { checkWhole } from "../device/arguments.ts";
import { ArgumentError, DataError } from "../device/errors.ts";
import { Dataset } from "./dataset.ts";
import { readBytes } from "./files.node.ts";
import { layoutOf, scan, unwrapped, type Layout } from "./folder-layout.node.ts";
import { leftOut, type LeftOut } from "./left-out.ts";
import { mostPixels, rowSize, toChannels, type Form } from "./picture-form.ts";
import { PictureRows, type Shard } from "./picture-rows.node.ts";
import { refusals, shelve, type ReadingOptions, type Taker } from "./picture-store.node.ts";
import { usualThreads } from "./picture-threads.node.ts";
import { decodePicture } from "./pictures.node.ts";

/** Options of `loadFolder`. */
export interface FolderOptions extends ReadingOptions {
  /** Side, or [height, width], to resize every picture to; without it all must have one size. */
  size?: number | readonly [number, number] | undefined;
  /** 1 for grey, 3 for RGB; without it grey when all pictures are. */
  channels?: 1 | 3 | undefined;
  /** Only the pictures of these names, in this order; all of them without it. */
  names?: readonly string[] | undefined;
  /** Bytes of pixels that are held in memory, at most: pictures that have more are read ahead of each batch. 4 GiB unless given. */
  inMemory?: number | undefined;
}

const mostBytes = 2 ** 32;

/**
 * The pictures of a folder, sorted by name, as [H, W, 1] or [H, W, 3] with values in [0, 1]: JPEG, PNG, WebP, AVIF, GIF
 * and TIFF. Each of its folders with pictures is a class, numbered in sorted order, unless the pictures lie in the folder
 * itself. Hidden files and folders, pictures beside classes and those that cannot be read are left out, and counted in the
 * data set's `leftOut`; of `names` none is.
 *
 * They are decoded once, on several threads, and kept in a cache (see `ReadingOptions`) for as long as the files keep their
 * names, sizes and times. Pictures that are too many for memory are read from there by threads, ahead of each batch, and
 * decoded anew where they are not kept. The values, the number of channels and what is left out are the same.
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
  const all = options.names !== undefined;
  const form = wanted
    ? { height: wanted[0], width: wanted[1], like: undefined }
    : await formOfFirst(name, files, all);
  const size = rowSize(form);
  const pixels =
    files.length * size <= (options.inMemory ?? mostBytes) ? new Uint8Array(files.length * size) : undefined;
  const take: Taker | undefined = pixels && ((rows, _, first) => pixels.set(rows, first * size));
  const shards = await shelve({ root: name, files, form, all, take }, options);
  const refused = shards.flatMap(refusals);
  if (refused.length === files.length) throw noneOf(name, files, refused[0]!);
  const channels = options.channels ?? (shards.every(({ header }) => header.channels === 1) ? 1 : 3);
  const { threads = usualThreads() } = options;
  return new Dataset({
    name,
    shape: [form.height, form.width, channels],
    stored: pixels ? inOrder(pixels, shards, size, channels) : new Uint8Array(0),
    rows: pixels ? undefined : new PictureRows({ shards, form, channels, threads }),
    scale: 1 / 255,
    labels: layout.labels && labelsOf(layout.labels, shards),
    leftOut: [...layout.leftOut, ...unreadable(refused.map(({ message }) => message))],
  });
}

/** The size of the first picture that can be read. */
async function formOfFirst(name: string, files: readonly string[], all: boolean): Promise<Form> {
  let first: DataError | undefined;
  for (const file of files)
    try {
      const { height, width } = decodePicture(await readBytes(file), file);
      return { height, width, like: file };
    } catch (error) {
      if (all || !(error instanceof DataError)) throw error;
      first ??= error;
    }
  throw noneOf(name, files, first!);
}

const noneOf = (name: string, files: readonly string[], first: DataError) =>
  new ArgumentError(`folder: none of the ${files.length} pictures in ${name} can be read; ${first.message}`);

/** Rows that lie at the places of their shards' first pictures, brought to one number of channels and moved together. */
function inOrder(pixels: Uint8Array, shards: readonly Shard[], size: number, channels: 1 | 3): Uint8Array {
  const own = (size / 3) * channels;
  let [at, first] = [0, 0];
  for (const { header, sources } of shards) {
    const from = first * size;
    const rows = pixels.subarray(from, from + header.rows * (size / 3) * header.channels);
    toChannels(rows, header.channels, channels, pixels.subarray(from));
    pixels.copyWithin(at, from, from + header.rows * own);
    at += header.rows * own;
    first += sources.length;
  }
  return channels === 1 ? pixels.slice(0, at) : pixels.subarray(0, at); // of grey, two thirds are free again
}

/** The labels of the pictures that could be read. */
function labelsOf(labels: Uint8Array, shards: readonly Shard[]): Uint8Array {
  const refused = new Set<number>();
  let first = 0;
  for (const { header, sources } of shards) {
    for (const { index } of header.refused) refused.add(first + index);
    first += sources.length;
  }
  return labels.filter((_, picture) => !refused.has(picture));
}

function checkOptions(
  wanted: readonly [number, number] | undefined,
  { channels, names, threads, shardBytes, inMemory = mostBytes }: FolderOptions,
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
  if (shardBytes !== undefined) checkWhole("folder: shardBytes", shardBytes, 1);
  if (threads !== undefined) checkWhole("folder: threads", threads, 1, 64);
  if (!(inMemory >= 0))
    throw new ArgumentError(`folder: inMemory: expected bytes from 0 on, got ${String(inMemory)}`);
}

const unreadable = (refused: readonly string[]): LeftOut[] =>
  leftOut(refused, "file that cannot be read", "files that cannot be read");
