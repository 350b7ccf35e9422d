import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test, vi } from "vitest";
import { Bindings } from "../../src/device/bindings.ts";
import { openDevice } from "../../src/device/device.ts";
import { LimitError } from "../../src/device/errors.ts";
import type { Storage } from "../../src/device/storage.ts";
import { neg } from "../../src/ops/index.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

const run = promisify(execFile);

/** Loops that nothing awaits, by what a turn of theirs does; each has `turns` of them. */
const loops = {
  "the same launch": { turns: 100_000, body: `() => device.scope(() => void square(x))` },
  "params that never come again": { turns: 20_000, body: `(i) => device.scope(() => void clamp(x, -i, i))` },
  "a normalisation freed by hand": { turns: 20_000, body: `() => layerNorm(x).dispose()` },
  "a write before each launch": {
    turns: 20_000,
    body: `(i) => { x.write(one.fill(i)); device.scope(() => void square(x)); }`,
  },
  "a short program": { turns: 20_000, body: `() => program.run()` },
  "reads that are left alone": { turns: 10_000, body: `() => { x.read().then(() => reads++); }` },
  "training steps": {
    turns: 4_000,
    body: `() => device.scope(() => { backward(sum(square(mul(arena.get("w"), x)))); optimizer.step(); })`,
  },
} as const;

/**
 * On lavapipe a bind group, a buffer or a submission under way each takes a memory mapping, of which a process has
 * 65,530: one more kills it.
 */
test("loops that nothing awaits hold a bounded number of memory mappings, and go on to the right value", async () => {
  const script = `
    import { readFileSync } from "node:fs";
    import { backward, clamp, layerNorm, mul, openDevice, optim, record, square, sum } from "./src/index.ts";
    const mappings = () => process.platform === "linux" ? readFileSync("/proc/self/maps", "utf8").split("\\n").length : 0;
    const device = await openDevice();
    const one = new Float32Array(64).fill(1.5);
    const x = device.tensor(one);
    let reads = 0;
    const arena = new optim.ParameterArena(device, [{ name: "w", shape: [64], values: one }]);
    const optimizer = optim.sgd(arena, { rate: 0.01 });
    const { program, result } = record(device, () => square(x));
    const found = {};
    for (const [name, { turns, body }] of Object.entries({ ${Object.entries(loops)
      .map(([name, { turns, body }]) => `${JSON.stringify(name)}: { turns: ${turns}, body: ${body} }`)
      .join(", ")} })) {
      const before = mappings();
      let most = 0;
      for (let i = 0; i < turns; i++) {
        body(i);
        if (i % 5000 === 0) most = Math.max(most, mappings() - before);
      }
      most = Math.max(most, mappings() - before);
      await device.finish();
      found[name] = { most, buffers: device.memory().buffers };
    }
    const groups = device.made.bindGroups;
    const last = (await result.read())[0];
    const { step } = await optimizer.read();
    await new Promise((resolve) => setTimeout(resolve, 50));
    console.log(JSON.stringify({ found, groups, last, step, reads }));
    device.close();
  `;
  const { stdout } = await run(
    process.execPath,
    ["--import", "tsx", "--input-type=module", "--eval", script],
    { maxBuffer: 1 << 24 },
  );
  const { found, groups, last, step, reads } = JSON.parse(stdout) as {
    found: Record<string, { most: number; buffers: number }>;
    groups: number;
    last: number;
    step: number;
    reads: number;
  };
  for (const [name, { most, buffers }] of Object.entries(found)) {
    expect(most, `memory mappings of ${name}`).toBeLessThan(4000);
    expect(buffers, `buffers after ${name}`).toBeLessThan(200);
  }
  expect(groups).toBeLessThan(300);
  expect(last).toBe(Math.fround(19_999 ** 2)); // the program ran last on what the loop with writes left
  expect(step).toBe(loops["training steps"].turns);
  expect(reads).toBe(loops["reads that are left alone"].turns);
}, 180_000);

test("writes between launches share their pass, and come to their places in order", async () => {
  using device = await openDevice({ validation: true });
  let passes = 0;
  const createCommandEncoder = device.gpu.createCommandEncoder.bind(device.gpu);
  device.gpu.createCommandEncoder = (descriptor) => {
    const encoder = createCommandEncoder(descriptor);
    const begin = encoder.beginComputePass.bind(encoder);
    encoder.beginComputePass = (given) => {
      passes++;
      return begin(given);
    };
    return encoder;
  };
  const x = device.tensor(new Float32Array(4096));
  const wide = device.tensor(new Float32Array(300_000));
  await device.finish();
  const expected = new Float32Array(x.size);
  const seen: { made: Tensor; values: Float32Array }[] = [];
  for (let i = 0; i < 1000; i++) {
    const [at, size] = [(i * 64) % 4032, 1 + (i % 64)];
    const values = Float32Array.from({ length: size }, (_, j) => i + j / 64);
    x.view([size], at).write(values);
    expected.set(values, at);
    if (i % 50 === 0) wide.write(new Float32Array(wide.size).fill(i));
    if (i % 100 === 99) seen.push({ made: neg(x), values: expected.map((value) => -value) });
    else device.scope(() => void neg(x));
  }
  for (const { made, values } of seen) expect(await made.read()).toEqual(values);
  expect(new Set(await wide.read())).toEqual(new Set([950]));
  expect(passes).toBeLessThan(50);
});

test("tensors forgotten without a pause, on one device or on several, are refused before they kill the process, and found in the next pause", async () => {
  const gpu = { createBindGroup: () => ({}) } as unknown as GPUDevice;
  const unused = {} as never;
  const most = 20_000;
  const bindings = [0, 1].map(() => new Bindings(gpu, unused, unused, unused, most));
  const layout = {} as GPUBindGroupLayout;
  let id = 0;
  const next = () => {
    const storage = { id: id++ } as Storage;
    bindings[id % 2]!.get(layout, [{ binding: 0, storage, offset: 0, size: 16 }], undefined);
  };
  const many = (count: number) => {
    for (let i = 0; i < count; i++) next();
  };
  expect(() => many(most + 1)).toThrow(LimitError);
  expect(next).toThrow(/free tensors with dispose\(\) or device\.scope\(\), or await device\.finish\(\)/);
  await vi.waitFor(() => many(most / 4));
});
