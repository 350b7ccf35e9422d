import { expect, test } from "vitest";
import { svd, truncate, truncatedSvd } from "../../src/ops/svd.ts";
import { rounded, withDevices } from "../check.ts";
import { gradient, truncated, weights } from "./differences.ts";
import { svdReference, withSpectrum, type Dense } from "./matrices.ts";

/** A matrix past one workgroup, with gaps that float32 sees. */
function matrixOf(M: number, N: number): Dense {
  const P = Math.min(M, N);
  const spectrum = Array.from({ length: P }, (_, i) => (i < 12 ? 3 - 0.15 * i : 0.8 * 0.97 ** i));
  const made = withSpectrum(M, N, spectrum, M);
  return { ...made, data: rounded(made.data) };
}

const dot = (w: readonly number[], x: ArrayLike<number>) => w.reduce((sum, e, i) => sum + e * x[i]!, 0);

withDevices((device) => {
  test.each([
    [168, 172],
    [172, 168],
  ])("gradients of the full solve, %i × %i, agree with differences in float64", async (M, N) => {
    const k = 12;
    const h = matrixOf(M, N);
    const P = Math.min(M, N);
    const [G, W] = [weights(M * N, 3), weights(P, 4).map((w, i) => (i < k ? w : 0))];
    const ofValues = (at: Dense) => dot(W, svdReference(at).S);
    const losses = {
      truncate: (at: Dense) => dot(G, truncated(at, k).product.to1DArray()),
      svd: ofValues,
      singularValues: ofValues,
    };
    const got = {
      truncate: await gradient(device(), h, (x) => truncate(x, k, { method: "full" }), G),
      svd: await gradient(device(), h, (x) => svd(x).S, W),
      singularValues: await gradient(
        device(),
        h,
        (x) => truncatedSvd(x, k, { method: "full" }).singularValues,
        W.slice(0, k),
      ),
    };
    const direction = weights(M * N, 7);
    const step = 1e-5;
    for (const name of ["truncate", "svd", "singularValues"] as const) {
      const loss = losses[name];
      const moved = (by: number) => loss({ ...h, data: h.data.map((x, i) => x + by * direction[i]!) });
      const want = (moved(step) - moved(-step)) / (2 * step);
      const scale = Math.hypot(...got[name]) * Math.hypot(...direction);
      expect(Math.abs(dot(direction, got[name]) - want) / scale, name).toBeLessThan(1e-6);
      expect(Math.abs(want) / scale, `${name}: something to compare`).toBeGreaterThan(1e-4);
    }
  });
});
