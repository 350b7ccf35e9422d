import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Device } from "../src/device/device.ts";
import { ArgumentError, NumericalError, ShapeError } from "../src/device/errors.ts";
import { svd, truncate, truncatedSvd } from "../src/ops/svd.ts";
import { record } from "../src/tensor/record.ts";
import { backward } from "../src/tensor/tape.ts";
import { casesIn, rounded, values, withDevices } from "./check.ts";
import {
  from,
  hilbert,
  kahan,
  random,
  ratios,
  svdReference,
  withSpectrum,
  type Dense,
} from "./svd/matrices.ts";

const geometric = (n: number, condition: number) =>
  Array.from({ length: n }, (_, i) => condition ** (-i / (n - 1)));

const matrices: Record<string, () => Dense> = {
  "1 × 1": () => random(1, 1),
  "1 × 9": () => random(1, 9),
  "9 × 1": () => random(9, 1),
  "2 × 2": () => random(2, 2),
  "3 × 5": () => random(3, 5),
  "7 × 7": () => random(7, 7),
  "8 × 8": () => random(8, 8),
  "9 × 9": () => random(9, 9),
  "33 × 31": () => random(33, 31),
  "wide 20 × 300": () => random(20, 300),
  "tall 300 × 20": () => random(300, 20),
  "a training batch, 64 × 200": () => random(64, 200),
  "past one workgroup, 165 × 170": () => random(165, 170),
  zero: () => from(12, 9, () => 0),
  identity: () => from(20, 20, (i, j) => Number(i === j)),
  "equal columns": () => from(30, 18, (i) => i + 1),
  "whole numbers of rank 2": () => from(16, 24, (i, j) => ((i % 3) + 1) * (j % 4) - 2 * (i % 2)),
  "rank 3 of 40": () => withSpectrum(50, 40, [5, 2, 1, ...new Array<number>(37).fill(0)]),
  "rank 3 of 70, wide": () => withSpectrum(70, 90, [5, 2, 1, ...new Array<number>(67).fill(0)]),
  "nearly equal columns": () => from(40, 30, (i, j) => Math.cos(i) + 1e-3 * Math.sin(i * i + j * j * 3)),
  "half of the columns zero": () => from(21, 30, (i, j) => (j % 2 ? Math.sin(i * 31 + j) : 0)),
  repeated: () => withSpectrum(30, 24, [...new Array<number>(10).fill(3), ...new Array<number>(14).fill(1)]),
  graded: () => withSpectrum(60, 48, geometric(48, 1e7)),
  "graded columns": () => from(40, 40, (i, j) => Math.sin(i * i + 3 * j) * 10 ** ((-7 * j) / 39)),
  clustered: () =>
    withSpectrum(40, 40, [...geometric(8, 1.0001), ...geometric(32, 1.01).map((x) => 1e-4 * x)]),
  Hilbert: () => hilbert(24),
  Kahan: () => kahan(50),
  huge: () => from(12, 15, (i, j) => 1e30 * Math.sin(i * 7 + j * j)),
  tiny: () => from(12, 15, (i, j) => 1e-30 * Math.sin(i * 7 + j * j)),
};

/** Decomposes matrices on the device, one after the other or as a batch, as the device holds them. */
async function decompose(device: Device, { M, N, data }: Dense) {
  const { U, S, Vt } = device.scope(() => svd(device.tensor(data, [M, N])));
  const read = { U: await U.read(), S: await S.read(), Vt: await Vt.read() };
  for (const factor of [U, S, Vt]) factor.dispose();
  return read;
}

