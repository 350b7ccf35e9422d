import { Matrix } from "ml-matrix";
import { describe, expect, test } from "vitest";
import { add, exp, mul } from "../../src/ops/elementwise.ts";
import { gaussianKl, relativeError } from "../../src/ops/losses.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { svd, truncate, truncatedSvd } from "../../src/ops/svd.ts";
import { casesIn, expectClose, values, withDevices } from "../check.ts";
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
import { svdReference, type Dense } from "./matrices.ts";

/** B, L, k: wide, tall and square, k = 1 to all, one and two blocks of Jacobi. */
const cases = [
  [6, 9, 3],
  [9, 6, 3],
  [7, 7, 3],
  [6, 9, 1],
  [9, 6, 1],
  [5, 8, 5],
  [8, 5, 5],
  [5, 5, 5],
  [12, 5, 4],
  [9, 17, 6],
  [17, 9, 6],
] as const;

withDevices((device, mode) => {
  describe("differences in float64 agree with the gradient", () => {
    test.each(casesIn(mode, cases))("of truncate, h (%i, %i), k = %i", async (B, L, k) => {
      const h = latents(B, L);
      const G = weights(B * L, 3);
      const want = differences((at) => bent(G, truncated(at, k).product), h);
      expectClose(await gradient(device(), h, (x) => bentOn(device(), G, truncate(x, k))), want, 1e-5);
    });

    test.each([
      [6, 9, 4],
      [9, 6, 4],
      [6, 9, 6],
      [9, 6, 6],
    ])("of truncate by values far apart, h (%i, %i), k = %i", async (B, L, k) => {
      const spectrum = [1, 0.1, 0.01, 1e-3, ...(k > 4 ? [7e-4, 5e-4] : [1e-4, 1e-5])];
      const h = latents(B, L, spectrum);
      const G = weights(B * L, 3);
      const want = differences((at) => bent(G, truncated(at, k).product), h);
      const tolerance = 2 ** -23 / spectrum[k - 1]!; // by their ratio, and not by its square
      expectClose(await gradient(device(), h, (x) => bentOn(device(), G, truncate(x, k))), want, tolerance);
    });

    test.each(casesIn(mode, cases))("of truncatedSvd, h (%i, %i), k = %i", async (B, L, k) => {
      const h = latents(B, L);
      const [forBasis, forCoefficients, forValues] = [weights(L * k, 3), weights(B * k, 4), weights(k, 5)];
      const loss = (at: Dense) => {
        const { basis, coefficients, S } = truncated(at, k);
        return bent(forBasis, basis) + bent(forCoefficients, coefficients) + bent(forValues, S.slice(0, k));
      };
      const got = await gradient(device(), h, (x) => {
        const { basis, coefficients, singularValues } = truncatedSvd(x, k, { gauge: "exact" });
        const parts = [bentOn(device(), forBasis, basis), bentOn(device(), forCoefficients, coefficients)];
        return add(add(parts[0]!, parts[1]!), bentOn(device(), forValues, singularValues));
      });
      expectClose(got, differences(loss, h), 1e-5);
    });

    test.each(["basis", "coefficients", "singularValues"] as const)("of %s alone", async (part) => {
      const h = latents(9, 12);
      const w = weights({ basis: 36, coefficients: 27, singularValues: 3 }[part], 3);
      const loss = (at: Dense) => {
        const { S, ...rest } = truncated(at, 3);
        return bent(w, part === "singularValues" ? S.slice(0, 3) : rest[part]);
      };
      const got = await gradient(device(), h, (x) =>
        bentOn(device(), w, truncatedSvd(x, 3, { gauge: "exact" })[part]),
      );
      expectClose(got, differences(loss, h), 1e-5);
    });

    test.each([
      [6, 9],
      [9, 6],
      [7, 7],
      [1, 5],
      [5, 1],
    ])("of svd, a (%i, %i)", async (M, N) => {
      const a = latents(
        M,
        N,
        geometric(Math.min(M, N)).map((x) => x / 2),
      );
      const r = Math.min(M, N);
      const w = { U: weights(M * r, 3), S: weights(r, 4), Vt: weights(r * N, 5) };
      const loss = (at: Dense) => {
        const { U, S, V } = svdReference(at);
        return bent(w.U, U) + bent(w.S, S) + bent(w.Vt, V.transpose());
      };
      const want = differences(loss, a);
      const got = await gradient(device(), a, (x) => {
        const { U, S, Vt } = svd(x);
        return add(add(bentOn(device(), w.U, U), bentOn(device(), w.S, S)), bentOn(device(), w.Vt, Vt));
      });
      expectClose(got, want, 1e-5);
      for (const part of ["U", "S", "Vt"] as const) {
        const alone = differences((at) => {
          const { U, S, V } = svdReference(at);
          return bent(w[part], { U, S, Vt: V.transpose() }[part]);
        }, a);
        expectClose(
          await gradient(device(), a, (x) => bentOn(device(), w[part], svd(x)[part])),
          alone,
          1e-5,
          part,
        );
      }
    });
  });

  test("svd of a batch has the gradients of its members", async () => {
    const members = [latents(6, 4), latents(6, 4, [5, 2, 1.5, 0.5])];
    const batch = { M: 12, N: 4, data: members.flatMap((member) => member.data), shape: [2, 6, 4] };
    const w = weights(48, 3);
    const got = await gradient(device(), batch, (x) => bentOn(device(), w, svd(x).U));
    const want = members.flatMap((member, i) =>
      differences((at) => bent(w.slice(24 * i, 24 * (i + 1)), svdReference(at).U), member),
    );
    expectClose(got, want, 1e-5);
  });

  test("the differences see discarded directions: a gradient without them fails", () => {
    for (const [B, L] of [
      [9, 6],
      [6, 9],
      [7, 7],
    ] as const) {
      const h = { M: B, N: L, data: values(B * L, 11) };
      const G = weights(B * L, 3);
      const want = differences(
        (at) => G.reduce((t, g, i) => t + g * truncated(at, 3).product.to1DArray()[i]!, 0),
        h,
      );
      const keptOnly = tangentProjection(h, 3, G);
      expect(distance(keptOnly, want) / Math.hypot(...want)).toBeGreaterThan(0.1);
      expect(() => expectClose(keptOnly, want, 1e-5)).toThrow();
    }
  });

  test.each(["full", "topk"] as const)("of truncate of a NaN is NaN, method %s", async (method) => {
    const h = latents(30, 36);
    h.data[7] = NaN;
    const got = await gradient(device(), h, (x) => truncate(x, 3, { method }), weights(30 * 36, 3));
    expect(got.filter((x) => !Number.isNaN(x))).toHaveLength(0);
  });

  test.each([
    [6, 9],
    [9, 6],
  ])("the latent block of a VRRAE: noise, variance head and KL, h (%i, %i)", async (B, L) => {
    const k = 3;
    const h = latents(B, L);
    const [X, noise, W, bias] = [weights(B * L, 3), weights(B * k, 4), weights(k * k, 5), weights(k, 6)];
    const beta = 0.01;
    const loss = (at: Dense, weight = W) => {
      const { basis, coefficients: alpha } = truncated(at, k);
      const logVariance = alpha.mmul(Matrix.from1DArray(k, k, weight)).addRowVector(bias);
      const deviation = Matrix.exp(Matrix.mul(logVariance, 0.5));
      const z = Matrix.add(alpha, Matrix.mul(Matrix.from1DArray(B, k, noise), deviation));
      const x = Matrix.from1DArray(B, L, X);
      const error = (100 * Matrix.sub(z.mmul(basis.transpose()), x).norm()) / x.norm();
      const inside = Matrix.sub(
        Matrix.add(logVariance, 1),
        Matrix.add(Matrix.pow(alpha, 2), Matrix.exp(logVariance)),
      );
      return error - (beta / 2) * inside.sum();
    };
    const weight = device().tensor(W, [k, k]);
    weight.requiresGrad = true;
    const got = await gradient(device(), h, (x) => {
      const { coefficients: alpha, basis } = truncatedSvd(x, k, { gauge: "exact" });
      const logVariance = add(matmul(alpha, weight), device().tensor(bias));
      const z = add(alpha, mul(device().tensor(noise, [B, k]), exp(mul(logVariance, 0.5))));
      const error = relativeError(matmul(z, basis, { transposeB: true }), device().tensor(X, [B, L]));
      return add(error, mul(gaussianKl(alpha, logVariance), beta));
    });
    expectClose(got, differences(loss, h), 1e-5);
    const ofWeight = differences((at) => loss(h, at.data), { M: k, N: k, data: W });
    expectClose(await weight.grad!.read(), ofWeight, 1e-5, "variance head");
  });
});
