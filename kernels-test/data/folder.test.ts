import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { deflateSync } from "node:zlib";
import fc from "fast-check";
import jpeg from "jpeg-js";
import { PNG } from "pngjs";
import { describe, expect, test } from "vitest";
import { Batches } from "../../src/data/batches.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { loadFolder } from "../../src/data/folder.ts";
import { decodePicture } from "../../src/data/pictures.ts";
import { resize } from "../../src/data/resize.ts";
import { ArgumentError } from "../../src/device/errors.ts";
import { bytes, checkDataError, expectDataError, temporaryFolder } from "./files.ts";

/** RGBA bytes of a picture whose pixels are all `colour`. */
const plain = (height: number, width: number, colour: number[]) =>
  Uint8Array.from({ length: 4 * height * width }, (_, i) => [...colour, 255][i % 4] ?? 255);

function png(height: number, width: number, rgba: Uint8Array): Uint8Array {
  const image = new PNG({ width, height });
  image.data.set(rgba);
  return new Uint8Array(PNG.sync.write(image));
}

const jpg = (height: number, width: number, rgba: Uint8Array) =>
  new Uint8Array(jpeg.encode({ width, height, data: rgba }, 95).data);

const noisy = bytes(4 * 6 * 9).map((byte, i) => (i % 4 === 3 ? 255 : byte));

function crc32(data: Uint8Array): number {
  let crc = ~0;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return ~crc >>> 0;
}

/** A PNG whose header claims anything and whose pixels are `raw`, packed. */
function forgedPng(height: number, width: number, raw: Uint8Array, interlace = 0): Uint8Array {
  const header = new Uint8Array(13);
  new DataView(header.buffer).setUint32(0, width);
  new DataView(header.buffer).setUint32(4, height);
  header.set([8, 2, 0, 0, interlace], 8);
  const chunk = (type: string, data: Uint8Array) => {
    const body = new Uint8Array([...new TextEncoder().encode(type), ...data]);
    const out = new Uint8Array(body.length + 8);
    new DataView(out.buffer).setUint32(0, data.length);
    out.set(body, 4);
    new DataView(out.buffer).setUint32(out.length - 4, crc32(body));
    return out;
  };
  const signature = png(1, 1, plain(1, 1, [0, 0, 0])).slice(0, 8);
  const chunks = [chunk("IHDR", header), chunk("IDAT", deflateSync(raw)), chunk("IEND", new Uint8Array(0))];
  return new Uint8Array([signature, ...chunks].flatMap((part) => [...part]));
}

