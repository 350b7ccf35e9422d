import { checkList, checkNumber, checkOptions, checkPositive, checkSeed } from "../device/arguments.ts";
import { ArgumentError, ShapeError } from "../device/errors.ts";
import type { LeftOut } from "./left-out.ts";
import { permutation, streams } from "./random.ts";

/** Samples of bytes that are read when they are needed. */
export interface StoredRows {
  readonly count: number;
  /** Writes the bytes of these samples to the front of `out`, one after the other. */
  read(rows: ArrayLike<number>, out: Uint8Array): void;
  /** Says that these samples will be read before long, in one call: they may be fetched meanwhile. */
  ahead(rows: ArrayLike<number>): void;
  /** Whether that has been done. */
  isReady(rows: ArrayLike<number>): boolean;
  /** Some of them, in that order. */
  pick(rows: ArrayLike<number>): StoredRows;
}

/** What a data set is made of; a sample's value is `stored · scale + offset`. */
export interface DatasetParts {
  name: string;
  /** Shape of one sample, `[H, W, C]` for images. */
  shape: readonly number[];
  /** The samples one after the other. */
  stored: Uint8Array | Float32Array;
  /** Samples that are read when they are needed, in place of `stored`, which is empty then. */
  rows?: StoredRows | undefined;
  scale?: number | undefined;
  offset?: number | undefined;
  /** One class per sample. */
  labels?: Uint8Array | undefined;
  /** `[count, 2]`: where each generated bump sits, as (x, y). */
  centres?: Float32Array | undefined;
  mean?: number | undefined;
  std?: number | undefined;
  /** Files that it was made without. */
  leftOut?: readonly LeftOut[] | undefined;
}

/** Mean, standard deviation (of the population), least and greatest of all values of a data set. */
export interface Statistics {
  mean: number;
  std: number;
  min: number;
  max: number;
}

/** Samples that are read at once, and their bytes, unless a single one has more. */
const readTogether = { samples: 64, bytes: 2 ** 26 };

/**
 * Samples of one shape. They stay as they were stored (bytes for images) and become float32 only when copied out,
 * so that 60,000 images of 28 × 28 take 47 MB. Those that are too many to hold are read each time they are copied out.
 */
export class Dataset {
  readonly name: string;
  readonly shape: readonly number[];
  /** Number of samples. */
  readonly count: number;
  /** Values per sample. */
  readonly size: number;
  readonly stored: Uint8Array | Float32Array;
  readonly rows?: StoredRows;
  readonly scale: number;
  readonly offset: number;
  readonly labels?: Uint8Array;
  readonly centres?: Float32Array;
  /** The statistics that `standardised` took out: value = (original − mean) / std. */
  readonly mean?: number;
  readonly std?: number;
  /** Files that it was made without, and why. */
  readonly leftOut: readonly LeftOut[];
  readonly #byteValues: Float32Array | undefined;

  /**
   * Throws ShapeError when the values are not a positive number of whole samples, or labels do not match; ArgumentError
   * for a scale, an offset, a mean or a deviation that is none.
   */
  constructor(parts: DatasetParts) {
    checkOptions("Dataset", parts);
    const { name, shape, stored, mean = 0, std = 1 } = parts;
    checkList(`${name}: shape`, shape);
    if (!(parts.rows || ArrayBuffer.isView(stored)))
      throw new ArgumentError(
        `${name}: stored holds the values in a Float32Array or a Uint8Array, not ${String(stored)}`,
      );
    checkNumber(`${name}: mean`, mean);
    checkPositive(`${name}: std`, std);
    checkNumber(`${name}: scale`, parts.scale ?? 1);
    checkNumber(`${name}: offset`, parts.offset ?? 0);
    this.name = name;
    this.shape = shape;
    this.stored = stored;
    this.scale = parts.scale ?? 1;
    this.offset = parts.offset ?? 0;
    this.size = shape.reduce((product, n) => product * n, 1);
    this.leftOut = parts.leftOut ?? [];
    if (parts.rows) this.rows = parts.rows;
    this.count = parts.rows?.count ?? stored.length / this.size;
    if (!Number.isInteger(this.count) || this.count === 0 || !shape.every((extent) => extent >= 1)) {
      throw new ShapeError(
        `${name}: ${stored.length} values are not whole samples of shape [${shape.join(", ")}]`,
      );
    }
    checkLength(name, "labels", parts.labels, this.count);
    checkLength(name, "centres", parts.centres, 2 * this.count);
    if (parts.labels) this.labels = parts.labels;
    if (parts.centres) this.centres = parts.centres;
    if (parts.mean !== undefined) this.mean = parts.mean;
    if (parts.std !== undefined) this.std = parts.std;
    if (stored instanceof Uint8Array) {
      this.#byteValues = Float32Array.from({ length: 256 }, (_, byte) => byte * this.scale + this.offset);
    }
  }

