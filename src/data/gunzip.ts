import { DataError } from "../device/errors.ts";

/** Deflate shrinks nothing by more than this factor. */
const greatestRatio = 1032;

/** Whether the bytes begin like a gzip file. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Unpacks gzip data that itself says how large it is: `sizeOf` is given the first unpacked bytes and answers with the
 * size of the whole, or undefined while it needs more of them. Nothing larger than that size is ever held in memory,
 * no size is believed that the file is too small to hold, and none of more than `mostBytes` is unpacked.
 *
 * Throws DataError, with the offset in the unpacked data, when the file is damaged, shorter or longer than it says.
 */
export async function gunzip(
  bytes: Uint8Array<ArrayBuffer>,
  file: string,
  sizeOf: (head: Uint8Array) => number | undefined,
  mostBytes = Infinity,
): Promise<Uint8Array<ArrayBuffer>> {
  const checkedSizeOf = (head: Uint8Array) => {
    const size = sizeOf(head);
    const limit = bytes.length * greatestRatio;
    if (size !== undefined && size > limit)
      throw new DataError(file, undefined, `declares ${size} bytes; the file can hold ${limit} at most`);
    if (size !== undefined && size > mostBytes)
      throw new DataError(file, undefined, `declares ${size} bytes; ${mostBytes} are unpacked here at most`);
    return size;
  };
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  try {
    return await collect(reader, file, checkedSizeOf);
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function collect(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  file: string,
  sizeOf: (head: Uint8Array) => number | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  let head = new Uint8Array(0);
  let whole: Uint8Array<ArrayBuffer> | undefined;
  let length = 0;
  for (;;) {
    const chunk = await readChunk(reader, file, length);
    if (!chunk) break;
    let next = chunk;
    if (!whole) {
      head = joined(head, chunk);
      next = head;
      const size = sizeOf(head);
      if (size === undefined) continue;
      whole = new Uint8Array(size);
    }
    if (length + next.length > whole.length) {
      throw new DataError(file, whole.length, `declares ${whole.length} bytes, but the packed data goes on`);
    }
    whole.set(next, length);
    length += next.length;
  }
  if (whole && length === whole.length) return whole;
  const declared = whole ? `: ${whole.length} bytes were declared` : " in its header";
  throw new DataError(file, whole ? length : head.length, `the data ends early${declared}`);
}

async function readChunk(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  file: string,
  offset: number,
): Promise<Uint8Array | undefined> {
  try {
    return (await reader.read()).value;
  } catch (error) {
    throw new DataError(file, offset, `damaged or cut gzip data (${(error as Error).message})`);
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
