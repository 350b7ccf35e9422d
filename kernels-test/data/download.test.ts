import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { download } from "../../src/data/download.node.ts";
import { fetchFile, type Progress } from "../../src/data/fetch-file.node.ts";
import { cifarMembers, sources, type RemoteFile } from "../../src/data/sources.ts";
import { DownloadError } from "../../src/device/errors.ts";
import { bytes, realData, temporaryFolder } from "./files.ts";
import { dropping, honest, serve, short, status, type Behaviour } from "./server.ts";

const content = bytes(200_000);
const quick = { backoff: 1, timeout: 5000 };

const remote = (...hosts: string[]): RemoteFile => ({
  name: "file.gz",
  size: content.length,
  sha256: createHash("sha256").update(content).digest("hex"),
  urls: hosts.map((host) => `${host}/file.gz`),
});

const wrongBytes: Behaviour = (right, from, response, request) =>
  honest(
    right.map((byte) => byte ^ 1),
    from,
    response,
    request,
  );
const ignoresRange: Behaviour = (right, _from, response, request) => honest(right, 0, response, request);

/** Downloads from a server that follows `script`, over `part` if given, and checks what is on disk afterwards. */
async function fetched(part: Uint8Array | undefined, ...script: [Behaviour, ...Behaviour[]]) {
  const folder = temporaryFolder();
  if (part) writeFileSync(join(folder, "file.gz.part"), part);
  const { url, requests } = await serve(content, ...script);
  const path = await fetchFile(remote(url), folder, quick);
  expect(readFileSync(path).equals(content)).toBe(true);
  expect(readdirSync(folder)).toEqual(["file.gz"]);
  return requests.map(({ from }) => from);
}

