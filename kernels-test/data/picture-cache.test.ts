import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { Batches } from "../../src/data/batches.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { loadFolder, type FolderOptions } from "../../src/data/folder.node.ts";
import { emptyCache, listCache, sweepCache } from "../../src/data/picture-cache.node.ts";
import { threadOf } from "../../src/data/picture-threads.node.ts";
import { bytes, lastingFolder, png, temporaryFolder } from "./files.ts";

/** So that a shard holds ten pictures. */
const [size, shardBytes] = [16, 10 * 3 * 16 * 16];
const count = 24;

const pixelsOf = (index: number) =>
  bytes(4 * 5 * 6).map((byte, i) => (i % 4 === 3 ? 255 : (byte + 10 * index) % 256));

function writePicture(folder: string, index: number, name = `${100 + index}.png`): string {
  writeFileSync(join(folder, name), png(5, 6, pixelsOf(index)));
  return join(folder, name);
}

const pictures = lastingFolder();
for (let i = 0; i < count; i++) writePicture(pictures, i);

/** The data, and how many pictures were decoded for it. */
async function loaded(folder: string, options: FolderOptions): Promise<{ data: Dataset; decoded: number }> {
  const told: number[] = [];
  const onProgress: FolderOptions["onProgress"] = ({ read }) => void told.push(read);
  const data = await loadFolder(folder, { size, shardBytes, ...options, onProgress });
  return { data, decoded: (told.at(-1) ?? 0) - (told[0] ?? 0) };
}

const shardsIn = (cache: string) => readdirSync(join(cache, "pictures")).sort();
const bytesOf = (cache: string, name: string) => readFileSync(join(cache, "pictures", name));