  /** Writes the samples at `indices`, in that order, to the front of `out`. */
  copyRows(indices: ArrayLike<number>, out: Float32Array): void {
    const { size, count } = this;
    if (out.length < indices.length * size) {
      throw new ShapeError(
        `${this.name}: ${indices.length} samples of ${size} values need ${indices.length * size} places, ` +
          `the array given has ${out.length}`,
      );
    }
    for (let row = 0; row < indices.length; row++) {
      const index = indices[row]!;
      if (!(index >= 0 && index < count)) {
        throw new ArgumentError(`${this.name}: no sample ${index}; there are ${count}, counted from 0`);
      }
      if (!this.rows) this.#copy(index * size, size, out, row * size);
    }
    if (this.rows) this.#copyRead(this.rows, indices, out);
  }

  /** Says that `copyRows` will be asked for these samples before long: those that are read are fetched meanwhile. */
  fetch(indices: ArrayLike<number>): void {
    const { rows } = this;
    if (rows) for (const part of this.#parted(indices)) rows.ahead(part);
  }

  /** Whether `copyRows` would not have to wait for any of these samples. */
  isReady(indices: ArrayLike<number>): boolean {
    const { rows } = this;
    return !rows || this.#parted(indices).every((part) => rows.isReady(part));
  }

  /** Samples `from` … `to − 1`, in order. */
  values(from = 0, to = this.count): Float32Array {
    const [first, last] = this.#range(from, to);
    const out = new Float32Array((last - first) * this.size);
    if (this.rows) this.#copyRead(this.rows, range(first, last), out);
    else this.#copy(first * this.size, out.length, out, 0);
    return out;
  }

  /** The first `n` samples, or all when there are fewer. Shares memory. */
  take(n: number): Dataset {
    return this.slice(0, Math.min(n, this.count));
  }

  /** Samples `from` … `to − 1` as a data set. Shares memory. */
  slice(from: number, to = this.count): Dataset {
    const [first, last] = this.#range(from, to);
    return new Dataset({
      ...this,
      stored: this.stored.subarray(first * this.size, last * this.size),
      rows: this.rows?.pick(range(first, last)),
      labels: this.labels?.subarray(first, last),
      centres: this.centres?.subarray(2 * first, 2 * last),
    });
  }

  /** The samples at `indices`, copied. */
  select(indices: ArrayLike<number>): Dataset {
    const { size, stored, labels, centres } = this;
    const length = this.rows ? 0 : indices.length * size;
    const picked = stored instanceof Uint8Array ? new Uint8Array(length) : new Float32Array(length);
    const rows = Array.from(indices);
    const stray = rows.find((index) => !(Number.isInteger(index) && index >= 0 && index < this.count));
    if (stray !== undefined)
      throw new ArgumentError(`${this.name}: no sample ${stray}; there are ${this.count}`);
    if (!this.rows)
      rows.forEach((index, row) => picked.set(stored.subarray(index * size, (index + 1) * size), row * size));
    return new Dataset({
      ...this,
      stored: picked,
      rows: this.rows?.pick(rows),
      labels: labels && Uint8Array.from(rows, (index) => labels[index]!),
      centres:
        centres && Float32Array.from(rows.flatMap((index) => [centres[2 * index]!, centres[2 * index + 1]!])),
    });
  }

  /** Two parts: `count` samples drawn by `seed` (the first `count` without one), and the others. */
  split(count: number, seed?: number): [Dataset, Dataset] {
    if (!(Number.isInteger(count) && count > 0 && count < this.count)) {
      throw new ArgumentError(
        `${this.name}: cannot split off ${count} of ${this.count} samples; both parts need at least one`,
      );
    }
    if (seed === undefined) return [this.slice(0, count), this.slice(count)];
    checkSeed("split: seed", seed);
    const order = permutation(this.count, seed, 0, streams.split);
    return [this.select(order.subarray(0, count).sort()), this.select(order.subarray(count).sort())];
  }

  /** Two passes over all values, in float64. */
  statistics(): Statistics {
    const { count, size, scale, offset } = this;
    let sum = 0;
    let min = Infinity;
    let max = -Infinity;
    for (const part of this.#parts())
      for (const value of part) {
        sum += value;
        if (value < min) min = value;
        if (value > max) max = value;
      }
    const mean = sum / (count * size);
    let squares = 0;
    for (const part of this.#parts()) for (const value of part) squares += (value - mean) * (value - mean);
    const std = Math.sqrt(squares / (count * size)) * Math.abs(scale);
    return { mean: mean * scale + offset, std, min: min * scale + offset, max: max * scale + offset };
  }

  /**
   * The same samples with one mean and one standard deviation, over all values, taken out and recorded; its own
   * unless `by` gives others. Shares memory. Throws ArgumentError when all values are equal.
   */
  standardised(by: { mean: number; std: number } = this.statistics()): Dataset {
    const { mean, std } = by;
    if (!(std > 0))
      throw new ArgumentError(`${this.name}: a standard deviation of ${std} cannot be divided by`);
    return new Dataset({ ...this, scale: this.scale / std, offset: (this.offset - mean) / std, mean, std });
  }

  /** All that is stored: at once, or some samples at a time, each time in the same memory. */
  *#parts(): Generator<Uint8Array | Float32Array> {
    const { rows, stored, count, size } = this;
    if (!rows) {
      yield stored;
      return;
    }
    const together = this.#together;
    const memory = new Uint8Array(Math.min(count, together) * size);
    for (let from = 0; from < count; from += together) {
      const to = Math.min(count, from + together);
      rows.read(range(from, to), memory);
      yield memory.subarray(0, (to - from) * size);
    }
  }

  /** Copies whole samples that are held. */
  #copy(from: number, length: number, out: Float32Array, at: number): void {
    const { stored, scale, offset } = this;
    const table = this.#byteValues;
    if (table) for (let i = 0; i < length; i++) out[at + i] = table[stored[from + i]!]!;
    else for (let i = 0; i < length; i++) out[at + i] = stored[from + i]! * scale + offset;
  }

  /** Copies samples that are read for it. */
  #copyRead(rows: StoredRows, indices: ArrayLike<number>, out: Float32Array): void {
    const { size } = this;
    const memory = new Uint8Array(Math.min(indices.length, this.#together) * size);
    const table = this.#byteValues!; // such samples are bytes
    let at = 0;
    for (const part of this.#parted(indices)) {
      rows.read(part, memory);
      for (let i = 0; i < part.length * size; i++) out[at++] = table[memory[i]!]!;
    }
  }

  /** Samples that are read at once. */
  get #together(): number {
    return Math.max(1, Math.min(readTogether.samples, Math.floor(readTogether.bytes / this.size)));
  }

  /** Indices in parts of so many. */
  #parted(indices: ArrayLike<number>): number[][] {
    const together = this.#together;
    const all = Array.from(indices);
    return Array.from({ length: Math.ceil(all.length / together) }, (_, part) =>
      all.slice(part * together, (part + 1) * together),
    );
  }

  #range(from: number, to: number): [number, number] {
    if (Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from < to && to <= this.count)
      return [from, to];
    throw new ArgumentError(
      `${this.name}: no samples ${from} … ${to - 1}; there are ${this.count}, counted from 0`,
    );
  }
}

function checkLength(
  name: string,
  what: string,
  values: ArrayLike<number> | undefined,
  expected: number,
): void {
  if (values && values.length !== expected) {
    throw new ShapeError(`${name}: expected ${expected} ${what}, got ${values.length}`);
  }
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
