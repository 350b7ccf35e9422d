import type { Device } from "../src/device/device.ts";
import { kernel, linearGrid } from "../src/device/kernel.ts";
import { record } from "../src/tensor/record.ts";
import { empty, zeros } from "../src/tensor/tensor.ts";
import type { Ceilings } from "./results.ts";

const ceilingsKernel = kernel("measure/ceilings");
const MIB = 2 ** 20;
const RUNS = 12;

/** Measures what a copy and chains of multiplications and additions reach: the best of a few variants and runs. */
export async function measureCeilings(device: Device): Promise<Ceilings> {
  const copy: Ceilings["copy"] = [];
  for (const bytes of [MIB, 8 * MIB, 64 * MIB]) {
    const from = zeros(device, [bytes / 4]);
    const to = empty(device, [bytes / 4]);
    const repeats = Math.max(1, (32 * MIB) / bytes);
    const params = { N4: bytes / 16, factor: 1, term: 0 };
    let seconds = Infinity;
    for (const [entry, lanes] of [
      ["copy", bytes / 16],
      ["copy_four", bytes / 64],
    ] as const)
      for (const WG of [64, 256]) {
        const grid = linearGrid(lanes, WG);
        const all = () => {
          for (let i = 0; i < repeats; i++)
            ceilingsKernel(entry, { src: from, to }, params, grid, { constants: { WG } });
        };
        seconds = Math.min(seconds, await shortest(device, all));
      }
    copy.push({ bytes, gbps: (2 * bytes * repeats) / seconds / 1e9 });
    for (const owned of [from, to]) owned.dispose();
  }
  return { copy, gflops: await arithmetic(device) };
}

/** The better of what was measured at two moments: ceilings are measured at both ends of a long run. */
export function better(a: Ceilings, b: Ceilings | undefined): Ceilings {
  if (!b) return a;
  const copy = a.copy.map(({ bytes, gbps }, i) => ({ bytes, gbps: Math.max(gbps, b.copy[i]?.gbps ?? 0) }));
  return { copy, gflops: Math.max(a.gflops, b.gflops) };
}

/** Of one lane in a round: a product and a sum, 16 times, of 8 chains. */
const FLOPS = 2 * 16 * 8;

async function arithmetic(device: Device): Promise<number> {
  const lanes = device.isSoftware ? 2 ** 15 : 2 ** 20;
  const to = empty(device, [4 * lanes]);
  const params = { N4: lanes, factor: 0.999, term: 0.001 };
  const ROUNDS = 64;
  let best = 0;
  for (const WG of [8, 64])
    for (const FUSED of [0, 1]) {
      const seconds = await shortest(device, () =>
        ceilingsKernel("multiply_add", { to }, params, [lanes / WG], { constants: { WG, ROUNDS, FUSED } }),
      );
      best = Math.max(best, (FLOPS * ROUNDS * lanes) / seconds / 1e9);
    }
  to.dispose();
  return best;
}

/** Seconds of the shortest of a few runs, read-back included. */
async function shortest(device: Device, launch: () => void): Promise<number> {
  const { program } = record(device, launch);
  await device.finish();
  let least = Infinity;
  for (let run = 0; run < RUNS; run++) {
    const start = performance.now();
    program.run();
    await device.finish();
    least = Math.min(least, performance.now() - start);
  }
  program.dispose();
  return least / 1e3;
}
