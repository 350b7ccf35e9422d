import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { matmul } from "../../src/ops/matmul.ts";
import { mul } from "../../src/ops/elementwise.ts";
import { svd, truncate } from "../../src/ops/svd.ts";
import { rounded, values, withDevices } from "../check.ts";
import { bent, bentOn, differences, distance, gradient, latents, truncated, weights } from "./differences.ts";
import {
  from,
  hilbert,
  kahan,
  orthonormal,
  random,
  ratios,
  svdReference,
  withSpectrum,
  type Dense,
} from "./matrices.ts";

const list = (n: number, value: (i: number) => number) => Array.from({ length: n }, (_, i) => value(i));

/** Spectra of n values from 1 to 1 / condition: the modes of LAPACK's test matrix generator, DLATMS. */
const spectra: Record<string, (n: number, condition: number) => number[]> = {
  "one large": (n, condition) => list(n, (i) => (i === 0 ? 1 : 1 / condition)),
  "one small": (n, condition) => list(n, (i) => (i < n - 1 ? 1 : 1 / condition)),
  geometric: (n, condition) => list(n, (i) => condition ** (-i / (n - 1))),
  arithmetic: (n, condition) => list(n, (i) => 1 - (i / (n - 1)) * (1 - 1 / condition)),
  random: (n, condition) =>
    values(n, 5)
      .map((x) => condition ** (-(x + 1) / 2))
      .sort((a, b) => b - a),
  clustered: (n, condition) => list(n, (i) => (2 * i < n ? 1 : 1 / condition) * (1 - 1e-5 * i)),
};

const shapes = [
  [30, 20],
  [20, 45],
  [33, 33],
] as const;

interface Case {
  matrix: Dense;
  /** Its singular values, where they are known beforehand; otherwise they are computed in float64. */
  values?: number[];
}

/** The cases that a row of the table stands for. */
const rows: Record<string, () => Case[]> = {
  zero: () =>
    shapes.map(([M, N]) => ({ matrix: from(M, N, () => 0), values: list(Math.min(M, N), () => 0) })),
  identity: () =>
    shapes.map(([M, N]) => ({
      matrix: from(M, N, (i, j) => Number(i === j)),
      values: list(Math.min(M, N), () => 1),
    })),
  "1 × 1, 1 × n, n × 1": () =>
    [
      [1, 1],
      [1, 2],
      [1, 50],
      [50, 1],
    ].map(([M, N]) => ({ matrix: random(M!, N!, 3) })),
  "zero rows and columns": () =>
    shapes.map(([M, N]) => ({
      matrix: from(M, N, (i, j) => (i % 5 && j % 3 ? Math.sin(i * i + 3 * j) : 0)),
    })),
  "each column twice": () =>
    shapes.map(([M, N]) => ({ matrix: from(M, N, (i, j) => Math.sin(i * i + 3 * (j % 9))) })),
  "three values, each repeated": () =>
    shapes.map(([M, N]) => {
      const chosen = list(Math.min(M, N), (i) => [5, 2, 1][Math.floor((3 * i) / Math.min(M, N))]!);
      return { matrix: withSpectrum(M, N, chosen), values: chosen };
    }),
  "columns of lengths from 1 to 1e-7": () =>
    shapes.map(([M, N]) => ({
      matrix: from(M, N, (i, j) => Math.sin(i * i + 3 * j) * 10 ** ((-7 * j) / (N - 1))),
    })),
  "rows of lengths from 1 to 1e-7": () =>
    shapes.map(([M, N]) => ({
      matrix: from(M, N, (i, j) => Math.sin(j * j + 3 * i) * 10 ** ((-7 * i) / (M - 1))),
    })),
  "rank one": () => shapes.map(([M, N]) => ({ matrix: from(M, N, (i, j) => Math.cos(i) * (j + 1)) })),
  Hilbert: () => [6, 20, 33].map((n) => ({ matrix: hilbert(n) })),
  Kahan: () => [8, 30, 60].map((n) => ({ matrix: kahan(n) })),
  "upper triangle of ones": () => [9, 40].map((n) => ({ matrix: from(n, n, (i, j) => Number(i <= j)) })),
};
for (const [name, spectrum] of Object.entries(spectra))
  for (const condition of [2, 1e3, 1e7]) {
    rows[`${name}, condition ${condition.toExponential(0)}`] = () =>
      shapes.map(([M, N], i) => {
        const chosen = spectrum(Math.min(M, N), condition);
        return { matrix: withSpectrum(M, N, chosen, 10 * i + 1), values: chosen };
      });
    rows[`diagonal, ${name}, condition ${condition.toExponential(0)}`] = () =>
      shapes.map(([M, N]) => {
        const chosen = spectrum(Math.min(M, N), condition);
        return { matrix: from(M, N, (i, j) => (i === j ? chosen[(7 * i) % chosen.length]! : 0)) };
      });
  }
for (const [name, scale] of [
  ["near overflow", 2 ** 126],
  ["near underflow", 2 ** -120],
] as const)
  rows[name] = () =>
    shapes.map(([M, N]) => {
      const chosen = spectra.geometric!(Math.min(M, N), 100).map((x) => x * scale);
      return { matrix: withSpectrum(M, N, chosen), values: chosen };
    });
