import { createRequire } from "node:module";
import { stat } from "node:fs/promises";
import { basename, relative, sep } from "node:path";
import { DataError } from "../device/errors.ts";
import { makeCache, pictureCache, sweepCache } from "./picture-cache.node.ts";
import { rowSize, type Form, type Source } from "./picture-form.ts";
import type { Shard } from "./picture-rows.node.ts";
import { threadOf, usualThreads } from "./picture-threads.node.ts";
import { cut, readHeader, readShard, shardPlace, type ShardHeader, type ShardPlace } from "./shards.node.ts";
import { systemWords } from "../device/systemWords.ts";

/** How pictures are read. */
export interface ReadingOptions {
  /**
   * The folder that decoded pictures are kept in, for later starts and for other processes; none for `false`. What
   * HESTENES_CACHE names, or else the user's cache folder, unless given.
   */
  cache?: string | false | undefined;
  /** Bytes of rows in each file of the cache, at most, unless a single row has more; 8 MiB unless given. */
  shardBytes?: number | undefined;
  /** Threads that decode, and read ahead what does not fit in memory: as many as there are cores, up to 8, unless given. */
  threads?: number | undefined;
  /** Called while pictures are decoded: how many of them are. Not called where all are in the cache. */
  onProgress?: ((progress: { read: number; of: number }) => void) | undefined;
  /** Told what is not as it should be and can be done without: a cache that cannot be written to. A warning unless given. */
  onNotice?: ((notice: string) => void) | undefined;
  /** Ends the reading; what was decoded is kept. */
  signal?: AbortSignal | undefined;
}

/** What is wanted of the files in a folder. */
export interface Wanted {
  root: string;
  files: readonly string[];
  form: Form;
  /** Whether one that cannot be read is an error. */
  all: boolean;
  /** Gets all rows, in any order of shards; without it they stay where they are. */
  take: Taker | undefined;
}

/** Takes the rows of a shard, the first picture of which has that number. */
export type Taker = (rows: Uint8Array, header: ShardHeader, first: number) => void;

/** Files that are looked at at once. */
const together = 256;

/** How often pictures are read again that were written to meanwhile. */
const mostTries = 3;

/**
 * Finds pictures in the cache, and decodes those that are not there, on several threads.
 *
 * Where several processes begin at one time, each begins at another place and looks again before it decodes, so that
 * they share the work.
 *
 * @throws DataError for a picture whose size is not that of the others, one that is written to again and again, and one
 *   that cannot be read where all have to be; what the signal was aborted with.
 */
export async function shelve(wanted: Wanted, options: ReadingOptions): Promise<Shard[]> {
  const { root, files, form, take } = wanted;
  const { threads = usualThreads(), shardBytes = 2 ** 23, onProgress, signal } = options;
  const notify = once(options.onNotice ?? ((notice) => process.emitWarning(notice)));
  const folder = openCache(options.cache, notify);
  const names = files.map((file) => relative(root, file).split(sep).join("/"));
  const sources = await lookAt(files, names, signal);
  const decoder = versions();
  const parts = cut(names, Math.floor(shardBytes / rowSize(form)));
  const shards: Shard[] = [];
  let read = 0;

  const put = (part: number, shard: Shard, rows: Uint8Array | undefined): void => {
    const [refused] = refusals(shard);
    if (wanted.all && refused) throw refused;
    if (rows) take?.(rows, shard.header, parts[part]!.from);
    shards[part] = shard;
  };
  const placeOf = (own: readonly Source[]) => shardPlace(folder, own, form, decoder);
  /** Takes what is in the cache; whether it was there. */
  const find = async (part: number, own: readonly Source[], place: ShardPlace): Promise<boolean> => {
    const whole = take && (await readShard(place));
    const there = take ? whole : await readHeader(place);
    if (!there) return false;
    put(part, { sources: own, place, header: there.header, start: there.start }, whole?.rows);
    read += own.length;
    return true;
  };
  const missing: number[] = [];
  for (const [part, { from, to }] of parts.entries()) {
    signal?.throwIfAborted();
    const own = sources.slice(from, to);
    if (!(await find(part, own, placeOf(own)))) missing.push(part);
  }
  if (missing.length === 0) return shards;

  const tell = (more: number) => onProgress?.({ read: (read += more), of: files.length });
  const make = async (part: number, thread: number): Promise<void> => {
    const { from, to } = parts[part]!;
    let own: readonly Source[] = sources.slice(from, to);
    for (let tries = 1; ; tries++) {
      const place = placeOf(own);
      if (await find(part, own, place)) return tell(0);
      const request = { kind: "shard", sources: own, form, place, label: basename(root) } as const;
      const made = await threadOf(thread).ask(request, { onRead: tell, signal });
      const { header, rows, start, problem } = made;
      if (problem !== undefined) notify(unkept(folder!, problem));
      if (made.changed === undefined) return put(part, { sources: own, place, header, start }, rows);
      if (tries === mostTries)
        throw new DataError(
          made.changed,
          undefined,
          "the file is written to again and again while it is read",
        );
      tell(-own.length);
      own = await lookAt(files.slice(from, to), names.slice(from, to), signal);
    }
  };
  if (folder !== undefined) await sweepCache(folder).catch(() => undefined); // it may be another's to sweep
  tell(0);
  const turn = folder === undefined ? 0 : Math.floor(Math.random() * missing.length);
  const queue = [...missing.slice(turn), ...missing.slice(0, turn)];
  const work = async (thread: number): Promise<void> => {
    for (let part = queue.shift(); part !== undefined; part = queue.shift()) await make(part, thread);
  };
  try {
    await Promise.all(Array.from({ length: Math.min(threads, queue.length) }, (_, i) => work(i)));
  } finally {
    queue.length = 0; // where one has failed, the others begin nothing more
  }
  return shards;
}

/** What a shard says against some of its pictures, with the names that they have here. */
export function refusals({ sources, header }: Shard): DataError[] {
  return header.refused.map(
    ({ index, offset, problem }) => new DataError(sources[index]!.file, offset, problem),
  );
}

/** The folder that decoded pictures are kept in, which is made where it is missing. */
function openCache(given: string | false | undefined, notify: (notice: string) => void): string | undefined {
  const folder = pictureCache(given);
  if (folder === undefined) return undefined;
  try {
    makeCache(folder);
    return folder;
  } catch (error) {
    notify(unkept(folder, systemWords(error)));
    return undefined;
  }
}

const unkept = (folder: string, problem: string) =>
  `Decoded pictures cannot be kept in ${folder} (${problem}): each start decodes them anew.`;

async function lookAt(
  files: readonly string[],
  names: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Source[]> {
  const sources: Source[] = [];
  for (let from = 0; from < files.length; from += together) {
    signal?.throwIfAborted();
    const part = files.slice(from, from + together).map(async (file, i): Promise<Source> => {
      const info = await stat(file).catch(() => undefined);
      return { file, name: names[from + i]!, size: info?.size ?? -1, time: info?.mtimeMs ?? 0 };
    });
    sources.push(...(await Promise.all(part)));
  }
  return sources;
}

/** What decodes pictures: other versions of its libraries may give other bits. */
function versions(): string {
  const { versions } = createRequire(import.meta.url)("sharp") as { versions: Record<string, string> };
  return JSON.stringify(Object.entries(versions).sort());
}

function once(notify: (notice: string) => void): (notice: string) => void {
  let isTold = false;
  return (notice) => {
    if (!isTold) notify(notice);
    isTold = true;
  };
}