describe("decodePicture", () => {
  test("reads PNG exactly and JPEG nearly, whatever the file is called", () => {
    const exact = decodePicture(png(6, 9, noisy), "a.png");
    expect([exact.height, exact.width]).toEqual([6, 9]);
    expect([...exact.data]).toEqual([...noisy].filter((_, i) => i % 4 !== 3));
    const near = decodePicture(jpg(16, 8, plain(16, 8, [200, 40, 90])), "a.png");
    expect([near.height, near.width]).toEqual([16, 8]);
    [200, 40, 90].forEach((value, c) => expect(Math.abs(near.data[c]! - value)).toBeLessThan(6));
  });

  test("lays transparent parts on white", () => {
    const { data } = decodePicture(png(1, 2, Uint8Array.of(10, 20, 30, 0, 0, 0, 0, 51)), "a.png");
    expect([...data]).toEqual([255, 255, 255, 204, 204, 204]);
  });

  test.each([
    ["cut.png", png(6, 9, noisy)],
    ["cut.jpg", jpg(6, 9, noisy)],
  ])("%s fails wherever it is cut", async (name, whole) => {
    for (let length = 0; length < whole.length; length += 1 + (length >> 4)) {
      await expectDataError(() => decodePicture(whole.slice(0, length), name), name);
    }
  });

  test.each([
    ["bad.png", png(6, 9, noisy)],
    ["bad.jpg", jpg(6, 9, noisy)],
  ])("damage to %s gives an error or a picture", (name, whole) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: whole.length - 1 }),
        fc.integer({ min: 0, max: 255 }),
        (at, value) => {
          const bad = whole.slice();
          bad[at] = value;
          try {
            const picture = decodePicture(bad, name);
            expect(picture.data.length).toBe(picture.height * picture.width * 3);
          } catch (error) {
            checkDataError(error, name);
          }
        },
      ),
      { numRuns: 300, seed: 16 },
    );
  });

  test("declared sizes that the file cannot hold are refused at the header", async () => {
    await expectDataError(() => decodePicture(forgedPng(60_000, 60_000, bytes(10)), "a.png"), "a.png", 16);
    await expectDataError(
      () => decodePicture(forgedPng(8000, 8000, bytes(10)), "a.png"),
      "a.png",
      16,
      /do not fit/,
    );
    await expectDataError(() => decodePicture(forgedPng(0, 5, bytes(10)), "a.png"), "a.png", 16);
    const huge = jpg(8, 8, plain(8, 8, [1, 2, 3]));
    const frame = huge.findIndex((byte, i) => byte === 0xff && huge[i + 1] === 0xc0);
    huge.set([0xff, 0xff, 0xff, 0xff], frame + 5);
    await expectDataError(() => decodePicture(huge, "a.jpg"), "a.jpg", frame + 5, /65535 × 65535/);
  });

  test("pixels that unpack to more than declared are refused", async () => {
    const bomb = forgedPng(4, 4, new Uint8Array(50_000_000), 1);
    const before = process.memoryUsage().arrayBuffers;
    await expectDataError(() => decodePicture(bomb, "bomb.png"), "bomb.png");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
  });

  test("other files are refused", () =>
    expectDataError(() => decodePicture(bytes(100), "x.png"), "x.png", 0, /neither/));
});

describe("resize", () => {
  const ramp = { height: 1, width: 4, channels: 1, data: Uint8Array.of(0, 80, 160, 240) };

  test("halving weighs by a triangle two pixels wide, doubling interpolates", () => {
    expect([...resize(ramp, 1, 2).data]).toEqual([57, 183]);
    expect([...resize(ramp, 1, 8).data]).toEqual([0, 20, 60, 100, 140, 180, 220, 240]);
    expect([...resize(ramp, 3, 4).data]).toEqual([...ramp.data, ...ramp.data, ...ramp.data]);
  });

  test("a flat picture stays flat at any size", () => {
    const flat = { height: 5, width: 7, channels: 3, data: new Uint8Array(105).fill(77) };
    for (const [height, width] of [
      [1, 1],
      [3, 11],
      [13, 2],
    ] as const) {
      const { data } = resize(flat, height, width);
      expect(data.length).toBe(height * width * 3);
      expect(data.every((value) => value === 77)).toBe(true);
    }
  });
});

