import { PNG } from "pngjs";
import { describe, expect, test } from "vitest";
import { ArgumentError, ShapeError } from "../../src/device/errors.ts";
import { imageGrid, interpolationStrip, pairedRows, rangeOfValues } from "../../src/report/pictures.node.ts";

const decode = (bytes: Uint8Array) => PNG.sync.read(Buffer.from(bytes));
const pixel = (png: PNG, x: number, y: number) => {
  const at = 4 * (y * png.width + x);
  return [...png.data.subarray(at, at + 4)];
};
const grey = (level: number) => [level, level, level, 255];
const clear = [0, 0, 0, 0];
const magenta = [255, 0, 255, 255];

describe("imageGrid", () => {
  test("places each image, upscales it and leaves gaps clear", () => {
    const images = Float32Array.of(0, 1, 0.2, 0.4, 0.6, 0.8);
    const png = decode(imageGrid({ images, shape: [1, 2, 1], columns: 2, range: [0, 1], gap: 1, scale: 3 }));
    expect([png.width, png.height]).toEqual([2 * 6 + 1, 2 * 3 + 1]);
    expect(pixel(png, 2, 2)).toEqual(grey(0));
    expect(pixel(png, 3, 0)).toEqual(grey(255));
    expect(pixel(png, 6, 0)).toEqual(clear);
    expect(pixel(png, 7, 0)).toEqual(grey(51));
    expect(pixel(png, 10, 2)).toEqual(grey(102));
    expect(pixel(png, 0, 3)).toEqual(clear);
    expect(pixel(png, 0, 4)).toEqual(grey(153));
    expect(pixel(png, 5, 6)).toEqual(grey(204));
    expect(pixel(png, 7, 4)).toEqual(clear);
  });

  test("keeps three channels apart and clamps what is outside the range", () => {
    const images = Float32Array.of(-3, 0.2, 9, 1, 0.6, 0);
    const png = decode(imageGrid({ images, shape: [1, 2, 3], columns: 1, range: [0, 1], gap: 0, scale: 1 }));
    expect(pixel(png, 0, 0)).toEqual([0, 51, 255, 255]);
    expect(pixel(png, 1, 0)).toEqual([255, 153, 0, 255]);
  });

  test("draws NaN and infinities magenta and takes the range of the rest", () => {
    const images = Float32Array.of(NaN, -2, 2, Infinity, -Infinity, 0);
    const png = decode(imageGrid({ images, shape: [1, 6, 1], columns: 1, range: "auto", gap: 0, scale: 1 }));
    const row = Array.from({ length: 6 }, (_, x) => pixel(png, x, 0));
    expect(row).toEqual([magenta, grey(0), grey(255), magenta, magenta, grey(128)]);
    const colour = decode(
      imageGrid({ images: Float32Array.of(0, NaN, 1), shape: [1, 1, 3], columns: 1, gap: 0, scale: 1 }),
    );
    expect(pixel(colour, 0, 0)).toEqual(magenta);
  });

  test("colours with viridis from its first to its last colour", () => {
    const png = decode(
      imageGrid({
        images: Float32Array.of(-1, 0, 1),
        shape: [1, 3, 1],
        columns: 1,
        scale: 1,
        colormap: "viridis",
      }),
    );
    expect(pixel(png, 0, 0)).toEqual([0x44, 0x01, 0x54, 255]);
    expect(pixel(png, 1, 0)).toEqual([0x21, 0x91, 0x8c, 255]);
    expect(pixel(png, 2, 0)).toEqual([0xfd, 0xe7, 0x25, 255]);
  });

  test("enlarges 28 × 28 digits fourfold by default, and never shrinks", () => {
    const digit = decode(imageGrid({ images: new Float32Array(784), shape: [28, 28, 1], columns: 1 }));
    expect([digit.width, digit.height]).toEqual([112, 112]);
    const large = decode(imageGrid({ images: new Float32Array(400), shape: [1, 400, 1], columns: 1 }));
    expect([large.width, large.height]).toEqual([400, 1]);
  });

  test("says what does not fit", () => {
    const images = new Float32Array(8);
    expect(() => imageGrid({ images, shape: [1, 3, 1], columns: 1 })).toThrow(
      /imageGrid: images has 8 values/,
    );
    expect(() => imageGrid({ images, shape: [2, 2, 2], columns: 1 })).toThrow(ShapeError);
    expect(() => imageGrid({ images: new Float32Array(0), shape: [2, 2, 1], columns: 1 })).toThrow(
      ShapeError,
    );
    expect(() => imageGrid({ images, shape: [2, 2, 1], columns: 0 })).toThrow(ArgumentError);
    expect(() => imageGrid({ images, shape: [2, 2, 1], columns: 1, gap: -1 })).toThrow(/gap is -1/);
  });
});

describe("pairedRows", () => {
  const originals = Float32Array.of(0, 0.2, 1);

  test("puts each reconstruction under its original, in one range", () => {
    const reconstructions = Float32Array.of(0.4, 5, 0.6);
    const png = decode(
      pairedRows({ originals, reconstructions, shape: [1, 1, 1], columns: 2, gap: 1, scale: 1 }),
    );
    expect([png.width, png.height]).toEqual([3, 10]);
    expect([pixel(png, 0, 0), pixel(png, 0, 2)]).toEqual([grey(0), grey(102)]);
    expect([pixel(png, 2, 0), pixel(png, 2, 2)]).toEqual([grey(51), grey(255)]);
    expect([pixel(png, 0, 7), pixel(png, 0, 9)]).toEqual([grey(255), grey(153)]);
    expect(pixel(png, 0, 1)).toEqual(clear);
  });

  test("refuses another number of reconstructions", () => {
    const make = () =>
      pairedRows({ originals, reconstructions: new Float32Array(2), shape: [1, 1, 1], columns: 2 });
    expect(make).toThrow("pairedRows: 3 originals but 2 reconstructions; give one for each");
  });
});

describe("interpolationStrip", () => {
  const images = Float32Array.of(0, 0.2, 0.4, 0.6, 0.8, 1);

  test("has a row per pair and a column per step", () => {
    const png = decode(
      interpolationStrip({ images, shape: [1, 1, 1], pairs: 2, steps: 3, gap: 0, scale: 1 }),
    );
    expect([png.width, png.height]).toEqual([3, 2]);
    expect(pixel(png, 2, 0)).toEqual(grey(102));
    expect(pixel(png, 0, 1)).toEqual(grey(153));
  });

  test("refuses another number of images", () => {
    const make = () => interpolationStrip({ images, shape: [1, 1, 1], pairs: 2, steps: 4 });
    expect(make).toThrow("interpolationStrip: 6 images; 2 pairs of 4 steps need 8");
  });
});

test("rangeOfValues widens a constant and survives no finite value at all", () => {
  expect(rangeOfValues(Float32Array.of(2, NaN, 2))).toEqual([1.5, 2.5]);
  expect(rangeOfValues(Float32Array.of(NaN, Infinity))).toEqual([0, 1]);
});
