import { expect, test } from "vitest";
import type { Device } from "../../src/device/device.ts";
import { svd } from "../../src/ops/svd.ts";
import { casesIn, rounded, withDevices } from "../check.ts";
import { from, random, ratios, svdReference, withSpectrum, type Dense } from "./matrices.ts";

/** Around the sizes of which one, two, four and eight lanes of a subgroup hold a matrix: up to 4, 8, 16 and 32. */
const shapes = [
  [4, 32],
  [5, 4],
  [8, 8],
  [32, 9],
  [16, 16],
  [17, 17],
  [17, 32],
  [29, 31],
  [32, 32],
  [33, 32],
  [32, 33],
  [33, 33],
  [18, 40],
] as const;

/** Matrices that take different ways, one after the other in a batch. */
function members(M: number, N: number): Dense[] {
  const P = Math.min(M, N);
  const spectrum = (value: (k: number) => number) =>
    withSpectrum(
      M,
      N,
      Array.from({ length: P }, (_, k) => value(k)),
    );
  return [
    random(M, N, 3),
    from(M, N, () => 0),
    spectrum((k) => (k < 5 ? 1 : 0)),
    spectrum((k) => 10 ** ((-6 * k) / P)),
    from(M, N, (i, j) => (i === (j * 5) % P && j < P ? 1 : 0)), // columns of equal lengths
    from(M, N, (i, j) => (j % 3 === 0 ? 0 : Math.sin(i * i + 3 * (j % 7)))), // zero and duplicate columns
    spectrum(() => 1),
  ];
}

/** The factors of each matrix of a batch, with its ratios. */
async function decompose(device: Device, all: Dense[]) {
  const { M, N } = all[0]!;
  const P = Math.min(M, N);
  const factors = svd(
    device.tensor(
      all.flatMap(({ data }) => data),
      [all.length, M, N],
    ),
  );
  const [U, S, Vt] = [await factors.U.read(), await factors.S.read(), await factors.Vt.read()];
  return all.map((member, i) => {
    const part = (list: Float32Array, size: number) => list.slice(i * size, (i + 1) * size);
    const [u, s, vt] = [part(U, M * P), part(S, P), part(Vt, P * N)] as const;
    return { u, s, found: Object.entries(ratios(member, u, s, vt)) };
  });
}

withDevices((device, mode) => {
  test.each(casesIn(mode, shapes))(
    "a batch of all kinds of matrices %i × %i: ratios below 30, values to 1e-6 of the first",
    async (M, N) => {
      const all = members(M, N).map(({ data }) => ({ M, N, data: rounded(data) }));
      const first = await decompose(device(), all);
      const again = await decompose(device(), all);
      for (const [i, { u, s, found }] of first.entries()) {
        for (const [name, ratio] of found) expect(ratio, `${name} of ${i}`).toBeLessThan(30);
        const want = svdReference(all[i]!).S;
        want.forEach((value, j) =>
          expect(Math.abs(s[j]! - value), `value ${j} of ${i}`).toBeLessThanOrEqual(1e-6 * want[0]!),
        );
        expect(again[i]!.u.every((x, e) => Object.is(x, u[e]))).toBe(true);
      }
    },
  );

  test.each([2, 3, 5, 8])(
    "vectors of values near a tenth of the first, %i × %i, are orthonormal to a ratio below 2",
    async (n) => {
      const all = Array.from({ length: 100 }, (_, seed) => {
        const spectrum = Array.from({ length: n }, (_, k) => (k === 0 ? 1 : 0.11 * 0.99 ** k));
        return { M: n, N: n, data: rounded(withSpectrum(n, n, spectrum, seed + 1).data) };
      });
      for (const [i, { found }] of (await decompose(device(), all)).entries())
        for (const [name, ratio] of found) expect(ratio, `${name} of ${i}`).toBeLessThan(2);
    },
  );
});
