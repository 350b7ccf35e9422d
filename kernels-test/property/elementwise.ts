import fc from "fast-check";
import * as ops from "../../src/ops/elementwise.ts";
import * as logic from "../../src/ops/logic.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { logistic, normal } from "../references.ts";
import { property, type Definition, type Property } from "./property.ts";
import { one } from "./shapes.ts";
import { each } from "./values.ts";

/** A function of one number. */
function unary(
  name: string,
  op: (x: Tensor) => Tensor,
  f: (x: number) => number,
  options: Partial<Definition<null>> = {},
): Property {
  return property({
    name,
    forms: one({ empty: true }),
    op: ([x]) => op(x!),
    reference: ([x]) => ({ shape: x!.shape, data: x!.data.map(f) }),
    ...options,
  });
}

/** A function of one number and of numbers that are drawn with it. */
function parametric<Setting>(
  name: string,
  settings: fc.Arbitrary<Setting>,
  op: (x: Tensor, setting: Setting) => Tensor,
  f: (x: number, setting: Setting) => number,
  options: Partial<Definition<Setting>> = {},
): Property {
  return property<Setting>({
    name,
    forms: fc.tuple(one({ empty: true }), settings).map(([{ shapes }, setting]) => ({ shapes, setting })),
    op: ([x], setting) => op(x!, setting),
    reference: ([x], setting) => ({ shape: x!.shape, data: x!.data.map((value) => f(value, setting)) }),
    ...options,
  });
}

/** A question about one number, which gives 0 or 1. */
const test = (name: string, op: (x: Tensor) => Tensor, f: (x: number) => boolean) =>
  unary(name, op, (x) => Number(f(x)), { tolerance: 0, hasGradient: () => false });

/** The nearest whole number, of two the even one. */
const toEven = (x: number) => {
  const down = Math.floor(x);
  const isUp = x - down > 0.5 || (x - down === 0.5 && down % 2 !== 0);
  return isUp && x < 0 && down === -1 ? -0 : isUp ? down + 1 : x - down === 0 ? x : down;
};

/** A function that is constant between whole numbers. */
const steps = (name: string, op: (x: Tensor) => Tensor, f: (x: number) => number) =>
  unary(name, op, f, { smooth: () => each((u) => Math.round(16 * u) / 4 + 1 / 8), tolerance: 0 });

const positive = each((u) => 1.1 + u);
const clear = each((u) => 3 * u + Math.sign(u || 1) * 0.01); // no kink at 0
const six = each((u) => 6 * u);

const limits = fc.constantFrom(
  [-0.251, 0.501],
  [-1, 1],
  [0, 0],
  [-0, 1e-40],
  [-Infinity, 0.3],
  [2, Infinity],
);

export const elementwise: Property[] = [
  unary("neg", ops.neg, (x) => -x, { tolerance: 0 }),
  unary("exp", ops.exp, Math.exp),
  unary("log", ops.log, Math.log, { smooth: () => positive, keepsSubnormals: true }),
  unary("sqrt", ops.sqrt, Math.sqrt, { smooth: () => positive, keepsSubnormals: true }),
  unary("square", ops.square, (x) => x * x),
  unary("abs", ops.abs, Math.abs, { smooth: () => clear, tolerance: 0 }),
  parametric(
    "clamp",
    limits,
    (x, [low, high]) => ops.clamp(x, low, high),
    (x, [low, high]) => Math.min(Math.max(x, Math.fround(low)), Math.fround(high)),
    { smooth: () => each((u) => Math.round(32 * u) / 32 + 1 / 128), tolerance: 0 },
  ),
  unary("relu", ops.relu, (x) => Math.max(x, 0), { smooth: () => clear, tolerance: 0 }),
  parametric(
    "leakyRelu",
    fc.constantFrom(0.01, 0.2, 0, 1, -0.5, 2),
    ops.leakyRelu,
    (x, slope) => (x < 0 ? slope * x : x),
    { smooth: () => clear },
  ),
  parametric(
    "elu",
    fc.constantFrom(1, 1.5, 0.1),
    ops.elu,
    (x, alpha) => (x < 0 ? alpha * Math.expm1(x) : x),
    { smooth: () => clear },
  ),
  unary("gelu", ops.gelu, (x) => (x === -Infinity ? -0 : x * normal(x)), { smooth: () => six }),
  unary("softplus", ops.softplus, (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), {
    smooth: () => six,
  }),
  unary("sigmoid", ops.sigmoid, logistic, { smooth: () => six }),
  unary("tanh", ops.tanh, Math.tanh),
  steps("sign", ops.sign, Math.sign),
  steps("floor", ops.floor, Math.floor),
  steps("ceil", ops.ceil, Math.ceil),
  steps("round", ops.round, toEven),
  steps("trunc", ops.trunc, Math.trunc),
  test("logicalNot", logic.logicalNot, (x) => x === 0),
  test("isNaN", logic.isNaN, Number.isNaN),
  test("isInf", logic.isInf, (x) => Math.abs(x) === Infinity),
  test("isFinite", logic.isFinite, Number.isFinite),
];
