import { expect, test } from "vitest";
import { bumps } from "../../src/data/bumps.ts";
import { vrrae } from "../../src/models/vrrae.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { truncatedSvd } from "../../src/ops/svd.ts";
import { shortSide } from "../../src/ops/svd/decompose.ts";
import { findLeading } from "../../src/ops/svd/topk.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { Trainer } from "../../src/train/trainer.ts";
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
      device().noGrad(() => findLeading(held, k, 1e-3, device().tensor(later, [L, k]))),
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

  // a rotation by the vectors of the step before, which leaves h Uᵀ nearly orthogonal columns, before all else is done
  test("a rotation of training's batches by the last step's vectors saves a sweep or two of many", async () => {
    const { train } = bumps({ size: 16, seed: 3 });
    const model = vrrae(device(), { input: train.shape, latent: 48, rank: 2, beta: 1e-3, seed: 3 });
    const trainer = new Trainer(model, train, {
      batch: 64,
      seed: 3,
      optimizer: { kind: "adabelief", rate: 2e-3 },
    });
    const encoder = model.networks.encoder!;
    const pictures = device().tensor(train.values(0, 64), [64, ...train.shape]);
    const latents = (): Tensor =>
      device().noGrad(() =>
        device().scope(() => encoder.apply(pictures, (name) => model.arena.get(`encoder.${name}`))),
      );
    const solve = async (h: Tensor) => {
      const { info, vectors, values } = shortSide(h);
      return { sweeps: new Uint32Array(await info.readBytes())[2]!, vectors, values: await values.read() };
    };
    const taken = { cold: 0, warm: 0 };
    let before: Tensor | undefined;
    const steps = 8;
    for (let step = 0; step <= steps; step++) {
      trainer.advance();
      pictures.write(train.values(3 * step, 3 * step + 64)); // another batch, that shares most of the last
      const h = latents().view([1, 64, 48]);
      const cold = await solve(h);
      if (before) {
        const warm = await solve(device().noGrad(() => matmul(h, before!)));
        taken.cold += cold.sweeps / steps;
        taken.warm += warm.sweeps / steps;
      }
      before = cold.vectors;
    }
    console.log(
      `${device().info.name}: sweeps a training step, cold ${taken.cold.toFixed(2)}, warm ${taken.warm.toFixed(2)}`,
    );
    expect(taken.warm).toBeLessThanOrEqual(taken.cold);
    expect(taken.cold).toBeLessThan(12);
    trainer.dispose();
  });
});
