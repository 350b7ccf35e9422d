import { checkNumber, checkPositive } from "../device/arguments.ts";
import { ArgumentError } from "../device/errors.ts";
import { kernel } from "../device/kernel.ts";
import { checkOperands, type Tensor } from "../tensor/tensor.ts";
import { mul, where } from "./arithmetic.ts";
import { min, sigmoid } from "./elementwise.ts";
import { composed } from "./lib/composed.ts";
import { applyFunction } from "./lib/unary.ts";
import { less } from "./logic.ts";
import { split } from "./pieces.ts";

const functionsKernel = kernel("functions");

/** The functions, in the order of their numbers in `shaders/functions.wgsl`. */
const names = [
  ...["sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "asinh", "acosh", "atanh"],
  ...["erf", "erfc", "erfinv", "log1p", "expm1", "log2", "log10", "exp2", "reciprocal", "rsqrt"],
  ...["silu", "mish", "hardSwish", "hardSigmoid", "selu", "celu", "softsign", "logSigmoid"],
  ...["tanhShrink", "softShrink", "hardShrink", "geluTanh", "hardTanh", "lgamma", "digamma"],
  ...["cbrt", "sinc"],
];

function apply(name: string, x: Tensor, s = 0, t = 0): Tensor {
  return applyFunction(functionsKernel, names, name, x, { s, t });
}

/** sin x of radians, right for x of any size; NaN of an infinite x. So are `cos` and `tan`. */
export function sin(x: Tensor): Tensor {
  return apply("sin", x);
}

/** cos x of radians. */
export function cos(x: Tensor): Tensor {
  return apply("cos", x);
}

/** tan x of radians. */
export function tan(x: Tensor): Tensor {
  return apply("tan", x);
}

/** The angle in [-π/2, π/2] whose sine is x; NaN outside of [-1, 1]. Its slope at the ends is infinite, as that of `acos`. */
export function asin(x: Tensor): Tensor {
  return apply("asin", x);
}

/** The angle in [0, π] whose cosine is x; NaN outside of [-1, 1]. */
export function acos(x: Tensor): Tensor {
  return apply("acos", x);
}

/** The angle in [-π/2, π/2] whose tangent is x. */
export function atan(x: Tensor): Tensor {
  return apply("atan", x);
}

/** (e^x - e^-x) / 2. */
export function sinh(x: Tensor): Tensor {
  return apply("sinh", x);
}

/** (e^x + e^-x) / 2. */
export function cosh(x: Tensor): Tensor {
  return apply("cosh", x);
}

/** The number whose hyperbolic sine is x. */
export function asinh(x: Tensor): Tensor {
  return apply("asinh", x);
}

/** The number from 0 whose hyperbolic cosine is x; NaN below 1. */
export function acosh(x: Tensor): Tensor {
  return apply("acosh", x);
}

/** The number whose hyperbolic tangent is x: ±Infinity at ±1, NaN past them. */
export function atanh(x: Tensor): Tensor {
  return apply("atanh", x);
}

/** The error function, 2/√π times the integral of e^(-t²) from 0 to x. */
export function erf(x: Tensor): Tensor {
  return apply("erf", x);
}

/** 1 - erf(x), with all its digits where x is large. */
export function erfc(x: Tensor): Tensor {
  return apply("erfc", x);
}

/** The number whose error function is x: ±Infinity at ±1, NaN past them. */
export function erfinv(x: Tensor): Tensor {
  return apply("erfinv", x);
}

/** log(1 + x), with all its digits where x is small: -Infinity at -1, NaN below. */
export function log1p(x: Tensor): Tensor {
  return apply("log1p", x);
}

/** e^x - 1, with all its digits where x is small. */
export function expm1(x: Tensor): Tensor {
  return apply("expm1", x);
}

/** The logarithm to the base 2, exact for powers of 2; -Infinity at 0, NaN below. */
export function log2(x: Tensor): Tensor {
  return apply("log2", x);
}

/** The logarithm to the base 10; -Infinity at 0, NaN below. */
export function log10(x: Tensor): Tensor {
  return apply("log10", x);
}

/** 2^x, exact for whole numbers. */
export function exp2(x: Tensor): Tensor {
  return apply("exp2", x);
}

/** 1 / x. */
export function reciprocal(x: Tensor): Tensor {
  return apply("reciprocal", x);
}

/** 1 / √x; infinite at 0, NaN below. */
export function rsqrt(x: Tensor): Tensor {
  return apply("rsqrt", x);
}

/** The cube root of x, negative where x is. Its slope at 0 is infinite. */
export function cbrt(x: Tensor): Tensor {
  return apply("cbrt", x);
}

/** sin(π x) / (π x), 1 at 0 and 0 at other whole numbers, as NumPy has it; NaN of an infinite x. */
export function sinc(x: Tensor): Tensor {
  return apply("sinc", x);
}

/** log |Γ(x)|: for a whole n ≥ 1 the logarithm of (n - 1)!; infinite at 0 and whole numbers below. Its slope is `digamma`. */
export function lgamma(x: Tensor): Tensor {
  return apply("lgamma", x);
}

/** The slope of `lgamma`, Γ'(x) / Γ(x); NaN at 0 and whole numbers below. */
export function digamma(x: Tensor): Tensor {
  return apply("digamma", x);
}

/** x / (1 + e^-x), also called swish. Source: Elfwing, Uchibe and Doya, arXiv:1702.03118. */
export function silu(x: Tensor): Tensor {
  return apply("silu", x);
}

/** x tanh(log(1 + e^x)). Source: Misra, arXiv:1908.08681. */
export function mish(x: Tensor): Tensor {
  return apply("mish", x);
}

/** x min(max(x + 3, 0), 6) / 6. Source: Howard et al., arXiv:1905.02244. */
export function hardSwish(x: Tensor): Tensor {
  return apply("hardSwish", x);
}

/**
 * min(max(`slope` · x + `offset`, 0), 1), by default min(max(x + 3, 0), 6) / 6 as PyTorch and JAX have it. WebNN's and
 * Keras' default is a slope of 0.2.
 */
export function hardSigmoid(x: Tensor, slope = 1 / 6, offset = 0.5): Tensor {
  checkNumber("hardSigmoid: slope", slope);
  checkNumber("hardSigmoid: offset", offset);
  return apply("hardSigmoid", x, slope, offset);
}

/**
 * x limited to [low, high], by default [-1, 1]. The slope is 1 in between and 0 outside and on both ends, as PyTorch has it;
 * that of `clamp` is 1 there. NaN stays NaN.
 */
export function hardTanh(x: Tensor, low = -1, high = 1): Tensor {
  checkNumber("hardTanh: low", low);
  checkNumber("hardTanh: high", high, low);
  return apply("hardTanh", x, low, high);
}

/** x limited to [0, 6]; the slope is 1 in between and 0 outside and on both ends. */
export function relu6(x: Tensor): Tensor {
  checkOperands("relu6", x);
  return apply("hardTanh", x, 0, 6);
}

/** λ x from 0 on, λ α (e^x - 1) below: λ = 1.0507, α = 1.6733. Source: Klambauer et al., arXiv:1706.02515. */
export function selu(x: Tensor): Tensor {
  return apply("selu", x);
}

/** x from 0 on, `alpha` · (e^(x / alpha) - 1) below. Source: Barron, arXiv:1704.07483. */
export function celu(x: Tensor, alpha = 1): Tensor {
  checkPositive("celu: alpha", alpha);
  return apply("celu", x, alpha);
}

/** x / (1 + |x|). */
export function softsign(x: Tensor): Tensor {
  return apply("softsign", x);
}

/** log(1 / (1 + e^-x)), without overflow. */
export function logSigmoid(x: Tensor): Tensor {
  return apply("logSigmoid", x);
}

/** x - tanh x, with all its digits where x is small. */
export function tanhShrink(x: Tensor): Tensor {
  return apply("tanhShrink", x);
}

/** x moved by `lambda` towards 0, and 0 where that is less far: |x| ≤ lambda. */
export function softShrink(x: Tensor, lambda = 0.5): Tensor {
  checkLambda("softShrink", lambda);
  return apply("softShrink", x, lambda);
}

/** x, and 0 where |x| ≤ `lambda`. */
export function hardShrink(x: Tensor, lambda = 0.5): Tensor {
  checkLambda("hardShrink", lambda);
  return apply("hardShrink", x, lambda);
}

/**
 * gelu with tanh in place of the normal distribution's function: ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))), below -2 to 1e-5 of the value. Source: Hendrycks
 * and Gimpel, arXiv:1606.08415.
 */
export function geluTanh(x: Tensor): Tensor {
  return apply("geluTanh", x);
}

/** x from 0 on, `slope` · x below: a tensor that is broadcast to x, with a gradient. Source: He et al., arXiv:1502.01852. */
export function prelu(x: Tensor, slope: Tensor): Tensor {
  checkOperands("prelu", x, slope);
  return where(less(x, 0), mul(min(x, 0), slope), x);
}

/** a σ(b) of the two halves a and b of x along `axis`, the last unless given. Source: Dauphin et al., arXiv:1612.08083. */
export function glu(x: Tensor, axis = -1): Tensor {
  checkOperands("glu", x);
  return composed([x], () => {
    const [a, b] = split(x, 2, axis) as [Tensor, Tensor];
    return mul(a, sigmoid(b));
  });
}

function checkLambda(op: string, lambda: number): void {
  if (!(lambda >= 0 && lambda < Infinity))
    throw new ArgumentError(`${op}: lambda is ${lambda}; expected a finite number from 0 on`);
}
