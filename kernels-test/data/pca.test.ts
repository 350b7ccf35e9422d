import { Matrix, SingularValueDecomposition } from "ml-matrix";
import { describe, expect, test } from "vitest";
import { bumps } from "../../src/data/bumps.ts";
import { Dataset } from "../../src/data/dataset.ts";
import { uniform } from "../../src/data/random.ts";
import { pcaError } from "../../src/metrics/pca.ts";

const noise = (count: number, size: number) =>
  new Dataset({
    name: "noise",
    shape: [size],
    stored: Float32Array.from({ length: count * size }, (_, i) => uniform(1, 9, 0, i) / (1 + (i % size))),
  });

/** The same bound from the singular values of the samples themselves. */
function bySvd(data: Dataset, k: number): number {
  const rows = Matrix.from1DArray(data.count, data.size, Array.from(data.values()));
  const squares = new SingularValueDecomposition(rows, { autoTranspose: true }).diagonal
    .map((s) => s * s)
    .sort((a, b) => b - a);
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
  return 100 * Math.sqrt(sum(squares.slice(k)) / sum(squares));
}

describe("pcaError", () => {
  test.each([
    [2, 78.4],
    [5, 50.3],
    [10, 27.0],
    [20, 7.8],
    [40, 0.8],
  ])("rank %i of the bumps: %f %%", (k, percent) => {
    const { train } = bumps({ testCount: 1 });
    expect(Math.abs(pcaError(train, k) - percent)).toBeLessThan(0.06);
  });

  test.each([
    [7, 20],
    [20, 7],
    [9, 9],
  ])("equals the SVD's answer for %i samples of %i values", (count, size) => {
    const data = noise(count, size);
    for (const k of [1, 3, 6]) expect(pcaError(data, k)).toBeCloseTo(bySvd(data, k), 6);
  });

  test("subspace iteration, past 256 on the smaller side, agrees as well", () => {
    const data = noise(300, 260);
    expect(pcaError(data, 5)).toBeCloseTo(bySvd(data, 5), 4);
  });

  test("full rank leaves nothing; too high a rank is an error", () => {
    expect(pcaError(noise(6, 4), 4)).toBeLessThan(1e-5);
    expect(() => pcaError(noise(6, 4), 5)).toThrow(/k is 5; expected a whole number from 1 to 4/);
  });

  test("a sample of a large set stands for all of it", () => {
    const data = noise(4000, 12);
    expect(Math.abs(pcaError(data, 3) - bySvd(data, 3))).toBeLessThan(0.5);
  });
});
