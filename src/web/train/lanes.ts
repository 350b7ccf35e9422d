import type { Device } from "../../device/device.ts";
import type { Stepper } from "../../optim/steps.ts";
import type { Lane } from "./lane.ts";

/** What `make` gives for each of `sources`; where one fails, those before it are freed. */
export async function allOrNone<T>(
  sources: readonly T[],
  make: (source: T, index: number) => Lane | Promise<Lane>,
): Promise<Lane[]> {
  const lanes: Lane[] = [];
  try {
    for (const [index, source] of sources.entries()) lanes.push(await make(source, index));
    return lanes;
  } catch (error) {
    for (const lane of lanes) lane.dispose();
    throw error;
  }
}

/** What `ask` gives for each of the lanes: one after the other, as they share a device. */
export async function inTurn<T>(lanes: readonly Lane[], ask: (lane: Lane) => Promise<T>): Promise<T[]> {
  const answers: T[] = [];
  for (const lane of lanes) answers.push(await ask(lane));
  return answers;
}

/** The lanes as one: a step is one of each. */
export function inLockstep(device: Device, lanes: readonly Lane[]): Stepper {
  return {
    device,
    get step() {
      return lanes[0]!.trainer.step;
    },
    async ready() {
      for (const { trainer } of lanes) await trainer.ready();
    },
    advance() {
      for (const { trainer } of lanes) trainer.advance();
    },
  };
}
