import type { Attribute, Emitter } from "./emitter.ts";

/** ONNX's node of a function of one number, from the name of what goes in; s and t are the function's own numbers. */
type Function = (emitter: Emitter, x: string, s: number, t: number) => string;

const node =
  (type: string, attributes: (s: number, t: number) => Readonly<Record<string, Attribute>> = () => ({})) =>
  (emitter: Emitter, x: string, s: number, t: number) =>
    emitter.node(type, [x], attributes(s, t));

const clip: Function = (e, x, low, high) => e.node("Clip", [x, e.scalar(low), e.scalar(high)]);
const scaled = (e: Emitter, x: string, factor: number) => e.node("Mul", [x, e.scalar(factor)]);
const more = (e: Emitter, x: string, number: number) => e.node("Add", [x, e.scalar(number)]);

/** Every function of `src/ops/elementwise.ts` and `src/ops/functions.ts` but cbrt, erfinv, lgamma, digamma and sinc, which ONNX has not. */
export const functions: Readonly<Record<string, Function>> = {
  neg: node("Neg"),
  exp: node("Exp"),
  log: node("Log"),
  sqrt: node("Sqrt"),
  square: (e, x) => e.node("Mul", [x, x]),
  abs: node("Abs"),
  clamp: clip,
  relu: node("Relu"),
  leakyRelu: node("LeakyRelu", (alpha) => ({ alpha: { float: alpha } })),
  elu: node("Elu", (alpha) => ({ alpha: { float: alpha } })),
  gelu: (e, x) => {
    const cumulative = scaled(e, more(e, e.node("Erf", [scaled(e, x, Math.SQRT1_2)]), 1), 0.5);
    return e.node("Mul", [x, cumulative]);
  },
  softplus: node("Softplus"),
  sigmoid: node("Sigmoid"),
  tanh: node("Tanh"),
  sign: node("Sign"),
  floor: node("Floor"),
  ceil: node("Ceil"),
  round: node("Round"),
  trunc: (e, x) => e.node("Mul", [e.node("Sign", [x]), e.node("Floor", [e.node("Abs", [x])])]),
  ...Object.fromEntries(
    ["Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Asinh", "Acosh", "Atanh"].map((type) => [
      type.toLowerCase(),
      node(type),
    ]),
  ),
  erf: node("Erf"),
  erfc: (e, x) => more(e, e.node("Neg", [e.node("Erf", [x])]), 1),
  log1p: (e, x) => e.node("Log", [more(e, x, 1)]),
  expm1: (e, x) => more(e, e.node("Exp", [x]), -1),
  log2: (e, x) => scaled(e, e.node("Log", [x]), Math.LOG2E),
  log10: (e, x) => scaled(e, e.node("Log", [x]), Math.LOG10E),
  exp2: (e, x) => e.node("Exp", [scaled(e, x, Math.LN2)]),
  reciprocal: node("Reciprocal"),
  rsqrt: (e, x) => e.node("Reciprocal", [e.node("Sqrt", [x])]),
  silu: (e, x) => e.node("Mul", [x, e.node("Sigmoid", [x])]),
  mish: (e, x) => e.node("Mul", [x, e.node("Tanh", [e.node("Softplus", [x])])]),
  hardSwish: node("HardSwish"),
  hardSigmoid: node("HardSigmoid", (alpha, beta) => ({ alpha: { float: alpha }, beta: { float: beta } })),
  selu: node("Selu"),
  celu: node("Celu", (alpha) => ({ alpha: { float: alpha } })),
  softsign: node("Softsign"),
  logSigmoid: (e, x) => e.node("Neg", [e.node("Softplus", [e.node("Neg", [x])])]),
  tanhShrink: (e, x) => e.node("Sub", [x, e.node("Tanh", [x])]),
  softShrink: node("Shrink", (lambda) => ({ lambd: { float: lambda }, bias: { float: lambda } })),
  hardShrink: node("Shrink", (lambda) => ({ lambd: { float: lambda }, bias: { float: 0 } })),
  geluTanh: (e, x) => {
    const cube = e.node("Mul", [e.node("Mul", [x, x]), x]);
    const inner = scaled(e, e.node("Add", [x, scaled(e, cube, 0.044715)]), Math.sqrt(2 / Math.PI));
    return e.node("Mul", [x, scaled(e, more(e, e.node("Tanh", [inner]), 1), 0.5)]);
  },
  hardTanh: clip,
};
