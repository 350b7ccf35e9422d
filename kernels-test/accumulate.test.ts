import { expect, test } from "vitest";
import { record } from "../src/tensor/record.ts";
import { backward, stopGradient, track } from "../src/tensor/tape.ts";
import { empty, tensor, type Tensor } from "../src/tensor/tensor.ts";
import { kernel, linearGrid } from "../src/device/kernel.ts";
import { checkOp, withDevices } from "./check.ts";

const run = kernel("accumulate");

/** a + b, by the tape's own kernel. */
function plus(a: Tensor, b: Tensor): Tensor {
  const out = empty(a.device, a.shape);
  run("add", { a, b, out }, { N: a.size }, linearGrid(a.size, 64));
  return track(out, [a, b], (dy) => [dy, dy]);
}

checkOp("accumulate.add", plus, ([a, b]) => a!.map((value, i) => value + b![i]!), [
  [[1], [1]],
  [[63], [63]],
  [[64], [64]],
  [[65], [65]],
  [
    [3, 50],
    [3, 50],
  ],
]);

withDevices((device) => {
  test("a shared input collects every gradient", async () => {
    const x = tensor(device(), [1, 2, 3]);
    const w = tensor(device(), [0, 0, 0]);
    x.requiresGrad = true;
    const y = plus(plus(x, w), plus(x, x));
    backward(y, tensor(device(), [1, 10, 100]));
    expect([...(await y.read())]).toEqual([3, 6, 9]);
    expect([...(await x.grad!.read())]).toEqual([3, 30, 300]);
    expect(w.grad).toBeUndefined();
  });

  test("a graph gives its gradients once", () => {
    const x = tensor(device(), [1, 2]);
    x.requiresGrad = true;
    const y = plus(x, x);
    const two = [plus(y, y), plus(y, x)] as const;
    backward(two[0]);
    expect(() => backward(two[0])).toThrow(/taken already/);
    expect(() => backward(two[1])).toThrow(/taken already/);
  });

  test("a scope returns what is inside a structure that holds itself", async () => {
    const x = tensor(device(), [1, 2]);
    const kept = device().scope(() => {
      const found: { y: Tensor; self?: unknown } = { y: plus(x, x) };
      found.self = found;
      return found;
    });
    expect([...(await kept.y.read())]).toEqual([2, 4]);
  });

  test("a step that throws while it is recorded leaves no memory behind", async () => {
    const { live } = device().memory();
    const failing = () =>
      record(device(), () => {
        tensor(device(), new Float32Array(1000));
        throw new Error("in the step");
      });
    expect(failing).toThrow("in the step");
    await device().finish();
    expect(device().memory().live).toBe(live);
  });

  test("no gradient flows through stopGradient or out of noGrad", async () => {
    const x = tensor(device(), [1, 2]);
    x.requiresGrad = true;
    backward(plus(x, stopGradient(x)));
    expect([...(await x.grad!.read())]).toEqual([1, 1]);
    expect(device().noGrad(() => plus(x, x)).requiresGrad).toBe(false);
  });

  test("a scope frees what it made, except what it returns", async () => {
    const x = tensor(device(), [1, 2]);
    const before = device().memory().live;
    const y = device().scope(() => plus(plus(x, x), plus(x, x)));
    expect(device().memory().live).toBe(before + 8);
    expect([...(await y.read())]).toEqual([4, 8]);
    y.dispose();
    expect(device().memory().live).toBe(before);
  });

  test("a replayed program computes what the step did, and makes nothing", async () => {
    const x = tensor(device(), [1, 2]);
    const sum = tensor(device(), [0, 0]);
    const { program, result } = record(device(), () => {
      const twice = plus(x, x);
      run("add_to", { a: twice, out: sum }, { N: 2 }, [1]);
      return plus(twice, x);
    });
    expect([...(await result.read())]).toEqual([3, 6]);
    const made = { ...device().made, buffers: device().made.buffers(), pipelines: device().pipelines.size };
    x.write([10, 20]);
    program.run();
    program.run();
    expect([...(await result.read())]).toEqual([30, 60]);
    expect([...(await sum.read())]).toEqual([42, 84]);
    expect({
      ...device().made,
      buffers: device().made.buffers(),
      pipelines: device().pipelines.size,
    }).toEqual({
      ...made,
    });
    program.dispose();
  });
});
