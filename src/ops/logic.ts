import { checkNumber } from "../device/arguments.ts";
import { checkOperands, type Tensor } from "../tensor/tensor.ts";
import { add, holds, mul, sub, type Value } from "./arithmetic.ts";
import { abs } from "./elementwise.ts";
import { sum, type Axes } from "./reduce.ts";

/**
 * 1 where a = b, 0 elsewhere. As all of these it broadcasts, takes a number for one of the two, and has no gradient; NaN is
 * equal to nothing, neither less nor greater, and true. `where` chooses by what they give.
 */
export function equal(a: Value, b: Value): Tensor {
  return holds("equal", a, b);
}

/** 1 where a ≠ b, so where one is NaN; 0 elsewhere. */
export function notEqual(a: Value, b: Value): Tensor {
  return holds("notEqual", a, b);
}

/** 1 where a < b, 0 elsewhere. */
export function less(a: Value, b: Value): Tensor {
  return holds("less", a, b);
}

/** 1 where a ≤ b, 0 elsewhere. */
export function lessEqual(a: Value, b: Value): Tensor {
  return holds("lessEqual", a, b);
}

/** 1 where a > b, 0 elsewhere. */
export function greater(a: Value, b: Value): Tensor {
  return holds("less", b, a);
}

/** 1 where a ≥ b, 0 elsewhere. */
export function greaterEqual(a: Value, b: Value): Tensor {
  return holds("lessEqual", b, a);
}

/** 1 where neither a nor b is 0, 0 elsewhere. */
export function logicalAnd(a: Value, b: Value): Tensor {
  return holds("logicalAnd", a, b);
}

/** 1 where a or b is not 0, 0 elsewhere. */
export function logicalOr(a: Value, b: Value): Tensor {
  return holds("logicalOr", a, b);
}

/** 1 where one of a and b is 0 and the other is not, 0 elsewhere. */
export function logicalXor(a: Value, b: Value): Tensor {
  return holds("logicalXor", a, b);
}

/** 1 where x is 0, 0 elsewhere. */
export function logicalNot(x: Tensor): Tensor {
  return holds("equal", x, 0);
}

/** 1 where x is NaN, 0 elsewhere. */
export function isNaN(x: Tensor): Tensor {
  return holds("notEqual", x, x);
}

/** 1 where x is Infinity or -Infinity, 0 elsewhere. */
export function isInf(x: Tensor): Tensor {
  checkOperands("isInf", x);
  return x.device.scope(() => logicalXor(equal(x, Infinity), equal(x, -Infinity)));
}

/** 1 where x is neither infinite nor NaN, 0 elsewhere. */
export function isFinite(x: Tensor): Tensor {
  checkOperands("isFinite", x);
  return x.device.scope(() => logicalAnd(less(x, Infinity), less(-Infinity, x)));
}

/**
 * 1 where |a - b| ≤ `absolute` + `relative` · |b|, and where both are the same infinity; 0 elsewhere, so where one is NaN.
 * They are broadcast, and one may be a number.
 */
export function isClose(a: Value, b: Value, relative = 1e-5, absolute = 1e-8): Tensor {
  checkNumber("isClose: relative", relative, 0);
  checkNumber("isClose: absolute", absolute, 0);
  const same = equal(a, b);
  return same.device.scope(() => {
    const size = typeof b === "number" ? Math.abs(b) : abs(b);
    const room = typeof size === "number" ? absolute + relative * size : add(mul(size, relative), absolute);
    const distance = abs(sub(a, b));
    const near = logicalAnd(lessEqual(distance, room), less(distance, Infinity));
    const either = logicalOr(same, near);
    same.dispose();
    return either;
  });
}

/** 1 where some x along `axes`, all by default, is not 0; 0 elsewhere, so of nothing. */
export function any(x: Tensor, axes?: Axes, keepDims = false): Tensor {
  checkOperands("any", x);
  return x.device.scope(() => less(0, sum(notEqual(x, 0), axes, keepDims)));
}

/** 1 where every x along `axes`, all by default, is not 0, so of nothing; 0 elsewhere. */
export function all(x: Tensor, axes?: Axes, keepDims = false): Tensor {
  checkOperands("all", x);
  return x.device.scope(() => equal(sum(equal(x, 0), axes, keepDims), 0));
}
