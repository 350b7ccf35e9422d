import { expect, test } from "vitest";
import { LimitError, ShapeError } from "../src/device/errors.ts";
import { gatherRows } from "../src/ops/rearrange.ts";
import * as ops from "../src/ops/reduce.ts";
import { crossEntropy } from "../src/ops/softmax.ts";
import { normalAxes, sizeOf } from "../src/tensor/shape.ts";
import { backward } from "../src/tensor/tape.ts";
import { empty, tensor, type Tensor } from "../src/tensor/tensor.ts";
import { checkOp, expectClose, rounded, values, withDevices } from "./check.ts";

/** The lists of elements that reducing `axes` brings together, in the order of the output. */
function groups<T>(list: T[], shape: number[], axes?: ops.Axes): T[][] {
  const reduced = normalAxes("test", shape.length, axes);
  const kept = shape.map((extent, axis) => (reduced.includes(axis) ? 1 : extent));
  const found: T[][] = Array.from({ length: sizeOf(kept) }, () => []);
  list.forEach((value, i) => {
    let rest = i;
    let at = 0;
    let step = 1;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += kept[axis] === 1 ? 0 : (rest % shape[axis]!) * step;
      rest = Math.floor(rest / shape[axis]!);
      step *= kept[axis]!;
    }
    found[at]!.push(value);
  });
  return found;
}

const total = (list: number[]) => list.reduce((a, b) => a + b, 0);
const largest = (list: number[]) => list.reduce((a, b) => Math.max(a, b), -Infinity);
const reductions: Record<string, [typeof ops.sum, (list: number[]) => number]> = {
  sum: [ops.sum, total],
  mean: [ops.mean, (list) => total(list) / list.length],
  amax: [ops.amax, largest],
  amin: [ops.amin, (list) => -largest(list.map((x) => -x))],
  norm: [ops.norm, (list) => Math.sqrt(total(list.map((x) => x * x)))],
  logsumexp: [
    ops.logsumexp,
    (list) => largest(list) + Math.log(total(list.map((x) => Math.exp(x - largest(list))))),
  ],
};

const cases: [axes: ops.Axes | undefined, shape: number[]][] = [
  [undefined, []],
  [undefined, [1]],
  [undefined, [7]],
  [undefined, [1025]],
  [undefined, [70, 61]],
  [0, [1, 5]],
  [0, [9, 5]],
  [0, [1100, 3]],
  [-1, [5, 9]],
  [-1, [3, 1200]],
  [1, [3, 8, 5]],
  [1, [1, 1030, 70]],
  [
    [0, 2],
    [4, 3, 5],
  ],
  [
    [0, 1, 2],
    [7, 9, 17, 8],
  ],
  [
    [1, 3, 5],
    [2, 3, 2, 3, 2, 3],
  ],
  [[], [2, 3]],
];

/** Values that are all different, in no order. */
const distinct = (list: number[]) => list.map((x, i) => x + i / list.length);

for (const [name, [op, f]] of Object.entries(reductions))
  for (const [axes, shape] of cases)
    checkOp(
      `${name} over ${JSON.stringify(axes)}`,
      (x) => op(x, axes),
      ([x]) => groups(x!, shape, axes).map(f),
      [[shape]],
      { prepare: distinct },
    );

