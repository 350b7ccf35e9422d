import { expect, test } from "vitest";
import { ArgumentError } from "../../src/device/errors.ts";
import { ParameterArena } from "../../src/optim/arena.ts";
import { Clock } from "../../src/optim/clock.ts";
import { packSchedule, type Schedule } from "../../src/optim/schedules.ts";
import { record } from "../../src/tensor/record.ts";
import { withDevices } from "../check.ts";
import { rateAfter } from "./reference.ts";

const schedules: Schedule[] = [
  { kind: "constant" },
  { kind: "constant", warmup: 7 },
  { kind: "warmup", steps: 1000 },
  { kind: "cosine", steps: 99_000, warmup: 1000 },
  { kind: "cosine", steps: 50_000, floor: 0.01 },
  { kind: "exponential", decay: 0.1, every: 30_000 },
  { kind: "exponential", decay: 0.999, every: 1, warmup: 10 },
  {
    kind: "steps",
    milestones: [1000, 2000, 2001, 30_000, 40_000, 50_000, 60_000, 70_000, 80_000],
    factor: 0.5,
  },
];

/** 0, 1, 2, …, then ever further apart, up to 100 000; with the neighbours of round numbers. */
const moments = [
  ...Array.from({ length: 20 }, (_, t) => t),
  ...Array.from({ length: 60 }, (_, i) => Math.round(20 * 1.153 ** i)),
  ...[999, 1000, 1001, 1999, 2000, 2001, 49_999, 50_000, 50_001, 99_999],
].filter((t) => t < 1e5);

withDevices((device) => {
  test.each(schedules)("the rate follows $kind for 100 000 updates", async (schedule) => {
    const arena = new ParameterArena(device(), [{ name: "w", shape: [1], values: Float32Array.of(0) }]);
    const clock = new Clock(arena, { rate: 3e-3, schedule, betas: [0, 0] });
    for (const t of moments) {
      clock.tensor.write(new Float32Array(Uint32Array.of(t, 0, 0, 0, 0, 0, 0, 0).buffer));
      clock.advance();
      const { rate, step } = await clock.read();
      expect(step).toBe(t + 1);
      const want = rateAfter(t, 3e-3, schedule);
      expect(Math.abs(rate - want), `after ${t} updates`).toBeLessThan(want * 1e-5 + 1e-12);
    }
  });

  test.each([
    [0.9, 0.999],
    [0.5, 0.99999],
    [0, 0.99],
  ] as const)("1 − β^t for β = %d, %d is right to 1e-6", async (...betas) => {
    const arena = new ParameterArena(device(), [{ name: "w", shape: [1], values: Float32Array.of(0) }]);
    const clock = new Clock(arena, { rate: 1, betas });
    for (const t of [...moments, 1e6, 1e9]) {
      clock.tensor.write(new Float32Array(Uint32Array.of(t, 0, 0, 0, 0, 0, 0, 0).buffer));
      clock.advance();
      const [, , ...corrections] = await clock.tensor.read();
      betas.forEach((beta, i) => {
        const want = beta === 0 ? 1 : -Math.expm1((t + 1) * Math.log(beta));
        expect(Math.abs(corrections[i]! / want - 1), `1 - ${beta}^${t + 1}`).toBeLessThan(1e-6);
      });
    }
  });

  test("the count is kept over 100 000 recorded updates", async () => {
    const arena = new ParameterArena(device(), [{ name: "w", shape: [1], values: Float32Array.of(0) }]);
    const clock = new Clock(arena, {
      rate: 1,
      schedule: { kind: "cosine", steps: 200_000 },
      betas: [0.9, 0.999],
    });
    const { program } = record(device(), () => {
      for (let i = 0; i < 1000; i++) clock.advance();
    });
    for (let run = 1; run < 100; run++) {
      program.run();
      if (run % 10 === 0) await device().finish();
    }
    const { step, rate } = await clock.read();
    expect(step).toBe(100_000);
    expect(rate).toBeCloseTo(rateAfter(99_999, 1, { kind: "cosine", steps: 200_000 }), 6);
    program.dispose();
  });
});

test("schedules that make no sense are refused", () => {
  expect(() => packSchedule({ kind: "warmup", steps: 0 })).toThrow(ArgumentError);
  expect(() => packSchedule({ kind: "cosine", steps: 1.5 })).toThrow(
    /steps is to be a whole number from 1, not 1.5/,
  );
  expect(() => packSchedule({ kind: "cosine", steps: 10, floor: 2 })).toThrow(/floor/);
  expect(() => packSchedule({ kind: "exponential", decay: 0, every: 1 })).toThrow(/decay/);
  expect(() => packSchedule({ kind: "steps", milestones: [-1], factor: 1 })).toThrow(/milestones/);
  expect(() => packSchedule({ kind: "steps", milestones: [1], factor: 0 })).toThrow(/factor/);
});
