import { describe, expect, test } from "vitest";
import { epilogueGradients, sumSlices } from "../src/ops/epilogue.ts";
import type { Activation } from "../src/ops/lib/activation.ts";
import { backward, track } from "../src/tensor/tape.ts";
import { empty, tensor, type Tensor } from "../src/tensor/tensor.ts";
import { checkOp, values, withDevices } from "./check.ts";
import { epilogueReference } from "./references.ts";

/** activation(z + bias) by the family's own kernels. */
function epilogue(z: Tensor, bias: Tensor, activation: Activation): Tensor {
  const y = empty(z.device, z.shape);
  sumSlices(z, y, bias.size, { bias, activation });
  return track(y, [z, bias], (dy, gradients) => {
    const { dz, db } = epilogueGradients(dy, y, { bias, activation }, 1, gradients);
    return [dz, db];
  });
}

describe("bias and activation", () => {
  for (const activation of ["none", "relu", "leakyRelu", "sigmoid", "tanh", "softplus", "elu"] as const)
    checkOp(
      activation,
      (z, bias) => epilogue(z, bias, activation),
      ([z, bias]) => epilogueReference(z!, bias, activation),
      [
        [[2, 1], [1]],
        [[63, 4], [4]],
        [[64, 5], [5]],
        [[65, 8], [8]],
        [[300, 68], [68]],
      ],
      { prepare: (list) => list.map((value) => 2.5 * value + (Math.abs(value) < 0.01 ? 0.2 : 0)) },
    );
});

withDevices((device) => {
  test("slices are added", async () => {
    const parts = tensor(device(), [1, 2, 3, 10, 20, 30], [2, 1, 3]);
    const out = empty(device(), [1, 3]);
    sumSlices(parts, out, 3);
    expect([...(await out.read())]).toEqual([11, 22, 33]);
    const inFours = tensor(device(), [1, 2, 3, 4, 10, 20, 30, 40, 100, 200, 300, 400], [3, 1, 4]);
    const sum = empty(device(), [1, 4]);
    sumSlices(inFours, sum, 4);
    expect([...(await sum.read())]).toEqual([111, 222, 333, 444]);
  });

  test("large arguments of tanh and softplus stay finite", async () => {
    const z = tensor(device(), [-200, 200, -20, 20], [1, 4]);
    const bias = tensor(device(), [0, 0, 0, 0]);
    expect([...(await epilogue(z, bias, "tanh").read())]).toEqual([-1, 1, -1, 1]);
    expect((await epilogue(z, bias, "softplus").read())[1]).toBe(200);
  });

  test("the bias gradient has the same bits every time", async () => {
    const z = tensor(device(), values(5000 * 8), [5000, 8]);
    const bias = tensor(device(), values(8));
    bias.requiresGrad = true;
    const once = async () => {
      backward(epilogue(z, bias, "sigmoid"), z);
      return [...(await bias.grad!.read())];
    };
    expect(await once()).toEqual(await once());
  });
});