withDevices((device) => {
  const all = (shape: number[], value = 0) =>
    tensor(device(), new Float32Array(sizeOf(shape)).fill(value), shape);
  const read = async (x: Tensor) => [...(await x.read())];

  test.each([1e6, 1e6 + 7, 3e6])("the sum of %d numbers keeps its digits", async (n) => {
    const list = rounded(values(n).map((x) => x + 1.1));
    const x = tensor(device(), list);
    expectClose(await ops.sum(x).read(), [total(list)], 1e-6, "sum");
    expectClose(await ops.mean(x).read(), [total(list) / n], 1e-6, "mean");
    expectClose(await ops.norm(x).read(), [Math.sqrt(total(list.map((v) => v * v)))], 1e-6, "norm");
    expectClose(await ops.logsumexp(x).read(), [Math.log(total(list.map(Math.exp)))], 1e-6, "logsumexp");
    expect(await ops.sum(x).read()).toEqual(await ops.sum(x).read());
    const columns = tensor(device(), list.slice(0, 999_990), [99_999, 10]);
    const want = groups(list.slice(0, 999_990), [99_999, 10], 0).map(total);
    expectClose(await ops.sum(columns, 0).read(), want, 1e-6, "column sums");
  });

  test.each([1, 16, 17, 128, 129, 4097, 70_001, 1e6])("as GPUs share it out, %d numbers", async (n) => {
    Object.defineProperty(device(), "isSoftware", { value: false, configurable: true });
    try {
      const list = rounded(values(3 * n));
      const x = tensor(device(), list, [n, 3]);
      expectClose(await ops.amax(x, 0).read(), groups(list, [n, 3], 0).map(largest), 1e-7, "columns");
      const y = tensor(device(), list, [3, n]);
      const want = groups(list, [3, n], 1).map((row) => Math.sqrt(total(row.map((v) => v * v))));
      expectClose(await ops.norm(y, 1).read(), want, 1e-6, "rows");
    } finally {
      delete (device() as { isSoftware?: boolean }).isSoftware;
    }
  });

  test("axes keep their places with keepDims", () => {
    const x = all([2, 3, 4]);
    expect(ops.sum(x, [0, -1], true).shape).toEqual([1, 3, 1]);
    expect(ops.sum(x, [0, -1]).shape).toEqual([3]);
    expect(ops.sum(x).shape).toEqual([]);
    expect(ops.argmax(x, 1).shape).toEqual([2, 4]);
  });

  test("of nothing: 0, NaN, an error", async () => {
    expect(await read(ops.sum(all([2, 0]), 1))).toEqual([0, 0]);
    expect(await read(ops.mean(all([0])))).toEqual([NaN]);
    expect(await read(ops.norm(all([0])))).toEqual([0]);
    expect(await read(ops.logsumexp(all([0])))).toEqual([-Infinity]);
    expect(await read(ops.sum(all([0, 3]), 1))).toEqual([]);
    expect(() => ops.amax(all([2, 0]), 1)).toThrow(ShapeError);
    expect(() => ops.argmax(all([2, 0]))).toThrow(ShapeError);
    expect(() => ops.sum(all([2, 2]), 2)).toThrow("sum: axis 2 of a tensor of 2 axes");
  });

  test("equals share the gradient of the largest", async () => {
    const x = tensor(device(), [3, 1, 3, 3, 0, 5], [2, 3]);
    x.requiresGrad = true;
    backward(ops.amax(x, 1), tensor(device(), [6, 10]));
    expect(await read(x.grad!)).toEqual([3, 0, 3, 0, 0, 10]);
    backward(ops.amin(x, 0), tensor(device(), [1, 2, 3]));
    expect(await read(x.grad!)).toEqual([0.5, 0, 3, 0.5, 2, 0]);
  });

  test("NaN and infinities go through", async () => {
    const x = tensor(device(), [1, NaN, 2, Infinity, 1, 2, -Infinity, -Infinity, -Infinity], [3, 3]);
    expect(await read(ops.amax(x, 1))).toEqual([NaN, Infinity, -Infinity]);
    expect(await read(ops.amin(x, 1))).toEqual([NaN, 1, -Infinity]);
    expect(await read(ops.sum(x, 1))).toEqual([NaN, Infinity, -Infinity]);
    expect(await read(ops.norm(x, 1))).toEqual([NaN, Infinity, Infinity]);
    expect(await read(ops.logsumexp(x, 1))).toEqual([NaN, Infinity, -Infinity]);
  });

  test("the gradient of the norm of zeros is zero; logsumexp does not overflow", async () => {
    const x = all([5]);
    x.requiresGrad = true;
    backward(ops.norm(x));
    expect(await read(x.grad!)).toEqual([0, 0, 0, 0, 0]);
    expectClose(await ops.logsumexp(all([4], 1e4)).read(), [1e4 + Math.log(4)], 1e-7);
    expectClose(await ops.logsumexp(all([3000], -1e4)).read(), [-1e4 + Math.log(3000)], 1e-7);
  });

  test("a largest or smallest NaN has the gradient, not nothing", async () => {
    const x = tensor(device(), [1, NaN, 2, NaN, 3, NaN], [2, 3]);
    x.requiresGrad = true;
    for (const op of [ops.amax, ops.amin]) {
      backward(op(x, 1), tensor(device(), [2, 3], [2]));
      expect(await read(x.grad!)).toEqual([0, 2, 0, 1.5, 0, 1.5]);
    }
  });

  test("an axis that indices of 32 bits cannot count is refused", () => {
    const long = empty(device(), [2 ** 24 + 1]);
    const refusal = "indices are 32-bit floats, which count to 2^24; an axis of 16777217 elements is longer";
    expect(() => ops.argmax(long)).toThrow(LimitError);
    expect(() => ops.argmax(long)).toThrow(`argmax: ${refusal}`);
    expect(() => gatherRows(long, all([1]))).toThrow(`gatherRows: ${refusal}`);
    expect(() => crossEntropy(long.view([1, long.size]), all([1]))).toThrow(`crossEntropy: ${refusal}`);
    expect(ops.argmax(long.view([2 ** 24])).shape).toEqual([]);
    long.dispose();
  });

  test("argmax finds the first of the largest along any axis, and NaN", async () => {
    const x = tensor(device(), [1, 5, 5, 0, NaN, 9, -1, -2, -3], [3, 3]);
    expect(await read(ops.argmax(x))).toEqual([1, 1, 0]);
    expect(await read(ops.argmax(x, 0))).toEqual([0, 1, 1]);
    const list = values(5000, 8);
    const [index] = await read(ops.argmax(tensor(device(), list)));
    expect(list[index!]).toBe(largest(list));
  });
});