rows["170 × 180, geometric, condition 1e+7"] = () => {
  const chosen = spectra.geometric!(170, 1e7);
  return [{ matrix: withSpectrum(170, 180, chosen), values: chosen }];
};
rows["180 × 170, rank 20"] = () => {
  const chosen = [...spectra.arithmetic!(20, 10), ...list(150, () => 0)];
  return [{ matrix: withSpectrum(180, 170, chosen), values: chosen }];
};

withDevices((device, mode) => {
  const tabled = mode === "unchecked"; // with the checks it is the same table, more slowly
  const table: string[][] = [["matrices", "‖A − USVᵀ‖", "‖UᵀU − I‖", "‖VᵀV − I‖", "values"]];
  afterAll(() => {
    if (!tabled) return;
    const wide = Math.max(...table.map(([name]) => name!.length));
    const lines = table.map(
      ([name, ...cells]) => name!.padEnd(wide) + cells.map((cell) => cell.padStart(12)).join(""),
    );
    console.log(
      `${device().info.name}: LAPACK's ratios (below 30), and errors of the values relative to the first\n` +
        lines.join("\n"),
    );
  });

  test.each(tabled ? Object.entries(rows) : [])(
    "%s: ratios below 30, values to 1e-6 of the first",
    async (name, cases) => {
      const worst = { residual: 0, U: 0, V: 0, values: 0 };
      for (const { matrix, values: known } of cases()) {
        const held = { ...matrix, data: rounded(matrix.data) };
        const { M, N } = held;
        const { U, S, Vt } = svd(device().tensor(held.data, [M, N]));
        const s = await S.read();
        const found = ratios(held, await U.read(), s, await Vt.read());
        for (const part of ["residual", "U", "V"] as const) worst[part] = Math.max(worst[part], found[part]);
        const wanted = known ?? svdReference(held).S;
        wanted.forEach((value, i) => {
          worst.values = Math.max(worst.values, Math.abs(s[i]! - value) / (wanted[0]! || 1));
        });
      }
      const { values: error, ...three } = worst;
      table.push([name, ...Object.values(three).map((x) => x.toFixed(3)), error.toExponential(1)]);
      for (const [part, ratio] of Object.entries(three)) expect(ratio, part).toBeLessThan(30);
      expect(error).toBeLessThan(1e-6);
    },
  );

  describe("of any matrix, the values stay the same", () => {
    const size = fc.integer({ min: 1, max: 20 });
    const anyMatrix = fc
      .record({ M: size, N: size, seed: fc.integer({ min: 1, max: 1e6 }) })
      .map(({ M, N, seed }) => random(M, N, seed));
    const valuesOf = async ({ M, N, data }: Dense) =>
      device()
        .scope(() => svd(device().tensor(data, [M, N])).S)
        .read();
    const check = (change: (a: Dense) => Dense) =>
      fc.assert(
        fc.asyncProperty(anyMatrix, async (a) => {
          const [before, after] = [await valuesOf(a), await valuesOf(change(a))];
          before.forEach((value, i) =>
            expect(Math.abs(after[i]! - value)).toBeLessThanOrEqual(2e-6 * before[0]!),
          );
        }),
        { numRuns: 15, seed: 9 },
      );

    test("when rows and columns change places", () =>
      check(({ M, N, data }) => from(M, N, (i, j) => data[((i + 3) % M) * N + (N - 1 - j)]!)));

    test("when they are multiplied by orthogonal matrices", () =>
      check(({ M, N, data }) => {
        const left = orthonormal(M, M, 3).to2DArray();
        return from(M, N, (i, j) => left[i]!.reduce((sum, q, k) => sum + q * data[k * N + j]!, 0));
      }));

    test("when it is scaled by a power of two: all bits of them", async () => {
      await fc.assert(
        fc.asyncProperty(anyMatrix, fc.integer({ min: -60, max: 60 }), async (a, power) => {
          const data = rounded(a.data);
          const scaled = await valuesOf({ ...a, data: data.map((x) => x * 2 ** power) });
          expect([...scaled]).toEqual([...(await valuesOf({ ...a, data }))].map((x) => x * 2 ** power));
        }),
        { numRuns: 15, seed: 10 },
      );
    });
  });

  test("kept values however close leave truncate's gradient exact; the textbook rule loses it", async () => {
    const G = weights(54, 3);
    const lines: string[] = [];
    for (const gap of [1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7]) {
      const h = latents(9, 6, [3, 3 * (1 - gap), 1, 0.5, 0.3, 0.2]);
      const want = differences((at) => bent(G, truncated(at, 2).product), h);
      const ours = await gradient(device(), h, (x) => bentOn(device(), G, truncate(x, 2)));
      const textbook = await gradient(device(), h, (x) => {
        const { U, S, Vt } = svd(x, { damping: 1e-30 });
        const kept = mul(S, device().tensor([1, 1, 0, 0, 0, 0]));
        return bentOn(device(), G, matmul(mul(U, kept), Vt));
      });
      const [error, theirs] = [ours, textbook].map((got) => distance(got, want) / Math.hypot(...want));
      lines.push(
        `${gap.toExponential(0).padStart(8)} ${error!.toExponential(1)} ${theirs!.toExponential(1)}`,
      );
      expect(error!, `gap ${gap}`).toBeLessThan(2e-6);
      if (gap <= 1e-5) expect(theirs!, `gap ${gap}, by the textbook`).toBeGreaterThan(20 * error!);
    }
    console.log(
      `${device().info.name}: relative error of the gradient, by gap\n     gap truncate textbook\n${lines.join("\n")}`,
    );
  });
});
