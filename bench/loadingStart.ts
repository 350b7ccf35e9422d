import { loadFolder } from "../src/data/folder.node.ts";

/** `tsx bench/loadingStart.ts FOLDER CACHE INMEMORY [COUNT]`: loads pictures at 64 × 64, and prints the milliseconds. */
const [folder, cache, inMemory, count] = process.argv.slice(2) as [string, string, string, string?];
const names =
  count === undefined
    ? undefined
    : Array.from({ length: Number(count) }, (_, i) => `${String(i).padStart(6, "0")}.jpg`);
const begun = performance.now();
const data = await loadFolder(folder, {
  size: 64,
  cache,
  inMemory: Number(inMemory),
  ...(names && { names }),
});
console.log(JSON.stringify({ ms: performance.now() - begun, count: data.count }));
