import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseIdx, readIdx } from "../../src/data/idx.ts";
import { bytes, checkDataError, expectDataError, idxFile, realData } from "./files.ts";

const packed = (data: Uint8Array) => new Uint8Array(gzipSync(data));
const images = idxFile([3, 4, 5], bytes(60));

describe("readIdx", () => {
  test.each([
    ["plain", images],
    ["packed", packed(images)],
  ])("reads %s files", async (_, file) => {
    const { shape, data } = await readIdx(file, "images", 3);
    expect(shape).toEqual([3, 4, 5]);
    expect(data).toEqual(bytes(60));
  });

  test("every way of cutting a file short is an error at the cut", async () => {
    for (let length = 0; length < images.length; length++) {
      await expectDataError(() => parseIdx(images.slice(0, length), "cut"), "cut", length);
    }
    const gz = packed(idxFile([40, 10, 10], bytes(4000)));
    for (let length = 2; length < gz.length; length += 37) {
      await expectDataError(() => readIdx(gz.slice(0, length), "cut.gz"), "cut.gz (unpacked)");
    }
  });

  test("more data than declared is an error at the declared end", async () => {
    const longer = new Uint8Array([...images, 1]);
    await expectDataError(() => readIdx(longer, "long"), "long", images.length);
    await expectDataError(() => readIdx(packed(longer), "long.gz"), "long.gz", images.length, /goes on/);
  });

  test.each([
    [0, [1, 0, 8, 1], /not an IDX file/],
    [2, [0, 0, 13, 1], /element type 13/],
    [3, [0, 0, 8, 0], /dimensions/],
    [3, [0, 0, 8, 1], /expected 3 dimensions, the header says 1/],
    [8, [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 2], /dimension 1 is 0/],
  ])("a wrong header fails at byte %i", async (offset, header, message) => {
    const file = new Uint8Array([...header, ...bytes(20)]);
    await expectDataError(() => readIdx(file, "bad", 3), "bad", offset, message);
    await expectDataError(() => readIdx(packed(file), "bad.gz", 3), "bad.gz", offset, message);
  });

  test("a size that the file cannot hold is refused before anything is allocated", async () => {
    const huge = idxFile([0xffffffff, 0xffffffff, 0xffffffff], bytes(100));
    await expectDataError(() => readIdx(huge, "huge"), "huge", huge.length);
    await expectDataError(() => readIdx(packed(huge), "huge.gz"), "huge.gz", 0, /can hold/);
  });

  test("a gzip bomb is stopped at the size that its header declares", async () => {
    const bomb = packed(idxFile([10], new Uint8Array(300_000_000)));
    const before = process.memoryUsage().arrayBuffers;
    await expectDataError(() => readIdx(bomb, "bomb.gz"), "bomb.gz", 18, /goes on/);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
  });

  test("a flipped bit in packed data never passes, but where it stands for nothing", async () => {
    const gz = packed(images);
    const whole = await readIdx(gz, "whole.gz");
    let harmless = 0;
    for (let at = 10; at < gz.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const damaged = gz.slice();
        damaged[at]! ^= 1 << bit;
        const read = await readIdx(damaged, "damaged.gz").catch((error: unknown) => error);
        if (read instanceof Error) checkDataError(read, "damaged.gz");
        else expect([at, bit, read]).toEqual([at, bit, whole]);
        if (!(read instanceof Error)) harmless++;
      }
    }
    expect(harmless).toBeLessThan(8); // what fills up the last byte of the deflated data
  });

  test("random bytes give an error or an array of their size, nothing else", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), async (tail) => {
        const file = new Uint8Array([0, 0, 8, ...tail]);
        try {
          const { shape, data } = await readIdx(file, "random");
          expect(shape.reduce((a, b) => a * b, 1)).toBe(data.length);
        } catch (error) {
          checkDataError(error, "random");
        }
      }),
      { seed: 12 },
    );
  });

  test("the real MNIST test images have their published statistics", async () => {
    const path = realData("mnist/t10k-images-idx3-ubyte.gz");
    const file = path ? new Uint8Array(readFileSync(path)) : packed(idxFile([2, 28, 28], bytes(1568)));
    const { shape, data } = await readIdx(file, "t10k", 3);
    expect(shape.slice(1)).toEqual([28, 28]);
    expect(data.length).toBe(shape[0]! * 784);
    if (path) expect(data.reduce((sum, byte) => sum + byte, 0) / data.length / 255).toBeCloseTo(0.1325, 4);
  });
});
