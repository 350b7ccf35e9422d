import { describe, expect, test } from "vitest";
import { ArgumentError } from "../../src/device/errors.ts";
import type { Device } from "../../src/device/device.ts";
import { ParameterArena } from "../../src/optim/arena.ts";
import { adaBelief, adam, adamW, rmsProp, sgd, type Optimizer } from "../../src/optim/optimizer.ts";
import type { Schedule } from "../../src/optim/schedules.ts";
import { record } from "../../src/tensor/record.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { expectClose, rounded, values, withDevices } from "../check.ts";
import { rateAfter, update, type Rules } from "./reference.ts";

const shapes = { "a.weight": [7, 11], "a.bias": [1], "b.weight": [5, 3, 2, 3] } as const;
const names = Object.keys(shapes) as (keyof typeof shapes)[];

function arenaOn(device: Device): ParameterArena {
  return new ParameterArena(
    device,
    names.map((name, i) => {
      const shape = shapes[name];
      const size = shape.reduce<number>((product, extent) => product * extent, 1);
      return { name, shape, values: Float32Array.from(values(size, i + 1)) };
    }),
  );
}

/** A noisy gradient of a bowl, the same for device and reference: some entries large, some tiny. */
function gradientOf(t: number, size: number): number[] {
  return rounded(values(size, 1000 + t).map((x, i) => (x + 0.3) * 10 ** ((i % 5) - 3)));
}

function setGradients(arena: ParameterArena, t: number): void {
  let at = 0;
  const all = gradientOf(t, arena.parameterCount);
  for (const parameter of arena.parameters.values())
    parameter.gradSlot!.write(all.slice(at, (at += parameter.size)));
}

async function flat(tensors: Iterable<Tensor>): Promise<number[]> {
  const out: number[] = [];
  for (const each of tensors) out.push(...(await each.read()));
  return out;
}

const schedules: Record<string, Schedule> = {
  constant: { kind: "constant" },
  warmup: { kind: "warmup", steps: 30 },
  cosine: { kind: "cosine", steps: 80, floor: 0.1, warmup: 10 },
  exponential: { kind: "exponential", decay: 0.5, every: 20 },
  steps: { kind: "steps", milestones: [20, 50, 51], factor: 0.3 },
};

type Make = (arena: ParameterArena, common: { schedule: Schedule; clip?: number }) => Optimizer;
const optimizers: Record<string, { make: Make; rules: Rules }> = {
  adaBelief: {
    make: (arena, common) => adaBelief(arena, { rate: 1e-2, ...common }),
    rules: { kind: "adaBelief", rate: 1e-2, betas: [0.9, 0.999], epsilon: 1e-16, epsilonRoot: 1e-16 },
  },
  "adaBelief with its own constants": {
    make: (arena, common) =>
      adaBelief(arena, {
        rate: 1e-2,
        betas: [0.5, 0.95],
        epsilon: 1e-4,
        epsilonRoot: 1e-6,
        weightDecay: 0.1,
        ...common,
      }),
    rules: {
      kind: "adaBelief",
      rate: 1e-2,
      betas: [0.5, 0.95],
      epsilon: 1e-4,
      epsilonRoot: 1e-6,
      weightDecay: 0.1,
    },
  },
  adam: {
    make: (arena, common) => adam(arena, { rate: 1e-2, ...common }),
    rules: { kind: "adam", rate: 1e-2, betas: [0.9, 0.999], epsilon: 1e-8 },
  },
  adamW: {
    make: (arena, common) => adamW(arena, { rate: 1e-2, weightDecay: 0.3, ...common }),
    rules: { kind: "adam", rate: 1e-2, betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0.3 },
  },
  rmsProp: {
    make: (arena, common) => rmsProp(arena, { rate: 1e-2, ...common }),
    rules: { kind: "rmsProp", rate: 1e-2, betas: [0, 0.9], epsilon: 1e-8 },
  },
  sgd: {
    make: (arena, common) => sgd(arena, { rate: 1e-2, ...common }),
    rules: { kind: "sgd", rate: 1e-2 },
  },
  "sgd with momentum": {
    make: (arena, common) => sgd(arena, { rate: 1e-2, momentum: 0.9, ...common }),
    rules: { kind: "sgd", rate: 1e-2, momentum: 0.9 },
  },
  "sgd with Nesterov momentum": {
    make: (arena, common) => sgd(arena, { rate: 1e-2, momentum: 0.9, nesterov: true, ...common }),
    rules: { kind: "sgd", rate: 1e-2, momentum: 0.9, nesterov: true },
  },
};

