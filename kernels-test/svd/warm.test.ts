import { expect, test } from "vitest";
import { truncatedSvd } from "../../src/ops/svd.ts";
import { findLeading } from "../../src/ops/svd/topk.ts";
import { rounded, withDevices } from "../check.ts";
import { weights } from "./differences.ts";
import { svdReference, withSpectrum } from "./matrices.ts";

const [B, L, k] = [75, 60, 4];

withDevices((device) => {
  const decaying = withSpectrum(
    B,
    L,
    Array.from({ length: L }, (_, i) => 0.85 ** i),
    7,
  );
  const h = { ...decaying, data: rounded(decaying.data) };

  test("the basis of a similar batch, of another, or of nothing: the result is as exact", async () => {
    const { S } = svdReference(h);
    const held = device().tensor(h.data, [B, L]);
    const similar = device().tensor(
      weights(B * L, 8).map((x, i) => h.data[i]! + 1e-3 * x),
      [B, L],
    );
    const starts = [
      truncatedSvd(similar, k).basis,
      device().tensor(weights(L * k, 9), [L, k]),
      device().tensor(new Float32Array(L * k), [L, k]),
      device().tensor(new Float32Array(L * k).fill(NaN), [L, k]),
    ];
    for (const warm of starts) {
      const { singularValues } = truncatedSvd(held, k, { method: "topk", warm });
      (await singularValues.read()).forEach((value, i) =>
        expect(Math.abs(value - S[i]!)).toBeLessThan(1e-6 * S[0]!),
      );
    }
  });

  test("a start without a direction that h has still finds it", async () => {
    const held = device().tensor(h.data, [B, L]);
    const { basis } = truncatedSvd(held, 8, { method: "full" });
    const all = await basis.read();
    const later = Float32Array.from({ length: L * k }, (_, i) => all[8 * Math.floor(i / k) + k + (i % k)]!);
    const found = device().scope(() =>
      device().noGrad(() => findLeading(held, k, device().tensor(later, [L, k]))),
    );
    expect(new Uint32Array(await found.verdict.readBytes())[0]).toBe(1);
    const { S } = svdReference(h);
    const warm = device().tensor(later, [L, k]);
    const { singularValues } = truncatedSvd(held, k, { method: "topk", warm });
    (await singularValues.read()).forEach((value, i) =>
      expect(Math.abs(value - S[i]!)).toBeLessThan(1e-6 * S[0]!),
    );
  });

  test("a start of another shape is refused", () => {
    const held = device().tensor(h.data, [B, L]);
    const warm = device().tensor(new Float32Array(B * k), [B, k]);
    expect(() => truncatedSvd(held, k, { method: "topk", warm })).toThrow("expected (L, k)");
    expect(() => truncatedSvd(held, k, { method: "best" as "full" })).toThrow(
      'method is "auto", "full" or "topk"',
    );
  });
});
