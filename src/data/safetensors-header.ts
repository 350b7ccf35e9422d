import { DataError } from "../device/errors.ts";

/** What the header says of one tensor. */
export interface HeaderEntry {
  name: string;
  dtype: string;
  shape: number[];
  /** Its bytes, counted from the end of the header. */
  begin: number;
  end: number;
  /** Where in the file its name stands. */
  at: number;
}

/** The header of a safetensors file, and where in the file the data begin. */
export interface Header {
  entries: HeaderEntry[];
  metadata: Record<string, string>;
  start: number;
}

const lengthBytes = 8;
const greatestHeader = 100_000_000;
const greatestRank = 32;

/** A name out of a file as a message shows it: quoted, escaped, and no longer than a line. */
export function quote(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}

/** Reads the header: length against the file's size, UTF-8, JSON, names, and the form of every entry. */
export function parseHeader(bytes: Uint8Array, file: string): Header {
  if (bytes.length < lengthBytes)
    throw new DataError(file, bytes.length, `not a safetensors file: it has ${bytes.length} bytes, under 8`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0, true);
  if (length > BigInt(Math.min(bytes.length - lengthBytes, greatestHeader)))
    throw new DataError(file, 0, `a header of ${length} bytes does not fit in a file of ${bytes.length}`);
  const start = lengthBytes + Number(length);
  const text = decode(bytes.subarray(lengthBytes, start), file);
  const header = parseJson(text, file);
  const places = keyPlaces(text, file);

  const entries: HeaderEntry[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(header)) {
    const at = places.get(name)!;
    if (name !== "__metadata__") entries.push(entry(name, value, at, file));
    else if (isRecord(value) && Object.values(value).every((v) => typeof v === "string"))
      metadata = value as Record<string, string>;
    else throw new DataError(file, at, "__metadata__ must hold strings by name");
  }
  return { entries, metadata, start };
}

function decode(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new DataError(file, lengthBytes, "the header is not UTF-8 text");
  }
}

function parseJson(text: string, file: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DataError(file, lengthBytes, `the header is not JSON: ${reason.slice(0, 120)}`);
  }
  if (!text.startsWith("{") || !isRecord(value))
    throw new DataError(file, lengthBytes, "the header is not a JSON object");
  return value;
}

/** Where in the file each outermost name stands; a name that occurs twice in one object is refused. */
function keyPlaces(text: string, file: string): Map<string, number> {
  const places = new Map<string, number>();
  const open: Set<string>[] = [];
  const bytesBefore = byteCounter(text);
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "{") open.push(new Set());
    else if (text[i] === "}") open.pop();
    if (text[i] !== '"') continue;
    const first = i;
    for (i++; text[i] !== '"'; i++) if (text[i] === "\\") i++;
    if (!isKey(text, i + 1)) continue;
    const name = JSON.parse(text.slice(first, i + 1)) as string;
    const place = lengthBytes + bytesBefore(first);
    const names = open.at(-1)!;
    if (names.has(name)) throw new DataError(file, place, `the header names ${quote(name)} twice`);
    names.add(name);
    if (open.length === 1) places.set(name, place);
  }
  return places;
}

/** True where a colon comes next, blanks aside. */
function isKey(text: string, at: number): boolean {
  while (" \t\r\n".includes(text[at] ?? ":")) at++;
  return text[at] === ":";
}

/** Bytes of UTF-8 before a place in `text`, for places asked in rising order. */
function byteCounter(text: string): (place: number) => number {
  const encoder = new TextEncoder();
  let counted = 0;
  let bytes = 0;
  return (place) => {
    bytes += encoder.encode(text.slice(counted, place)).length;
    counted = place;
    return bytes;
  };
}

function entry(name: string, value: unknown, at: number, file: string): HeaderEntry {
  const fail = (problem: string): never => {
    throw new DataError(file, at, `tensor ${quote(name)}: ${problem}`);
  };
  if (!isRecord(value)) return fail("expected an object with dtype, shape and data_offsets");
  const stray = Object.keys(value).find((key) => !["dtype", "shape", "data_offsets"].includes(key));
  if (stray !== undefined) fail(`unknown field ${quote(stray)}`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string") return fail("dtype is not a string");
  if (!isSizes(shape) || shape.length > greatestRank)
    return fail(`shape must be a list of at most ${greatestRank} whole numbers from 0 on`);
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!)
    return fail("data_offsets must be two whole numbers in rising order");
  return { name, dtype, shape, begin: offsets[0]!, end: offsets[1]!, at };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && (n as number) >= 0);
}
