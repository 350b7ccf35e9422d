import type { Device } from "../device/device.ts";

/** Something that is trained step by step. */
export interface Stepper {
  readonly device: Device;
  /** Steps taken so far. */
  readonly step: number;
  /** Whether there is nothing left to train. */
  readonly isOver?: boolean | undefined;
  /** Prepares what the next step needs; called before each. */
  ready?(): Promise<void>;
  /** Launches one step; does not wait for it. */
  advance(): void;
}

/** When a loop of steps ends. */
export interface StepsOptions {
  /** After this step, if it is not over before. */
  until?: number | undefined;
  /** After the step at hand. */
  signal?: AbortSignal | undefined;
}

/** Steps given to the device before it is waited for. */
export const stepsAhead = 4;

/**
 * Takes the steps of `stepper`, and yields the number of each once it is launched. The device works on while the loop's
 * body runs: it is waited for at every fourth step, and after the last.
 */
export async function* steps(
  stepper: Stepper,
  { until = Infinity, signal }: StepsOptions = {},
): AsyncGenerator<number, void, undefined> {
  let taken = 0;
  while (!stepper.isOver && stepper.step < until && !signal?.aborted) {
    await stepper.ready?.();
    stepper.advance();
    if (++taken % stepsAhead === 0) await stepper.device.finish();
    yield stepper.step;
  }
  if (taken % stepsAhead !== 0) await stepper.device.finish();
}
