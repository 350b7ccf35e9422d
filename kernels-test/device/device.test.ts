import { afterAll, beforeAll, expect, test } from "vitest";
import { openDevice, type Device } from "../../src/device/device.ts";
import {
  ArgumentError,
  DeviceLostError,
  KernelError,
  LifetimeError,
  LimitError,
  ShapeError,
  ValidationError,
} from "../../src/device/errors.ts";
import { kernel } from "../../src/device/kernel.ts";
import { record } from "../../src/tensor/record.ts";
import { empty, tensor, zeros } from "../../src/tensor/tensor.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice({ validation: true });
});
afterAll(() => device.close());

const accumulate = kernel("accumulate");

test("a tensor past the adapter's limit names limit and size", () => {
  const limit = device.gpu.limits.maxBufferSize;
  const elements = Math.ceil(limit / 4) + 64;
  expect(() => empty(device, [elements])).toThrow(LimitError);
  expect(() => empty(device, [elements])).toThrow(String(limit));
});

test("a tensor past a binding can be held and read; a launch on all of it names operand, size and limit", async () => {
  const own = await openDevice({ validation: true, binding: 1100 });
  expect(own.largestBinding).toBe(1024);
  const list = Float32Array.from({ length: 257 }, (_, i) => i);
  const [x, y] = [tensor(own, list), zeros(own, [257])];
  expect(await x.read()).toEqual(list);
  const launch = () => accumulate("copy", { a: x, out: y }, { N: 257 }, [5]);
  expect(launch).toThrow(LimitError);
  expect(launch).toThrow(/accumulate\.copy: a takes 1028 bytes.*at most 1024 at once/);
  accumulate("copy", { a: x.view([256]), out: y.view([256]) }, { N: 256 }, [4]);
  expect(await y.read()).toEqual(list.map((value) => (value < 256 ? value : 0)));
  own.close();
  await expect(openDevice({ binding: 100 })).rejects.toThrow(/binding is a number of bytes from 256 on/);
  const { maxStorageBufferBindingSize } = device.gpu.limits;
  expect(maxStorageBufferBindingSize - device.largestBinding).toBeLessThan(256);
});

test("values that do not fill a shape are refused", () => {
  expect(() => tensor(device, [1, 2, 3], [2, 2])).toThrow(ShapeError);
  expect(() => tensor(device, [1, 2, 3], [1.5, 2])).toThrow(/not a shape/);
  expect(() => tensor(device, [1]).write([1, 2])).toThrow(/2 values/);
  expect(() => tensor(device, [[1, 2]] as unknown as number[])).toThrow(/one list of numbers/);
  expect(() => zeros(device, [1e12])).toThrow(LimitError);
  for (const first of [0.5, -1, NaN])
    expect(() => tensor(device, [1, 2]).view([1], first)).toThrow(/whole number/);
});

test("a freed tensor cannot be used; reading it throws at once, for a thrown-away rejection would end the process", () => {
  const x = tensor(device, [1, 2]);
  const y = tensor(device, [1, 2]);
  x.dispose();
  const scalar = tensor(device, [1]);
  scalar.dispose();
  for (const read of [() => x.read(), () => x.readBytes(), () => scalar.item()])
    expect(() => void read()).toThrow(LifetimeError);
  expect(() => accumulate("copy", { a: x, out: y }, { N: 2 }, [1])).toThrow(LifetimeError);
});

test("a kernel is told what its launcher got wrong", () => {
  const x = tensor(device, [1, 2]);
  const y = tensor(device, [1, 2]);
  expect(() => accumulate("copy", { a: x, out: y }, {}, [1])).toThrow(/Params.N/);
  for (const N of [-1, 2 ** 32, NaN])
    expect(() => accumulate("copy", { a: x, out: y }, { N }, [1])).toThrow(/from 0 to below 2\^32, not/);
  expect(() => accumulate("copy", { a: x, out: x }, { N: 2 }, [1])).toThrow(/written/);
  expect(() => accumulate("copy", { a: x, out: y }, { N: 2 }, [1e6])).toThrow(LimitError);
  expect(() => accumulate("copy", { a: x, out: y }, { N: 2 }, [1], { constants: { TILE: 3 } })).toThrow(
    /no override named TILE/,
  );
});

