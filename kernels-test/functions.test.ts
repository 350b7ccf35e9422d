import { expect, test } from "vitest";
import { ArgumentError } from "../src/device/errors.ts";
import * as ops from "../src/ops/functions.ts";
import { tensor, type Tensor } from "../src/tensor/tensor.ts";
import { checkOp, withDevices } from "./check.ts";
import { checkFunctions, type FunctionCase } from "./functionCases.ts";
import { digamma, erf, erfc, erfinv, lgamma, logistic, sinc, sincSlope, trigamma } from "./references.ts";

type Range = [number, number];
const all: Range = [-3.4e38, 3.4e38];

function of(
  op: (x: Tensor) => Tensor,
  f: (x: number) => number,
  slope: (x: number) => number,
  range: Range = all,
): FunctionCase {
  return { op, f, slope, range };
}

const gauss = (x: number) => (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x);
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
/** tanh(softplus(x)) and its slope. */
const ratio = (x: number) => {
  const e = Math.exp(Math.min(x, 40));
  return (e * (e + 2)) / (e * (e + 2) + 2);
};
const [λ, α] = [1.0507009873554805, 1.6732632423543772];
const limit = (x: number, low: number, high: number) => Math.min(Math.max(x, low), high);
const shrunk = (x: number) =>
  Math.abs(x) < 1e-2 ? x ** 3 * (1 / 3 - (2 / 15) * x * x + (17 / 315) * x ** 4) : x - Math.tanh(x);
const geluArgument = (x: number) => 2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);
const power = (x: number) => Math.pow(2, x);

