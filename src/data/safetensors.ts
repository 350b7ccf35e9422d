import { ArgumentError, ShapeError } from "../device/errors.ts";
import { arrays, type EncodableTensor } from "./safetensors-types.ts";

export { parseSafetensors } from "./safetensors-parse.ts";
export type { DType, EncodableTensor, Safetensors, StoredTensor } from "./safetensors-types.ts";

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
