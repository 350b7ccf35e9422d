import { describe, expect, test } from "vitest";
import { add, mul } from "../../src/ops/elementwise.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { svd, truncate, truncatedSvd, type TruncatedSvdOptions } from "../../src/ops/svd.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { expectClose, values, withDevices } from "../check.ts";
import {
  bent,
  bentOn,
  differences,
  distance,
  geometric,
  gradient,
  latents,
  tangentProjection,
  truncated,
  weights,
} from "./differences.ts";
import { from } from "./matrices.ts";

const noise = values(50_000, 7);

withDevices((device) => {
  describe("equal singular values", () => {
    test.each([
      [9, 6],
      [6, 9],
    ])("that are kept do not disturb truncate, h (%i, %i)", async (B, L) => {
      const h = latents(B, L, [3, 3, 3, 1, 0.5, 0.2]);
      const G = weights(B * L, 3);
      const want = differences((at) => bent(G, truncated(at, 3).product), h);
      expectClose(await gradient(device(), h, (x) => bentOn(device(), G, truncate(x, 3))), want, 1e-5);
    });

    test.each([0, 1e-6, 1e-4])("at the cut, %f apart, are bounded by the cap", async (gap) => {
      const G = weights(54, 3);
      for (const [B, L] of [
        [9, 6],
        [6, 9],
      ] as const) {
        const h = latents(B, L, [3, 2, 1, 1 - gap, 0.5, 0.2]);
        const got = await gradient(device(), h, (x) => truncate(x, 3, { gapCap: 0.01 }), G);
        expect(Math.hypot(...got)).toBeLessThan((2 / 0.01) * Math.hypot(...G));
      }
    });

    test("have finite gradients through each factor", async () => {
      const h = latents(9, 6, [3, 3, 1, 1, 0.5, 0.2]);
      const w = weights(54, 3);
      for (const gauge of ["exact", "damped", "off"] as const) {
        const got = await gradient(
          device(),
          h,
          (x) => truncatedSvd(x, 3, { gauge }).coefficients,
          w.slice(0, 27),
        );
        expect(got.every(Number.isFinite), gauge).toBe(true);
      }
      expect((await gradient(device(), h, (x) => svd(x).U, w)).every(Number.isFinite)).toBe(true);
      const zero = { M: 9, N: 6, data: new Array<number>(54).fill(0) };
      for (const build of [(x: Tensor) => svd(x).U, (x: Tensor) => svd(x).Vt])
        expect([...(await gradient(device(), zero, build))]).toEqual(zero.data);
    });
  });

  describe("rank", () => {
    test.each([
      [9, 7],
      [7, 9],
    ])("exactly k: the tangent projection, h (%i, %i)", async (B, L) => {
      const h = latents(B, L, [5, 3, 2, 0, 0, 0, 0]);
      const G = weights(B * L, 3);
      expectClose(await gradient(device(), h, (x) => truncate(x, 3), G), tangentProjection(h, 3, G), 1e-5);
    });

    test.each([
      [9, 7],
      [7, 9],
    ])("below k: truncate passes all, dead directions are zero, h (%i, %i)", async (B, L) => {
      const h = latents(B, L, [5, 3, 0, 0, 0, 0, 0]);
      const G = weights(B * L, 3);
      expect([...(await gradient(device(), h, (x) => truncate(x, 4), G))]).toEqual(G);
      const { basis, singularValues } = truncatedSvd(device().tensor(h.data, [B, L]), 4);
      (await basis.read()).forEach((x, i) => i % 4 > 1 && expect(x).toBe(0));
      expect((await singularValues.read())[1]).toBeCloseTo(3, 5);
      const forBasis = weights(L * 2, 6);
      const padded = Array.from({ length: 4 * L }, (_, i) =>
        i % 4 < 2 ? forBasis[2 * (i >> 2) + (i % 4)]! : 1,
      );
      const got = await gradient(device(), h, (x) => truncatedSvd(x, 4, { gauge: "exact" }).basis, padded);
      const want = await gradient(device(), h, (x) => truncatedSvd(x, 2, { gauge: "exact" }).basis, forBasis);
      expectClose(got, want, 1e-5);
    });

    test.each(["U", "Vt"] as const)(
      "below min(M, N): svd has no gradient of dead vectors of %s",
      async (part) => {
        for (const [M, N] of [
          [6, 4],
          [4, 6],
          [5, 5],
        ] as const) {
          const a = latents(M, N, [3, 2, ...new Array<number>(Math.min(M, N) - 2).fill(0)]);
          const r = Math.min(M, N);
          const size = part === "U" ? M * r : r * N;
          const vectorOf = (i: number) => (part === "U" ? i % r : Math.floor(i / N));
          const w = weights(size, 3);
          const live = w.map((x, i) => (vectorOf(i) < 2 ? x : 0));
          const want = await gradient(device(), a, (x) => svd(x)[part], live);
          expect(Math.hypot(...want)).toBeGreaterThan(0.1);
          expectClose(await gradient(device(), a, (x) => svd(x)[part], w), want, 1e-6, `${M} × ${N}`);
        }
      },
    );

    test("zero: nothing but what passes", async () => {
      const zero = { M: 6, N: 9, data: new Array<number>(54).fill(0) };
      const G = weights(54, 3);
      expect([...(await gradient(device(), zero, (x) => truncate(x, 2), G))]).toEqual(G);
      const through = await gradient(device(), zero, (x) => truncatedSvd(x, 2).coefficients, G.slice(0, 12));
      expect([...through]).toEqual(zero.data);
    });
  });

  test("the gradient of ½‖h_k‖² is h_k, and of ½ Σ s² too", async () => {
    for (const [B, L] of [
      [9, 12],
      [12, 9],
    ] as const) {
      const h = latents(B, L);
      const want = truncated(h, 4).product.to1DArray();
      const held = device().tensor(h.data, [B, L]);
      expectClose(
        await gradient(device(), h, (x) => truncate(x, 4), [...(await truncate(held, 4).read())]),
        want,
        1e-5,
      );
      const s = [...(await truncatedSvd(held, 4).singularValues.read())];
      expectClose(await gradient(device(), h, (x) => truncatedSvd(x, 4).singularValues, s), want, 1e-5);
    }
  });

  test("a loss of coefficients · basisᵀ has no part along rotations, however close the values", async () => {
    const G = weights(108, 3);
    const product = (options: TruncatedSvdOptions) => (x: Tensor) => {
      const { coefficients, basis } = truncatedSvd(x, 3, options);
      return matmul(coefficients, basis, { transposeB: true });
    };
    for (const gap of [1e-1, 1e-3, 0]) {
      const h = latents(9, 12, [3, 3 * (1 - gap), 2, 1, 0.6, 0.4, 0.3, 0.2, 0.1]);
      const want = await gradient(device(), h, (x) => truncate(x, 3), G);
      expectClose(await gradient(device(), h, product({ gauge: "off" }), G), want, 1e-5, `off, ${gap}`);
      // what rounding leaves of the part along rotations is at most ε / gap
      const tol = Math.max(1e-5, gap > 0 ? 3e-7 / gap : 1e-3);
      expectClose(await gradient(device(), h, product({ gauge: "damped" }), G), want, tol, `damped, ${gap}`);
    }
  });

  test("coefficients are orthogonal, of the lengths of the singular values", async () => {
    const { coefficients, singularValues, spectrum } = truncatedSvd(
      device().tensor(latents(40, 30).data, [40, 30]),
      5,
    );
    const [c, s] = [await coefficients.read(), await singularValues.read()];
    expectClose(await spectrum.read(), geometric(30), 1e-5);
    for (let i = 0; i < 5; i++)
      for (let j = 0; j < 5; j++) {
        const product = Array.from({ length: 40 }, (_, b) => c[5 * b + i]! * c[5 * b + j]!).reduce(
          (x, y) => x + y,
        );
        expect(Math.abs(product - (i === j ? s[i]! ** 2 : 0)) / s[0]! ** 2, `${i}, ${j}`).toBeLessThan(3e-6);
      }
  });

  describe("directions that are weak, but no rounding errors,", () => {
    const weak = {
      "1000 × 50, nearly constant": from(1000, 50, (i, j) => 1 + 5e-4 * noise[50 * i + j]!),
      "50 × 1000, nearly constant": from(50, 1000, (i, j) => 1 + 5e-4 * noise[1000 * i + j]!),
      "161 × 170, nearly of rank one": from(161, 170, (i, j) => noise[i]! + 1e-4 * noise[170 * i + j]!),
      "1000 × 2, diagonal": from(1000, 2, (i, j) => (i === j ? [1, 1e-5][i]! : 0)),
    };
    test.each(Object.entries(weak))("are kept: %s", async (_, { M, N, data }) => {
      const P = Math.min(M, N);
      const a = device().tensor(data, [M, N]);
      const { U, S, Vt } = svd(a);
      const again = matmul(mul(U, S), Vt);
      const size = Math.hypot(...data);
      expect(distance(await again.read(), data) / size, "svd").toBeLessThan(5e-6);
      expect(distance(await truncate(a, P).read(), data) / size, "truncate").toBeLessThan(2e-5);
    });
  });

  test.each([8, 64, 100])("vectors of values in the noise are orthonormal: half of %i", async (n) => {
    const count = Math.floor(6000 / n);
    const entries = values(count * n * n * 2, 11);
    const noisy = matmul(
      device().tensor(entries.slice(0, (count * n * n) / 2), [count, n, n / 2]),
      device().tensor(entries.slice((count * n * n) / 2, count * n * n), [count, n / 2, n]),
    );
    const { U } = svd(
      add(
        noisy,
        device().tensor(
          entries.slice(count * n * n).map((x) => 1e-6 * x),
          [count, n, n],
        ),
      ),
    );
    const products = await matmul(U, U, { transposeA: true }).read();
    const worst = products.reduce(
      (most, x, i) => Math.max(most, Math.abs(x - Number((i % (n * n)) % (n + 1) === 0))),
      0,
    );
    expect(worst / (n * 2 ** -23)).toBeLessThan(5);
  });

  test("matrices may be taller than a grid is long", async () => {
    const M = 600_000;
    const a = device().tensor(
      Float32Array.from({ length: 2 * M }, (_, i) => Math.sin(i)),
      [M, 2],
    );
    const S = await svd(a).S.read();
    expect(S[0]! ** 2 + S[1]! ** 2).toBeCloseTo(M, -1);
    expect((await truncatedSvd(a, 1).singularValues.read())[0]).toBeCloseTo(S[0]!, 2);
  });
});
