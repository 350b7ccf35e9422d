import type { StoredRows } from "./dataset.ts";
import type { Form, Source } from "./picture-form.ts";
import type { RowPlace } from "./picture-requests.node.ts";
import { threadOf, type Begun } from "./picture-threads.node.ts";
import { bytesOfRow, type ShardHeader, type ShardPlace } from "./shards.node.ts";

/** Pictures that are kept in a shard, or would be: with the place of the shard's first row where they are. */
export interface Shard {
  sources: readonly Source[];
  place: ShardPlace;
  header: ShardHeader;
  start: number | undefined;
}

/** The pictures of a data set that are read when they are needed: each one's shard, and its place in that. */
export interface Shelf {
  shards: readonly Shard[];
  form: Form;
  channels: 1 | 3;
  threads: number;
}

interface Ahead {
  rows: readonly number[];
  out: SharedArrayBuffer;
  begun: Begun<"rows">;
}

/** Bytes that are read ahead, at most. */
const mostAhead = 2 ** 29;
/** Pieces of memory that are kept for later reads. */
const mostFree = 64;

/** Rows that threads read from shards, or else from the pictures themselves: ahead of need where that is known. */
export class PictureRows implements StoredRows {
  readonly #shelf: Shelf;
  /** For each row the number of its shard, and its place in that. */
  readonly #places: Uint32Array;
  readonly #size: number;
  #ahead: Ahead[] = [];
  /** Memory that is free to be read into. */
  readonly #free: SharedArrayBuffer[] = [];
  #next = 0;

  constructor(shelf: Shelf, places = allPlaces(shelf.shards)) {
    this.#shelf = shelf;
    this.#places = places;
    this.#size = shelf.channels * shelf.form.height * shelf.form.width;
  }

  get count(): number {
    return this.#places.length / 2;
  }

  /**
   * Waits for what was read ahead, or is read now.
   *
   * @throws DataError for a picture that is not kept, and is damaged, gone, or no longer what it was.
   */
  read(rows: ArrayLike<number>, out: Uint8Array): void {
    const wanted = Array.from(rows);
    const at = this.#ahead.findIndex((one) => isSame(one.rows, wanted));
    const parts = at < 0 ? this.#split(wanted) : this.#ahead.splice(at, 1);
    let filled = 0;
    for (const part of parts) {
      part.begun.wait();
      const bytes = part.rows.length * this.#size;
      out.set(new Uint8Array(part.out, 0, bytes), filled);
      filled += bytes;
      if (this.#free.push(part.out) > mostFree) this.#free.shift();
    }
  }

  ahead(rows: ArrayLike<number>): void {
    this.#ahead.push(this.#begin(Array.from(rows)));
    let bytes = this.#ahead.reduce((sum, { out }) => sum + out.byteLength, 0);
    for (; bytes > mostAhead && this.#ahead.length > 1; bytes -= this.#ahead.shift()!.out.byteLength)
      this.#ahead[0]!.begun.forget(); // no one has come for the oldest
  }

  isReady(rows: ArrayLike<number>): boolean {
    const wanted = Array.from(rows);
    return this.#ahead.some((one) => one.begun.isDone && isSame(one.rows, wanted));
  }

  pick(rows: ArrayLike<number>): PictureRows {
    const places = new Uint32Array(2 * rows.length);
    for (let i = 0; i < rows.length; i++)
      places.set(this.#places.subarray(2 * rows[i]!, 2 * rows[i]! + 2), 2 * i);
    return new PictureRows(this.#shelf, places);
  }

  /** All threads read a part of rows that are waited for. */
  #split(rows: readonly number[]): Ahead[] {
    const length = Math.ceil(rows.length / this.#shelf.threads);
    const parts: Ahead[] = [];
    for (let from = 0; from < rows.length; from += length)
      parts.push(this.#begin(rows.slice(from, from + length)));
    return parts;
  }

  #begin(rows: readonly number[]): Ahead {
    const { form, channels, threads } = this.#shelf;
    const bytes = rows.length * this.#size;
    const at = this.#free.findIndex((one) => one.byteLength >= bytes);
    const out = at < 0 ? new SharedArrayBuffer(bytes) : this.#free.splice(at, 1)[0]!;
    const places = rows.map((row) => this.#place(row));
    const begun = threadOf(this.#next++ % threads).begin({ kind: "rows", rows: places, form, channels, out });
    return { rows, out, begun };
  }

  #place(row: number): RowPlace {
    const [shard, index] = this.#places.subarray(2 * row, 2 * row + 2) as unknown as [number, number];
    const { place, header, start, sources } = this.#shelf.shards[shard]!;
    const { path, key } = place;
    return {
      stored:
        path === undefined || start === undefined
          ? undefined
          : { path, key, start, bytes: bytesOfRow(header), row: index },
      channels: header.channels,
      source: sources[pictureOf(header, index)]!,
    };
  }
}

const isSame = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((row, i) => row === b[i]);

/** The place among all pictures of a shard of one that could be read. */
function pictureOf({ refused }: ShardHeader, row: number): number {
  let picture = row;
  for (const { index } of refused) if (index <= picture) picture++;
  return picture;
}

function allPlaces(shards: readonly Shard[]): Uint32Array {
  const places = new Uint32Array(2 * shards.reduce((sum, { header }) => sum + header.rows, 0));
  let at = 0;
  shards.forEach(({ header }, shard) => {
    for (let index = 0; index < header.rows; index++) places.set([shard, index], 2 * at++);
  });
  return places;
}
