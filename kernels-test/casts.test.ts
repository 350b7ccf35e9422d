import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDevice, type Device } from "../src/device/device.ts";
import { float16 } from "../src/device/float16.ts";
import { kernel } from "../src/device/ownKernel.ts";
import * as ops from "../src/ops/index.ts";
import { convolution, transposedConvolution } from "../src/ops/lib/convolution.ts";
import { gradcheck } from "../src/tensor/gradcheck.ts";
import { backward } from "../src/tensor/tape.ts";
import type { Tensor } from "../src/tensor/tensor.ts";
import { loadModel, saveModel } from "../src/train/save.ts";
import { expectClose, values } from "./check.ts";
import {
  activations,
  convolutionReference,
  epilogueReference,
  matmulReference,
  transposedReference,
} from "./references.ts";

const { half, float } = ops;

/** The relative error of a number that is stored in 16 bits, and that of what float32 adds to it. */
const [STORED, COMPUTED] = [2 ** -11, 1e-5];

let device: Device;
let hasHalves = false;
beforeAll(async () => {
  device = await openDevice();
  hasHalves = device.gpu.features.has("shader-f16");
});
afterAll(() => device?.close());

const halfOf = (list: readonly number[], shape: number[]) => device.tensor(list, shape, { dtype: float16 });
const listOf = (shape: readonly number[], seed: number) =>
  values(
    shape.reduce((a, b) => a * b, 1),
    seed,
  );

/** What every number of 16 bits stands for, by its bits. */
const numbers = Array.from({ length: 2 ** 16 }, (_, bits) => {
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  const size = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return (bits < 2 ** 15 ? 1 : -1) * (exponent < 31 ? size : fraction === 0 ? Infinity : NaN);
});

test("numbers of 16 bits are those of IEEE 754, and others are rounded to the nearest, of two to the even one", () => {
  const bytes = float16.encode(numbers);
  expect([...float16.decode(bytes.buffer)]).toEqual(numbers);
  for (let bits = 0; bits < 0x7bff; bits += 7) {
    const [below, above] = [numbers[bits]!, numbers[bits + 1]!];
    const middle = (below + above) / 2;
    const off = middle * 2 ** -40;
    const given = [middle - off, middle, middle + off].flatMap((x) => [x, -x]);
    const even = bits % 2 === 0 ? below : above;
    const wanted = [below, even, above].flatMap((x) => [x, -x]);
    if (!wanted.every((x, i) => Object.is(float16.decode(float16.encode(given).buffer)[i], x)))
      throw new Error(`${given.join()} become ${float16.decode(float16.encode(given).buffer).join()}`);
  }
  const ends = [65519, 65520, -65520, NaN, 2 ** -25, 2 ** -24];
  expect([...float16.decode(float16.encode(ends).buffer)]).toEqual([65504, Infinity, -Infinity, NaN, 0, 2 ** -24]); // prettier-ignore
});

