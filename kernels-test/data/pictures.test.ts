import { readFileSync } from "node:fs";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodePictures } from "../../src/data/decode.node.ts";
import { decodePicture } from "../../src/data/pictures.node.ts";
import { resize } from "../../src/data/resize.ts";
import { DataError } from "../../src/device/errors.ts";
import { bytes, checkDataError, expectDataError, jpg, plain, png } from "./files.ts";

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

const pillow = JSON.parse(readFileSync(new URL("pillow.json", import.meta.url), "utf8")) as {
  decoded: Record<string, { file: string; width: number; height: number; rgb: string }>;
  resized: { height: number; width: number; grey: string }[];
};
const fromText = (text: string) => new Uint8Array(Buffer.from(text, "base64"));

describe("decodePicture", () => {
  test.each(Object.entries(pillow.decoded))("reads %s as Pillow does", (name, { file, rgb, ...size }) => {
    const picture = decodePicture(fromText(file), name);
    expect(picture).toEqual({ ...size, channels: 3, data: expect.any(Uint8Array) as Uint8Array });
    expect([...picture.data]).toEqual([...fromText(rgb)]);
  });

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
    ["cut.png", png(6, 9, noisy), 20], // after its pixels: their two checksums, and the end's chunk
    ["cut.jpg", jpg(6, 9, noisy), 0],
  ])("%s fails wherever its pixels are cut", async (name, whole, after) => {
    for (let length = 0; length < whole.length - after; length += 1 + (length >> 4)) {
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
      { numRuns: 150, seed: 16 },
    );
  });

  test("sizes past 64 million pixels are refused at the header, by name and with the limit", async () => {
    const before = process.memoryUsage().rss;
    await expectDataError(
      () => decodePicture(forgedPng(60_000, 60_000, bytes(10)), "a.png"),
      "a.png",
      0,
      /60000 × 60000 pixels; expected 1 to 67108864 in all/,
    );
    await expectDataError(() => decodePicture(forgedPng(9000, 9000, bytes(10)), "a.png"), "a.png", 0);
    await expectDataError(() => decodePicture(forgedPng(0, 5, bytes(10)), "a.png"), "a.png", 0);
    const huge = jpg(8, 8, plain(8, 8, [1, 2, 3]));
    const frame = huge.findIndex((byte, i) => byte === 0xff && huge[i + 1] === 0xc0);
    huge.set([0xf0, 0, 0xf0, 0], frame + 5);
    await expectDataError(() => decodePicture(huge, "a.jpg"), "a.jpg", 0, /61440 × 61440/);
    expect(process.memoryUsage().rss - before).toBeLessThan(200_000_000);
  });

  test("pixels that unpack to more than declared are not unpacked past what is", () => {
    const bomb = forgedPng(4, 4, new Uint8Array(50_000_000), 1);
    const before = process.memoryUsage().rss;
    expect(decodePicture(bomb, "bomb.png")).toMatchObject({ height: 4, width: 4 });
    expect(process.memoryUsage().rss - before).toBeLessThan(20_000_000);
  });

  test("other files are refused", async () => {
    const text = (words: string) => new TextEncoder().encode(words);
    const svg = text(`<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>`);
    for (const [given, words] of [
      [bytes(100), /not a picture that can be read: expected JPEG, PNG, WebP, AVIF, GIF, TIFF/],
      [text("hello"), /not a picture/],
      [new Uint8Array(0), /the file is empty/],
      [svg, /a file of svg; expected JPEG/],
    ] as const)
      await expectDataError(() => decodePicture(given, "x.png"), "x.png", 0, words);
  });

  test("one that cannot be decoded leaves those beside it as they are", async () => {
    const given = [png(6, 9, noisy), bytes(50), jpg(6, 9, noisy), png(6, 9, noisy).subarray(0, 60)];
    const read = await decodePictures(given.map((bytes, i) => ({ bytes, file: `${i}` })));
    expect(read.map((one) => (one instanceof DataError ? one.file : one.width))).toEqual([9, "1", 9, "3"]);
    expect(read[2]).toEqual(decodePicture(given[2]!, "2"));
    expect(await decodePictures([])).toEqual([]);
  });

  test("where JFIF's marker and Adobe's contradict each other, Adobe's is believed", () => {
    const file = jpg(16, 8, plain(16, 8, [200, 40, 90]));
    const adobe = [0xff, 0xee, 0, 14, ...Buffer.from("Adobe"), 0, 100, 0, 0, 0, 0, 0];
    const both = decodePicture(Uint8Array.of(0xff, 0xd8, ...adobe, ...file.subarray(2)), "both.jpg");
    const alone = decodePicture(Uint8Array.of(0xff, 0xd8, ...adobe, ...file.subarray(20)), "alone.jpg");
    expect(both).toEqual(alone);
    expect(both.data[0]).toBeLessThan(150); // luminance, not red
  });
});

describe("resize", () => {
  const ramp = { height: 1, width: 4, channels: 1, data: Uint8Array.of(0, 80, 160, 240) };

  test("has Pillow's values to one level", () => {
    const [height, width] = [9, 14];
    const rough = Uint8Array.from({ length: height * width }, (_, i) => {
      const [x, y] = [i % width, Math.floor(i / width)];
      return (37 * x + 91 * y + 13 * x * y) % 256;
    });
    for (const { grey, ...size } of pillow.resized) {
      const picture = { height, width, channels: 1, data: rough };
      const { data } = resize(picture, size.height, size.width);
      const away = fromText(grey).map((value, i) => Math.abs(value - data[i]!));
      expect({ ...size, values: data.length, most: Math.max(...away) <= 1 }).toEqual({
        ...size,
        values: away.length,
        most: true,
      });
    }
  });

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
