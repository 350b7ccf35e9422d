import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseCifar } from "../../src/data/cifar.ts";
import { cifarFile, expectDataError, realData } from "./files.ts";

describe("parseCifar", () => {
  test("puts the colour planes beside each other", () => {
    const { pixels, labels } = parseCifar(cifarFile(12), "batch");
    expect([...labels]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
    for (const [i, row, column, c] of [
      [0, 0, 0, 0],
      [3, 10, 31, 2],
      [11, 31, 31, 1],
    ] as const) {
      expect(pixels[((i * 32 + row) * 32 + column) * 3 + c]).toBe((100 * c + row + column + i) & 255);
    }
  });

  test("a cut record is an error where that record begins", async () => {
    for (const length of [0, 1, 3072, 3074, 2 * 3073 - 1]) {
      const cut = cifarFile(2).slice(0, length);
      await expectDataError(() => parseCifar(cut, "cut.bin"), "cut.bin", Math.floor(length / 3073) * 3073);
    }
  });

  test("a label past 9 is an error at its byte", async () => {
    const file = cifarFile(3);
    file[2 * 3073] = 10;
    await expectDataError(
      () => parseCifar(file, "labels.bin"),
      "labels.bin",
      2 * 3073,
      /label 10 of image 2/,
    );
  });

  test("reads the real test images", () => {
    const path = realData("cifar10/test_batch.first1017.bin");
    const { labels } = parseCifar(path ? readFileSync(path) : cifarFile(1017), "test_batch");
    expect(labels.length).toBe(1017);
    expect(new Set(labels).size).toBe(10);
    if (path) expect([...labels.subarray(0, 5)]).toEqual([3, 8, 8, 0, 6]);
  });
});
