import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDevice, type Device } from "../../src/device/device.ts";
import { ArgumentError, ShapeError } from "../../src/device/errors.ts";
import { add } from "../../src/ops/arithmetic.ts";
import { ParameterArena } from "../../src/optim/arena.ts";
import { adaBelief } from "../../src/optim/optimizer.ts";
import { backward } from "../../src/tensor/tape.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { expectClose, values, withDevices } from "../check.ts";

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

describe("an arena that no binding holds", () => {
  const sizes = [40, 2500, 330]; // the middle one is past a binding, too: windows of 1024 are cut through it
  const arenaOn = (device: Device) =>
    new ParameterArena(
      device,
      sizes.map((size, i) => ({
        ...{ name: `p${i}`, shape: [size] },
        values: Float32Array.from(values(size, i + 1)),
      })),
    );
  const gradient = (t: number, i: number) => values(sizes[i]!, 10 * t + i);
  /** The parameters after five updates, the last one with a number that is none if one is wanted, and the clock. */
  async function train(device: Device, clip?: number, last?: number) {
    const arena = arenaOn(device);
    const optimizer = adaBelief(arena, { rate: 1e-2, clip });
    for (let t = 0; t < 5; t++) {
      [...arena.parameters.values()].forEach(({ gradSlot }, i) => gradSlot!.write(gradient(t, i)));
      if (last !== undefined && t === 4) arena.get("p2").gradSlot!.view([1], 329).write([last]);
      optimizer.step();
    }
    const [parameters, clock] = [await arena.values.read(), await optimizer.read()];
    expect(new Set(await arena.gradients.read())).toEqual(new Set([0]));
    return { parameters, clock };
  }
  const devices: Device[] = [];
  beforeAll(async () => {
    for (const binding of [undefined, 4096]) devices.push(await openDevice({ validation: true, binding }));
  });
  afterAll(() => {
    for (const device of devices) device.close();
  });

  test("is updated window by window to the same bits", async () => {
    const [whole, parted] = devices as [Device, Device];
    expect(await train(parted)).toEqual(await train(whole));
  });

  test("has its whole gradient clipped, and left out where the last window holds a NaN", async () => {
    const [whole, parted] = devices as [Device, Device];
    const [want, found] = [await train(whole, 3), await train(parted, 3)];
    expectClose(found.parameters, want.parameters, 1e-6);
    const norm = Math.hypot(...sizes.flatMap((_, i) => gradient(4, i)));
    expect(norm).toBeGreaterThan(3);
    expect(found.clock.gradientNorm! / norm).toBeCloseTo(1, 6);
    expect(await train(parted, 3)).toEqual(found);
    expect((await train(parted, 3, NaN)).clock).toMatchObject({ step: 4, skipped: 1 });
  });
});
