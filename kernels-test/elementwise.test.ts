import { expect, test } from "vitest";
import { ArgumentError } from "../src/device/errors.ts";
import * as ops from "../src/ops/elementwise.ts";
import { tensor, type Tensor } from "../src/tensor/tensor.ts";
import { backward } from "../src/tensor/tape.ts";
import { checkOp, rounded, withDevices } from "./check.ts";
import { density, logistic, normal } from "./references.ts";

interface Case {
  op: (x: Tensor) => Tensor;
  f: (x: number) => number;
  slope: (x: number) => number;
  /** Where values and slopes are compared one by one. */
  range: [number, number];
  prepare?: (x: number) => number;
}

const positive = (x: number) => 1.1 + x;
const cases: Record<string, Case> = {
  neg: { op: ops.neg, f: (x) => -x, slope: () => -1, range: [-1e30, 1e30] },
  exp: { op: ops.exp, f: Math.exp, slope: Math.exp, range: [-87, 88.7] },
  log: { op: ops.log, f: Math.log, slope: (x) => 1 / x, range: [1.2e-38, 1e38], prepare: positive },
  sqrt: {
    op: ops.sqrt,
    f: Math.sqrt,
    slope: (x) => 0.5 / Math.sqrt(x),
    range: [1.2e-38, 1e38],
    prepare: positive,
  },
  square: { op: ops.square, f: (x) => x * x, slope: (x) => 2 * x, range: [-1e18, 1e18] },
  abs: { op: ops.abs, f: Math.abs, slope: Math.sign, range: [-1e30, 1e30] },
  clamp: {
    op: (x) => ops.clamp(x, -0.25, 0.5),
    f: (x) => Math.min(Math.max(x, -0.25), 0.5),
    slope: (x) => Number(x >= -0.25 && x <= 0.5),
    range: [-1e30, 1e30],
  },
  relu: { op: ops.relu, f: (x) => Math.max(x, 0), slope: (x) => Number(x > 0), range: [-1e30, 1e30] },
  leakyRelu: {
    op: (x) => ops.leakyRelu(x, 0.2),
    f: (x) => (x < 0 ? 0.2 * x : x),
    slope: (x) => (x < 0 ? 0.2 : 1),
    range: [-1e30, 1e30],
  },
  elu: {
    op: (x) => ops.elu(x, 1.5),
    f: (x) => (x < 0 ? 1.5 * Math.expm1(x) : x),
    slope: (x) => (x < 0 ? 1.5 * Math.exp(x) : 1),
    range: [-80, 1e30],
  },
  gelu: {
    op: ops.gelu,
    f: (x) => x * normal(x),
    slope: (x) => normal(x) + x * density(x),
    range: [-12.5, 1e30],
  },
  softplus: {
    op: ops.softplus,
    f: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    slope: logistic,
    range: [-87, 1e30],
  },
  sigmoid: { op: ops.sigmoid, f: logistic, slope: (x) => logistic(x) * logistic(-x), range: [-80, 1e30] },
  tanh: { op: ops.tanh, f: Math.tanh, slope: (x) => 1 - Math.tanh(x) ** 2, range: [-1e30, 1e30] },
};

/** Numbers of every size between the ends of `range`, both signs where it has both, and 0. */
function spread([low, high]: [number, number]): number[] {
  const list: number[] = low > 0 ? [] : [0];
  for (let exponent = -37.5; exponent < 39; exponent += 0.0037)
    for (const x of [10 ** exponent, -(10 ** exponent)]) if (x >= low && x <= high) list.push(x);
  for (let x = Math.max(low, -100); x <= Math.min(high, 100); x += 0.0137) list.push(x);
  return rounded(list);
}

for (const [name, { op, f, prepare }] of Object.entries(cases))
  checkOp(
    name,
    op,
    ([x]) => x!.map(f),
    [[[]], [[0]], [[1]], [[3]], [[4]], [[5]], [[255]], [[256]], [[3, 7, 13]]],
    prepare ? { prepare: (list) => list.map(prepare) } : {},
  );

withDevices((device) => {
  test.each(Object.entries(cases))("%s is right everywhere", async (name, { op, f, slope, range }) => {
    const list = spread(range);
    const x = tensor(device(), list);
    x.requiresGrad = true;
    const y = op(x);
    backward(y);
    const [values, slopes] = [await y.read(), await x.grad!.read()];
    const smallest = 1.2e-38; // what is below may come as zero
    const worst = { value: 0, slope: 0 };
    list.forEach((at, i) => {
      const tiny = Math.abs(f(at)) < smallest && Math.abs(values[i]!) < smallest;
      const error = tiny ? 0 : Math.abs(values[i]! - f(at)) / Math.abs(f(at));
      worst.value = Math.max(worst.value, Number.isNaN(error) ? Infinity : error);
      if (!Number.isFinite(slope(at)) || Math.abs(slope(at)) > 3e38) return;
      const slopeError = Math.abs(slopes[i]! - slope(at)) / Math.max(Math.abs(slope(at)), 1);
      worst.slope = Math.max(worst.slope, Number.isNaN(slopeError) ? Infinity : slopeError);
    });
    expect(worst.value, `${name}: largest error relative to each value`).toBeLessThan(1e-6);
    expect(worst.slope, `d ${name}`).toBeLessThan(2e-6);
  });

  test.each(Object.entries(cases))("a NaN does not stop the gradient of %s", async (_, { op }) => {
    const x = tensor(device(), [1, NaN]);
    x.requiresGrad = true;
    backward(op(x), tensor(device(), [1, 1]));
    const got = await x.grad!.read();
    expect(got[0]).not.toBeNaN();
    expect(got[1]).not.toBe(0);
  });

  test.each(Object.entries(cases))("%s keeps NaN", async (_, { op }) => {
    const got = await op(tensor(device(), [1, NaN, 1, 1, NaN])).read();
    expect([...got].map(Number.isNaN)).toEqual([false, true, false, false, true]);
  });

  test("limits", async () => {
    const infinite = tensor(device(), [Infinity, -Infinity, 0]);
    expect([...(await ops.exp(infinite).read())]).toEqual([Infinity, 0, 1]);
    expect([...(await ops.log(infinite).read())]).toEqual([Infinity, NaN, -Infinity]);
    expect([...(await ops.sigmoid(infinite).read())]).toEqual([1, 0, 0.5]);
    expect([...(await ops.tanh(infinite).read())]).toEqual([1, -1, 0]);
    expect([...(await ops.softplus(infinite).read())]).toEqual([Infinity, 0, Math.fround(Math.LN2)]);
    expect([...(await ops.relu(infinite).read())]).toEqual([Infinity, 0, 0]);
    expect([...(await ops.exp(tensor(device(), [89, -105])).read())]).toEqual([Infinity, 0]);
  });

  test("gelu of numbers of any size, and its slope", async () => {
    const x = tensor(device(), [Infinity, -Infinity, 1e38, -1e38, 20, -20]);
    x.requiresGrad = true;
    const y = ops.gelu(x);
    backward(y);
    const [values, slopes] = [await y.read(), await x.grad!.read()];
    [Infinity, 0, Math.fround(1e38), 0, 20, 0].forEach((want, i) => {
      if (want === 0) expect(values[i], `of ${i}`).toBeCloseTo(0, 30);
      else expect(values[i], `of ${i}`).toBe(want);
      expect(slopes[i], `slope of ${i}`).toBeCloseTo(want === 0 ? 0 : 1, 30);
    });
  });

  test("clamp refuses limits in the wrong order", () => {
    expect(() => ops.clamp(tensor(device(), [1]), 1, 0)).toThrow(ArgumentError);
  });
});
