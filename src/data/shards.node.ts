import { createHash, randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { open } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import type { Form, Source } from "./picture-form.ts";

/**
 * A shard holds the rows of some pictures in one file:
 *
 *     8 bytes   "HESTROWS"
 *     4 bytes   length of the header, little-endian
 *     16 bytes  digest of the header
 *     header    JSON, see `ShardHeader`
 *     rows      each the digest of its bytes (16), and its bytes
 *
 * Its name is its key: the hash of what it was made from. All digests begin with the key and the number of what they are
 * of, so that bytes in another place, of another shard or cut off are found out whenever they are read.
 */
const magic = "HESTROWS";
const digestSize = 16;
const preamble = magic.length + 4 + digestSize;
const mostHeader = 2 ** 22;

/** The first lines of shards of other layouts, or decoded by other rules, have another number. */
const version = 1;

/** Pictures in a shard, at most. */
const mostPictures = 512;

const extension = ".rows";

const count = z.int().min(0);
const headerSchema = z.strictObject({
  /** Name of the folder that the pictures are from. */
  label: z.string(),
  height: count,
  width: count,
  channels: z.union([z.literal(1), z.literal(3)]),
  /** Pictures that it was made from, and those that could be read. */
  pictures: count,
  rows: count,
  /** The others, by their place among all, and what is wrong with each at which byte. */
  refused: z.array(z.strictObject({ index: count, offset: count.optional(), problem: z.string() })),
});

/** What a shard says of itself. Its pictures are grey where it has one channel. */
export type ShardHeader = z.output<typeof headerSchema>;

/** Where a shard is, or would be: the file, none where nothing is kept, and the key that it has to have. */
export interface ShardPlace {
  path: string | undefined;
  key: string;
}

/** The place in `folder` of the shard of these pictures, as `decoder` decodes them. */
export function shardPlace(
  folder: string | undefined,
  sources: readonly Source[],
  { height, width, like }: Form,
  decoder: string,
): ShardPlace {
  const files = sources.map(({ name, size, time }) => [name, size, Math.round(time)]); // copies keep no more of it
  const made = [version, decoder, height, width, like === undefined ? "resized" : "as it is", files];
  const key = createHash("sha256").update(JSON.stringify(made)).digest("hex").slice(0, 40);
  return { key, path: folder === undefined ? undefined : join(folder, key + extension) };
}

/** Whether a file in the cache is a shard, or one that was not finished. */
export const isShard = (name: string): boolean => /^[0-9a-f]{40}\.rows$/.test(name);
export const isUnfinished = (name: string): boolean => /^\.[0-9a-f]{40}\.rows\.[0-9a-f]{12}\.tmp$/.test(name);

/**
 * Cuts a list of pictures into shards of so many rows at most: where a name's hash says so, so that a picture more or less changes the shard that
 * it is in and leaves the others as they are.
 */
export function cut(names: readonly string[], rows: number): { from: number; to: number }[] {
  const largest = Math.max(1, Math.min(mostPictures, rows));
  const parts: { from: number; to: number }[] = [];
  let from = 0;
  names.forEach((name, i) => {
    const length = i + 1 - from;
    const isEnd = length >= largest / 2 && hashOf(name) % Math.ceil(largest / 4) === 0;
    if (!(isEnd || length >= largest || i + 1 === names.length)) return;
    parts.push({ from, to: i + 1 });
    from = i + 1;
  });
  return parts;
}

/** FNV-1a of 32 bits. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** The bytes of a shard with these rows, and where those begin. */
export function shardBytes(
  key: string,
  header: ShardHeader,
  rows: Uint8Array,
): { bytes: Buffer; start: number } {
  const text = Buffer.from(JSON.stringify(header));
  const size = bytesOfRow(header);
  const start = preamble + text.length;
  const out = Buffer.alloc(start + header.rows * (digestSize + size));
  out.write(magic, "latin1");
  out.writeUInt32LE(text.length, magic.length);
  digest(key, "header", text).copy(out, magic.length + 4);
  text.copy(out, preamble);
  for (let row = 0, at = start; row < header.rows; row++, at += digestSize + size) {
    const own = rows.subarray(row * size, (row + 1) * size);
    digest(key, row, own).copy(out, at);
    out.set(own, at + digestSize);
  }
  return { bytes: out, start };
}

/**
 * Writes a shard as a whole: to a file beside it, which reaches the disk and is then renamed. Others that write the same
 * one at that time write the same bytes. Throws the system's error.
 */
export function writeShard(path: string, bytes: Uint8Array): void {
  const unfinished = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    const file = fs.openSync(unfinished, "wx");
    try {
      fs.writeFileSync(file, bytes);
      fs.fsyncSync(file);
    } finally {
      fs.closeSync(file);
    }
    fs.renameSync(unfinished, path);
  } catch (error) {
    fs.rmSync(unfinished, { force: true });
    throw error;
  }
}

