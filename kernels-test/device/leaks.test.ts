import { afterEach, beforeEach, expect, test } from "vitest";
import { openDevice, type Device } from "../../src/device/device.ts";
import * as ops from "../../src/ops/index.ts";
import { ParameterArena } from "../../src/optim/arena.ts";
import { adam } from "../../src/optim/optimizer.ts";
import * as models from "../../src/models/index.ts";
import { Dataset } from "../../src/data/dataset.ts";
import { record } from "../../src/tensor/record.ts";
import { backward } from "../../src/tensor/tape.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { train } from "../../src/train/train.ts";
import { values } from "../check.ts";

/** A device whose GPU buffers are counted from outside. */
let device: Device;
let existing: Set<GPUBuffer>;
let atFirst: number;

beforeEach(async () => {
  device = await openDevice({ validation: true, leaks: true });
  existing = new Set();
  const createBuffer = device.gpu.createBuffer.bind(device.gpu);
  device.gpu.createBuffer = (descriptor) => {
    const buffer = createBuffer(descriptor);
    existing.add(buffer);
    const destroy = buffer.destroy.bind(buffer);
    buffer.destroy = () => {
      existing.delete(buffer);
      destroy();
    };
    return buffer;
  };
  atFirst = device.memory().buffers;
});
afterEach(() => device.close());

/** Runs `body`, and fails if it left anything: after `trim`, what is not in use is gone. */
async function leavesNothing(what: string, body: () => unknown): Promise<void> {
  await device.trim();
  const before = { live: device.memory().live, buffers: existing.size };
  await body();
  await device.finish();
  expect(device.memory().buffers - atFirst, `${what}: buffers that memory() sees`).toBe(existing.size);
  await device.trim();
  const { live, buffers, alive } = device.memory({ leaks: true });
  const left = alive.map(({ shape, madeAt }) => `(${shape.join()}) ${madeAt}`).join("\n\n");
  expect({ live, buffers: existing.size }, `${what} left\n${left}`).toEqual(before);
  expect(buffers - atFirst).toBe(existing.size);
}

function input(shape: number[], seed: number): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  const made = device.tensor(
    values(size, seed).map((value) => 0.1 + Math.abs(value)),
    shape,
  );
  made.requiresGrad = true;
  return made;
}

type Op = (x: Tensor, y: Tensor, image: Tensor, filter: Tensor) => Tensor | Record<string, Tensor> | Tensor[];

const unary = [
  "neg",
  "exp",
  "log",
  "sqrt",
  "square",
  "abs",
  "relu",
  "elu",
  "gelu",
  "softplus",
  "sigmoid",
  "tanh",
] as const;
const binary = ["add", "sub", "mul", "div", "pow", "min", "max"] as const;
const calls: Record<string, Op> = {
  ...Object.fromEntries(unary.map((name): [string, Op] => [name, (x) => ops[name](x)])),
  ...Object.fromEntries(binary.map((name): [string, Op] => [name, (x, y) => ops[name](x, y)])),
  sum: (x) => ops.sum(x),
  mean: (x) => ops.mean(x),
  softmax: (x) => ops.softmax(x),
  transpose: (x) => ops.transpose(x),
  concat: (x, y) => ops.concat([x, y], 0),
  stack: (x, y) => ops.stack([x, y]),
  amax: (x) => ops.amax(x, 1),
  norm: (x) => ops.norm(x, 1),
  cumprod: (x) => ops.cumprod(x),
  relativeError: (x, y) => ops.relativeError(x, y),
  maxPool2d: (_x, _y, image) => ops.maxPool2d(image, { window: 2 }),
  layerNorm: (x) => ops.layerNorm(x),
  batchNorm: (_x, _y, image) => ops.batchNorm(image, { activation: "gelu" }),
  dropout: (x) => {
    using noise = new ops.RandomState(device, 1);
    return ops.dropout(x, 0.5, noise);
  },
  sampleGaussian: (x, y) => {
    using noise = new ops.RandomState(device, 1);
    return { ...ops.sampleGaussian(x, y, noise) };
  },
  matmul: (x, y) => ops.matmul(x, y, { transposeB: true, activation: "elu" }),
  "matmul and gelu": (x, y) => ops.matmul(x, y, { transposeB: true, activation: "gelu" }),
  conv2d: (_x, _y, image, filter) => ops.conv2d(image, filter, { activation: "elu" }),
  convTranspose2d: (_x, _y, image, filter) => ops.convTranspose2d(image, filter, { activation: "elu" }),
  svd: (x) => ({ ...ops.svd(x) }),
  truncatedSvd: (x) => ({ ...ops.truncatedSvd(x, 2) }),
  truncate: (x) => ops.truncate(x, 2),
};