/** A download that must fail; gives the message and the names left on disk. */
async function failed(...script: [Behaviour, ...Behaviour[]]) {
  const folder = temporaryFolder();
  const { url, requests } = await serve(content, ...script);
  const error = await fetchFile(remote(url), folder, { ...quick, tries: 3, timeout: 200 }).catch(
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(DownloadError);
  expect((error as Error).message).toContain(url);
  return { message: (error as Error).message, left: readdirSync(folder), requests: requests.length };
}

describe("fetchFile", () => {
  test("fetches, checks, renames and reports its progress", async () => {
    const folder = join(temporaryFolder(), "made", "here");
    const seen: Progress[] = [];
    const { url, requests } = await serve(content, honest);
    const options = { ...quick, onProgress: (progress: Progress) => seen.push(progress) };
    await fetchFile(remote(url), folder, options);
    expect(seen.at(-1)).toEqual({ file: "file.gz", received: content.length, total: content.length });
    expect(seen.every(({ received }, i) => i === 0 || received > seen[i - 1]!.received)).toBe(true);
    await fetchFile(remote(url), folder, options);
    expect(requests).toHaveLength(1);
  });

  test("goes on where a connection dropped", async () => {
    expect(await fetched(undefined, short(50_000), short(70_000), honest)).toEqual([0, 50_000, 120_000]);
    const froms = await fetched(undefined, dropping(50_000), dropping(70_000), dropping(60_000), honest);
    expect(froms.at(-1)).toBeGreaterThan(0);
  });

  test("a connection that drops more often than there are tries still arrives while it makes progress", async () => {
    expect(await fetched(undefined, short(20_000))).toHaveLength(10);
  });

  test("resumes what an earlier run left", async () => {
    expect(await fetched(content.slice(0, 123_456), honest)).toEqual([123_456]);
    expect(await fetched(content.slice(), honest)).toEqual([]);
  });

  test("starts anew when the part is wrong, too long, or cannot be gone on from", async () => {
    expect(await fetched(bytes(1000).reverse(), honest)).toEqual([1000, 0]);
    expect(await fetched(bytes(content.length + 1), honest)).toEqual([0]);
    expect(await fetched(content.slice(0, 1000), status(416), honest)).toEqual([1000, 0]);
    const elsewhere: Behaviour = (_right, _from, response) =>
      response.writeHead(206, { "content-range": `bytes 0-9/${content.length}` }).end("0123456789");
    expect(await fetched(content.slice(0, 1000), elsewhere, honest)).toEqual([1000, 0]);
  });

  test("a server that ignores ranges sends everything again", async () => {
    expect(await fetched(content.slice(0, 1000), ignoresRange)).toEqual([1000]);
    expect(await fetched(undefined, short(100), ignoresRange)).toEqual([0, 100]);
  });

  test("waits out a server that is busy or silent", async () => {
    expect(await fetched(undefined, status(503), status(429), honest)).toEqual([0, 0, 0]);
    const folder = temporaryFolder();
    const { url, requests } = await serve(content, () => undefined, honest);
    await fetchFile(remote(url), folder, { ...quick, timeout: 100 });
    expect(requests).toHaveLength(2);
  });

  test("wrong bytes fail, and none of them stay", async () => {
    const { message, left, requests } = await failed(wrongBytes);
    expect(message).toMatch(/SHA-256 is not [0-9a-f]{64}; the file was removed/);
    expect([left, requests]).toEqual([[], 1]);
  });

  test("a missing file fails at once, an address that always drops after its tries", async () => {
    expect(await failed(status(404))).toMatchObject({
      left: [],
      requests: 1,
      message: expect.stringContaining("404") as string,
    });
    const dropped = await failed(dropping(100), dropping(0));
    expect(dropped).toMatchObject({ left: ["file.gz.part"], requests: 3 });
    expect(dropped.message).toMatch(/broke/);
    expect((await failed(short(100), short(0))).message).toMatch(/ended after 100 of 200000 bytes/);
  });

  test("a server that hangs is left", async () => {
    const { message, requests } = await failed((right, _from, response) => {
      response.writeHead(200, { "content-length": String(right.length) });
      response.write("a");
    });
    expect(message).toMatch(/nothing came for 0.2 seconds/);
    expect(requests).toBe(3);
  });

  test("no more than the known size is taken, announced or not", async () => {
    const page: Behaviour = (_right, _from, response) =>
      response.writeHead(200, { "content-length": "5" }).end("hello");
    expect((await failed(page)).message).toMatch(/offers 5 bytes where 200000 are expected/);
    let sent = 0;
    const flood: Behaviour = (_right, _from, response) => {
      const more = () => {
        while (!response.destroyed && sent < 1e9 && response.write(content)) sent += content.length;
      };
      response.writeHead(200).on("drain", more);
      more();
    };
    const { message, left } = await failed(flood);
    expect(message).toMatch(/sends more than the 200000 bytes expected/);
    expect(left).toEqual(["file.gz.part"]);
    expect(sent).toBeLessThan(1e8);
  });

  test("a second address helps where the first does not", async () => {
    const folder = temporaryFolder();
    const first = await serve(content, short(500), status(404));
    const second = await serve(content, honest);
    await fetchFile(remote("http://127.0.0.1:1", first.url, second.url), folder, { ...quick, tries: 2 });
    expect(second.requests).toEqual([{ path: "/file.gz", from: 500 }]);
  });

  test("aborting stops it and keeps the part", async () => {
    const folder = temporaryFolder();
    const { url } = await serve(content, short(1000), () => undefined);
    const controller = new AbortController();
    const running = fetchFile(remote(url), folder, { ...quick, signal: controller.signal });
    setTimeout(() => controller.abort(new Error("stopped by hand")), 200);
    await expect(running).rejects.toThrow("stopped by hand");
    expect(statSync(join(folder, "file.gz.part")).size).toBe(1000);
  });

  test("a folder that cannot be written is named", async () => {
    const file = join(temporaryFolder(), "file");
    writeFileSync(file, "");
    const { url } = await serve(content, honest);
    await expect(fetchFile(remote(url), file, quick)).rejects.toThrow(DownloadError);
  });
});

describe("download", () => {
  test("fetches MNIST's four files from another address, and takes no others for them", async () => {
    const other = await serve(bytes(sources.mnist[0]!.size), honest);
    const refused = download("mnist", { into: temporaryFolder(), baseUrl: other.url, ...quick });
    await expect(refused).rejects.toThrow(/train-images-idx3-ubyte.gz could not be downloaded[^]*SHA-256/);
    const folder = realData("mnist");
    if (!folder) return;
    const into = temporaryFolder();
    const { url, requests } = await serve((path) => readFileSync(join(folder, basename(path))), honest);
    const paths = await download("mnist", { into, baseUrl: `${url}/some/where/`, ...quick });
    expect(paths.map((path) => basename(path))).toEqual(sources.mnist.map(({ name }) => name));
    for (const path of paths)
      expect(readFileSync(path).equals(readFileSync(join(folder, basename(path))))).toBe(true);
    expect(requests[0]!.path).toBe("/some/where/train-images-idx3-ubyte.gz");
  });

  test("the listed sizes and checksums are whole, and those of the real files", () => {
    const all = Object.values(sources).flat();
    expect(new Set(all.map(({ sha256 }) => sha256)).size).toBe(9);
    for (const { size, sha256, urls } of all) {
      expect(size).toBeGreaterThan(4000);
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);
      for (const url of urls) expect(URL.canParse(url)).toBe(true);
    }
    for (const [name, folder] of [
      ["mnist", "mnist"],
      ["fashion-mnist", "fashion"],
    ] as const) {
      const real = realData(folder);
      for (const { name: file, size, sha256 } of real ? sources[name] : []) {
        const data = readFileSync(join(real!, file));
        expect([file, data.length, createHash("sha256").update(data).digest("hex")]).toEqual([
          file,
          size,
          sha256,
        ]);
      }
    }
  });

  test("leaves CIFAR-10 alone when its files are there, and fails on another archive", async () => {
    const into = temporaryFolder();
    const { url, requests } = await serve(content, honest);
    await expect(download("cifar10", { into, baseUrl: url, ...quick })).rejects.toThrow(/expected/);
    mkdirSync(join(into, "cifar-10-batches-bin"));
    for (const [member, size] of cifarMembers) {
      writeFileSync(join(into, member), "");
      truncateSync(join(into, member), size);
    }
    expect(await download("cifar10", { into, baseUrl: url, ...quick })).toHaveLength(6);
    expect(requests).toHaveLength(1);
    expect(existsSync(join(into, "cifar-10-binary.tar.gz"))).toBe(false);
  });

  test("refuses names it does not know", async () => {
    await expect(download("celeba" as "mnist", { into: "." })).rejects.toThrow(
      /no data set "celeba"; there are cifar10, fashion-mnist, mnist/,
    );
  });
});
