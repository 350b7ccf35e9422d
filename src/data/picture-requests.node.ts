import type { Form, Source } from "./picture-form.ts";
import type { ShardHeader, ShardPlace, StoredRow } from "./shards.node.ts";
import type { Picture } from "./resize.ts";

/** Where a row may be had: from a shard, or else from the picture itself. */
export interface RowPlace {
  stored: StoredRow | undefined;
  /** Of what is stored. */
  channels: 1 | 3;
  source: Source;
}

/** What a thread that reads pictures is asked for. */
export type PictureRequest =
  | { kind: "decode"; bytes: Uint8Array; file: string }
  | { kind: "shard"; sources: readonly Source[]; form: Form; place: ShardPlace; label: string }
  | { kind: "rows"; rows: readonly RowPlace[]; form: Form; channels: 1 | 3; out: SharedArrayBuffer };

/** The rows of a shard that was decoded. */
export interface MadeShard {
  header: ShardHeader;
  /** All rows, one after the other. */
  rows: Uint8Array<ArrayBuffer>;
  /** The byte of its file at which they begin, where it is kept. */
  start: number | undefined;
  /** What the system said against keeping it. */
  problem: string | undefined;
  /** A file that was written to meanwhile, so that the rows are not those of `sources`. */
  changed: string | undefined;
}

/** What each of them answers. */
export interface PictureAnswers {
  decode: Picture;
  shard: MadeShard;
  rows: undefined;
}

/** Why a file gave nothing; a problem of no file's is a bug, or a lack of memory. */
export interface Problem {
  file?: string | undefined;
  offset?: number | undefined;
  problem: string;
}

/** What is sent to a thread. `state` becomes 1 when the answer is there, to be read from the port. */
export interface Message {
  id: number;
  request: PictureRequest;
  state: Int32Array<SharedArrayBuffer>;
}

/** What a thread sends back, now and then before the end how many pictures it has read. */
export type Reply =
  { id: number; read: number } | { id: number; answer: unknown } | { id: number; problem: Problem };
