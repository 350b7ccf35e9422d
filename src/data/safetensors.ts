import { ArgumentError, DataError, ShapeError } from "../device/errors.ts";
import { parseHeader, quote, type HeaderEntry } from "./safetensors-header.ts";

/** How the elements of each type lie in memory; F16 and BF16 stay as their bits. */
const arrays = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I64: BigInt64Array,
  I32: Int32Array,
  U32: Uint32Array,
  U8: Uint8Array,
} as const;

/** Element types of the safetensors format that are read and written here. */
export type DType = keyof typeof arrays;

/** A tensor out of a file: row-major elements in the typed array of its type. */
export type StoredTensor = {
  [D in DType]: { dtype: D; shape: readonly number[]; data: InstanceType<(typeof arrays)[D]> };
}[DType];

/** A tensor to write: elements in the typed array of its type, or their bytes. */
export interface EncodableTensor {
  dtype: DType;
  shape: readonly number[];
  data: StoredTensor["data"];
}

/** What a file holds: tensors by name, and free text by key. */
export interface Safetensors {
  tensors: Map<string, StoredTensor>;
  metadata: Record<string, string>;
}

const lengthBytes = 8;
const alignment = 8;

/**
 * One file in the safetensors format: the header's length in 8 little-endian bytes, the header as JSON padded with
 * spaces to a multiple of 8, then the elements of all tensors, sorted by name, without gaps. Equal tensors give equal
 * bytes. Source: the format's description, https://huggingface.co/docs/safetensors.
 *
 * @throws ArgumentError for a name or type that the format does not take, ShapeError where shape and data differ.
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, EncodableTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const sorted = [...tensors].sort(([a], [b]) => (a < b ? -1 : 1));
  const entries: string[] = [];
  if (Object.keys(metadata).length > 0) entries.push(`"__metadata__":${JSON.stringify(metadata)}`);
  let end = 0;
  for (const [name, tensor] of sorted) {
    checkTensors(name, tensor);
    const { dtype, shape } = tensor;
    const offsets = [end, (end += tensor.data.byteLength)];
    entries.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: offsets })}`);
  }
  const text = new TextEncoder().encode(`{${entries.join(",")}}`);
  const start = lengthBytes + Math.ceil(text.length / alignment) * alignment;
  const file = new Uint8Array(start + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(start - lengthBytes), true);
  file.fill(0x20, lengthBytes, start);
  file.set(text, lengthBytes);
  let at = start;
  for (const [, { data }] of sorted) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}

function checkTensors(name: string, { dtype, shape, data }: EncodableTensor): void {
  if (name === "__metadata__")
    throw new ArgumentError(`encodeSafetensors: no tensor may be called "${name}"; the format reserves it`);
  if (!Object.hasOwn(arrays, dtype))
    throw new ArgumentError(
      `encodeSafetensors, ${name}: type ${dtype} is none of ${Object.keys(arrays).join(", ")}`,
    );
  if (!(data instanceof Uint8Array || data instanceof arrays[dtype]))
    throw new ArgumentError(
      `encodeSafetensors, ${name}: expected a ${arrays[dtype].name} or bytes for ${dtype}, got a ${data.constructor.name}`,
    );
  const bytes = shape.reduce((product, n) => product * n, arrays[dtype].BYTES_PER_ELEMENT);
  if (shape.some((n) => !Number.isSafeInteger(n) || n < 0) || bytes !== data.byteLength)
    throw new ShapeError(
      `encodeSafetensors, ${name}: expected ${bytes} bytes for shape [${shape.join(", ")}] of ${dtype}, ` +
        `got ${data.byteLength}`,
    );
}

/**
 * The tensors and metadata of a safetensors file, sorted by name. Nothing is allocated before the header has been
 * checked against the file's size. Elements share the file's memory where their place allows it.
 *
 * @param fileName for messages only.
 * @throws DataError, with the byte at which the file went wrong, for one that is truncated, mislabelled or hostile.
 */
export function parseSafetensors(bytes: Uint8Array, fileName: string): Safetensors {
  const { entries, metadata, start } = parseHeader(bytes, fileName);
  const sizes = Object.entries(arrays).map(([name, array]) => [name, array.BYTES_PER_ELEMENT] as const);
  checkLayout(entries, new Map(sizes), bytes.length - start, fileName);
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  const tensors = entries.map(({ name, dtype, shape, begin, end }) => {
    const data = elements(dtype as DType, bytes.subarray(start + begin, start + end));
    return [name, { dtype, shape, data } as StoredTensor] as const;
  });
  return { tensors: new Map(tensors), metadata };
}

/** Types known, shapes of the size their offsets say, and the tensors side by side from the first byte to the last. */
function checkLayout(
  entries: HeaderEntry[],
  sizes: ReadonlyMap<string, number>,
  length: number,
  file: string,
): void {
  let expected = 0;
  for (const { name, dtype, shape, begin, end, at } of entries.sort(
    (a, b) => a.begin - b.begin || a.end - b.end,
  )) {
    const fail = (problem: string): never => {
      throw new DataError(file, at, `tensor ${quote(name)}: ${problem}`);
    };
    const size = sizes.get(dtype) ?? fail(`type ${quote(dtype)} is none of ${[...sizes.keys()].join(", ")}`);
    const bytes = shape.reduce((product, n) => product * n, size);
    if (!Number.isSafeInteger(bytes) || bytes !== end - begin)
      fail(`offsets ${begin} to ${end} do not fit shape [${shape.join(", ")}] of ${dtype}, ${bytes} bytes`);
    if (end > length) fail(`it ends at byte ${end} of the data, which has ${length}`);
    if (begin !== expected)
      fail(
        `it begins at byte ${begin} of the data, ${begin < expected ? "inside" : "apart from"} the one before`,
      );
    expected = end;
  }
  if (expected !== length)
    throw new DataError(
      file,
      0,
      `${length - expected} bytes of data belong to no tensor; the file is cut or glued`,
    );
}

/** The bytes as elements: in place where they are aligned, copied where not. */
function elements(dtype: DType, bytes: Uint8Array): StoredTensor["data"] {
  const Elements = arrays[dtype];
  const aligned = bytes.byteOffset % Elements.BYTES_PER_ELEMENT === 0 ? bytes : bytes.slice();
  return new Elements(
    aligned.buffer as ArrayBuffer,
    aligned.byteOffset,
    bytes.length / Elements.BYTES_PER_ELEMENT,
  );
}
