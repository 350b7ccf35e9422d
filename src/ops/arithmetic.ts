import { kernel } from "../device/kernel.ts";
import { broadcastShape, sameShape } from "../tensor/shape.ts";
import { track } from "../tensor/tape.ts";
import { checkOperands, emptyFor, type Tensor } from "../tensor/tensor.ts";
import { note } from "../tensor/trace.ts";
import {
  applyBroadcast,
  forwardBroadcast,
  gradientOf,
  isNumber,
  launchBroadcast,
  shapeOf,
  type Value,
} from "./lib/broadcast.ts";
import { sumTo } from "./reduce.ts";

export type { Value } from "./lib/broadcast.ts";

const arithmeticKernel = kernel("arithmetic");
/** The operations, by their numbers in `shaders/arithmetic.wgsl`. */
const codes = { add: 0, sub: 1, mul: 2, div: 3, pow: 4, min: 5, max: 6 } as const;
const TEST = 7;
/** Tests, which give 0 or 1 and have no gradient, by their numbers there. */
const tests = {
  equal: 0,
  notEqual: 1,
  less: 2,
  lessEqual: 3,
  logicalAnd: 4,
  logicalOr: 5,
  logicalXor: 6,
} as const;
type Name = keyof typeof codes;

/** 1 where the test `name` of a and b holds, 0 elsewhere. */
export function holds(name: keyof typeof tests, a: Value, b: Value): Tensor {
  return forwardBroadcast(arithmeticKernel, name, TEST, { a, b, test: tests[name] })[0];
}

function binary(name: Name, a: Value, b: Value): Tensor {
  return applyBroadcast(arithmeticKernel, name, codes[name], a, b);
}

/** a ± b, whose gradients are that of the result, summed to the shapes of a and b. */
function additive(name: "add" | "sub", a: Value, b: Value): Tensor {
  return applyBroadcast(arithmeticKernel, name, codes[name], a, b, (i, WRT, dy, gradients) => {
    const sign = name === "sub" && WRT === 1 ? -1 : 1;
    const dx = gradients.empty(i);
    return sign === 1 && sameShape(dx.shape, dy.shape) ? dy : sumTo(dx, dy, sign);
  });
}

/**
 * a + b, with NumPy's broadcasting, as in all of these; one of the two may be a number. Sums, products and quotients
 * are the adapter's: it may take subnormal numbers, those nearer to 0 than 1.2e-38, as 0, and give 0 for them.
 * SwiftShader does, lavapipe does not.
 */
export function add(a: Value, b: Value): Tensor {
  return additive("add", a, b);
}

/** a - b. */
export function sub(a: Value, b: Value): Tensor {
  return additive("sub", a, b);
}

/** a · b, element by element. */
export function mul(a: Value, b: Value): Tensor {
  return binary("mul", a, b);
}

/** a / b. */
export function div(a: Value, b: Value): Tensor {
  return binary("div", a, b);
}

/**
 * a^b as JavaScript has it, also for zeros of either sign, NaN and subnormal operands: a negative a needs a whole b,
 * a^0 is 1, 1 to an infinite power is NaN. A result nearer to 0 than 1.2e-38 may come as 0. The gradient of the exponent is a^b log(a), NaN for a negative
 * a; where a is 0 it is taken as 0.
 */
export function pow(a: Value, b: Value): Tensor {
  return binary("pow", a, b);
}

/** The smaller of a and b, NaN if either is; -0 is smaller than 0. Where they are equal each has half of the gradient. */
export function min(a: Value, b: Value): Tensor {
  return binary("min", a, b);
}

/** The larger of a and b, NaN if either is; 0 is larger than -0. Where they are equal each has half of the gradient. */
export function max(a: Value, b: Value): Tensor {
  return binary("max", a, b);
}

/** `a` where `mask` is not 0 (so where it is NaN), `b` elsewhere, all three broadcast; the mask takes no gradient. */
export function where(mask: Tensor, a: Value, b: Value): Tensor {
  const values = [a, b];
  const inputs = values.filter((value) => typeof value !== "number");
  checkOperands("where", mask, ...inputs);
  const y = emptyFor(
    inputs.length > 0 ? inputs : [mask],
    broadcastShape("where", mask.shape, broadcastShape("where", shapeOf(a), shapeOf(b))),
  );
  launchBroadcast(arithmeticKernel, "choose", { m: mask, a, b }, y);
  note("where", y, [mask, a, b]);

  return track(y, inputs, (dy, gradients) =>
    inputs.map((input, i) => {
      if (!gradients.wanted(i)) return undefined;
      const isA = i === 0 && !isNumber(a);
      const parts = isA ? { a: dy, b: 0 } : { a: 0, b: dy };
      return gradientOf(i, input, dy, gradients, (out) =>
        launchBroadcast(arithmeticKernel, "choose", { m: mask, ...parts }, out),
      );
    }),
  );
}
