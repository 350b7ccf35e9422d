import { expect, test } from "vitest";
import { svd } from "../../src/ops/svd.ts";
import { rounded, withDevices } from "../check.ts";
import { from, random, ratios, svdReference, withSpectrum, type Dense } from "./matrices.ts";

/** Around the sizes from which, and up to which, the lanes of a subgroup hold a matrix: 17 and 32, and 33 rows. */
const shapes = [
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

withDevices((device) => {
  test.each(shapes)(
    "a batch of all kinds of matrices %i × %i: ratios below 30, values to 1e-6 of the first",
    async (M, N) => {
      const P = Math.min(M, N);
      const all = members(M, N).map(({ data }) => ({ M, N, data: rounded(data) }));
      const a = device().tensor(
        all.flatMap(({ data }) => data),
        [all.length, M, N],
      );
      const factors = svd(a);
      const [U, S, Vt] = [await factors.U.read(), await factors.S.read(), await factors.Vt.read()];
      for (const [i, member] of all.entries()) {
        const part = (list: Float32Array, size: number) => list.slice(i * size, (i + 1) * size);
        const s = part(S, P);
        const found = ratios(member, part(U, M * P), s, part(Vt, P * N));
        for (const [name, ratio] of Object.entries(found)) expect(ratio, `${name} of ${i}`).toBeLessThan(30);
        const want = svdReference(member).S;
        want.forEach((value, j) =>
          expect(Math.abs(s[j]! - value), `value ${j} of ${i}`).toBeLessThanOrEqual(1e-6 * want[0]!),
        );
      }
      const again = await svd(a).U.read();
      expect(again.every((x, i) => Object.is(x, U[i]))).toBe(true);
    },
  );
});
