import { expect, test } from "vitest";
import { ArgumentError, ShapeError } from "../src/device/errors.ts";
import * as arrange from "../src/ops/arrange.ts";
import { einsum } from "../src/ops/einsum.ts";
import { chunk, unstack } from "../src/ops/pieces.ts";
import { matmul, tensordot } from "../src/ops/products.ts";
import { tensor, zeros } from "../src/tensor/tensor.ts";
import { withDevices } from "./check.ts";

// Values and gradients of random shapes are tried in `property/contractions.ts` and `property/indexing.ts`.
withDevices((device) => {
  const ones = (...shape: number[]) =>
    tensor(
      device(),
      Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i + 1),
      shape,
    );

  test("einsum without an arrow, and with further axes", async () => {
    const [a, b] = [ones(2, 3), ones(3, 2)];
    expect([...(await einsum("ij, jk", a, b).read())]).toEqual([...(await matmul(a, b).read())]);
    expect([...(await einsum("ji", a).read())]).toEqual([1, 4, 2, 5, 3, 6]);
    expect(einsum("...ij,...jk->...ik", ones(5, 1, 2, 3), ones(4, 3, 2)).shape).toEqual([5, 4, 2, 2]);
    expect(einsum("...i,...i", ones(5, 3), ones(3)).shape).toEqual([5]);
    expect(einsum("i...->...i", ones(2, 3, 4)).shape).toEqual([3, 4, 2]);
    expect([...(await einsum("i...->...", ones(2, 3)).read())]).toEqual([5, 7, 9]);
    expect(einsum("ij,jk->ik", zeros(device(), [0, 3]), b).shape).toEqual([0, 2]);
    expect([...(await einsum("ij,jk->ik", zeros(device(), [1, 0]), zeros(device(), [0, 2])).read())]).toEqual(
      [0, 0],
    );
  });

  test("equations and shapes that mean nothing are refused", () => {
    const a = ones(2, 3);
    for (const equation of ["i j->k", "ij->ii", "ij,jk->ik", "ij->->i", "i1->i"])
      expect(() => einsum(equation, a), equation).toThrow(ArgumentError);
    expect(() => einsum("i", a)).toThrow(ShapeError);
    expect(() => einsum("ij,ij", a, ones(3, 2))).toThrow(ShapeError);
    expect(() => einsum("ii", a)).toThrow(ShapeError);
    expect(() => matmul(ones(2, 3, 4), ones(2, 3, 4))).toThrow(ShapeError);
    expect(() => matmul(tensor(device(), [1], []), a)).toThrow(ShapeError);
    expect(() => matmul(ones(3, 1, 2, 3), ones(2, 2, 3, 4))).toThrow(ShapeError);
    expect(() => tensordot(a, a, 1)).toThrow(ShapeError);
  });

  test("shapes of what only reads in another way", async () => {
    const x = ones(2, 1, 3, 1);
    expect(arrange.squeeze(x).shape).toEqual([2, 3]);
    expect(arrange.squeeze(x, -1).shape).toEqual([2, 1, 3]);
    expect(() => arrange.squeeze(x, 0)).toThrow(ShapeError);
    expect(arrange.expandDims(ones(2, 3), [0, -1]).shape).toEqual([1, 2, 3, 1]);
    expect(arrange.flatten(x, 1).shape).toEqual([2, 3]);
    expect(arrange.swapaxes(x, 0, 2).shape).toEqual([3, 1, 2, 1]);
    expect(unstack(ones(2, 3), 1).map(({ shape }) => shape)).toEqual([[2], [2], [2]]);
    expect(chunk(ones(7), 3).map(({ size }) => size)).toEqual([3, 3, 1]);
    const [rows, columns] = arrange.meshgrid([ones(2), ones(3)]);
    expect([...(await rows!.read()), ...(await columns!.read())]).toEqual([
      1, 1, 1, 2, 2, 2, 1, 2, 3, 1, 2, 3,
    ]);
    expect(arrange.meshgrid([ones(2), ones(3)], "xy")[0]!.shape).toEqual([3, 2]);
    expect(() => arrange.padWith(x, [], "edge")).toThrow(ShapeError);
  });
});
