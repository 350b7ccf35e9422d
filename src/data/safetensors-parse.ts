import { DataError } from "../device/errors.ts";
import { parseHeader, quote, type HeaderEntry } from "./safetensors-header.ts";
import { arrays, type DType, type Safetensors, type StoredTensor } from "./safetensors-types.ts";

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
      undefined,
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
