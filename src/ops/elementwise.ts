import { checkNumber } from "../device/arguments.ts";
import { ArgumentError } from "../device/errors.ts";
import { kernel } from "../device/kernel.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { applyFunction } from "./lib/unary.ts";

export { add, div, max, min, mul, pow, sub, where } from "./arithmetic.ts";

const elementwiseKernel = kernel("elementwise");

/** The functions, in the order of their numbers in `shaders/elementwise.wgsl`: what each makes its slope from. */
const slopeFrom = {
  neg: "x",
  exp: "y",
  log: "x",
  sqrt: "y",
  square: "x",
  abs: "x",
  clamp: "x",
  relu: "x",
  leakyRelu: "x",
  elu: "x",
  gelu: "x",
  softplus: "y",
  sigmoid: "x",
  tanh: "x",
  sign: "x",
  floor: "x",
  ceil: "x",
  round: "x",
  trunc: "x",
} as const;
type Name = keyof typeof slopeFrom;
const names = Object.keys(slopeFrom);

function apply(name: Name, x: Tensor, s = 0, t = 0): Tensor {
  return applyFunction(elementwiseKernel, names, name, x, { s, t, slope: slopeFrom[name] });
}

/** -x. */
export function neg(x: Tensor): Tensor {
  return apply("neg", x);
}

/** e^x; infinite past 88.7. */
export function exp(x: Tensor): Tensor {
  return apply("exp", x);
}

/** The natural logarithm, of subnormal numbers too: -Infinity at 0, where its slope is infinite, and NaN below. */
export function log(x: Tensor): Tensor {
  return apply("log", x);
}

/** √x, of subnormal numbers too, NaN below 0. Its slope at 0 is infinite: add a little to x where that may come. */
export function sqrt(x: Tensor): Tensor {
  return apply("sqrt", x);
}

/** x². */
export function square(x: Tensor): Tensor {
  return apply("square", x);
}

/** |x|, with slope 0 at 0. */
export function abs(x: Tensor): Tensor {
  return apply("abs", x);
}

/** x limited to [low, high]; the slope is 1 in between and on both ends, 0 outside. NaN stays NaN. */
export function clamp(x: Tensor, low: number, high: number): Tensor {
  if (!(low <= high))
    throw new ArgumentError(`clamp: low is ${low} and high ${high}; low must not be above high`);
  return apply("clamp", x, low, high);
}

/** max(x, 0), with slope 0 at 0. NaN stays NaN. */
export function relu(x: Tensor): Tensor {
  return apply("relu", x);
}

/** x from 0 on, `slope` · x below. */
export function leakyRelu(x: Tensor, slope = 0.01): Tensor {
  checkNumber("leakyRelu: slope", slope);
  return apply("leakyRelu", x, slope);
}

/** x from 0 on, `alpha` · (e^x - 1) below. Source: Clevert, Unterthiner and Hochreiter, ICLR 2016. */
export function elu(x: Tensor, alpha = 1): Tensor {
  checkNumber("elu: alpha", alpha);
  return apply("elu", x, alpha);
}

/**
 * x Φ(x), with Φ the normal distribution's exact cumulative function (not the form with tanh), to 1e-6 of
 * the value. Source: Hendrycks and Gimpel, arXiv:1606.08415.
 */
export function gelu(x: Tensor): Tensor {
  return apply("gelu", x);
}

/** log(1 + e^x), without overflow. */
export function softplus(x: Tensor): Tensor {
  return apply("softplus", x);
}

/** 1 / (1 + e^-x), without overflow; its slope is right to a few units in the last place however small it is. */
export function sigmoid(x: Tensor): Tensor {
  return apply("sigmoid", x);
}

/** The hyperbolic tangent; its slope is right to a few units in the last place however small it is. */
export function tanh(x: Tensor): Tensor {
  return apply("tanh", x);
}

/** -1 below 0, 1 above, a zero for a zero; its slope is 0. */
export function sign(x: Tensor): Tensor {
  return apply("sign", x);
}

/** The largest whole number that is not above x; its slope is 0, as of the next three. */
export function floor(x: Tensor): Tensor {
  return apply("floor", x);
}

/** The smallest whole number that is not below x. */
export function ceil(x: Tensor): Tensor {
  return apply("ceil", x);
}

/** The whole number nearest to x, of two the even one. */
export function round(x: Tensor): Tensor {
  return apply("round", x);
}

/** x without its fraction. */
export function trunc(x: Tensor): Tensor {
  return apply("trunc", x);
}