const cases: Record<string, FunctionCase> = {
  sin: of(ops.sin, Math.sin, Math.cos),
  cos: of(ops.cos, Math.cos, (x) => -Math.sin(x)),
  tan: of(ops.tan, Math.tan, (x) => 1 / Math.cos(x) ** 2),
  asin: of(ops.asin, Math.asin, (x) => 1 / Math.sqrt((1 - x) * (1 + x)), [-1, 1]),
  acos: of(ops.acos, Math.acos, (x) => -1 / Math.sqrt((1 - x) * (1 + x)), [-1, 1]),
  atan: of(ops.atan, Math.atan, (x) => 1 / (1 + x * x)),
  sinh: of(ops.sinh, Math.sinh, Math.cosh, [-89.4, 89.4]),
  cosh: of(ops.cosh, Math.cosh, Math.sinh, [-89.4, 89.4]),
  asinh: of(ops.asinh, Math.asinh, (x) => 1 / Math.hypot(1, x)),
  acosh: of(ops.acosh, Math.acosh, (x) => 1 / Math.sqrt((x - 1) * (x + 1)), [1, 3.4e38]),
  atanh: of(ops.atanh, Math.atanh, (x) => 1 / ((1 - x) * (1 + x)), [-0.9999999, 0.9999999]),
  erf: of(ops.erf, erf, gauss),
  erfc: of(ops.erfc, erfc, (x) => -gauss(x)),
  erfinv: of(ops.erfinv, erfinv, (x) => 1 / gauss(erfinv(x)), [-0.9999999, 0.9999999]),
  cbrt: of(ops.cbrt, Math.cbrt, (x) => 1 / (3 * Math.cbrt(x) ** 2), all),
  sinc: of(ops.sinc, sinc, sincSlope, [-3.3e38, 3.3e38]),
  lgamma: of(ops.lgamma, lgamma, digamma, [1.2e-38, 1e36]),
  digamma: of(ops.digamma, digamma, trigamma, [1.2e-38, 3.4e38]),
  log1p: of(ops.log1p, Math.log1p, (x) => 1 / (1 + x), [-0.9999999, 3.4e38]),
  expm1: of(ops.expm1, Math.expm1, Math.exp, [-3.4e38, 88.7]),
  log2: of(ops.log2, Math.log2, (x) => 1 / (x * Math.LN2), [1.2e-38, 3.4e38]),
  log10: of(ops.log10, Math.log10, (x) => 1 / (x * Math.LN10), [1.2e-38, 3.4e38]),
  exp2: of(ops.exp2, power, (x) => Math.LN2 * power(x), [-126, 127.9]),
  reciprocal: of(
    ops.reciprocal,
    (x) => 1 / x,
    (x) => -1 / (x * x),
    [1.2e-38, 8e37],
  ),
  rsqrt: of(
    ops.rsqrt,
    (x) => 1 / Math.sqrt(x),
    (x) => -0.5 / (x * Math.sqrt(x)),
    [1.2e-38, 3e38],
  ),
  silu: of(
    ops.silu,
    (x) => x * logistic(x),
    (x) => logistic(x) * (1 + x * logistic(-x)),
    [-83, 3.4e38],
  ),
  mish: of(
    ops.mish,
    (x) => x * ratio(x),
    (x) => ratio(x) + x * (1 - ratio(x) ** 2) * logistic(x),
    [-83, 3.4e38],
  ),
  hardSwish: of(
    ops.hardSwish,
    (x) => (x * limit(x + 3, 0, 6)) / 6,
    (x) => (x <= -3 ? 0 : x >= 3 ? 1 : x / 3 + 0.5),
    [-100, 3.4e38],
  ),
  hardSigmoid: of(
    (x) => ops.hardSigmoid(x, 0.2, 0.5),
    (x) => limit(0.2 * x + 0.5, 0, 1),
    (x) => (Math.abs(x) < 2.5 ? 0.2 : 0),
    [-2.2, 3.4e38],
  ),
  hardTanh: of(
    ops.hardTanh,
    (x) => limit(x, -1, 1),
    (x) => Number(Math.abs(x) < 1),
  ),
  relu6: of(
    ops.relu6,
    (x) => limit(x, 0, 6),
    (x) => Number(x > 0 && x < 6),
    all,
  ),
  selu: of(
    ops.selu,
    (x) => (x < 0 ? λ * α * Math.expm1(x) : λ * x),
    (x) => (x < 0 ? λ * α * Math.exp(x) : λ),
    [-3.4e38, 3e38],
  ),
  celu: of(
    (x) => ops.celu(x, 1.5),
    (x) => (x < 0 ? 1.5 * Math.expm1(x / 1.5) : x),
    (x) => (x < 0 ? Math.exp(x / 1.5) : 1),
  ),
  softsign: of(
    ops.softsign,
    (x) => x / (1 + Math.abs(x)),
    (x) => 1 / (1 + Math.abs(x)) ** 2,
  ),
  logSigmoid: of(
    ops.logSigmoid,
    (x) => -softplus(-x),
    (x) => logistic(-x),
    [-3.4e38, 87],
  ),
  tanhShrink: of(ops.tanhShrink, shrunk, (x) => Math.tanh(x) ** 2),
  softShrink: of(
    (x) => ops.softShrink(x, 0.25),
    (x) => (Math.abs(x) > 0.25 ? x - 0.25 * Math.sign(x) : 0),
    (x) => Number(Math.abs(x) > 0.25),
  ),
  hardShrink: of(
    (x) => ops.hardShrink(x, 0.25),
    (x) => (Math.abs(x) > 0.25 ? x : 0),
    (x) => Number(Math.abs(x) > 0.25),
  ),
  geluTanh: of(
    ops.geluTanh,
    (x) => x * logistic(geluArgument(x)),
    (x) => {
      const s = logistic(geluArgument(x));
      return s + x * s * (1 - s) * 2 * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
    },
    [-2, 1e6],
  ),
};

checkFunctions(cases);

const slopes = [
  [[2, 3], [3]],
  [[5], [1]],
  [
    [2, 3, 4],
    [3, 1],
  ],
];
checkOp(
  "prelu",
  ops.prelu,
  ([x, a], [, shape]) => {
    const inner = shape![0] === 3 && shape!.length === 2 ? 4 : 1;
    return x!.map((v, i) => (v < 0 ? v * a![Math.floor(i / inner) % a!.length]! : v));
  },
  slopes,
);

