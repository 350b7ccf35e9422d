import { describe, expect, test } from "vitest";
import type { Device } from "../../src/device/device.ts";
import { NumericalError } from "../../src/device/errors.ts";
import { svd, truncate, truncatedSvd } from "../../src/ops/svd.ts";
import { rounded, values, withDevices } from "../check.ts";
import { gradient, weights } from "./differences.ts";
import { random, ratios, svdReference } from "./matrices.ts";

/** Whole numbers up to 200: exact in float32 by any power of two that keeps them in its range, also below 2^-126. */
const whole = (n: number) => values(n, 3).map((x) => Math.round(200 * x));

async function factorsOf(device: Device, data: number[], shape: number[]) {
  const { U, S, Vt } = svd(device.tensor(data, shape));
  return { U: [...(await U.read())], S: [...(await S.read())], Vt: [...(await Vt.read())] };
}

withDevices((device) => {
  describe.each([
    [9, 7],
    [7, 9],
  ])("%i × %i", (M, N) => {
    const data = whole(M * N);

    test.each([-149, -140, -126, -60, 60, 110])("by 2^%i: the same vectors, bit by bit", async (power) => {
      const scaled = data.map((x) => x * 2 ** power);
      const [want, got] = [
        await factorsOf(device(), data, [M, N]),
        await factorsOf(device(), scaled, [M, N]),
      ];
      expect([got.U, got.Vt]).toEqual([want.U, want.Vt]);
      expect(got.S).toEqual(rounded(want.S.map((x) => x * 2 ** power)));
    });

    test.each([-149, -126, -60, 60, 110])("by 2^%i: the gradient of truncate is the same", async (power) => {
      const G = weights(M * N, 4);
      const at = (by: number) =>
        gradient(device(), { M, N, data: data.map((x) => x * 2 ** by) }, (x) => truncate(x, 3), G);
      expect([...(await at(power))]).toEqual([...(await at(0))]);
    });

    test.each([-100, -60, 60])("by 2^%i: gradients of each part scale as it does", async (power) => {
      for (const [part, size, order] of [
        ["coefficients", 3 * M, 0],
        ["singularValues", 3, 0],
        ["basis", 3 * N, -1],
      ] as const) {
        const G = weights(size, 4);
        const at = (by: number) =>
          gradient(
            device(),
            { M, N, data: data.map((x) => x * 2 ** by) },
            (x) => truncatedSvd(x, 3, { gauge: "exact" })[part],
            G,
          );
        await expectScaling(at, power, order, part);
      }
    });

    test.each([-100, -60, 60])("by 2^%i: so do those of svd", async (power) => {
      for (const [part, order] of [
        ["U", -1],
        ["S", 0],
        ["Vt", -1],
      ] as const) {
        const at = (by: number) =>
          gradient(device(), { M, N, data: data.map((x) => x * 2 ** by) }, (x) => svd(x)[part]);
        await expectScaling(at, power, order, part);
      }
    });
  });

  test("entries near float32's largest: exact vectors, and an error for the value that is past it", async () => {
    const data = values(80, 5).map((x) => Math.sign(x) * 3e38);
    const small = await factorsOf(
      device(),
      data.map((x) => Math.fround(x) * 2 ** -100),
      [10, 8],
    );
    const a = device().tensor(data, [10, 8]);
    const { U, S, Vt } = svd(a);
    expect([[...(await U.read())], [...(await Vt.read())]]).toEqual([small.U, small.Vt]);
    await expect(S.read()).rejects.toThrow(NumericalError);
    await expect(S.read()).rejects.toThrow(/svd: a \(10, 8\) is too large: .* past float32's 3.4e38; scale/);
    expect([...(await truncate(a, 8).read())].every((x) => Math.abs(x / Math.fround(3e38)) - 1 < 1e-5)).toBe(
      true,
    );
    const { coefficients, basis } = truncatedSvd(a, 2);
    expect((await basis.read()).every(Number.isFinite)).toBe(true);
    await expect(coefficients.read()).rejects.toThrow(/truncatedSvd: h \(10, 8\) is too large/);
  });

  test.each([NaN, Infinity, -Infinity])(
    "%s in one matrix of a batch: the error says in which",
    async (bad) => {
      const [M, N] = [6, 5];
      const data = values(6 * M * N);
      data[4 * M * N + 17] = bad;
      const { U, S, Vt } = svd(device().tensor(data, [2, 3, M, N]));
      for (const factor of [U, S, Vt]) {
        await expect(factor.read()).rejects.toThrow(NumericalError);
        await expect(factor.read()).rejects.toThrow(
          "svd: a (2, 3, 6, 5), matrix [1, 1] holds a NaN or an infinity",
        );
      }
      for (const i of [0, 1, 2, 3, 5]) {
        const held = { M, N, data: rounded(data.slice(i * M * N, (i + 1) * M * N)) };
        const alone = await factorsOf(device(), held.data, [M, N]);
        expect([...(await S.view([N], i * N).read())], `matrix ${i}`).toEqual(alone.S);
        expect([...(await U.view([M, N], i * M * N).read())], `matrix ${i}`).toEqual(alone.U);
      }
    },
  );

  test("256 of 32 × 32: ratios below 30 and values to 1e-6 of the first in each", async () => {
    const n = 32;
    const batch = Array.from({ length: 256 }, (_, i) => random(n, n, i + 1));
    const data = rounded(batch.flatMap((matrix) => matrix.data));
    const { U, S, Vt } = await factorsOf(device(), data, [256, n, n]);
    batch.forEach((_, i) => {
      const part = (list: number[], size: number) => list.slice(i * size, (i + 1) * size);
      const held = { M: n, N: n, data: part(data, n * n) };
      const found = ratios(held, part(U, n * n), part(S, n), part(Vt, n * n));
      expect(Math.max(...Object.values(found)), `matrix ${i}`).toBeLessThan(30);
      if (i % 8) return;
      const want = svdReference(held).S;
      want.forEach((value, j) => expect(Math.abs(part(S, n)[j]! - value) / want[0]!).toBeLessThan(1e-6));
    });
  });
});

/** Expects what `at` gives for the data times 2^power to be 2^(order · power) times that for the data alone, bit by bit. */
async function expectScaling(
  at: (power: number) => Promise<Float32Array>,
  power: number,
  order: number,
  part: string,
): Promise<void> {
  const want = await at(0);
  expect([...(await at(power))], part).toEqual([...want].map((x) => x * 2 ** (order * power)));
}
