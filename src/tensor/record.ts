import { checkDevice, type Device } from "../device/device.ts";
import type { Program, RecordOptions } from "../device/program.ts";

export type { Program, RecordOptions } from "../device/program.ts";

/**
 * Runs `step` once and keeps its launches: `program.run()` repeats them in one submission, without
 * running `step` again. The tensors that `step` returns are overwritten by each run.
 *
 * Recording takes the step as well: what it returns holds its values, and an optimizer in it has made an update. With
 * `run: false` nothing is launched yet: parameters, noise and results are as they were until the first `program.run()`.
 *
 * The rules: inputs are tensors from outside, filled by `tensor.write` before a run; nothing is read
 * inside the step; and what changes from step to step (step counters, random numbers) lives on the
 * device, because JavaScript values are fixed when the step is recorded.
 */
export function record<T>(
  device: Device,
  step: () => T,
  options?: RecordOptions,
): { program: Program; result: T } {
  checkDevice("record", device);
  return device.record(step, options);
}

/** Runs `body` without recording it for `backward`. */
export function noGrad<T>(device: Device, body: () => T): T {
  checkDevice("noGrad", device);
  return device.noGrad(body);
}
