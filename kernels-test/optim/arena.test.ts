import { expect, test } from "vitest";
import { ArgumentError, ShapeError } from "../../src/device/errors.ts";
import { add } from "../../src/ops/arithmetic.ts";
import { ParameterArena } from "../../src/optim/arena.ts";
import { backward } from "../../src/tensor/tape.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { withDevices } from "../check.ts";

const specs = [
  { name: "w", shape: [2, 2], values: Float32Array.of(1, 2, 3, 4) },
  { name: "b", shape: [3], values: Float32Array.of(5, 6, 7) },
  { name: "s", shape: [], values: Float32Array.of(8) },
];

withDevices((device) => {
  test("parameters lie side by side, aligned, with zeros between", async () => {
    const arena = new ParameterArena(device(), specs);
    expect([...arena.parameters.keys()]).toEqual(["w", "b", "s"]);
    expect(arena.parameterCount).toBe(8);
    const all = await arena.values.read();
    expect(all.length).toBe(192);
    expect(all.reduce((sum, x) => sum + x, 0)).toBe(36);
    for (const { name, shape, values } of specs) {
      const parameter = arena.get(name);
      expect(parameter).toMatchObject({ name, requiresGrad: true, shape });
      expect(parameter.byteOffset % 256).toBe(0);
      expect(parameter.gradSlot!.byteOffset).toBe(parameter.byteOffset);
      expect(parameter.storage).toBe(arena.values.storage);
      expect(parameter.gradSlot!.storage).toBe(arena.gradients.storage);
      expect(await parameter.read()).toEqual(values);
    }
    const { byKind } = device().memory();
    expect(byKind.parameter.live).toBe(768);
    arena.dispose();
    expect(device().memory().byKind.parameter.live).toBe(0);
    expect(device().memory().byKind.optimizer.live).toBe(byKind.optimizer.live - 768);
  });

  test("backward leaves gradients in the arena, and outlives the scope that it was made in", async () => {
    const arena = device().scope(() => new ParameterArena(device(), specs));
    const b = arena.get("b");
    device().scope(() => {
      backward(add(add(b, b), tensor(device(), [0, 0, 0])), tensor(device(), [1, 10, 100]));
    });
    expect([...(await b.grad!.read())]).toEqual([2, 20, 200]);
    const gradients = await arena.gradients.read();
    expect([...gradients.subarray(64, 68)]).toEqual([2, 20, 200, 0]);
    expect(new Set(gradients.subarray(0, 64))).toEqual(new Set([0]));
    expect(arena.get("w").grad).toBeUndefined();
    arena.dispose();
  });

  test("what does not fit is refused by name", () => {
    expect(() => new ParameterArena(device(), [])).toThrow(ArgumentError);
    expect(() => new ParameterArena(device(), [specs[0]!, specs[0]!])).toThrow(/two parameters are named w/);
    expect(() => new ParameterArena(device(), [{ ...specs[0]!, shape: [5] }])).toThrow(ShapeError);
    expect(() => new ParameterArena(device(), [{ ...specs[0]!, shape: [5] }])).toThrow(
      /w has 4 values .*\(5\)/,
    );
    const arena = new ParameterArena(device(), specs);
    expect(() => arena.get("c")).toThrow(/no parameter named c; there are w, b, s/);
  });
});
