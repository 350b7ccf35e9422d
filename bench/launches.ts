import type { Device } from "../src/device/device.ts";
import { relu, tanh } from "../src/ops/elementwise.ts";
import { record } from "../src/tensor/record.ts";
import { tensor, type Tensor } from "../src/tensor/tensor.ts";
import { median, type LaunchCost } from "./results.ts";

const LENGTH = 500;
const CHAINS = 30;
const WARM = 10;

/** What JavaScript does for a launch: of a chain of small kernels, each reads what the one before wrote. */
export async function measureLaunches(device: Device): Promise<LaunchCost[]> {
  const x = tensor(device, new Float32Array(256));
  const chain = (ops: readonly ((y: Tensor) => Tensor)[]) => () => {
    let y = x;
    for (let i = 0; i < LENGTH; i++) {
      const next = ops[i % ops.length]!(y);
      if (y !== x) y.dispose();
      y = next;
    }
    return y;
  };
  const costs: LaunchCost[] = [];
  const measure = async (what: string, launch: () => void) => {
    const times: number[] = [];
    for (let i = 0; i < CHAINS + WARM; i++) {
      const start = performance.now();
      launch();
      times.push((1e3 * (performance.now() - start)) / LENGTH);
      await device.finish();
    }
    const warm = times.slice(WARM);
    costs.push({ what, microseconds: median(warm), min: Math.min(...warm), n: warm.length });
  };
  for (const [kernels, ops] of [
    ["one kernel", [relu]],
    ["two kernels in turn", [relu, tanh]],
  ] as const) {
    const { program, result } = record(device, chain(ops));
    await device.finish();
    await measure(`replayed, ${kernels}`, () => program.run());
    await measure(`eager, ${kernels}`, () => {
      chain(ops)().dispose();
      void device.queue.flush();
    });
    program.dispose();
    result.dispose();
  }
  x.dispose();
  return costs;
}
