import { mkdirSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { cacheRoot } from "../device/cache.node.ts";
import { isShard, isUnfinished, readHeader } from "./shards.node.ts";

/** A day: what was not finished for so long never will be. */
const stale = 24 * 3600 * 1000;

/**
 * The folder that decoded pictures are kept in: within `given`, or what HESTENES_CACHE names, or the user's cache folder.
 * A folder that machines share serves them all. Undefined for `false`, and where HESTENES_CACHE is "off".
 */
export function pictureCache(given?: string | false): string | undefined {
  const { HESTENES_CACHE: named } = process.env;
  if (given === false || (given === undefined && named === "off")) return undefined;
  return join(given ?? (named ? resolve(named) : cacheRoot()), "pictures");
}

/** Makes that folder where it is missing. Throws the system's error. */
export function makeCache(folder: string): void {
  try {
    mkdirSync(folder); // one at a time: asked to make all at once, Node never returns where the system refuses names
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return;
    if (code !== "ENOENT" || dirname(folder) === folder) throw error;
    makeCache(dirname(folder));
    mkdirSync(folder);
  }
}

/** Pictures of one folder in one form that are kept. */
export interface Kept {
  /** The name of the folder that they are from. */
  label: string;
  height: number;
  width: number;
  pictures: number;
  bytes: number;
}

/** What a cache holds, by where it is from, and the bytes of files that are not finished, or no longer whole. */
export async function listCache(folder: string): Promise<{ kept: Kept[]; otherBytes: number }> {
  const kept = new Map<string, Kept>();
  let otherBytes = 0;
  for (const { name, path, size } of await filesOf(folder)) {
    const open = isShard(name) ? await readHeader({ path, key: name.slice(0, 40) }) : undefined;
    if (!open) {
      otherBytes += size;
      continue;
    }
    const { label, height, width, rows } = open.header;
    const id = JSON.stringify([label, height, width]);
    const one = kept.get(id) ?? { label, height, width, pictures: 0, bytes: 0 };
    one.pictures += rows;
    one.bytes += size;
    kept.set(id, one);
  }
  return { kept: [...kept.values()].sort((a, b) => (a.label < b.label ? -1 : 1)), otherBytes };
}

/** Removes all shards, and what was not finished; nothing else. Gives how many bytes they had. */
export async function emptyCache(folder: string): Promise<number> {
  let bytes = 0;
  for (const { path, size } of await filesOf(folder)) {
    await rm(path, { force: true });
    bytes += size;
  }
  return bytes;
}

/** Removes what processes that were killed have left. */
export async function sweepCache(folder: string): Promise<void> {
  for (const { name, path, changed } of await filesOf(folder))
    if (isUnfinished(name) && Date.now() - changed > stale) await rm(path, { force: true });
}

/** The files in the cache that are its own; none where there is no such folder. */
async function filesOf(
  folder: string,
): Promise<{ name: string; path: string; size: number; changed: number }[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const files = names
    .filter((name) => isShard(name) || isUnfinished(name))
    .map(async (name) => {
      const path = join(folder, name);
      const info = await stat(path).catch(() => undefined); // gone meanwhile
      return info?.isFile() ? [{ name, path, size: info.size, changed: info.mtimeMs }] : [];
    });
  return (await Promise.all(files)).flat();
}
