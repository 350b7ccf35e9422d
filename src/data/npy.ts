import { DataError, ShapeError } from "../device/errors.ts";
import { parseNpyHeader, type NpyHeader } from "./npy-header.ts";

/** Element arrays that `.npy` files are read into and written from. */
export type NpyData = Uint8Array | Float32Array | Float64Array;

/** An array in row-major order. */
export interface NpyArray {
  shape: number[];
  data: NpyData;
}

type Reader = (view: DataView, at: number, little: boolean) => number;

const uint8: Reader = (view, at) => view.getUint8(at);

/** How one element of each supported type is read. */
const readers: Record<string, Reader> = {
  b1: uint8,
  u1: uint8,
  i1: (view, at) => view.getInt8(at),
  u2: (view, at, little) => view.getUint16(at, little),
  i2: (view, at, little) => view.getInt16(at, little),
  u4: (view, at, little) => view.getUint32(at, little),
  i4: (view, at, little) => view.getInt32(at, little),
  u8: (view, at, little) => Number(view.getBigUint64(at, little)),
  i8: (view, at, little) => Number(view.getBigInt64(at, little)),
  f4: (view, at, little) => view.getFloat32(at, little),
  f8: (view, at, little) => view.getFloat64(at, little),
};

/**
 * Reads a `.npy` file (format versions 1 to 3) of booleans, integers or floats of either byte order, in C or Fortran
 * order. Booleans and u1 become bytes, f4 float32, everything else float64 (whole numbers past 2⁵³ are rounded).
 * Throws DataError for any other content, before it allocates anything. Format: NumPy Enhancement Proposal 1.
 */
export function parseNpy(bytes: Uint8Array, file: string): NpyArray {
  const header = parseNpyHeader(bytes, file);
  const { type, shape, start } = header;
  const read = readers[type];
  if (!read) {
    const known = Object.keys(readers).join(", ");
    throw new DataError(file, header.typeAt, `element type "${type}" is not supported; these are: ${known}`);
  }
  const count = shape.includes(0) ? 0 : shape.reduce((product, n) => product * n, 1);
  const size = count * Number(type[1]);
  if (start + size !== bytes.length) {
    throw new DataError(
      file,
      Math.min(start + size, bytes.length),
      `shape [${shape.join(", ")}] of ${type} takes ${size} bytes, ${bytes.length - start} bytes follow the header`,
    );
  }
  return { shape, data: elements(bytes, header, read, count) };
}

/** A `.npy` file (version 1.0, little endian, C order) of `data` in `shape`. Throws ShapeError when they do not fit. */
export function writeNpy(data: NpyData, shape: readonly number[]): Uint8Array<ArrayBuffer> {
  const count = shape.reduce((product, n) => product * n, 1);
  if (count !== data.length) {
    throw new ShapeError(`writeNpy: ${data.length} values do not have shape [${shape.join(", ")}]`);
  }
  const type = data instanceof Uint8Array ? "|u1" : data instanceof Float32Array ? "<f4" : "<f8";
  const tuple = `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const prefix = [0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, length & 255, length >> 8];
  const out = new Uint8Array(10 + length + data.byteLength);
  out.set(prefix);
  out.set(new TextEncoder().encode(text.padEnd(length - 1) + "\n"), 10);
  const view = new DataView(out.buffer, 10 + length);
  if (data instanceof Uint8Array) out.set(data, 10 + length);
  else if (data instanceof Float32Array) data.forEach((value, i) => view.setFloat32(4 * i, value, true));
  else data.forEach((value, i) => view.setFloat64(8 * i, value, true));
  return out;
}

function elements(bytes: Uint8Array, header: NpyHeader, read: Reader, count: number): NpyData {
  const { type, shape, start, little, fortran } = header;
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, bytes.byteLength - start);
  const size = Number(type[1]);
  const bytewise = type === "u1" || type === "b1";
  const out = bytewise
    ? new Uint8Array(count)
    : type === "f4"
      ? new Float32Array(count)
      : new Float64Array(count);
  if (!fortran) {
    for (let i = 0; i < count; i++) out[i] = read(view, i * size, little);
    return out;
  }
  const index = shape.map(() => 0);
  for (let i = 0; i < count; i++) {
    const place = index.reduceRight((sum, at, axis) => sum * shape[axis]! + at, 0);
    out[i] = read(view, place * size, little);
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis]! === shape[axis]; axis--) index[axis] = 0;
  }
  return out;
}
