import { readdirSync } from "node:fs";
import type { Device } from "../src/device/device.ts";
import { record } from "../src/tensor/record.ts";
import type { OpBench } from "./opbench.ts";
import { median, type Row } from "./results.ts";

const folder = new URL("./", import.meta.url);

/** The benchmarks of single ops, `bench/<op>.bench.ts`. */
export async function opBenches(): Promise<OpBench[]> {
  const files = readdirSync(folder).filter((file) => file.endsWith(".bench.ts"));
  const modules = await Promise.all(
    files.sort().map((file) => import(new URL(file, folder).href) as Promise<{ bench: OpBench }>),
  );
  return modules.map(({ bench }) => bench);
}

/** The cases of one op's benchmark whose names contain `only`; each is recorded and replayed. */
export async function measureOp(
  device: Device,
  bench: OpBench,
  only: string,
  say: (message: string) => void,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const one of bench.cases) {
    const { name } = one;
    if (!`${bench.name} ${name}`.includes(only)) continue;
    say(`${bench.name} ${name}`);
    const work = one.setup(device); // its tensors live as long as the device
    const { flops, bytes } = work;
    const { program } = record(device, () => work.run());
    await device.finish();
    const times: number[] = [];
    const end = performance.now() + 500;
    while (times.length < 5 || (performance.now() < end && times.length < 200)) {
      const start = performance.now();
      program.run();
      await device.finish();
      times.push(performance.now() - start);
    }
    program.dispose();
    const ms = median(times);
    rows.push({
      ...{ engine: "hestenes", case: name, op: bench.name, ms, min: Math.min(...times), n: times.length },
      ...(flops === undefined ? {} : { gflops: flops / ms / 1e6 }),
      ...(bytes === undefined ? {} : { gbps: bytes / ms / 1e6 }),
    });
  }
  return rows;
}