async function check(device: Device, matrix: Dense): Promise<void> {
  const held = { ...matrix, data: rounded(matrix.data) };
  const { U, S, Vt } = await decompose(device, held);
  const found = ratios(held, U, S, Vt);
  expect(found.residual, "‖A − U S Vᵀ‖ / (‖A‖ n ε)").toBeLessThan(30);
  expect(found.U, "‖UᵀU − I‖ / (n ε)").toBeLessThan(30);
  expect(found.V, "‖VᵀV − I‖ / (n ε)").toBeLessThan(30);
  const want = svdReference(held).S;
  want.forEach((value, i) =>
    expect(Math.abs(S[i]! - value), `value ${i}`).toBeLessThanOrEqual(1e-6 * want[0]!),
  );
  for (let i = 1; i < S.length; i++)
    expect(S[i]!, `value ${i} after ${S[i - 1]}`).toBeLessThanOrEqual(S[i - 1]!);
  const { M } = matrix;
  const r = S.length;
  for (let j = 0; j < r; j++) {
    const column = Array.from({ length: M }, (_, i) => U[i * r + j]!);
    expect(Math.max(...column), `sign of column ${j}`).toBe(Math.max(...column.map(Math.abs)));
  }
}

withDevices((device, mode) => {
  test.each(casesIn(mode, Object.entries(matrices)))("svd of %s", (_, matrix) => check(device(), matrix()));

  if (mode === "unchecked") test("svd of 576 × 512", () => check(device(), random(576, 512)));

  test("svd of a batch gives what its members give", async () => {
    const members = [
      random(9, 14, 1),
      withSpectrum(9, 14, [4, 2, 1, 0, 0, 0, 0, 0, 0]),
      from(9, 14, () => 0),
    ];
    const batch = device().tensor(
      members.flatMap(({ data }) => data),
      [3, 1, 9, 14],
    );
    const { U, S, Vt } = svd(batch);
    expect([U.shape, S.shape, Vt.shape]).toEqual([
      [3, 1, 9, 9],
      [3, 1, 9],
      [3, 1, 9, 14],
    ]);
    const [u, s, vt] = [await U.read(), await S.read(), await Vt.read()];
    for (const [i, member] of members.entries()) {
      const one = await decompose(device(), member);
      expect(u.slice(81 * i, 81 * (i + 1))).toEqual(one.U);
      expect(s.slice(9 * i, 9 * (i + 1))).toEqual(one.S);
      expect(vt.slice(126 * i, 126 * (i + 1))).toEqual(one.Vt);
    }
  });

  test("rotations do not stretch: the spectrum of 120 × 100 to 3e-6", async () => {
    const h = withSpectrum(
      120,
      100,
      Array.from({ length: 100 }, (_, i) => 3 * 0.97 ** i),
    );
    const data = rounded(h.data);
    const spectrum = await truncatedSvd(device().tensor(data, [120, 100]), 5).spectrum.read();
    svdReference({ ...h, data }).S.forEach((value, i) =>
      expect(Math.abs(spectrum[i]! - value), `value ${i}`).toBeLessThan(3e-6 * value),
    );
  });

  test("the same bits from run to run, eager or replayed", async () => {
    const a = device().tensor(values(30 * 21), [30, 21]);
    a.requiresGrad = true;
    const step = () => {
      const { U, S, Vt } = svd(a);
      const { coefficients, basis } = truncatedSvd(a, 4);
      backward(coefficients, coefficients.view());
      return [U, S, Vt, coefficients, basis];
    };
    const bits = async (tensors: { read(): Promise<Float32Array> }[]) => [
      ...(await Promise.all(tensors.map((t) => t.read()))).map((list) => [...list]),
      [...(await a.grad!.read())],
    ];
    const first = await bits(step());
    expect(await bits(step())).toEqual(first);
    const { program, result } = record(device(), step);
    program.run();
    program.run();
    expect(await bits(result)).toEqual(first);
    program.dispose();
  });

  describe("of any matrix", () => {
    const anyMatrix = fc
      .record({
        M: fc.integer({ min: 1, max: 24 }),
        N: fc.integer({ min: 1, max: 24 }),
        rank: fc.integer({ min: 0, max: 24 }),
        seed: fc.integer({ min: 1, max: 1e6 }),
        scale: fc.integer({ min: -20, max: 20 }),
      })
      .map(({ M, N, rank, seed, scale }) => {
        const [left, right] = [values(M * rank, seed), values(N * rank, seed + 1)];
        const product = (i: number, j: number) =>
          Array.from({ length: rank }, (_, k) => left[i * rank + k]! * right[j * rank + k]!);
        return from(M, N, (i, j) => 2 ** scale * product(i, j).reduce((sum, x) => sum + x, 0));
      });

    test("the factors are orthonormal and multiply to it", async () => {
      await fc.assert(
        fc.asyncProperty(anyMatrix, (matrix) => check(device(), matrix)),
        { numRuns: 40, seed: 7 },
      );
    });

    test("values are those of the transpose, and scale with it", async () => {
      await fc.assert(
        fc.asyncProperty(anyMatrix, async ({ M, N, data }) => {
          const { S } = await decompose(device(), { M, N, data });
          const transposed = from(N, M, (i, j) => -2 * data[j * N + i]!);
          const twice = await decompose(device(), transposed);
          S.forEach((value, i) =>
            expect(Math.abs(twice.S[i]! - 2 * value)).toBeLessThanOrEqual(2e-5 * S[0]!),
          );
        }),
        { numRuns: 15, seed: 8 },
      );
    });
  });

  test.each([NaN, Infinity, -Infinity])("%s in a matrix is an error where a factor is read", async (bad) => {
    const data = values(12 * 70);
    data[100] = bad;
    const a = device().tensor(data, [70, 12]);
    const { U, S, Vt } = svd(a);
    for (const factor of [U, S, Vt]) {
      await expect(factor.read()).rejects.toThrow(NumericalError);
      await expect(factor.read()).rejects.toThrow(/svd: a \(70, 12\) holds a NaN or an infinity/);
    }
    const { coefficients, basis, singularValues } = truncatedSvd(a, 3);
    for (const part of [coefficients, basis, singularValues, truncate(a, 2)])
      await expect(part.read()).rejects.toThrow(/h \(70, 12\) holds a NaN or an infinity/);
  });

  test("shapes and ranks that do not fit are errors that say so", () => {
    expect(() => svd(device().tensor([1, 2, 3]))).toThrow(
      new ShapeError("svd: a is (3); expected a matrix (M, N), or a batch of them"),
    );
    const h = device().tensor(values(24), [4, 6]);
    expect(() => truncatedSvd(h, 5)).toThrow(ArgumentError);
    expect(() => truncatedSvd(h, 0)).toThrow("k is 0; h (4, 6) can be cut to whole ranks from 1 to 4");
    expect(() => truncate(h.view([2, 2, 6]), 1)).toThrow(ShapeError);
    expect(() => truncatedSvd(h, 2, { damping: 0 })).toThrow("damping is 0; expected a number above 0");
  });

  test("no memory is left behind", () => {
    const h = device().tensor(values(60), [6, 10]);
    const decomposeAll = () => {
      const { U, S, Vt } = svd(h);
      const { coefficients, basis, singularValues, spectrum } = truncatedSvd(h, 2);
      for (const made of [U, S, Vt, coefficients, basis, singularValues, spectrum, truncate(h, 3)])
        made.dispose();
      return device().memory().live;
    };
    expect(decomposeAll()).toBe(decomposeAll());
    h.requiresGrad = true;
    const gradients = () => {
      const { U, S, Vt } = svd(h);
      backward(U);
      const { coefficients, basis, singularValues, spectrum } = truncatedSvd(h, 2);
      backward(basis);
      const product = truncate(h, 3);
      backward(product);
      for (const made of [U, S, Vt, coefficients, basis, singularValues, spectrum, product]) made.dispose();
      return device().memory().live;
    };
    expect(gradients()).toBe(gradients());
  });
});
