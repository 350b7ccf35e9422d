import { describe, expect, test } from "vitest";
import { epilogueGradients, sumSlices } from "../src/ops/epilogue.ts";
import type { Activation } from "../src/ops/lib/activation.ts";
import { backward, track } from "../src/tensor/tape.ts";
import { empty, tensor, type Tensor } from "../src/tensor/tensor.ts";
import { checkOp, values, withDevices } from "./check.ts";
import { activations, epilogueReference } from "./references.ts";

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

  test("small arguments of tanh keep their digits", async () => {
    const small = [1e-8, -1e-6, 1e-4, 0.1];
    const y = await epilogue(tensor(device(), small, [1, 4]), tensor(device(), [0, 0, 0, 0]), "tanh").read();
    small.forEach((z, i) => expect(y[i]! / Math.tanh(z)).toBeCloseTo(1, 6));
  });

  test.each(["none", "relu", "leakyRelu", "sigmoid", "tanh", "softplus", "elu"] as const)(
    "%s keeps NaN, in its gradient too",
    async (activation) => {
      const z = tensor(device(), [1, NaN, -1, NaN, 1, 2, 3, NaN], [2, 4]);
      z.requiresGrad = true;
      const y = epilogue(z, tensor(device(), [0, 0, 0, 0]), activation);
      const isNan = [false, true, false, true, false, false, false, true];
      expect([...(await y.read())].map(Number.isNaN)).toEqual(isNan);
      backward(y, tensor(device(), [1, NaN, 1, NaN, 1, 1, 1, NaN], [2, 4]));
      expect([...(await z.grad!.read())].map(Number.isNaN)).toEqual(isNan);
    },
  );

  test("softplus and elu are exact to a few bits where they are small, and so are their slopes", async () => {
    const at = [-80, -20, -5, -0.4, -0.3, -1e-3, -1e-7, 1e-7];
    const slopes = {
      softplus: (x: number) => 1 / (1 + Math.exp(-x)),
      elu: (x: number) => Math.exp(Math.min(x, 0)),
    };
    for (const activation of ["softplus", "elu"] as const) {
      const z = tensor(device(), at, [2, 4]);
      z.requiresGrad = true;
      const y = epilogue(z, tensor(device(), [0, 0, 0, 0]), activation);
      const values = await y.read();
      backward(y);
      const gradient = await z.grad!.read();
      at.forEach((x, i) => {
        const want = activations[activation](x);
        expect(Math.abs(values[i]! / want - 1), `${activation}(${x})`).toBeLessThan(4e-6);
        // Of elu only y is kept: its slope y + 1 is exact to a bit of 1.
        const scale = activation === "elu" ? 1 : slopes[activation](x);
        expect(Math.abs(gradient[i]! - slopes[activation](x)) / scale, `${activation}'(${x})`).toBeLessThan(
          8e-6,
        );
      });
    }
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
