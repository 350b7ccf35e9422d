import { expect, test } from "vitest";
import { ShapeError } from "../../src/device/errors.ts";
import { truncatedSvd, type Method, type TruncatedSvdOptions } from "../../src/ops/svd.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { expectClose, values, withDevices } from "../check.ts";
import { bentOn, gradient, latents, weights } from "./differences.ts";

const [B, L, k] = [30, 60, 4];
const h = latents(B, L);

withDevices((device) => {
  const decompose = (method: Method, towards?: number[]) =>
    truncatedSvd(device().tensor(h.data, [B, L]), k, {
      method,
      ...(towards ? { towards: device().tensor(towards, [L, towards.length / L]) } : {}),
    });

  test.each(["full", "topk"] as const)("signs follow given vectors, in any order: %s", async (method) => {
    const plain = decompose(method);
    const [basis, coefficients] = [await plain.basis.read(), await plain.coefficients.read()];
    const source = [-3, 0, 2, -1]; // column c of the given vectors is ± this one of the basis, or its negative half
    const given = Array.from({ length: L * 4 }, (_, i) => {
      const from = source[i % 4]!;
      return (from < 0 ? -0.5 : 1) * basis[k * Math.floor(i / 4) + Math.abs(from)]!;
    });
    const signs = [1, -1, 1, -1];
    const turned = decompose(method, given);
    expect([...(await turned.basis.read())]).toEqual([...basis].map((x, i) => signs[i % k]! * x));
    expect([...(await turned.coefficients.read())]).toEqual(
      [...coefficients].map((x, i) => signs[i % k]! * x),
    );
    expect(await turned.singularValues.read()).toEqual(await plain.singularValues.read());
  });

  test("vectors of zeros, and NaNs, leave the signs as they are", async () => {
    const plain = await decompose("full").basis.read();
    for (const nothing of [0, NaN])
      expect(await decompose("full", Array<number>(L).fill(nothing)).basis.read()).toEqual(plain);
  });

  test.each(["full", "topk"] as const)(
    "the gradient is that of the factors so signed: %s",
    async (method) => {
      const G = weights(B * k, 3);
      const towards = device().tensor(values(L * 2, 5), [L, 2]);
      const plain = await decompose(method).basis.read();
      const turned = await truncatedSvd(device().tensor(h.data, [B, L]), k, { method, towards }).basis.read();
      const signs = Array.from({ length: k }, (_, j) => Math.sign(plain[j]! * turned[j]!));
      expect(signs).toContain(-1);
      const asSigned = G.map((weight, i) => signs[i % k]! * weight); // the loss is odd in each coefficient
      const coefficients = (x: Tensor, options: TruncatedSvdOptions) =>
        truncatedSvd(x, k, { method, ...options }).coefficients;
      const own = await gradient(device(), h, (x) => bentOn(device(), G, coefficients(x, { towards })));
      expectClose(
        own,
        await gradient(device(), h, (x) => bentOn(device(), asSigned, coefficients(x, {}))),
        1e-6,
      );
    },
  );

  test("vectors of another length are refused", () => {
    const towards = device().tensor(values(2 * k, 1), [2, k]);
    expect(() => truncatedSvd(device().tensor(h.data, [B, L]), k, { towards })).toThrow(ShapeError);
  });
});
