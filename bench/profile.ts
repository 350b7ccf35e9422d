import type { Device } from "../src/device/device.ts";
import type { ProfileRow } from "../src/device/profiler.ts";
import { inputsOf } from "./inputs.ts";
import { recordTask } from "./hestenesStep.ts";
import { median, type Ceilings, type OpShare, type StepProfile } from "./results.ts";
import { tasks, type StepTask } from "./tasks.ts";

const RUNS = 5;

/** The training steps that are taken apart: those of the benchmark, and a VRRAE on small batches of MNIST. */
export function profiledSteps(only: string): StepTask[] {
  const steps = tasks({ only: "step" }).filter((task) => task.kind === "step");
  const small = steps
    .filter(({ name }) => name === "step vrrae mnist")
    .map((task) => ({ ...task, name: `${task.name} 64`, shape: { ...task.shape, N: 64 } }));
  return [...steps, ...small].filter(({ name }) => `profile ${name}`.includes(only));
}

/**
 * Where the milliseconds of a training step go, by kernel and entry point. Each launch has a pass of its own with a
 * timestamp before and after, which also takes away what launches gain from each other: `ms` of the step is that of
 * undisturbed runs. Of a few runs, the fastest is kept.
 */
export async function profileSteps(
  device: Device,
  ceilings: Ceilings,
  steps: readonly StepTask[],
  say: (message: string) => void,
): Promise<StepProfile[]> {
  if (!device.gpu.features.has("timestamp-query")) return [];
  const profiles: StepProfile[] = [];
  for (const task of steps) {
    say(`profile of ${task.name}`);
    const step = recordTask(device, task, inputsOf(task));
    await step.loss.item();
    const times: number[] = [];
    const tables: ProfileRow[][] = [];
    for (let run = 0; run < RUNS; run++) {
      const start = performance.now();
      step.program.run();
      await step.loss.item();
      times.push(performance.now() - start);
      const profiler = device.profile();
      step.program.run();
      await device.finish();
      device.profile(false);
      tables.push(await profiler.table());
    }
    const best = tables.reduce((a, b) => (total(b) < total(a) ? b : a));
    profiles.push({
      case: task.name,
      ms: median(times),
      min: Math.min(...times),
      launches: step.program.length,
      ops: best.map((row) => share(row, ceilings)),
    });
    step.dispose();
  }
  return profiles;
}

function total(table: readonly ProfileRow[]): number {
  return table.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
}

/** A row of the profile with its part of the ceiling: of arithmetic or of memory, whichever it is closer to. */
function share(row: ProfileRow, { gflops: most, copy }: Ceilings): OpShare {
  const { label, calls, milliseconds, share, gflops, gigabytesPerSecond: gbps } = row;
  const fastest = Math.max(...copy.map((one) => one.gbps));
  const parts = [
    ...(gflops === undefined ? [] : [gflops / most]),
    ...(gbps === undefined ? [] : [gbps / fastest]),
  ];
  return {
    ...{ op: label, launches: calls, ms: milliseconds, share },
    ...(gflops === undefined ? {} : { gflops }),
    ...(gbps === undefined ? {} : { gbps }),
    ...(parts.length === 0 ? {} : { ofCeiling: Math.max(...parts) }),
  };
}
