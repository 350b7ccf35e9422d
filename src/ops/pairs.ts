import { kernel } from "../device/kernel.ts";
import { needsTape } from "../tensor/tape.ts";
import { checkOperands, type Tensor } from "../tensor/tensor.ts";
import { add, div, mul, sub, where, type Value } from "./arithmetic.ts";
import { square } from "./elementwise.ts";
import { applyBroadcast } from "./lib/broadcast.ts";
import { composed } from "./lib/composed.ts";
import { equal } from "./logic.ts";

const pairsKernel = kernel("pairs");
/** The functions, in the order of their numbers in `shaders/pairs.wgsl`. */
const names = ["atan2", "hypot", "mod", "fmod", "floorDivide", "logaddexp", "xlogy"];

function apply(name: string, a: Value, b: Value): Tensor {
  return applyBroadcast(pairsKernel, name, names.indexOf(name), a, b);
}

/**
 * The angle of the point with the coordinates x and y, in [-π, π], as JavaScript has it, also for zeros and infinities. As
 * all of these it broadcasts, and takes a number for one of the two.
 */
export function atan2(y: Value, x: Value): Tensor {
  return apply("atan2", y, x);
}

/** √(a² + b²), also where squares would not be finite; Infinity if either is infinite. Its gradient at 0 is taken as 0. */
export function hypot(a: Value, b: Value): Tensor {
  return apply("hypot", a, b);
}

/**
 * a - b ⌊a / b⌋, the remainder with the sign of b: exact where it has the sign of a too, whatever their sizes. NaN for an
 * infinite a and for b = 0. The gradient of b is -⌊a / b⌋.
 */
export function mod(a: Value, b: Value): Tensor {
  return apply("mod", a, b);
}

/** The remainder with the sign of a, as JavaScript's % has it: exact. The gradient of b is -trunc(a / b). */
export function fmod(a: Value, b: Value): Tensor {
  return apply("fmod", a, b);
}

/** ⌊a / b⌋ of the exact quotient; its gradients are 0. */
export function floorDivide(a: Value, b: Value): Tensor {
  return apply("floorDivide", a, b);
}

/** log(e^a + e^b), without overflow. */
export function logaddexp(a: Value, b: Value): Tensor {
  return apply("logaddexp", a, b);
}

/** a log b, and 0 where a is 0. */
export function xlogy(a: Value, b: Value): Tensor {
  return apply("xlogy", a, b);
}

/** (a - b)². */
export function squaredDifference(a: Value, b: Value): Tensor {
  const difference = sub(a, b);
  const y = square(difference);
  if (!needsTape([difference])) difference.dispose();
  return y;
}

/** a + t (b - a), the three broadcast: a for t = 0, b for t = 1. */
export function lerp(a: Tensor, b: Tensor, t: Value): Tensor {
  checkOperands("lerp", a, b, ...(typeof t === "number" ? [] : [t]));
  return composed([a, b, typeof t === "number" ? undefined : t], () => add(mul(sub(b, a), t), a));
}

/** a / b, which are broadcast, and 0 where b is 0; there the gradients are 0 too. */
export function divideNoNan(a: Value, b: Tensor): Tensor {
  const numerator = typeof a === "number" ? undefined : a;
  checkOperands("divideNoNan", b, ...(numerator === undefined ? [] : [numerator]));
  return composed([numerator, b], () => {
    const isZero = equal(b, 0);
    return where(isZero, 0, div(a, where(isZero, 1, b)));
  });
}
