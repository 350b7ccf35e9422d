import { describe, expect, test } from "vitest";
import { bumps, bumpsAt } from "../../src/data/bumps.ts";
import { uniform } from "../../src/data/random.ts";
import { ArgumentError, ShapeError } from "../../src/device/errors.ts";
import { bumpFitError } from "../../src/metrics/bumpFit.ts";
import { relativeErrorPercent } from "../../src/metrics/relativeError.ts";

const size = 32;
const { train, test: held } = bumps({ size, testCount: 60, seed: 3 });
const scale = { size, mean: train.mean!, std: train.std! };

/** Samples in the scale of the training set, one bump of `amplitude` for each centre. */
function samplesAt(centres: number[], amplitude = 1): Float32Array {
  const made = bumpsAt("made", Float32Array.from(centres), size);
  return made.values().map((v) => (amplitude * (v * made.std! + made.mean!) - scale.mean) / scale.std);
}

function noise(count: number): Float32Array {
  return Float32Array.from({ length: count * size * size }, (_, i) => 2 * uniform(1, 9, 0, i) - 1);
}

describe("bumpFitError", () => {
  test("exact bumps have no error, and their centres are found", () => {
    const { percent, errors, centres } = bumpFitError(train.values(), scale);
    expect(errors).toHaveLength(100);
    expect(percent).toBeLessThan(1e-4);
    train.centres!.forEach((at, i) => expect(Math.abs(at - centres[i]!)).toBeLessThan(1e-5));
  });

  test("centres off the grid, near the edges and on them", () => {
    const places = [0.123, -0.377, 0.999, 0.31, -1, 1, -0.98, -0.98, ...held.centres!];
    const { percent, centres } = bumpFitError(samplesAt(places), scale);
    expect(percent).toBeLessThan(1e-4);
    places.forEach((at, i) => expect(Math.abs(at - centres[i]!)).toBeLessThan(1e-5));
  });

  test("bright bumps around places outside the image: the best place on its edges", () => {
    const grains = noise(1);
    for (const outside of [
      [1.3, 0.93],
      [-1.15, 0.97],
      [0.94, -1.25],
      [1.2, 1.1],
      [-1.3, 0.2],
      [0.87, -1.1],
      [1.06, 0.9],
    ]) {
      const sample = samplesAt(outside).map((v, i) => v + 0.5 * (grains[i]! + 1));
      const { centres } = bumpFitError(sample, scale);
      const found = squaredDistance(sample, samplesAt([...centres]));
      const [x, y] = outside.map((at) => Math.min(1, Math.max(-1, at))) as [number, number];
      for (let at = -1; at <= 1; at += 2 ** -8) {
        for (const place of [
          [at, y],
          [x, at],
        ])
          expect(found).toBeLessThan(squaredDistance(sample, samplesAt(place)) * (1 + 1e-5));
      }
    }
  });

  test("the amplitude is not fitted: the error is that of the right magnitude", () => {
    const [exact, half] = [samplesAt([0.2, -0.1]), samplesAt([0.2, -0.1], 0.5)];
    const { percent, centres } = bumpFitError(half, scale);
    expect(percent).toBeCloseTo(relativeErrorPercent(half, exact), 3);
    expect(centres[0]).toBeCloseTo(0.2, 4);
    expect(centres[1]).toBeCloseTo(-0.1, 4);
  });

  test("of a bump with noise: the fit beats the true centre, and no neighbour beats the fit", () => {
    const exact = samplesAt([0.33, -0.21]);
    const grains = noise(1);
    const noisy = exact.map((v, i) => v + grains[i]!);
    const { percent, centres } = bumpFitError(noisy, scale);
    expect(percent).toBeLessThan(relativeErrorPercent(noisy, exact));
    expect(percent).toBeGreaterThan(30);
    const raw = (at: number[]) => squaredDistance(noisy, samplesAt(at));
    const [x, y] = [centres[0]!, centres[1]!];
    for (const [dx, dy] of [
      [1, 0],
      [-1, 0],
      [0, 1],
      [0, -1],
    ] as const) {
      expect(raw([x, y])).toBeLessThan(raw([x + 1e-3 * dx, y + 1e-3 * dy]));
    }
  });

  test("pure noise and blank images: as good as any of 101 × 101 places, error near 100 percent or above", () => {
    const blank = new Float32Array(size * size).fill(-scale.mean / scale.std);
    const samples = Float32Array.from([...noise(2), ...blank]);
    const { errors, centres } = bumpFitError(samples, scale);
    for (let i = 0; i < 3; i++) {
      expect(errors[i]).toBeGreaterThan(80);
      const sample = samples.subarray(i * size * size, (i + 1) * size * size);
      const found = squaredDistance(sample, samplesAt([centres[2 * i]!, centres[2 * i + 1]!]));
      const places = Array.from({ length: 101 * 101 }, (_, j) => [
        (j % 101) / 50 - 1,
        Math.floor(j / 101) / 50 - 1,
      ]);
      for (let from = 0; from < places.length; from += 101) {
        const row = samplesAt(places.slice(from, from + 101).flat());
        for (let j = 0; j < 101; j++)
          expect(found).toBeLessThan(
            squaredDistance(sample, row.subarray(j * size * size, (j + 1) * size * size)) + 1e-3,
          );
      }
    }
  });

  test("the mean of all samples' errors", () => {
    const samples = Float32Array.from([...samplesAt([0, 0]), ...samplesAt([0, 0], 2)]);
    const { percent, errors } = bumpFitError(samples, scale);
    expect(percent).toBeCloseTo((errors[0]! + errors[1]!) / 2, 12);
    expect(errors[1]).toBeGreaterThan(50);
  });

  test("refuses what is not whole samples, and impossible scales", () => {
    expect(() => bumpFitError(new Float32Array(5), scale)).toThrow(ShapeError);
    expect(() => bumpFitError(new Float32Array(0), scale)).toThrow(
      /0 values are not whole samples of 32 × 32/,
    );
    expect(() => bumpFitError(new Float32Array(4), { size: 2, mean: 0, std: 0 })).toThrow(ArgumentError);
  });
});

/** ‖a − b‖², what the fit makes smallest. */
function squaredDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return sum;
}