/** A shard whose header is whole; its rows are to be checked as they are read. */
export interface OpenShard {
  header: ShardHeader;
  /** The byte at which the first row's digest is. */
  start: number;
}

/** One whose rows were all checked. */
export interface WholeShard extends OpenShard {
  rows: Uint8Array;
}

/** A row of a shard: the first row's place, and the bytes that each has. */
export interface StoredRow {
  path: string;
  key: string;
  start: number;
  bytes: number;
  row: number;
}

/** The header of a shard; undefined where there is none, or one that is not whole, of another length, or another's. */
export function readHeader(place: ShardPlace): Promise<OpenShard | undefined> {
  return onFile(place.path, (read, size) => opened(place.key, read, size));
}

/** A shard with its rows, one after the other; undefined where `readHeader` is, or a row is not what it was. */
export function readShard({ path, key }: ShardPlace): Promise<WholeShard | undefined> {
  return onFile(path, async (read, size) => {
    const open = await opened(key, read, size);
    if (!open) return undefined;
    const { header, start } = open;
    const bytes = await read(start, size - start);
    const rowBytes = bytesOfRow(header);
    for (let row = 0, at = 0; row < header.rows; row++, at += digestSize + rowBytes) {
      if (!isWhole(key, row, bytes.subarray(at, at + digestSize + rowBytes))) return undefined;
      bytes.copyWithin(row * rowBytes, at + digestSize, at + digestSize + rowBytes);
    }
    return { ...open, rows: bytes.subarray(0, header.rows * rowBytes) };
  });
}

/** Reads one row at once; undefined where the file has gone, or the row is not what it was. */
export function readRow({ path, key, start, bytes, row }: StoredRow): Uint8Array | undefined {
  const record = new Uint8Array(digestSize + bytes);
  try {
    const file = fs.openSync(path, "r");
    try {
      fs.readSync(file, record, 0, record.length, start + row * record.length);
    } finally {
      fs.closeSync(file);
    }
  } catch {
    return undefined;
  }
  return isWhole(key, row, record) ? record.subarray(digestSize) : undefined;
}

/** Bytes of each row. */
export const bytesOfRow = ({ height, width, channels }: ShardHeader) => height * width * channels;

function isWhole(key: string, row: number, record: Uint8Array): boolean {
  return digest(key, row, record.subarray(digestSize)).equals(record.subarray(0, digestSize));
}

function digest(key: string, of: number | "header", bytes: Uint8Array): Buffer {
  return createHash("sha256").update(`${key} ${of} `).update(bytes).digest().subarray(0, digestSize);
}

/** The length that the first bytes of a file say the header has; 0 where they are no shard's. */
function headerLength(bytes: Buffer): number {
  if (bytes.length < preamble || bytes.toString("latin1", 0, magic.length) !== magic) return 0;
  const length = bytes.readUInt32LE(magic.length);
  return length <= mostHeader ? length : 0;
}

async function opened(key: string, read: Read, size: number): Promise<OpenShard | undefined> {
  const first = await read(0, Math.min(size, 2 ** 16));
  const length = headerLength(first);
  const start = preamble + length;
  if (length === 0 || size < start) return undefined;
  const text = (first.length < start ? await read(0, start) : first).subarray(preamble, start);
  if (!digest(key, "header", text).equals(first.subarray(magic.length + 4, preamble))) return undefined;
  const { data: header } = headerSchema.safeParse(JSON.parse(text.toString("utf8")));
  if (!header || size !== start + header.rows * (digestSize + bytesOfRow(header))) return undefined;
  return { header, start };
}

type Read = (from: number, length: number) => Promise<Buffer>;

/** Runs `body` on a file that is there and can be read. */
async function onFile<T>(
  path: string | undefined,
  body: (read: Read, size: number) => Promise<T | undefined>,
): Promise<T | undefined> {
  if (path === undefined) return undefined;
  try {
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      return await body(async (from, length) => {
        const bytes = Buffer.allocUnsafeSlow(length);
        const { bytesRead } = await file.read(bytes, 0, length, from);
        return bytes.subarray(0, bytesRead);
      }, size);
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}
