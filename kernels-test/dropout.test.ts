import { expect, test } from "vitest";
import { dropout } from "../src/ops/dropout.ts";
import { RandomState, randomUniform } from "../src/ops/random.ts";
import { record } from "../src/tensor/record.ts";
import { backward } from "../src/tensor/tape.ts";
import { tensor } from "../src/tensor/tensor.ts";
import { withDevices } from "./check.ts";

withDevices((device) => {
  test.each([1, 2, 63, 64, 129, 5001])("dropout of %d elements, and its gradient", async (N) => {
    const list = Float32Array.from({ length: N }, (_, i) => i + 1);
    const x = tensor(device(), list);
    x.requiresGrad = true;
    const noise = new RandomState(device(), 5);
    const drawn = await randomUniform(new RandomState(device(), noise), [N]).read();
    const y = dropout(x, 0.25, noise);
    const want = list.map((v, i) => (drawn[i]! >= 0.25 ? Math.fround(v * Math.fround(4 / 3)) : 0));
    expect(await y.read()).toEqual(want);
    backward(y, tensor(device(), list));
    expect(await x.grad!.read()).toEqual(want);
    if (N > 5000) expect(Math.abs(want.filter((v) => v === 0).length / N - 0.25)).toBeLessThan(0.02);
    noise.dispose();
  });

  test("each run of a recorded step drops others, and its gradient the same", async () => {
    const noise = new RandomState(device(), 1);
    const x = tensor(device(), new Float32Array(100).fill(1));
    x.requiresGrad = true;
    const { program, result } = record(device(), () => {
      const y = dropout(x, 0.5, noise);
      backward(y);
      return [y, x.grad!.view()] as const;
    });
    const first = await result[0].read();
    expect(await result[1].read()).toEqual(first);
    program.run();
    const second = await result[0].read();
    expect(second).not.toEqual(first);
    expect(await result[1].read()).toEqual(second);
    program.dispose();
    noise.dispose();
  });

  test("a rate of 1 or more is refused", () => {
    const noise = new RandomState(device(), 1);
    expect(() => dropout(tensor(device(), [1]), 1, noise)).toThrow("dropout: the rate is a number from 0");
    noise.dispose();
  });
});