describe("decoded pictures", async () => {
  const plain = (await loadFolder(pictures, { size, shardBytes, cache: false })).stored;
  const cache = lastingFolder();
  await loadFolder(pictures, { size, shardBytes, cache });
  const names = shardsIn(cache);

  test("are kept once, and are the same from the cache, past memory, and at another place", async () => {
    expect(names.length).toBeGreaterThanOrEqual(3);
    const elsewhere = temporaryFolder();
    cpSync(pictures, elsewhere, { recursive: true, preserveTimestamps: true });
    for (const folder of [pictures, elsewhere]) {
      const held = await loaded(folder, { cache });
      expect([held.decoded, Buffer.compare(held.data.stored as Uint8Array, plain as Uint8Array)]).toEqual([
        0, 0,
      ]);
      const needed = await loaded(folder, { cache, inMemory: 0 });
      expect([needed.decoded, needed.data.count, needed.data.stored.length]).toEqual([0, count, 0]);
      expect(needed.data.values()).toEqual(held.data.values());
    }
    expect(shardsIn(cache)).toEqual(names);
    const { kept, otherBytes } = await listCache(join(cache, "pictures"));
    expect(kept.map(({ height, width, pictures }) => [height, width, pictures])).toEqual([
      [size, size, count],
    ]);
    expect(otherBytes).toBe(0);
  });

  test.each<[string, (whole: Buffer, other: Buffer) => Buffer]>([
    ["cut short", (whole) => whole.subarray(0, whole.length - 1)],
    ["empty", () => Buffer.alloc(0)],
    ["that goes on", (whole) => Buffer.concat([whole, whole])],
    ["another's", (_, other) => other],
    ["with a changed pixel", (whole) => changed(whole, whole.length - 5)],
    ["with a changed header", (whole) => changed(whole, 60)],
    ["with a header of 4 GB", (whole) => changed(whole, 11)],
    ["of zeros, as a file system leaves it", (whole) => Buffer.alloc(whole.length)],
  ])("a shard %s is made anew, and no row of it is taken", async (_, damage) => {
    const own = temporaryFolder();
    cpSync(cache, own, { recursive: true });
    const [first, second] = names.map((name) => bytesOf(own, name));
    const write = (content: Buffer) => writeFileSync(join(own, "pictures", names[0]!), content);
    const opened = await loadFolder(pictures, { size, shardBytes, cache: own, inMemory: 0 });
    write(damage(first!, second!));
    // Rows that were found before are decoded anew; the shard is, at the next start.
    expect(Buffer.compare(rawOf(opened), plain as Uint8Array)).toBe(0);
    const { data } = await loaded(pictures, { cache: own });
    expect(Buffer.compare(data.stored as Uint8Array, plain as Uint8Array)).toBe(0);
    expect(Buffer.compare(bytesOf(own, names[0]!), first!)).toBe(0);
  });

  test("a picture that is changed, added or gone costs its own shard; a link counts as what it leads to", async () => {
    const [folder, own] = [temporaryFolder(), temporaryFolder()];
    for (const name of readdirSync(pictures)) copyFileSync(join(pictures, name), join(folder, name));
    await loadFolder(folder, { size, shardBytes, cache: own });
    const first = await loaded(folder, { cache: own });
    const { mtime } = statSync(join(folder, "105.png"));
    writePicture(folder, 99, "105.png");
    utimesSync(join(folder, "105.png"), mtime, new Date(mtime.getTime() + 1));
    const second = await loaded(folder, { cache: own });
    expect([first.decoded, second.decoded > 0 && second.decoded < count]).toEqual([0, true]);
    expect(second.data.values(5, 6)).not.toEqual(first.data.values(5, 6));
    expect(second.data.values(6, 7)).toEqual(first.data.values(6, 7));
    rmSync(join(folder, "100.png"));
    writePicture(folder, 7, "100 a\nb.png");
    const third = await loaded(folder, { cache: own });
    expect([third.data.count, third.decoded < count]).toEqual([count, true]);
    expect(third.data.values(1, 7)).toEqual(second.data.values(1, 7));
  });

  test("what cannot be read is remembered where it is the file's fault, and named here", async () => {
    const [folder, own] = [temporaryFolder(), temporaryFolder()];
    for (let i = 0; i < 6; i++) writePicture(folder, i);
    writeFileSync(join(folder, "102.png"), "no picture");
    writeFileSync(join(folder, "104.png"), "");
    const load = (inMemory: number) => loaded(folder, { cache: own, inMemory });
    const [first, second, third] = [await load(2 ** 32), await load(2 ** 32), await load(0)];
    expect([first, second, third].map(({ data }) => data.count)).toEqual([4, 4, 4]);
    expect(second.data.leftOut).toEqual(first.data.leftOut);
    expect(third.data.leftOut).toEqual(first.data.leftOut);
    expect(first.data.leftOut[0]!.first).toContain(join(folder, "102.png"));
    for (let i = 0; i < 4; i++) expect(third.data.values(i, i + 1)).toEqual(first.data.values(i, i + 1));
    expect(second.decoded).toBe(6); // the empty file may yet be written to
    writePicture(folder, 4);
    expect((await load(2 ** 32)).data.count).toBe(5);
    expect((await load(2 ** 32)).decoded).toBe(0);
  });

  test("grey pictures are kept grey, whatever channels are asked for", async () => {
    const [folder, own] = [temporaryFolder(), temporaryFolder()];
    const grey = Uint8Array.from({ length: 4 * 30 }, (_, i) => (i % 4 === 3 ? 255 : 8 * (i >> 2)));
    for (const name of ["a", "b"]) writeFileSync(join(folder, `${name}.png`), png(5, 6, grey));
    for (const channels of [undefined, 3, 1] as const)
      for (const inMemory of [2 ** 32, 0]) {
        const wanted = channels === undefined ? {} : { channels };
        const options = { size: 9, inMemory, ...wanted };
        const kept = await loadFolder(folder, { ...options, cache: own });
        const anew = await loadFolder(folder, { ...options, cache: false });
        expect([kept.shape[2], ...kept.values()]).toEqual([channels ?? 1, ...anew.values()]);
      }
    expect(shardsIn(own).length).toBe(1);
  });

  test("a cache that cannot be written to is told once, and done without", async () => {
    const own = temporaryFolder();
    writeFileSync(join(own, "file"), "");
    for (const inMemory of [2 ** 32, 0]) {
      const told: string[] = [];
      const { data } = await loaded(pictures, {
        inMemory,
        cache: join(own, "file", "more"),
        onNotice: (notice) => told.push(notice),
      });
      expect(told).toEqual([expect.stringMatching(/cannot be kept in .*file.*each start decodes them anew/)]);
      expect(Buffer.compare(inMemory ? (data.stored as Uint8Array) : rawOf(data), plain as Uint8Array)).toBe(
        0,
      );
    }
  });

  test("reading ends at once when it is told to, and what was decoded is kept", async () => {
    const own = temporaryFolder();
    const stop = new AbortController();
    const reading = loadFolder(pictures, {
      size,
      shardBytes,
      cache: own,
      threads: 1,
      signal: stop.signal,
      onProgress: ({ read }) => {
        if (read > 10) stop.abort(new Error("enough"));
      },
    });
    await expect(reading).rejects.toThrow("enough");
    const { decoded } = await loaded(pictures, { cache: own });
    expect(decoded).toBeLessThan(count);
  });

  test("a cache is emptied of its own files alone; what was left unfinished goes after a day", async () => {
    const own = temporaryFolder();
    cpSync(cache, own, { recursive: true });
    const folder = join(own, "pictures");
    const unfinished = `.${names[0]!}.0123456789ab.tmp`;
    writeFileSync(join(folder, "notes.txt"), "mine");
    writeFileSync(join(folder, unfinished), "half");
    await sweepCache(folder);
    expect(readdirSync(folder)).toContain(unfinished);
    utimesSync(join(folder, unfinished), 0, 0);
    await sweepCache(folder);
    expect(readdirSync(folder)).not.toContain(unfinished);
    expect(await emptyCache(folder)).toBeGreaterThan(count * size * size * 3);
    expect(readdirSync(folder)).toEqual(["notes.txt"]);
    expect(await emptyCache(join(own, "nowhere"))).toBe(0);
  });
});