describe("loadFolder", () => {
  test("sorts by name, keeps grey pictures to one channel", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "b.png"), png(2, 3, plain(2, 3, [255, 255, 255])));
    writeFileSync(join(folder, "a.JPG"), jpg(2, 3, plain(2, 3, [0, 0, 0])));
    writeFileSync(join(folder, "notes.txt"), "not a picture");
    const data = await loadFolder(folder);
    expect(data.shape).toEqual([2, 3, 1]);
    expect(data.values(0, 1)[0]).toBeLessThan(0.02);
    expect(data.values(1, 2)[0]).toBe(1);
    expect((await loadFolder(folder, { channels: 3 })).shape).toEqual([2, 3, 3]);
    expect((await loadFolder(folder, { size: [4, 5] })).shape).toEqual([4, 5, 1]);
  });

  test("folders within are classes; colour keeps three channels, or is weighed to grey", async () => {
    const folder = temporaryFolder();
    for (const name of ["dogs", "cats", "empty"]) mkdirSync(join(folder, name));
    writeFileSync(join(folder, "cats", "1.png"), png(1, 1, plain(1, 1, [255, 0, 0])));
    writeFileSync(join(folder, "dogs", "1.png"), png(1, 1, plain(1, 1, [0, 255, 0])));
    const data = await loadFolder(folder);
    expect(data.shape).toEqual([1, 1, 3]);
    expect([...data.labels!]).toEqual([0, 1]);
    expect([...data.values()]).toEqual([1, 0, 0, 0, 1, 0]);
    expect([...(await loadFolder(folder, { channels: 1 })).stored]).toEqual([76, 150]);
  });

  test("pictures too many for memory are decoded when they are needed, to the same values", async () => {
    const folder = temporaryFolder();
    for (const [index, name] of ["a", "b", "c", "d", "e", "f"].entries()) {
      mkdirSync(join(folder, name[0]! < "d" ? "one" : "two"), { recursive: true });
      const pixels = noisy.map((byte, i) => (i % 4 === 3 ? 255 : (byte + 40 * index) % 256));
      writeFileSync(join(folder, name[0]! < "d" ? "one" : "two", `${name}.png`), png(6, 9, pixels));
    }
    const options = { size: [4, 5] } as const;
    const held = await loadFolder(folder, options);
    const needed = await loadFolder(folder, { ...options, inMemory: 6 * 60 - 1 });
    expect([held.rows, needed.stored.length]).toEqual([undefined, 0]);
    expect([needed.count, needed.shape, needed.labels]).toEqual([6, held.shape, held.labels]);
    expect((await loadFolder(folder, { ...options, inMemory: 6 * 60 })).rows).toBeUndefined();
    const ways: ((data: Dataset) => Dataset)[] = [
      (data) => data,
      (data) => data.slice(1, 4),
      (data) => data.select([5, 0, 3]).take(2),
      (data) => data.split(2, 7)[1],
      (data) => data.standardised(),
    ];
    for (const way of ways) {
      expect(way(needed).values()).toEqual(way(held).values());
      expect(way(needed).labels).toEqual(way(held).labels);
      expect(way(needed).statistics()).toEqual(way(held).statistics());
    }
    const [first, second] = [needed, held].map((data) => new Batches(data, { batch: 4, seed: 3 }));
    const [x, y] = [new Float32Array(4 * 60), new Float32Array(4 * 60)];
    for (let i = 0; i < 3; i++) expect(first!.next(x)).toEqual(second!.next(y));
    expect(x).toEqual(y);
    const grey = { ...options, channels: 1 } as const;
    expect((await loadFolder(folder, { ...grey, inMemory: 0 })).values()).toEqual(
      (await loadFolder(folder, grey)).values(),
    );
    writeFileSync(join(folder, "two", "e.png"), "gone");
    await expectDataError(() => needed.values(4, 5), "e.png", 0, /neither a PNG nor/);
  });

  test("names the picture that does not fit, and the folder that has none", async () => {
    const folder = temporaryFolder();
    await expect(loadFolder(folder)).rejects.toThrow(/no .png, .jpg or .jpeg files/);
    await expect(loadFolder(join(folder, "nowhere"))).rejects.toThrow(ArgumentError);
    writeFileSync(join(folder, "a.png"), png(2, 2, plain(2, 2, [9, 9, 9])));
    writeFileSync(join(folder, "b.png"), png(3, 2, plain(3, 2, [9, 9, 9])));
    await expectDataError(() => loadFolder(folder), "b.png", 0, /3 × 2 pixels.*2 × 2/);
    expect((await loadFolder(folder, { size: 2 })).shape).toEqual([2, 2, 1]);
    await expect(loadFolder(folder, { size: 0 })).rejects.toThrow(/size of whole numbers/);
    writeFileSync(join(folder, "c.png"), "");
    await expectDataError(() => loadFolder(folder, { size: 2 }), "c.png", 0, /empty/);
  });
});
