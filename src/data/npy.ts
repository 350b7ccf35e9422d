import { DataError, ShapeError } from "../device/errors.ts";
import { parseNpyHeader, type NpyHeader } from "./npy-header.ts";

/** Element arrays that `.npy` files are read into and written from. */
export type NpyData = Uint8Array | Float32Array | Float64Array;

/** An array in row-major order. */
export interface NpyArray {
  shape: number[];
  data: NpyData;
  /** Kind and bytes of an element as the file has it: "b1" for booleans, "u2" for 16-bit whole numbers, "f4" for float32. */
  type: string;
}

type Reader = (view: DataView, at: number, little: boolean) => number;

/** What NumPy's letters of other types stand for. */
const kinds: Record<string, string> = {
  c: "complex numbers",
  f: "floats of that length",
  S: "text",
  U: "text",
  M: "dates",
  m: "times",
  V: "raw bytes",
};

/** How one element of each supported type is read. */
const readers: Record<string, Reader> = {
  b1: (view, at) => Number(view.getUint8(at) !== 0),
  u1: (view, at) => view.getUint8(at),
  i1: (view, at) => view.getInt8(at),
  u2: (view, at, little) => view.getUint16(at, little),
  i2: (view, at, little) => view.getInt16(at, little),
  u4: (view, at, little) => view.getUint32(at, little),
  i4: (view, at, little) => view.getInt32(at, little),
  u8: (view, at, little) => Number(view.getBigUint64(at, little)),
  i8: (view, at, little) => Number(view.getBigInt64(at, little)),
  f2: (view, at, little) => float16(view.getUint16(at, little)),
  f4: (view, at, little) => view.getFloat32(at, little),
  f8: (view, at, little) => view.getFloat64(at, little),
};

/** IEEE 754's binary16: a sign, 5 bits of exponent, 10 of fraction. */
function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/**
 * Reads a `.npy` file (format versions 1 to 3, of Python 2 too) of booleans, integers or floats of either byte order, in C
 * or Fortran order. Booleans (0 and 1) and u1 become bytes, f2 and f4 float32, everything else float64 (whole numbers past
 * 2⁵³ are rounded). Bytes after the array are not looked at, as NumPy does not. Throws DataError for any other content, before it allocates anything. Format: NumPy Enhancement Proposal 1.
 */
export function parseNpy(bytes: Uint8Array, file: string): NpyArray {
  const header = parseNpyHeader(bytes, file);
  const { type, shape, start } = header;
  const read = readers[type];
  if (!read) {
    const known = Object.keys(readers).join(", ");
    const what = kinds[type[0]!] ?? "another kind";
    throw new DataError(
      file,
      header.typeAt,
      `element type "${type}" (${what}) is not supported; these are: ${known}`,
    );
  }
  const count = shape.includes(0) ? 0 : shape.reduce((product, n) => product * n, 1);
  const size = count * Number(type[1]);
  if (start + size > bytes.length) {
    throw new DataError(
      file,
      bytes.length,
      `shape [${shape.join(", ")}] of ${type} takes ${size} bytes, ${bytes.length - start} bytes follow the header`,
    );
  }
  return { shape, data: elements(bytes, header, read, count), type };
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
  const out =
    type === "u1" || type === "b1"
      ? new Uint8Array(count)
      : type === "f4" || type === "f2"
        ? new Float32Array(count)
        : new Float64Array(count);
  if (!fortran) {
    for (let i = 0; i < count; i++) out[i] = read(view, i * size, little);
    return out;
  }
  const index = shape.map(() => 0);
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, n) => product * n, size));
  for (let i = 0, place = 0; i < count; i++) {
    out[i] = read(view, place, little);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      place -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}