test("two processes fill one cache at a time, one is killed, and all that is there is whole", async () => {
  const own = temporaryFolder();
  const script = `
    import { loadFolder } from ${JSON.stringify(new URL("../../src/data/folder.node.ts", import.meta.url).href)};
    const { stored } = await loadFolder(${JSON.stringify(pictures)}, {
      size: ${size}, shardBytes: ${shardBytes}, cache: ${JSON.stringify(own)}, threads: 1, onProgress: ({ read }) => console.log(read),
    });
    console.log("sum", stored.reduce((sum, byte) => (31 * sum + byte) % 1000003, 0));`;
  mkdirSync(join(own, "run"));
  const file = join(own, "run", "load.mts");
  writeFileSync(file, script);
  const begin = () => {
    const child = spawn(process.execPath, ["--import", "tsx", file], {
      cwd: fileURLToPath(new URL("../../", import.meta.url)),
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
    return {
      child,
      ended: once(child, "close").then(() => /sum (\d+)/.exec(said)?.[1]),
      says: () => once(child.stdout, "data"),
    };
  };
  const [first, second] = [begin(), begin()];
  await second.says();
  second.child.kill("SIGKILL");
  const sum = await first.ended;
  await second.ended;
  expect(sum).toBeDefined();
  const { data, decoded } = await loaded(pictures, { cache: own });
  expect([
    decoded,
    String((data.stored as Uint8Array).reduce((all, byte) => (31 * all + byte) % 1000003, 0)),
  ]).toEqual([0, sum]);
});

test("a thread that ends is told to who waits for it, and another takes its place", async () => {
  const reading = loadFolder(pictures, {
    ...{ size, shardBytes, cache: false, threads: 1 },
    onProgress: ({ read }) => void (read > 0 && threadOf(0).stop()),
  });
  await expect(reading).rejects.toThrow(/thread that reads them failed \(it was stopped\)/);
  const data = await loadFolder(pictures, { size: 4, cache: false, threads: 2, inMemory: 0 });
  const batches = new Batches(data, { batch: 8 });
  const x = new Float32Array(8 * data.size);
  const [at] = batches.next(x);
  expect(x.subarray(0, data.size)).toEqual(data.values(at, at! + 1));
  expect(batches.waited).toBeGreaterThan(0);
});

function changed(whole: Buffer, at: number): Buffer {
  const out = Buffer.from(whole);
  out[at]! ^= 0xff;
  return out;
}

/** The bytes of a data set that is read when it is needed. */
function rawOf(data: Dataset): Uint8Array {
  const out = new Uint8Array(data.count * data.size);
  data.rows!.read(
    Array.from({ length: data.count }, (_, i) => i),
    out,
  );
  return out;
}
