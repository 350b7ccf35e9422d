import { describe, expect, test } from "vitest";
import { Dataset } from "../../src/data/dataset.ts";
import { ArgumentError, ShapeError } from "../../src/device/errors.ts";

const images = () =>
  new Dataset({
    name: "tiny",
    shape: [1, 2, 1],
    stored: Uint8Array.of(0, 51, 102, 153, 204, 255),
    scale: 1 / 255,
    labels: Uint8Array.of(7, 8, 9),
    centres: Float32Array.of(0, 1, 2, 3, 4, 5),
  });

const rounded = (values: Float32Array) => [...values].map((value) => Math.round(value * 1e6) / 1e6);

describe("Dataset", () => {
  test("copies rows in the order asked for", () => {
    const out = new Float32Array(5).fill(-1);
    images().copyRows([2, 0], out);
    expect(rounded(out)).toEqual([0.8, 1, 0, 0.2, -1]);
    expect(rounded(images().values(1))).toEqual([0.4, 0.6, 0.8, 1]);
  });

  test("keeps labels and centres beside their samples", () => {
    const picked = images().select([2, 1]);
    expect([...picked.labels!]).toEqual([9, 8]);
    expect([...picked.centres!]).toEqual([4, 5, 2, 3]);
    expect([...images().slice(1, 2).labels!]).toEqual([8]);
    expect(images().take(2).count).toBe(2);
    expect(images().take(99).count).toBe(3);
  });

  test("splits into parts without overlap", () => {
    for (const seed of [undefined, 3]) {
      const [a, b] = images().split(1, seed);
      expect([...a.labels!, ...b.labels!].sort()).toEqual([7, 8, 9]);
    }
    expect(() => images().split(3)).toThrow(/split off 3 of 3/);
  });

  test.each([
    ["bytes", images()],
    [
      "floats",
      new Dataset({
        name: "f",
        shape: [3],
        stored: Float32Array.of(1, 2, 3, -4, 5, 60),
        scale: 2,
        offset: 1,
      }),
    ],
  ])("standardises %s by their own statistics and records them", (_, data) => {
    const { mean, std, min, max } = data.statistics();
    const values = data.values();
    expect(min).toBeCloseTo(Math.min(...values), 5);
    expect(max).toBeCloseTo(Math.max(...values), 5);
    const result = data.standardised();
    expect([result.mean, result.std]).toEqual([mean, std]);
    const after = result.statistics();
    expect(after.mean).toBeCloseTo(0, 10);
    expect(after.std).toBeCloseTo(1, 10);
    result.values().forEach((value, i) => expect(value * std + mean).toBeCloseTo(values[i]!, 4));
    expect(result.stored).toBe(data.stored);
  });

  test("refuses what does not fit, naming itself", () => {
    const stored = new Uint8Array(5);
    expect(() => new Dataset({ name: "odd", shape: [2], stored })).toThrow(ShapeError);
    expect(() => new Dataset({ name: "none", shape: [2], stored: new Uint8Array(0) })).toThrow(
      /none: 0 values/,
    );
    expect(() => new Dataset({ name: "x", shape: [1], stored, labels: new Uint8Array(4) })).toThrow(
      /expected 5 labels, got 4/,
    );
    expect(() => images().copyRows([0], new Float32Array(1))).toThrow(/need 2 places.* has 1/);
    expect(() => images().copyRows([3], new Float32Array(2))).toThrow(/tiny: no sample 3/);
    expect(() => images().select([-1])).toThrow(ArgumentError);
    expect(() => images().values(2, 2)).toThrow(ArgumentError);
    expect(() => new Dataset({ name: "flat", shape: [5], stored }).standardised()).toThrow(
      /standard deviation of 0/,
    );
  });
});
