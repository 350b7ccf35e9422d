import { expect, test } from "vitest";
import { svd, truncatedSvd } from "../../src/ops/svd.ts";
import { casesIn, rounded, values, withDevices } from "../check.ts";
import { from, random, ratios, svdReference, withSpectrum, type Dense } from "./matrices.ts";

/** The largest error of values, in units of the first. */
const errorOf = (got: ArrayLike<number>, want: readonly number[]) =>
  Math.max(...want.map((value, i) => Math.abs(got[i]! - value))) / want[0]!;

withDevices((device, mode) => {
  const sizes = [[64, 200], [576, 100], ...(mode === "unchecked" ? [[576, 512]] : [])] as [number, number][];

  test.each(casesIn(mode, sizes))(
    "%i × %i: all values to 5e-7 of the first, however they are asked for",
    async (M, N) => {
      const data = rounded(random(M, N).data);
      const want = svdReference({ M, N, data }).S;
      const a = device().tensor(data, [M, N]);
      const k = 12;
      const found = {
        svd: await svd(a).S.read(),
        spectrum: await truncatedSvd(a, k, { method: "full" }).spectrum.read(),
        transposed: await svd(device().tensor(transposed({ M, N, data }), [N, M])).S.read(),
      };
      for (const [name, values] of Object.entries(found))
        expect(errorOf(values, want), name).toBeLessThan(5e-7);
      const { singularValues } = truncatedSvd(a, k, { method: "topk" });
      expect(errorOf(await singularValues.read(), want.slice(0, k)), "topk").toBeLessThan(5e-7);
    },
  );

  const noise = values(1 << 18, 3);
  const constant = (N: number) => (i: number, j: number) =>
    1.2345 + 1e-5 * noise[(i * N + j) % noise.length]!;
  const long: Record<string, Dense> = {
    "20000 × 8, nearly constant": from(20000, 8, constant(8)),
    "8 × 5000, nearly constant": from(8, 5000, constant(5000)),
    "767 × 9, constant": from(767, 9, () => 0.7),
    "2050 × 33, of whole numbers": from(2050, 33, (i, j) => (i % 3) + (j % 5) * ((7 * i) % 4)),
    "1600 × 161, nearly constant": from(1600, 161, constant(161)),
    "1000 × 12, zero but for the end": from(1000, 12, (i, j) => (i < 700 ? 0 : noise[12 * i + j]!)),
    "1000 × 12, columns zero in parts": from(1000, 12, (i, j) =>
      i % 500 < 300 === j < 7 ? noise[12 * i + j]! : 0,
    ),
    ...Object.fromEntries([255, 256, 257, 383, 384, 385, 513].map((M) => [`${M} × 5`, random(M, 5)])),
  };
  test.each(casesIn(mode, Object.entries(long)))(
    "in parts of the rows: %s",
    async (_, { M, N, data: exact }) => {
      const data = rounded(exact);
      const { U, S, Vt } = svd(device().tensor(data, [M, N]));
      const s = await S.read();
      expect(errorOf(s, svdReference({ M, N, data }).S)).toBeLessThan(1e-6);
      const { residual, U: u, V: v } = ratios({ M, N, data }, await U.read(), s, await Vt.read());
      for (const ratio of [residual, u, v]) expect(ratio).toBeLessThan(5);
    },
  );

  test("values closer than rotations drift come out in order, with their vectors", async () => {
    const [M, N] = [200, 180];
    const held = withSpectrum(
      M,
      N,
      Array.from({ length: N }, (_, i) => 1 - 1e-6 * i),
    );
    const data = rounded(held.data);
    const want = svdReference({ M, N, data }).S;
    const { U, S, Vt } = svd(device().tensor(data, [M, N]));
    const s = await S.read();
    expect(errorOf(s, want)).toBeLessThan(1e-6);
    expect([...s]).toEqual([...s].sort((x, y) => y - x));
    const { residual, U: u, V: v } = ratios({ M, N, data }, await U.read(), s, await Vt.read());
    for (const ratio of [residual, u, v]) expect(ratio).toBeLessThan(30);
  });

  test("a diagonal of a thousandth to one: each value to its own last digits", async () => {
    const n = 40;
    const data = rounded(
      Array.from({ length: n * n }, (_, e) => (e % (n + 1) ? 0 : 10 ** ((-3 * e) / n / n))),
    );
    const want = Array.from({ length: n }, (_, i) => data[i * (n + 1)]!);
    const s = await svd(device().tensor(data, [n, n])).S.read();
    want.forEach((value, i) => expect(Math.abs(s[i]! / value - 1), `value ${i}`).toBeLessThan(3e-7));
  });
});

function transposed({ M, N, data }: Dense): number[] {
  return Array.from({ length: N * M }, (_, e) => data[(e % M) * N + Math.floor(e / M)]!);
}