test("a kernel that does not exist is named", () => {
  const x = tensor(device, [1, 2]);
  expect(() => kernel("nowhere")("forward", { x }, {}, [1])).toThrow(/no kernel nowhere/);
});

test("an entry point that does not exist is an error of its own", async () => {
  const own = await openDevice({ validation: true });
  const x = tensor(own, [1, 2]);
  const y = tensor(own, [1, 2]);
  accumulate("nothing", { a: x, out: y }, { N: 2 }, [1]);
  await expect(y.read()).rejects.toThrow(KernelError);
  own.close();
});

test("operands of two devices do not mix", async () => {
  const other = await openDevice({ validation: true });
  const x = tensor(device, [1, 2]);
  const y = tensor(other, [1, 2]);
  expect(() => accumulate("copy", { a: x, out: y }, { N: 2 }, [1])).toThrow(/two devices/);
  other.close();
});

test("what WebGPU refuses reaches the next read", async () => {
  const own = await openDevice({ validation: true });
  const x = tensor(own, [1, 2]);
  own.gpu.createBuffer({ size: 16, usage: 0x1 | 0x2 }); // both MAP_READ and MAP_WRITE
  await expect(x.read()).rejects.toThrow(ValidationError);
  expect([...(await x.read())]).toEqual([1, 2]);
  own.close();
});

test("a lost device rejects pending and later reads, and later launches", async () => {
  const own = await openDevice();
  const x = tensor(own, [1, 2]);
  const y = tensor(own, [1, 2]);
  await x.read();
  accumulate("copy", { a: x, out: y }, { N: 2 }, [1]);
  const pending = y.read();
  own.gpu.destroy();
  await expect(pending).rejects.toThrow(DeviceLostError);
  await expect(x.read()).rejects.toThrow(DeviceLostError);
  expect(() => accumulate("copy", { a: x, out: y }, { N: 2 }, [1])).toThrow(DeviceLostError);
});

test("a recorded step neither reads nor writes from JavaScript", () => {
  const x = tensor(device, [1]);
  expect(() => record(device, () => x.write([2]))).toThrow(ArgumentError);
  expect(() => record(device, () => record(device, () => undefined))).toThrow(LifetimeError);
  expect(() => device.scope(() => Promise.resolve())).toThrow(ArgumentError);
});

test("promises that a scope or a recorded step throws away are refused, and end no process", async () => {
  const x = tensor(device, [1]);
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  const { process } = globalThis as Partial<typeof globalThis>; // none in a page
  process?.on("unhandledRejection", note);
  const fail = async () => {
    await Promise.resolve();
    throw new Error("too late");
  };
  expect(() => record(device, () => void x.read())).toThrow(/read while a step is recorded/);
  expect(() => record(device, () => void x.item())).toThrow(/read while a step is recorded/);
  expect(() => record(device, async () => (await x.read())[0])).toThrow(/asynchronous/);
  expect(() => record(device, fail)).toThrow(/recorded step is asynchronous/);
  expect(() => device.scope(fail)).toThrow(/asynchronous/);
  expect(() => device.scope(() => [x, { later: fail() }])).toThrow(/returns a promise/);
  expect(() => device.noGrad(fail)).toThrow(/noGrad.*asynchronous/);
  const own = await openDevice();
  record(own, () => zeros(own, [4])).program.dispose();
  const { program } = record(own, () => zeros(own, [4]));
  own.close();
  program.dispose();
  await new Promise((resolve) => setTimeout(resolve, 50));
  process?.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
  expect(await x.read()).toEqual(Float32Array.of(1));
});

test("memory is counted by kind, and freed memory is pooled", async () => {
  const own = await openDevice();
  const x = tensor(own, new Float32Array(1000), [1000], "parameter");
  expect(own.memory().byKind.parameter).toEqual({ live: 4000, pooled: 0 });
  x.dispose();
  expect(own.memory().byKind.parameter.live).toBe(0);
  expect(own.memory().pooled).toBeGreaterThanOrEqual(4000);
  await own.trim();
  expect(own.memory()).toMatchObject({ live: 0, peak: 4000, pooled: 0 });
  own.close();
});
