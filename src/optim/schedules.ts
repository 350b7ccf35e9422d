import { checkList, checkOptions } from "../device/arguments.ts";
import { ArgumentError } from "../device/errors.ts";

/**
 * How the learning rate changes from update to update. With t the updates done before and r the
 * optimizer's rate:
 *
 *     constant      r
 *     warmup        r · (t + 1) / steps up to r, then r
 *     cosine        r · (floor + (1 − floor) · (1 + cos(π t / steps)) / 2), then r · floor
 *     exponential   r · decay^(t / every)
 *     steps         r · factor^(number of milestones ≤ t)
 *
 * Any of them may begin after a linear `warmup` of so many updates; t then counts from its end.
 * Schedules are evaluated on the device.
 */
export type Schedule = { warmup?: number | undefined } & (
  | { kind: "constant" }
  | { kind: "warmup"; steps: number }
  | { kind: "cosine"; steps: number; floor?: number | undefined }
  | { kind: "exponential"; decay: number; every: number }
  | { kind: "steps"; milestones: readonly number[]; factor: number }
);

/** A schedule as the fields of `Params` in `shaders/optimizerClock.wgsl`, and its milestones. */
export interface PackedSchedule {
  kind: number;
  warmup: number;
  span: number;
  floor: number;
  factor: number;
  log2_factor: number;
  milestones: readonly number[];
}

/** Checks a schedule and writes it as the kernel takes it. */
export function packSchedule(schedule: Schedule): PackedSchedule {
  checkOptions("schedule", schedule);
  const warmup = whole("warmup", schedule.warmup ?? 0, 0);
  const packed = { kind: 0, warmup, span: 1, floor: 0, factor: 1, log2_factor: 0, milestones: [] };
  switch (schedule.kind) {
    case "constant":
      return packed;
    case "warmup":
      return { ...packed, warmup: warmup + whole("steps", schedule.steps, 1) };
    case "cosine": {
      const floor = schedule.floor ?? 0;
      if (!(floor >= 0 && floor <= 1)) throw refuse("floor", "a share of the rate, from 0 to 1", floor);
      return { ...packed, kind: 1, span: whole("steps", schedule.steps, 1), floor };
    }
    case "exponential": {
      const { decay, every } = schedule;
      if (!(decay > 0 && decay <= 1)) throw refuse("decay", "above 0 and at most 1", decay);
      return { ...packed, kind: 2, span: whole("every", every, 1), log2_factor: Math.log2(decay) };
    }
    case "steps": {
      const { milestones, factor } = schedule;
      if (!(factor > 0 && Number.isFinite(factor))) throw refuse("factor", "a positive number", factor);
      checkList("schedule: milestones", milestones);
      return { ...packed, kind: 3, factor, milestones: milestones.map((t) => whole("milestones", t, 0)) };
    }
    default:
      throw new ArgumentError(
        `schedule: its kind is constant, warmup, cosine, exponential or steps, not ${String((schedule as Schedule).kind)}`,
      );
  }
}

function whole(field: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least && value < 2 ** 32) return value;
  throw refuse(field, `a whole number from ${least}`, value);
}

function refuse(field: string, wanted: string, value: number): ArgumentError {
  return new ArgumentError(`schedule: ${field} is to be ${wanted}, not ${value}`);
}
