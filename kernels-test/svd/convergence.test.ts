import { expect, test } from "vitest";
import type { Device } from "../../src/device/device.ts";
import { svd } from "../../src/ops/svd.ts";
import { rescale, shortSide } from "../../src/ops/svd/decompose.ts";
import { orthogonaliseColumns } from "../../src/ops/svd/jacobi.ts";
import { casesIn, rounded, values, withDevices } from "../check.ts";
import { from, hilbert, kahan, random, type Dense } from "./matrices.ts";

/** Of rank `rank`, and noise of this size in every entry. */
function lowRank(M: number, N: number, rank: number, noise: number): Dense {
  const [left, right, rest] = [random(M, rank, 3).data, random(N, rank, 4).data, random(M, N, 5).data];
  return from(M, N, (i, j) => {
    let sum = noise * rest[i * N + j]!;
    for (let k = 0; k < rank; k++) sum += left[i * rank + k]! * right[j * rank + k]!;
    return sum;
  });
}

/** ±1, all columns orthogonal, n a power of two: Sylvester's. */
const hadamard = (n: number) =>
  from(n, n, (i, j) => [...(i & j).toString(2)].reduce((sign, bit) => (bit === "1" ? -sign : sign), 1));

/** n × n with the singular values `value(k)`, by two reflections of a diagonal matrix on either side. */
function reflected(n: number, value: (k: number) => number): Dense {
  const data = new Float64Array(n * n);
  for (let k = 0; k < n; k++) data[k * n + k] = value(k);
  for (const seed of [3, 5]) {
    const [v, w] = [unit(values(n, seed)), unit(values(n, seed + 1))];
    const [rows, columns] = [times(data, w), timesTransposed(data, v)];
    const both = v.reduce((sum, x, i) => sum + x * rows[i]!, 0);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++)
        data[i * n + j]! += 4 * both * v[i]! * w[j]! - 2 * (v[i]! * columns[j]! + rows[i]! * w[j]!);
  }
  return { M: n, N: n, data: rounded(data) };
}

const unit = (x: number[]) => x.map((entry) => entry / Math.hypot(...x));

/** a x, for a square matrix. */
function times(a: ArrayLike<number>, x: ArrayLike<number>): Float64Array {
  const n = x.length;
  return Float64Array.from({ length: n }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += a[i * n + j]! * x[j]!;
    return sum;
  });
}

/** aᵀ x */
function timesTransposed(a: ArrayLike<number>, x: ArrayLike<number>): Float64Array {
  const n = x.length;
  const out = new Float64Array(n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) out[j]! += a[i * n + j]! * x[i]!;
  return out;
}

/** LAPACK's ratios, of which the norms are estimated from what the matrices do to eight vectors of ±1. */
function estimatedRatios({ N: n, data }: Dense, U: Float32Array, S: Float32Array, Vt: Float32Array) {
  const sums = { residual: 0, U: 0, V: 0 };
  let norm = 0;
  for (const x of data) norm += x * x;
  const square = (x: Float64Array, y: ArrayLike<number>) =>
    x.reduce((sum, e, i) => sum + (e - y[i]!) ** 2, 0);
  for (let probe = 0; probe < 8; probe++) {
    const x = values(n, 11 + probe).map((e) => Math.sign(e) || 1);
    const inner = times(Vt, x).map((e, k) => e * S[k]!);
    sums.residual += square(times(U, inner), times(data, x)) / norm / 8;
    sums.U += square(timesTransposed(U, times(U, x)), x) / 8;
    sums.V += square(times(Vt, timesTransposed(Vt, x)), x) / 8;
  }
  const ratio = (sum: number) => Math.sqrt(sum) / (n * 2 ** -23);
  return { residual: ratio(sums.residual), U: ratio(sums.U), V: ratio(sums.V) };
}

const matrices: Record<string, () => Dense> = {
  "rank 16 of 120": () => lowRank(130, 120, 16, 0),
  "rank 16 of 120, and noise": () => lowRank(130, 120, 16, 1e-3),
  "rank 16 of 200": () => lowRank(220, 200, 16, 0),
  "rank 16 of 200, and noise": () => lowRank(200, 220, 16, 1e-3),
  "two values, each repeated": () => reflected(130, (k) => (k < 60 ? 3 : 1)),
  "columns of lengths from 1 to 1e-7": () =>
    from(130, 120, (i, j) => Math.sin(i * i + 3 * j) * 10 ** ((-7 * j) / 119)),
  "positive entries": () => from(130, 120, (i, j) => 1 + ((i * 7919 + j * 104729) % 1000) / 1000),
  "ones, and rounding errors": () => from(130, 120, (i, j) => 1 + 1e-7 * ((i * 7919 + j * 104729) % 10)),
  "an exponential kernel": () => from(180, 180, (i, j) => 0.99 ** Math.abs(i - j)),
  Hadamard: () => hadamard(128),
  Hilbert: () => hilbert(120),
  Kahan: () => kahan(120),
};

async function sweepsOf(device: Device, { M, N, data }: Dense) {
  const info = device.scope(() => shortSide(device.tensor(data, [1, M, N])).info);
  const [, rank, sweeps, unsettled] = new Uint32Array(await info.readBytes());
  return { rank, sweeps, unsettled };
}

withDevices((device, mode) => {
  test.each(casesIn(mode, Object.entries(matrices)))(
    "%s: settles in at most 15 sweeps of 40",
    async (name, matrix) => {
      const { sweeps, unsettled } = await sweepsOf(device(), matrix());
      expect(unsettled).toBe(0);
      expect(sweeps, name).toBeGreaterThan(0);
      expect(sweeps, name).toBeLessThanOrEqual(15);
    },
  );

  test.each([40, 208])(
    "%i columns that a limit leaves unsettled are marked, and have no factors",
    async (P) => {
      const w = device().tensor(values(P * P), [1, P, P]);
      for (const [sweeps, unsettled] of [
        [2, 1],
        [18, 0],
      ] as const) {
        const info = device().tensor([0, 1, 0, 0], [1, 4]); // some rank
        orthogonaliseColumns(w, info, sweeps);
        const found = new Uint32Array(await info.readBytes());
        expect(found[3]).toBe(unsettled);
        if (unsettled) expect(found[2]).toBe(sweeps);
        const results = await rescale(device().tensor([1, 2, 3], [1, 3]), info).read();
        expect([...results].every(Number.isNaN)).toBe(unsettled === 1);
      }
    },
  );

  if (mode === "checked") return;
  test("1024 × 1024: ratios below 30, values to 1e-6 of the first", async () => {
    const n = 1024;
    const value = (k: number) => 1 - (0.9 * k) / n;
    const held = reflected(n, value);
    const { U, S, Vt } = svd(device().tensor(held.data, [n, n]));
    const s = await S.read();
    const found = estimatedRatios(held, await U.read(), s, await Vt.read());
    const errors = s.map((x, k) => Math.abs(x - value(k)));
    const shown = [...Object.values(found), 1e6 * Math.max(...errors)].map((x) => x.toFixed(2));
    console.log(
      `${device().info.name}, 1024 × 1024: ratios ${shown.slice(0, 3).join(" ")}, values ${shown[3]}e-6`,
    );
    expect(Math.max(...Object.values(found))).toBeLessThan(30);
    expect(Math.max(...errors)).toBeLessThan(1e-6);
  });
});