describe("storage", () => {
  test("a cast keeps what 16 bits hold, halves the memory, and passes the gradient through in float32", async () => {
    const list = [1, 1 / 3, -2.5e-4, 70000, 65519, -0, NaN, 2049, 2051, -1e-3, 7];
    const x = device.tensor(list);
    x.requiresGrad = true;
    if (!hasHalves) return expect(() => half(x)).toThrow(/lacks the WebGPU feature shader-f16; use float32/);
    half(x).dispose(); // with it come the params that the next launch shares
    const before = device.memory().live;
    const h = half(x);
    expect([h.byteLength, device.memory().live - before, h.dtype.name]).toEqual([22, 22, "float16"]);
    const wanted = [...float16.decode(float16.encode(list).buffer.slice(0, 22))];
    for (const each of [h, float(h), halfOf(list, [11]), half(h), ops.clone(h)])
      expect([...(await each.read())]).toEqual(wanted);
    backward(ops.sum(ops.mul(float(h), 3)));
    expect([...(await x.grad!.read())]).toEqual(list.map(() => 3));
    expect(x.grad!.dtype.name).toBe("float32");
  });

  test("parts are read at any place, and written where they are whole words", async () => {
    const x = halfOf([1, 2, 3, 4, 5, 6, 7], [7]);
    expect([...(await x.view([3], 1).read())]).toEqual([2, 3, 4]);
    expect([...(await x.view([2], 4).write([8, 9]).read())]).toEqual([8, 9]);
    expect([...(await x.view([3], 4).write([0, 0, 5]).read())]).toEqual([0, 0, 5]);
    expect(() => x.view([2], 1).write([0, 0])).toThrow(/whole pairs/);
    expect(() => x.view([3], 0).write([0, 0, 0])).toThrow(/whole pairs/);
    expect([...(await x.write([1, 2, 3, 4, 5, 6, 7]).read())]).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  test("what takes float32 alone says how to make it so, and an own kernel declares what it reads", async () => {
    const x = halfOf([1, 2, 3, 4], [2, 2]);
    expect(() => ops.svd(x)).toThrow(/svd: it takes float32, and Tensor \(2, 2\) is float16; float\(x\)/);
    expect(() => ops.sort(x)).toThrow(/float\(x\)/);
    const text = (type: string) => `
      @group(0) @binding(0) var<storage, read> x: array<${type}>;
      @group(0) @binding(1) var<storage, read_write> out: array<f32>;
      @compute @workgroup_size(4) fn run(@builtin(local_invocation_index) i: u32) { out[i] = f32(x[i]) + 1; }`;
    const out = device.tensor([0, 0, 0, 0]);
    expect(() => kernel("wide", text("f32"))("run", { x, out }, {}, [1])).toThrow(
      /x is float16; declare it array<f16>/,
    );
    if (!hasHalves) return;
    kernel("narrow", `enable f16;${text("f16")}`)("run", { x, out }, {}, [1]);
    expect([...(await out.read())]).toEqual([2, 3, 4, 5]);
  });
});

type Reference = (lists: number[][]) => number[];
interface Tried {
  op: (...operands: Tensor[]) => Tensor;
  shapes: number[][];
  reference: Reference;
}

const product = (options: ops.MatmulOptions, [M, K, N]: number[]): Tried => ({
  op: (a, b, bias) => ops.matmul(a, b, { ...options, bias }),
  shapes: [[M!, K!], [K!, N!], [N!]],
  reference: ([a, b, bias]) =>
    epilogueReference(matmulReference(a!, b!, M!, K!, N!), bias, options.activation),
});
const convolved = (options: ops.Conv2dOptions, [x, w]: [number[], number[]]): Tried => ({
  op: (x, w, bias) => ops.conv2d(x, w, { ...options, bias }),
  shapes: [x, w, [w[3]!]],
  reference: (lists) =>
    epilogueReference(
      convolutionReference(lists[0]!, lists[1]!, convolution("reference", x, w, options)),
      lists[2],
      options.activation,
    ),
});
const transposed = (options: ops.ConvTranspose2dOptions, [x, w]: [number[], number[]]): Tried => ({
  op: (x, w) => ops.convTranspose2d(x, w, options),
  shapes: [x, w],
  reference: (lists) =>
    transposedReference(lists[0]!, lists[1]!, transposedConvolution("reference", x, w, options)),
});
const each = (op: (x: Tensor) => Tensor, f: (x: number) => number): Tried => ({
  op,
  shapes: [[3, 7]],
  reference: ([x]) => x!.map(f),
});

/** Each on float16 alone, and some with float32 for their first operand. */
const tried: Record<string, Tried> = {
  "matmul, odd sizes": product({ activation: "relu" }, [13, 9, 7]),
  "matmul, whole vec4s in slices": product({ activation: "sigmoid" }, [8, 600, 12]),
  "matmul, staged": product({ variant: "staged" }, [5, 20, 8]),
  "conv2d, 3 × 3": convolved({ padding: 1, stride: 2 }, [[2, 7, 6, 3], [3, 3, 3, 5]]), // prettier-ignore
  "conv2d, whole vec4s": convolved({ padding: 1, activation: "relu" }, [[1, 5, 5, 8], [3, 3, 8, 8]]), // prettier-ignore
  "conv2d, one filter": convolved({ padding: 1 }, [[1, 4, 8, 4], [3, 3, 4, 1]]), // prettier-ignore
  "conv2d, groups": convolved({ groups: 2 }, [[1, 4, 4, 4], [3, 3, 2, 6]]), // prettier-ignore
  "conv2d, Winograd": convolved({ padding: 1, variant: "winograd" }, [[1, 8, 8, 8], [3, 3, 8, 8]]), // prettier-ignore
  convTranspose2d: transposed({ stride: 2, padding: 1 }, [[2, 4, 3, 8], [3, 3, 4, 8]]), // prettier-ignore
  "convTranspose2d, odd": transposed({ stride: 2 }, [[1, 3, 3, 5], [2, 2, 3, 5]]), // prettier-ignore
  conv1d: {
    op: (x, w) => ops.conv1d(x, w, { padding: 1, dilation: 2 }),
    shapes: [[2, 9, 3], [3, 3, 5]], // prettier-ignore
    reference: ([x, w]) => {
      const options = { padding: [[0, 0], [1, 1]], dilation: [1, 2] } as const; // prettier-ignore
      return convolutionReference(x!, w!, convolution("reference", [2, 1, 9, 3], [1, 3, 3, 5], options));
    },
  },
  "conv3d, both": {
    op: (x, w) => ops.conv3d(x, w),
    shapes: [[1, 3, 1, 1, 2], [2, 1, 1, 2, 1]], // prettier-ignore
    reference: ([x, w]) => [0, 1].map((o) => [0, 1, 2, 3].reduce((sum, k) => sum + x![2 * o + k]! * w![k]!, 0)), // prettier-ignore
  },
  convTranspose3d: {
    op: (x, w) => ops.convTranspose3d(x, w, { stride: 2 }),
    shapes: [[1, 2, 1, 1, 1], [2, 1, 1, 3, 1]], // prettier-ignore
    reference: ([x, w]) => [0, 1].flatMap((o) => w!.map((weight) => x![o]! * weight)),
  },
  "depthwise, then separable": {
    op: (x, w, mix) => ops.separableConv2d(x, w, mix),
    shapes: [[1, 1, 4, 2], [1, 2, 2, 1], [1, 1, 2, 3]], // prettier-ignore
    reference: ([x, w, mix]) =>
      [0, 1, 2].flatMap((q) =>
        [0, 1, 2].map(
          (k) =>
          [0, 1].reduce((sum, c) => sum + (x![2 * q + c]! * w![c]! + x![2 * q + 2 + c]! * w![2 + c]!) * mix![3 * c + k]!, 0), // prettier-ignore
        ),
      ),
  },
  depthwiseConv2d: {
    op: (x, w) => ops.depthwiseConv2d(x, w),
    shapes: [[1, 1, 4, 2], [1, 2, 2, 1]], // prettier-ignore
    reference: ([x, w]) => [0, 1, 2, 3, 4, 5].map((i) => x![i]! * w![i % 2]! + x![i + 2]! * w![2 + (i % 2)]!),
  },
  "resize2d, nearest": {
    op: (x) => ops.resize2d(x, [1, 6], { mode: "nearest" }),
    shapes: [[1, 1, 3, 1]],
    reference: ([x]) => x!.flatMap((value) => [value, value]),
  },
  "resize2d, bilinear": {
    op: (x) => ops.resize2d(x, [1, 3], { alignCorners: true }),
    shapes: [[1, 1, 2, 1]],
    reference: ([x]) => [x![0]!, (x![0]! + x![1]!) / 2, x![1]!],
  },
  take: {
    op: (x) => ops.take(x, x.device.tensor([2, 0, 2]), 1),
    shapes: [[2, 3]],
    reference: ([x]) => [2, 0, 2, 5, 3, 5].map((i) => x![i]!),
  },
  scaledDotProductAttention: {
    op: (q, k, v) => ops.scaledDotProductAttention(q, k, v),
    shapes: [[2, 1], [2, 1], [2, 3]], // prettier-ignore
    reference: ([q, k, v]) =>
      q!.flatMap((query) => {
        const weights = k!.map((key) => Math.exp(query * key));
        const all = weights[0]! + weights[1]!;
        return [0, 1, 2].map((i) => (weights[0]! * v![i]! + weights[1]! * v![3 + i]!) / all);
      }),
  },
  "mse (a loss)": {
    op: ops.mse,
    shapes: [[5], [5]],
    reference: ([a, b]) => [a!.reduce((sum, x, i) => sum + (x - b![i]!) ** 2, 0) / 5],
  },
  "relativeError (a loss)": {
    op: ops.relativeError,
    shapes: [[5], [5]],
    reference: ([a, b]) => [
      100 * Math.sqrt(a!.reduce((sum, x, i) => sum + (x - b![i]!) ** 2, 0) / b!.reduce((sum, x) => sum + x * x, 0)), // prettier-ignore
    ],
  },
  "crossEntropy (a loss)": {
    op: (x) => ops.crossEntropy(x, x.device.tensor([1, 0])),
    shapes: [[2, 2]],
    reference: ([x]) => [
      (Math.log(1 + Math.exp(x![0]! - x![1]!)) + Math.log(1 + Math.exp(x![3]! - x![2]!))) / 2,
    ],
  },
  tanh: each(ops.tanh, Math.tanh),
  softplus: each(ops.softplus, activations.softplus),
  sin: each(ops.sin, Math.sin),
  "add, by rows": {
    op: ops.add,
    shapes: [[3, 8], [8]],
    reference: ([a, b]) => a!.map((x, i) => x + b![i % 8]!),
  },
  "mul, by columns": {
    op: ops.mul,
    shapes: [
      [3, 5],
      [3, 1],
    ],
    reference: ([a, b]) => a!.map((x, i) => x * b![Math.floor(i / 5)]!),
  },
  "div by a number": each((x) => ops.div(x, 3), (x) => x / 3), // prettier-ignore
  where: {
    op: (a, b) => ops.where(ops.less(a, 0), b, a),
    shapes: [[9], [9]],
    reference: ([a, b]) => a!.map((x, i) => (x < 0 ? b![i]! : x)),
  },
  softmax: {
    op: (x) => ops.softmax(x),
    shapes: [[2, 3]],
    reference: ([x]) => {
      const e = x!.map(Math.exp);
      return e.map((v, i) => v / [0, 1, 2].reduce((sum, k) => sum + e[3 * Math.floor(i / 3) + k]!, 0));
    },
  },
  mean: {
    op: (x) => ops.mean(x),
    shapes: [[11, 3]],
    reference: ([x]) => [x!.reduce((a, b) => a + b, 0) / 33],
  },
  averagePool2d: {
    op: (x) => ops.averagePool2d(x, { window: [1, 2] }),
    shapes: [[1, 1, 6, 1]],
    reference: ([x]) => [0, 2, 4].map((i) => (x![i]! + x![i + 1]!) / 2),
  },
  layerNorm: {
    op: (x) => ops.layerNorm(x, { epsilon: 0 }),
    shapes: [[1, 5]],
    reference: ([x]) => {
      const mean = x!.reduce((a, b) => a + b, 0) / 5;
      const deviation = Math.sqrt(x!.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 5);
      return x!.map((v) => (v - mean) / deviation);
    },
  },
  rearranged: {
    op: (x, y) => ops.transpose(ops.concat([ops.slice(ops.pad(x, [[0, 1], [1, 0]]), [0, 1], [2, 3]), y])), // prettier-ignore
    shapes: [
      [2, 3],
      [1, 3],
    ],
    reference: ([x, y]) => [0, 1, 2].flatMap((i) => [x![i]!, x![3 + i]!, y![i]!]),
  },
};

test.each(Object.entries(tried))(
  "%s of float16 agrees with float64, and its gradients do",
  async (name, { op, shapes, reference }) => {
    if (!hasHalves) return;
    const given = shapes.map((shape, i) => listOf(shape, i + 3));
    const allHalf = given.map((list, i) => halfOf(list, shapes[i]!));
    const mixed = given.map((list, i) =>
      i === 0 ? device.tensor(list, shapes[i]) : halfOf(list, shapes[i]!),
    );
    const cases = /, odd|, by|where/.test(name) ? [allHalf, mixed] : [allHalf];
    for (const operands of cases) {
      for (const operand of operands) operand.requiresGrad = !name.includes("staged"); // 64 × 64 take seconds
      const y = op(...operands);
      const isHalf = operands !== mixed && name !== "mean" && !name.includes("(a loss)");
      expect(y.dtype.name).toBe(isHalf ? "float16" : "float32");
      await gradcheck(op, operands, { reference, tolerance: COMPUTED + (isHalf ? STORED : 0) });
      for (const { grad } of operands) expect(grad?.dtype.name ?? "float32").toBe("float32");
    }
  },
);

test("a network with weights of 16 bits is as near as those are, in half of the memory", async () => {
  if (!hasHalves) return;
  const x = device.tensor(listOf([2, 8, 8, 3], 1), [2, 8, 8, 3]);
  const weights = {
    conv: device.tensor(listOf([3, 3, 3, 8], 2), [3, 3, 3, 8]),
    bias: device.tensor(listOf([8], 3), [8]),
    dense: device.tensor(listOf([128, 10], 4), [128, 10]),
  };
  const infer = ({ conv, bias, dense }: typeof weights) => {
    const pictures = ops.conv2d(x, conv, { bias, padding: 1, stride: 2, activation: "relu" });
    return ops.matmul(ops.reshape(pictures, [2, 128]), dense);
  };
  const halves = Object.fromEntries(
    Object.entries(weights).map(([name, w]) => [name, half(w)]),
  ) as typeof weights;
  expect(halves.dense.byteLength).toBe(weights.dense.byteLength / 2);
  const [wanted, got] = [await infer(weights).read(), await infer(halves).read()];
  const file = await saveModel(new Map(Object.entries(halves)));
  await loadModel(new Map(Object.entries(halves)), file);
  await loadModel(new Map(Object.entries(weights)), file);
  for (const w of [halves, weights]) expect(await infer(w).read()).toEqual(got);
  expect(infer(halves).dtype.name).toBe("float32");
  expectClose(got, wanted, 4 * STORED); // two layers of weights, and of a bias
});