/** Every optimizer once, with all schedules dealt out, half of them with a clip that bites. */
const runs = Object.keys(optimizers).flatMap((name, i) => {
  const kinds = Object.keys(schedules);
  return [0, 1].map((j) => ({
    name,
    schedule: kinds[(2 * i + j) % kinds.length]!,
    clip: j ? 20 : undefined,
  }));
});

withDevices((device) => {
  test.each(runs)(
    "$name, $schedule, clip $clip: 100 steps as in float64",
    async ({ name, schedule, clip }) => {
      const { make, rules } = optimizers[name]!;
      const arena = arenaOn(device());
      const common = { schedule: schedules[schedule]!, ...(clip === undefined ? {} : { clip }) };
      const optimizer = make(arena, common);
      const start = await flat(arena.parameters.values());
      const want = update([...start], 100, gradientOf, { ...rules, ...common });
      for (let t = 0; t < 100; t++) {
        setGradients(arena, t);
        optimizer.step();
      }
      const got = await flat(arena.parameters.values());
      expectClose(
        got.map((x, i) => x - start[i]!),
        want.map((x, i) => x - start[i]!),
        1e-5,
        "how far the parameters moved",
      );
      const reading = await optimizer.read();
      expect(reading.step).toBe(100);
      expect(reading.rate / rateAfter(99, rules.rate, common.schedule)).toBeCloseTo(1, 5);
      const norm = Math.hypot(...gradientOf(99, arena.parameterCount));
      if (clip === undefined) expect(reading.gradientNorm).toBeUndefined();
      else {
        expect(norm).toBeGreaterThan(clip);
        expect(reading.gradientNorm! / norm).toBeCloseTo(1, 5);
      }
      optimizer.dispose();
      arena.dispose();
    },
  );

  test.each(Object.keys(optimizers))(
    "%s: gradients whose squares overflow leave their parameters, as in Optax and PyTorch, and no others",
    async (name) => {
      const { make, rules } = optimizers[name]!;
      const huge = (t: number, size: number) =>
        gradientOf(t, size).map((g, i) => (i % 7 === 3 && t % 4 < 2 ? Math.sign(g || 1) * 1e25 : g));
      for (const clip of [undefined, 20]) {
        const arena = arenaOn(device());
        const common = { schedule: schedules.constant!, ...(clip === undefined ? {} : { clip }) };
        const optimizer = make(arena, common);
        const start = await flat(arena.parameters.values());
        for (let t = 0; t < 6; t++) {
          let at = 0;
          const all = huge(t, arena.parameterCount);
          for (const parameter of arena.parameters.values())
            parameter.gradSlot!.write(all.slice(at, (at += parameter.size)));
          optimizer.step();
        }
        const want = update([...start], 6, huge, { ...rules, ...common });
        const got = await flat(arena.parameters.values());
        for (const part of [0, 3]) {
          const moved = (list: readonly number[]) =>
            list.map((x, i) => x - start[i]!).filter((_, i) => i % 7 === part);
          expectClose(
            moved(got),
            moved(want),
            2e-5,
            `how far parameters ${part} of 7 moved with clip ${clip}`,
          );
        }
        expect(got.every(Number.isFinite)).toBe(true);
        optimizer.dispose();
        arena.dispose();
      }
    },
  );

  describe.each(Object.keys(optimizers))("%s", (name) => {
    test("a recorded step does what the step does, takes no memory, and goes on from a checkpoint", async () => {
      const common = { schedule: schedules.cosine!, clip: 20 };
      const eager = arenaOn(device());
      const recorded = arenaOn(device());
      const resumed = arenaOn(device());
      const one = optimizers[name]!.make(eager, common);
      const two = optimizers[name]!.make(recorded, common);
      const three = optimizers[name]!.make(resumed, common);
      setGradients(recorded, 0);
      const { program } = record(device(), () => two.step());
      const { live } = device().memory();
      const buffers = device().made.buffers();
      for (let t = 0; t < 12; t++) {
        if (t > 0) {
          setGradients(recorded, t);
          program.run();
        }
        setGradients(eager, t);
        one.step();
        if (t === 5) {
          for (const [key, slot] of three.state()) slot.write(await one.state().get(key)!.read());
          for (const [key, parameter] of resumed.parameters) parameter.write(await eager.get(key).read());
        } else if (t > 5) {
          setGradients(resumed, t);
          three.step();
        }
      }
      expect(device().memory().live).toBe(live);
      expect(device().made.buffers()).toBe(buffers);
      const want = await eager.values.read();
      expect(await recorded.values.read()).toEqual(want);
      expect(await resumed.values.read()).toEqual(want);
      for (const [key, slot] of one.state())
        for (const other of [two, three])
          expect(new Uint8Array(await other.state().get(key)!.readBytes()), key).toEqual(
            new Uint8Array(await slot.readBytes()),
          );
      program.dispose();
      const before = device().memory().byKind.optimizer.live;
      for (const optimizer of [one, two, three]) optimizer.dispose();
      for (const arena of [eager, recorded, resumed]) arena.dispose();
      expect(device().memory().byKind.optimizer.live).toBeLessThan(before);
      await device().finish();
    });
  });

  test("gradients are used up, and the gaps stay zero", async () => {
    const arena = arenaOn(device());
    const optimizer = sgd(arena, { rate: 1 });
    const before = await arena.values.read();
    setGradients(arena, 0);
    optimizer.step();
    const after = await arena.values.read();
    expect(after).not.toEqual(before);
    expect(new Set(await arena.gradients.read())).toEqual(new Set([0]));
    optimizer.step();
    expect(await arena.values.read()).toEqual(after);
    expect(after.length).toBe(128 + 64 + 128);
    expect(new Set(after.subarray(77, 128))).toEqual(new Set([0]));
  });

  test("with a clip, a step with a NaN or an infinity changes nothing, and is counted", async () => {
    const arena = arenaOn(device());
    const optimizer = adam(arena, { rate: 1e-2, clip: Infinity });
    setGradients(arena, 0);
    optimizer.step();
    const before = [await arena.values.read(), await optimizer.state().get("mean.a.weight")!.read()];
    for (const bad of [NaN, Infinity, -Infinity]) {
      setGradients(arena, 1);
      arena.get("a.bias").gradSlot!.write([bad]);
      optimizer.step();
    }
    expect([await arena.values.read(), await optimizer.state().get("mean.a.weight")!.read()]).toEqual(before);
    expect(await optimizer.read()).toMatchObject({ step: 1, skipped: 3 });
    setGradients(arena, 1);
    optimizer.step();
    expect(await arena.values.read()).not.toEqual(before[0]);
    expect(await optimizer.read()).toMatchObject({ step: 2, skipped: 3 });
  });

  test.each([1e-30, 1e-12, 1, 1e12, 1e19, 1e36])(
    "a gradient of size %d is clipped without overflow",
    async (size) => {
      const arena = arenaOn(device());
      const optimizer = sgd(arena, { rate: 1, clip: 0.5 });
      const gradient = Float32Array.from(values(77, 5).map((x) => x * size));
      const norm = Math.hypot(...gradient);
      const weight = arena.get("a.weight");
      weight.write(new Float32Array(77));
      weight.gradSlot!.write(gradient);
      optimizer.step();
      const scale = Math.min(1, 0.5 / norm);
      if (size > 1e-20) {
        expectClose(
          await weight.read(),
          gradient.map((g) => -g * scale),
          1e-5,
        );
        expect((await optimizer.read()).gradientNorm! / norm).toBeCloseTo(1, 5);
      } else expect((await optimizer.read()).gradientNorm).toBeLessThan(1e-15);
    },
  );

  test("the norm of a long gradient is right", async () => {
    const size = 1_200_000;
    const list = Float32Array.from(values(size, 3));
    const arena = new ParameterArena(device(), [{ name: "w", shape: [size], values: list }]);
    arena.get("w").gradSlot!.write(list);
    const optimizer = sgd(arena, { rate: 1, clip: Infinity });
    optimizer.step();
    const norm = Math.sqrt(list.reduce((sum, x) => sum + x * x, 0));
    expect((await optimizer.read()).gradientNorm! / norm).toBeCloseTo(1, 6);
    expect(new Set(await arena.values.read())).toEqual(new Set([0]));
    optimizer.dispose();
    arena.dispose();
  });

  test("options that make no sense are refused", () => {
    const arena = arenaOn(device());
    expect(() => adam(arena, { rate: NaN })).toThrow(ArgumentError);
    expect(() => adam(arena, { rate: 1, clip: 0 })).toThrow(/clip is a positive number, not 0/);
    expect(() => adam(arena, { rate: 1, betas: [0.9, 1] })).toThrow(/β is from 0 to below 1, not 1/);
    expect(() => adam(arena, { rate: 1, weightDecay: -1 })).toThrow(/weightDecay/);
    expect(() => sgd(arena, { rate: 1, momentum: 1 })).toThrow(/momentum/);
  });
});
