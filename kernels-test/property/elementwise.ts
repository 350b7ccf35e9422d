import fc from "fast-check";
import * as ops from "../../src/ops/elementwise.ts";
import * as functions from "../../src/ops/functions.ts";
import * as logic from "../../src/ops/logic.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { erf, erfc, erfinv, logistic, normal, sinc } from "../references.ts";
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

const inside = each((u) => 0.9 * u);
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
/** x times a factor from 0 to 1, whose limit for small x is 0. */
const gated = (gate: (x: number) => number) => (x: number) => (x < -700 ? -0 : x * gate(x));
const mishGate = (x: number) => {
  const e = Math.exp(Math.min(x, 40));
  return (e * (e + 2)) / (e * (e + 2) + 2);
};
const shrunk = (x: number) =>
  Math.abs(x) < 1e-2 ? x ** 3 * (1 / 3 - (2 / 15) * x * x + (17 / 315) * x ** 4) : x - Math.tanh(x);
const [λ, α] = [1.0507009873554805, 1.6732632423543772];

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
  unary("softplus", ops.softplus, softplus, { smooth: () => six }),
  unary("sigmoid", ops.sigmoid, logistic, { smooth: () => six }),
  unary("tanh", ops.tanh, Math.tanh),
  unary("sin", functions.sin, Math.sin, { smooth: () => six }),
  unary("cos", functions.cos, Math.cos, { smooth: () => six }),
  unary("tan", functions.tan, Math.tan),
  unary("asin", functions.asin, Math.asin, { smooth: () => inside }),
  unary("acos", functions.acos, Math.acos, { smooth: () => inside }),
  unary("atan", functions.atan, Math.atan, { smooth: () => six }),
  unary("sinh", functions.sinh, Math.sinh),
  unary("cosh", functions.cosh, Math.cosh),
  unary("asinh", functions.asinh, Math.asinh, { smooth: () => six }),
  unary("acosh", functions.acosh, Math.acosh, { smooth: () => each((u) => 2.5 + u) }),
  unary("atanh", functions.atanh, Math.atanh, { smooth: () => inside }),
  unary("cbrt", functions.cbrt, Math.cbrt, { smooth: () => positive, keepsSubnormals: true }),
  unary("sinc", functions.sinc, sinc, { smooth: () => six }),
  unary("erf", functions.erf, erf),
  unary("erfc", functions.erfc, erfc),
  unary("erfinv", functions.erfinv, erfinv, { smooth: () => inside }),
  unary("log1p", functions.log1p, Math.log1p, { smooth: () => inside }),
  unary("expm1", functions.expm1, Math.expm1),
  unary("log2", functions.log2, Math.log2, { smooth: () => positive, keepsSubnormals: true }),
  unary("log10", functions.log10, Math.log10, { smooth: () => positive, keepsSubnormals: true }),
  unary("exp2", functions.exp2, (x) => 2 ** x),
  unary("reciprocal", functions.reciprocal, (x) => 1 / x, { smooth: () => positive }),
  unary("rsqrt", functions.rsqrt, (x) => 1 / Math.sqrt(x), { smooth: () => positive, keepsSubnormals: true }),
  unary("silu", functions.silu, gated(logistic), { smooth: () => six }),
  unary("mish", functions.mish, gated(mishGate), { smooth: () => six }),
  unary("hardSwish", functions.hardSwish, (x) => (x <= -3 ? 0 : x >= 3 ? x : (x * (x + 3)) / 6)),
  unary("hardSigmoid", functions.hardSigmoid, (x) => x, {
    reference: ([x]) => ({
      shape: x!.shape,
      data: x!.data.map((v) => Math.min(Math.max(v / 6 + 0.5, 0), 1)),
      scale: x!.data.map((v) => Math.min(Math.abs(v / 6), 1) + 0.5), // its terms cancel at -3
    }),
  }),
  unary("hardTanh", functions.hardTanh, (x) => Math.min(Math.max(x, -1), 1), {
    smooth: () => inside,
    tolerance: 0,
  }),
  unary("relu6", functions.relu6, (x) => Math.min(Math.max(x, 0), 6), { smooth: () => clear, tolerance: 0 }),
  unary("selu", functions.selu, (x) => (x < 0 ? λ * α * Math.expm1(x) : λ * x), { smooth: () => clear }),
  parametric(
    "celu",
    fc.constantFrom(1, 1.5, 0.125),
    functions.celu,
    (x, alpha) => (x < 0 ? alpha * Math.expm1(x / alpha) : x),
    { smooth: () => clear },
  ),
  unary("softsign", functions.softsign, (x) =>
    Math.abs(x) === Infinity ? Math.sign(x) : x / (1 + Math.abs(x)),
  ),
  unary("logSigmoid", functions.logSigmoid, (x) => -softplus(-x), { smooth: () => six }),
  unary("tanhShrink", functions.tanhShrink, shrunk, { smooth: () => six }),
  parametric(
    "softShrink",
    fc.constantFrom(0, 0.25, 3),
    functions.softShrink,
    (x, lambda) => (Math.abs(x) <= lambda ? 0 : x - lambda * Math.sign(x)),
    { smooth: () => each((u) => Math.round(32 * u) / 8 + 1 / 128) },
  ),
  parametric(
    "hardShrink",
    fc.constantFrom(0.25, 3),
    functions.hardShrink,
    (x, lambda) => (Math.abs(x) <= lambda ? 0 : x),
    { smooth: () => each((u) => Math.round(32 * u) / 8 + 1 / 128) },
  ),
  unary(
    "geluTanh",
    functions.geluTanh,
    gated((x) => logistic(1.5957691216057308 * (x + 0.044715 * x ** 3))),
  ),
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