withDevices((device) => {
  test("limits, signs of zero, and what is exact", async () => {
    const at = async (op: (x: Tensor) => Tensor, list: number[]) => [
      ...(await op(tensor(device(), list)).read()),
    ];
    const ends = [Infinity, -Infinity, -0];
    const half = Math.fround(Math.PI / 2);
    for (const op of [ops.sin, ops.tan]) expect(await at(op, ends)).toEqual([NaN, NaN, -0]);
    expect(await at(ops.cos, ends)).toEqual([NaN, NaN, 1]);
    expect(await at(ops.atan, ends)).toEqual([half, -half, -0]);
    for (const op of [ops.sinh, ops.asinh]) expect(await at(op, ends)).toEqual([Infinity, -Infinity, -0]);
    expect(await at(ops.cosh, ends)).toEqual([Infinity, Infinity, 1]);
    for (const op of [ops.atanh, ops.erfinv])
      expect(await at(op, [1, -1, -0, 2])).toEqual([Infinity, -Infinity, -0, NaN]);
    for (const op of [ops.asin, ops.acos]) expect(await at(op, [1.5, -1.5])).toEqual([NaN, NaN]);
    expect(await at(ops.acosh, [1, 0.9, Infinity])).toEqual([0, NaN, Infinity]);
    for (const op of [ops.erf, ops.softsign]) expect(await at(op, ends)).toEqual([1, -1, -0]);
    expect(await at(ops.erfc, ends)).toEqual([0, 2, 1]);
    expect(await at(ops.log1p, [-1, -2, Infinity, -0])).toEqual([-Infinity, NaN, Infinity, -0]);
    expect(await at(ops.expm1, ends)).toEqual([Infinity, -1, -0]);
    for (const op of [ops.log2, ops.log10])
      expect(await at(op, [0, -1, Infinity, 1])).toEqual([-Infinity, NaN, Infinity, 0]);
    expect(await at(ops.log2, [8, 2 ** -20, 2 ** 100])).toEqual([3, -20, 100]);
    expect(await at(ops.exp2, [3, -20, 100, 128, -200, Infinity])).toEqual([
      8,
      2 ** -20,
      2 ** 100,
      Infinity,
      0,
      Infinity,
    ]);
    expect(await at(ops.rsqrt, [0, 4, -1, Infinity])).toEqual([Infinity, 0.5, NaN, 0]);
    for (const op of [ops.silu, ops.mish, ops.hardSwish, ops.geluTanh]) {
      const got = await at(op, ends);
      expect(got[0]).toBe(Infinity);
      expect(Math.abs(got[1]!) + Math.abs(got[2]!)).toBe(0);
    }
    expect(await at(ops.logSigmoid, [Infinity, -Infinity])).toEqual([-0, -Infinity]);
    expect(await at(ops.selu, [-Infinity])).toEqual([Math.fround(-λ * α)]);
    expect(await at(ops.tanhShrink, ends)).toEqual([Infinity, -Infinity, -0]);
    expect(await at(ops.softShrink, [0.5, -0.5, Infinity])).toEqual([0, 0, Infinity]);
  });

  test("numbers out of range are refused", () => {
    const x = tensor(device(), [1]);
    expect(() => ops.celu(x, 0)).toThrow(ArgumentError);
    expect(() => ops.softShrink(x, -1)).toThrow(ArgumentError);
    expect(() => ops.hardSigmoid(x, NaN)).toThrow(ArgumentError);
  });
});

const below = {
  prepare: (list: number[]) => list.map((u, i) => -Math.floor(5 * Math.abs(u)) - 0.3 - 0.02 * (i % 20)),
};
checkOp("lgamma below 0", ops.lgamma, ([x]) => x!.map(lgamma), [[[40]]], below);
checkOp("digamma below 0", ops.digamma, ([x]) => x!.map(digamma), [[[40]]], below);
