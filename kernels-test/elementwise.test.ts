import { expect, test } from "vitest";
import { ArgumentError } from "../src/device/errors.ts";
import * as ops from "../src/ops/elementwise.ts";
import { tensor } from "../src/tensor/tensor.ts";
import { backward } from "../src/tensor/tape.ts";
import { withDevices } from "./check.ts";
import { checkFunctions, type FunctionCase } from "./functionCases.ts";
import { density, logistic, normal } from "./references.ts";

const cases: Record<string, FunctionCase> = {
  neg: { op: ops.neg, f: (x) => -x, slope: () => -1, range: [-1e30, 1e30] },
  exp: { op: ops.exp, f: Math.exp, slope: Math.exp, range: [-87, 88.7] },
  log: { op: ops.log, f: Math.log, slope: (x) => 1 / x, range: [1.2e-38, 1e38] },
  sqrt: {
    op: ops.sqrt,
    f: Math.sqrt,
    slope: (x) => 0.5 / Math.sqrt(x),
    range: [1.2e-38, 1e38],
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

checkFunctions(cases);

withDevices((device) => {
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

  test("slopes of tanh and sigmoid where they are almost flat", async () => {
    const list = [-40, -17.5, -9, -3, 0.5, 4, 9, 20, 30].map(Math.fround);
    for (const [op, slope] of [
      [ops.tanh, (x: number) => 1 / Math.cosh(x) ** 2],
      [ops.sigmoid, (x: number) => logistic(x) * logistic(-x)],
    ] as const) {
      const x = tensor(device(), list);
      x.requiresGrad = true;
      backward(op(x));
      const got = await x.grad!.read();
      for (const [i, at] of list.entries())
        expect(Math.abs(got[i]! / slope(at) - 1), `${op.name}'(${at})`).toBeLessThan(1e-6);
    }
  });

  test("clamp refuses limits in the wrong order", () => {
    expect(() => ops.clamp(tensor(device(), [1]), 1, 0)).toThrow(ArgumentError);
  });
});
