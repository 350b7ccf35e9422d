import { DataError } from "../device/errors.ts";
import { gunzip, isGzip } from "./gunzip.ts";

/** An array of bytes as MNIST's files hold it. */
export interface IdxArray {
  shape: number[];
  data: Uint8Array;
}

/** The IDX format's code of its element type "unsigned byte". */
const unsignedByte = 8;

/**
 * Reads an IDX file of unsigned bytes, packed with gzip or not. Throws DataError where the header is none, the size is
 * another than the header says, or, given `rank`, the number of dimensions is not that (1 for labels, 3 for images);
 * and for a packed file of more than `mostBytes`, unpacked.
 * Format: Y. LeCun, "The MNIST database of handwritten digits".
 */
export async function readIdx(
  bytes: Uint8Array<ArrayBuffer>,
  file: string,
  rank?: number,
  mostBytes?: number,
): Promise<IdxArray> {
  if (!isGzip(bytes)) return parseIdx(bytes, file, rank);
  const name = `${file} (unpacked)`;
  const sizeOf = (head: Uint8Array) => {
    const shape = head.length < 4 ? undefined : readShape(head, name, rank);
    return shape && totalSize(shape);
  };
  return parseIdx(await gunzip(bytes, name, sizeOf, mostBytes), name, rank);
}

/** The same for bytes that are not packed, at once. */
export function parseIdx(bytes: Uint8Array, file: string, rank?: number): IdxArray {
  const shape = readShape(bytes, file, rank);
  if (!shape) throw new DataError(file, bytes.length, "the file ends inside its header");
  const size = totalSize(shape);
  if (size !== bytes.length) {
    const at = Math.min(size, bytes.length);
    throw new DataError(
      file,
      at,
      `shape [${shape.join(", ")}] takes ${size} bytes, the file has ${bytes.length}`,
    );
  }
  return { shape, data: bytes.subarray(headerSize(shape.length)) };
}

const headerSize = (rank: number) => 4 + 4 * rank;
const totalSize = (shape: number[]) =>
  headerSize(shape.length) + shape.reduce((product, n) => product * n, 1);

/** The shape that the header declares, or undefined when the header goes on after `head`. */
function readShape(head: Uint8Array, file: string, expectedRank: number | undefined): number[] | undefined {
  const [zero0, zero1, type, rank] = head;
  if (rank === undefined) return undefined;
  if (zero0 !== 0 || zero1 !== 0)
    throw new DataError(file, 0, "not an IDX file: it does not begin with two zero bytes");
  if (type !== unsignedByte) {
    throw new DataError(file, 2, `element type ${type} is not supported; expected 8 (unsigned byte)`);
  }
  if (rank < 1 || (expectedRank !== undefined && rank !== expectedRank)) {
    throw new DataError(
      file,
      3,
      `expected ${expectedRank ?? "at least 1"} dimensions, the header says ${rank}`,
    );
  }
  if (head.length < headerSize(rank)) return undefined;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const empty = shape.indexOf(0);
  if (empty >= 0)
    throw new DataError(file, 4 + 4 * empty, `dimension ${empty} is 0; there is nothing to read`);
  return shape;
}