test("no op, and no backward through it, leaves a buffer, in a scope or outside of one", async () => {
  const [x, y] = [input([6, 4], 1), input([6, 4], 2)];
  const [image, filter] = [input([2, 6, 6, 3], 3), input([3, 3, 3, 3], 4)];
  const inputs = [x, y, image, filter];
  for (const [name, op] of Object.entries(calls)) {
    const lossOf = (made: ReturnType<Op>) => {
      const [first] = Object.values(made instanceof Object && "storage" in made ? [made] : made);
      const loss = ops.sum(ops.square(first as Tensor));
      return loss;
    };
    const free = () => {
      for (const each of inputs) {
        each.grad?.dispose();
        each.grad = undefined;
      }
    };
    await leavesNothing(`${name} in a scope`, () => {
      device.scope(() => backward(lossOf(op(x, y, image, filter))));
      free();
    });
    await leavesNothing(`${name} with backward outside of the scope`, () => {
      const kept = device.scope(() => {
        const made = op(x, y, image, filter);
        const squares = ops.square(Object.values("storage" in made ? [made] : made)[0] as Tensor);
        return { made, squares, loss: ops.sum(squares) };
      });
      backward(kept.loss);
      for (const each of [
        "storage" in kept.made ? kept.made : Object.values(kept.made),
        kept.squares,
        kept.loss,
      ].flat())
        (each as Tensor).dispose();
      free();
    });
  }
}, 120_000);

test("reads, many at once too, recorded steps, profiles and errors leave nothing", async () => {
  const x = input([64], 1);
  await leavesNothing("reads", () => Promise.all(Array.from({ length: 200 }, () => x.read())));
  await leavesNothing("a recorded step", async () => {
    using program = record(device, () => device.scope(() => void backward(ops.sum(ops.exp(x))))).program;
    for (let i = 0; i < 5; i++) program.run();
    await device.finish();
    x.grad?.dispose();
    x.grad = undefined;
  });
  await leavesNothing("a step whose recording fails", () => {
    expect(() =>
      record(device, () => {
        ops.exp(x);
        throw new Error("no");
      }),
    ).toThrow("no");
  });
  if (device.gpu.features.has("timestamp-query"))
    await leavesNothing("a profile", async () => {
      const profiler = device.profile();
      device.scope(() => void ops.exp(x));
      await device.finish();
      await profiler.table();
      device.profile(false);
    });
});

test("training leaves nothing but the model", async () => {
  const stored = Float32Array.from(values(32 * 64, 1));
  const set = new Dataset({ name: "noise", shape: [8, 8, 1], stored });
  using model = models.vrrae(device, { input: [8, 8, 1], latent: 8, rank: 2, beta: 1e-3 });
  await train(model, set, { steps: 4, batch: 8 }); // makes the basis
  await leavesNothing("train", () => train(model, set, { steps: 8, batch: 8 }));
}, 120_000);

test("ten thousand steps outside of any scope leave memory flat, and what is alive is named with its place", async () => {
  using arena = new ParameterArena(device, [
    { name: "w", shape: [64], values: new Float32Array(64).fill(1) },
  ]);
  using optimizer = adam(arena, { rate: 1e-3 });
  const seen: number[] = [];
  for (let i = 0; i < 10_000; i++) {
    const loss = device.scope(() => ops.sum(ops.square(arena.get("w"))));
    backward(loss);
    optimizer.step();
    loss.dispose();
    if (i % 1000 === 10) {
      await device.finish();
      const { live, buffers } = device.memory();
      seen.push(live, buffers);
    }
  }
  expect(new Set(seen).size).toBe(2);
  const forgotten = device.tensor([1, 2, 3]);
  const { alive } = device.memory({ leaks: true });
  expect(alive.at(-1)).toMatchObject({ kind: "tensor", bytes: 12, shape: [3] });
  expect(alive.at(-1)!.madeAt).toMatch(/leaks\.test\.ts/);
  forgotten.dispose();
}, 120_000);

test("what is forgotten is collected before it piles up", async () => {
  const x = input([64], 1);
  let most = 0;
  for (let i = 0; i < 4000; i++) {
    await ops.exp(ops.square(x)).read();
    most = Math.max(most, device.memory().buffers);
  }
  expect(most).toBeLessThan(3000);
}, 120_000);
