import { describe, expect, test } from "vitest";
import { svd, truncate, truncatedSvd } from "../../src/ops/svd.ts";
import { backward } from "../../src/tensor/tape.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { expectClose, rounded, values, withDevices } from "../check.ts";
import { differences, gradient, latents, weights } from "./differences.ts";
import { random, ratios, svdReference } from "./matrices.ts";

withDevices((device, mode) => {
  test.each([
    [170, 180],
    [180, 170],
    [208, 161],
  ])("a batch of matrices past one workgroup, %i × %i, gives what its members give", async (M, N) => {
    const P = Math.min(M, N);
    const members = [3, 4, 5].map((seed) => ({ M, N, data: rounded(random(M, N, seed).data) }));
    members[1]!.data.fill(0, 0, (M * N) / 2); // of less than full rank, or in fewer sweeps than the others
    const factors = svd(
      device().tensor(
        members.flatMap(({ data }) => data),
        [3, M, N],
      ),
    );
    const [U, S, Vt] = [await factors.U.read(), await factors.S.read(), await factors.Vt.read()];
    for (const [i, member] of members.entries()) {
      const part = (list: Float32Array, size: number) => list.slice(i * size, (i + 1) * size);
      const [u, s, vt] = [part(U, M * P), part(S, P), part(Vt, P * N)];
      // the products of a batch are made in other slices than those of one matrix, so that bits may differ
      const alone = await svd(device().tensor(member.data, [M, N])).S.read();
      alone.forEach((value, j) => expect(Math.abs(s[j]! - value)).toBeLessThan(3e-7 * alone[0]!));
      if (mode === "checked") continue;
      for (const [name, ratio] of Object.entries(ratios(member, u, s, vt)))
        expect(ratio, `${name} of ${i}`).toBeLessThan(30);
      const want = svdReference(member).S;
      want.forEach((value, j) => expect(Math.abs(s[j]! - value)).toBeLessThan(1e-6 * want[0]!));
    }
  });

  test("more matrices than a grid has workgroups along an axis, with their gradient", async () => {
    const [count, M, N] = [65_600, 2, 3];
    const data = rounded(values(count * M * N));
    const a = device().tensor(data, [count, M, N]);
    a.requiresGrad = true;
    const { S } = svd(a);
    const s = await S.read();
    const w = weights(count * M, 3);
    backward(S, device().tensor(w, [count, M]));
    const da = await a.grad!.read();
    for (const i of [0, 1, 65_471, 65_472, 65_473, 65_534, 65_535, count - 1]) {
      const member = { M, N, data: data.slice(i * M * N, (i + 1) * M * N) };
      expectClose(s.slice(i * M, (i + 1) * M), svdReference(member).S, 1e-6, `values of ${i}`);
      const loss = (at: typeof member) =>
        svdReference(at).S.reduce((sum, value, j) => sum + w[i * M + j]! * value, 0);
      const want = differences(loss, member);
      expectClose(da.slice(i * M * N, (i + 1) * M * N), want, 1e-5, `gradient of ${i}`);
    }
  });

  test("one number is its absolute value, and the gradient its sign", async () => {
    const a = device().tensor([-3, 0, 2, -1e-42], [4, 1, 1]);
    const { U, S, Vt } = svd(a);
    expect([...(await U.read())]).toEqual([1, 1, 1, 1]);
    expect([...(await S.read())]).toEqual([3, 0, 2, Math.fround(1e-42)]);
    expect([...(await Vt.read())].map((x) => Math.abs(x))).toEqual([1, 1, 1, 1]);
    const one = { M: 1, N: 1, data: [-3] };
    expect([...(await gradient(device(), one, (x) => svd(x).S))]).toEqual([-1]);
    expect([...(await gradient(device(), one, (x) => truncate(x, 1), [5]))]).toEqual([5]);
    expect([...(await gradient(device(), one, (x) => truncatedSvd(x, 1).basis))]).toEqual([0]);
  });

  test.each([
    [0, 5],
    [5, 0],
    [0, 0],
  ])("a matrix of %i × %i has factors without entries, as NumPy's", async (M, N) => {
    const a = device().tensor([], [M, N]);
    a.requiresGrad = true;
    const { U, S, Vt } = svd(a);
    expect([U.shape, S.shape, Vt.shape]).toEqual([[M, 0], [0], [0, N]]);
    for (const factor of [U, S, Vt]) expect(await factor.read()).toHaveLength(0);
    backward(S);
    expect(a.grad!.shape).toEqual([M, N]);
    expect(() => truncatedSvd(a, 1)).toThrow(
      `h is (${M}, ${N}); expected a batch of latent vectors (B, L), with`,
    );
    expect(() => truncate(a, 1)).toThrow("with entries");
  });

  test("a batch of no matrices has factors of no matrices", () => {
    const { U, S, Vt } = svd(device().tensor([], [2, 0, 4, 3]));
    expect([U.shape, S.shape, Vt.shape]).toEqual([
      [2, 0, 4, 3],
      [2, 0, 3],
      [2, 0, 3, 3],
    ]);
  });

  describe("what is saved for a gradient that nobody takes", () => {
    const h = latents(24, 40);
    test.each(["svd", "truncatedSvd", "truncate", "by the top-k path"])(
      "is freed with the results: %s",
      (name) => {
        const held = device().tensor(h.data, [24, 40]);
        held.requiresGrad = true;
        const inTensors = () => device().memory().byKind.tensor.live;
        const before = inTensors();
        const made: Record<string, () => object> = {
          svd: () => svd(held),
          truncatedSvd: () => truncatedSvd(held, 2),
          truncate: () => [truncate(held, 2)],
          "by the top-k path": () => truncatedSvd(held, 2, { method: "topk" }),
        };
        const results = Object.values(made[name]!()) as Tensor[];
        for (const [i, result] of results.entries()) {
          expect(inTensors(), `before result ${i} is freed`).toBeGreaterThan(before);
          result.dispose();
        }
        expect(inTensors()).toBe(before);
      },
    );
  });
});
