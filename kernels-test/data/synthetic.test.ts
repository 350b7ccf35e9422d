import { expect, test } from "vitest";
import { loadDataset } from "../../src/data/load.node.ts";
import { synthetic, syntheticMap, type SyntheticMapOptions } from "../../src/data/synthetic.ts";
import { Draws } from "../../src/latent/draws.ts";
import { frechetDistance } from "../../src/metrics/frechet.ts";
import { pcaError } from "../../src/metrics/pca.ts";

const shapes: readonly SyntheticMapOptions[] = [
  { intrinsic: 8, ambient: 64 },
  { intrinsic: 16, ambient: 20, seed: 4 },
  { intrinsic: 1, ambient: 2, seed: 9 },
  { intrinsic: 3, ambient: 3 },
];
const distance = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.hypot(...Array.from(a, (value, i) => value - b[i]!));
const normals = (draws: Draws, count: number) => Array.from({ length: count }, () => draws.normal());

test("the map holds points at least as far apart as they were, near and far, and bends", () => {
  for (const shape of shapes) {
    const n = shape.intrinsic!;
    const map = syntheticMap(shape);
    const draws = new Draws(7, 1);
    const ratios: number[] = [];
    for (const step of [1e-6, 1e-3, 1, 30])
      for (let i = 0; i < 300; i++) {
        const a = normals(draws, n);
        const b = a.map((value) => value + step * draws.normal());
        ratios.push(distance(map(a), map(b)) / distance(a, b));
      }
    expect(Math.min(...ratios)).toBeGreaterThanOrEqual(1 - 1e-8);
    // |a cos(…) w| is at most a = √(2 n / (D − n)) in each of D − n coordinates
    expect(Math.max(...ratios)).toBeLessThanOrEqual(Math.sqrt(1 + 2 * n) + 1e-8);
    if (shape.ambient! > n) expect(Math.max(...ratios)).toBeGreaterThan(1.1);
    else for (const ratio of ratios) expect(ratio).toBeCloseTo(1, 7);
  }
});

test("points are images of N(0, I), fixed by the seed, and are on no plane of n dimensions", () => {
  const made = synthetic({ intrinsic: 4, ambient: 12, count: 3000, testCount: 3000, seed: 3 });
  const again = synthetic({ intrinsic: 4, ambient: 12, count: 50, testCount: 3000, seed: 3 });
  const other = synthetic({ intrinsic: 4, ambient: 12, count: 50, testCount: 3000, seed: 4 });
  expect(again.train.values()).toEqual(made.train.values(0, 50));
  expect(again.test.values()).toEqual(made.test.values());
  expect(other.train.values()).not.toEqual(again.train.values());
  expect(made.train.values(0, 50)).not.toEqual(made.test.values(0, 50));
  // straight and bent coordinates weigh about n each
  const energy = made.train.values().reduce((sum, value) => sum + value ** 2, 0) / 3000;
  expect(energy / 8).toBeGreaterThan(0.9);
  expect(energy / 8).toBeLessThan(1.1);
  expect(pcaError(made.train, 4)).toBeGreaterThan(25);
  const [train, test, far] = [made.train, made.test, other.test].map((set) => set.values());
  expect(frechetDistance(train!, test!, 12)).toBeLessThan(0.05);
  expect(frechetDistance(train!, far!, 12)).toBeGreaterThan(0.5);
});

test("it is loaded by name, and refuses what cannot be", async () => {
  const { train, test } = await loadDataset("synthetic", {
    intrinsic: 2,
    ambient: 5,
    count: 7,
    testCount: 3,
  });
  expect([train.count, test.count, ...train.shape]).toEqual([7, 3, 5]);
  const options = { intrinsic: 2, ambient: 5, count: 7, testCount: 3 };
  expect((await loadDataset("synthetic", { ...options, seed: 500 })).train.values()).toEqual(train.values());
  const other = await loadDataset("synthetic", { ...options, dataSeed: 1 });
  expect(other.train.values()).not.toEqual(train.values());
  for (const [options, words] of [
    [{ intrinsic: 9, ambient: 8 }, /intrinsic/],
    [{ intrinsic: 0 }, /intrinsic/],
    [{ ambient: 2.5 }, /ambient/],
    [{ ambient: 2048 }, /ambient/],
    [{ count: 0 }, /count/],
    [{ count: 2 ** 27 }, /more than 268435456/],
    [{ testCount: -1 }, /testCount/],
    [{ seed: -1 }, /seed/],
  ] as const)
    expect(() => synthetic(options)).toThrow(words);
});
