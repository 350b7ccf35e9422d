import { ArgumentError } from "../device/errors.ts";
import { kernel, linearGrid } from "../device/kernel.ts";
import { broadcastShape, sameShape, sizeOf, type Shape } from "../tensor/shape.ts";
import { track, type Gradients } from "../tensor/tape.ts";
import { empty, type Tensor } from "../tensor/tensor.ts";
import { inWindows } from "../tensor/windows.ts";
import { axisParams, broadcastStrides, mergeAxes, rankOf } from "./lib/strided.ts";
import { sumTo } from "./reduce.ts";

const arithmeticKernel = kernel("arithmetic");
const WG = 64;
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
export type Value = Tensor | number;

/** How `forward4` reads an operand. */
const modes = { whole: 0, row: 1, one: 2, number: 3 } as const;

const isNumber = (value: Value) => typeof value === "number";
const shapeOf = (value: Value): Shape => (typeof value === "number" ? [] : value.shape);

/** How a lane reads four elements of `shape` at a time from `value`; `undefined` if it cannot. */
function modeOf(value: Value, shape: Shape): number | undefined {
  if (typeof value === "number") return modes.number;
  if (value.size === 1) return modes.one;
  const inner = value.shape.slice(value.shape.findIndex((extent) => extent !== 1));
  if (!sameShape(inner, shape.slice(shape.length - inner.length))) return undefined;
  if (value.size === sizeOf(shape)) return modes.whole;
  return value.size % 4 === 0 ? modes.row : undefined;
}

/** Launches `entry` for every element of `out`, in fours where all operands can be read so. */
function launch(
  entry: "forward" | "backward" | "choose",
  given: { a: Value; b: Value; m?: Tensor; dy?: Tensor; test?: number },
  out: Tensor,
  constants: Record<string, number> = {},
): void {
  const { a, b, m, dy, test = 0 } = given;
  const { shape, size: N } = out;
  const [A, B, M] = [a, b, m ?? 0].map((value) => modeOf(value, shape));
  const found = [A, B, M];
  const inFours = !found.includes(undefined);
  if (out.byteLength > out.device.largestBinding && inFours && !found.includes(modes.row)) {
    const isWhole = (operand: Value | undefined) => typeof operand === "object" && operand.size === N;
    const whole = Object.fromEntries(
      Object.entries({ ...given, out }).filter(([, operand]) => isWhole(operand)),
    );
    return inWindows(whole as Record<string, Tensor>, ({ out, ...windows }) =>
      launch(entry, { ...given, ...windows }, out!, constants),
    );
  }
  const [some] = [m, a, b].filter((value) => typeof value === "object"); // bound in place of a number, and not read
  const of = (value: Value) => (typeof value === "number" ? some! : value);
  const operands: Record<string, Tensor> = { a: of(a), b: of(b), ...(m && { m }), ...(dy && { dy }), out };
  const bytes = 4 * Object.values(operands).reduce((sum, operand) => sum + operand.size, 0);
  const strides = [a, b, m ?? 0].map((value) => broadcastStrides(shapeOf(value), shape));
  const walk = mergeAxes(entry, shape, strides);
  const params = {
    N,
    aRow: of(a).size / 4,
    bRow: of(b).size / 4,
    mRow: (m?.size ?? 0) / 4,
    aNumber: typeof a === "number" ? a : 0,
    bNumber: typeof b === "number" ? b : 0,
    test,
    ...axisParams("e", walk.extents, 1),
    ...axisParams("a", walk.strides[0]!),
    ...axisParams("b", walk.strides[1]!),
    ...axisParams("m", walk.strides[2]!),
  };
  if (inFours) {
    const inputs = Object.fromEntries(
      Object.entries(operands).map(([name, operand]) => [`${name}4`, operand]),
    );
    const grid = linearGrid(Math.ceil(N / 4), WG);
    arithmeticKernel(`${entry}4`, inputs, params, grid, {
      constants: { ...constants, A: A!, B: B!, ...(m && { M: M! }) },
      work: { bytes },
    });
  } else {
    const read = { A: isNumber(a) ? modes.number : 0, B: isNumber(b) ? modes.number : 0, ...rankOf(walk) };
    arithmeticKernel(entry, operands, params, linearGrid(N, WG), {
      constants: { ...constants, ...read },
      work: { bytes },
    });
  }
}

/** The gradient of input `i`, made by `write` in the shape of the output and summed to that of the input. */
function gradientOf(
  i: number,
  input: Tensor,
  dy: Tensor,
  gradients: Gradients,
  write: (out: Tensor) => void,
): Tensor {
  const gradient = gradients.empty(i);
  if (sameShape(input.shape, dy.shape)) {
    write(gradient);
    return gradient;
  }
  const whole = empty(dy.device, dy.shape);
  write(whole);
  return sumTo(gradient, whole);
}

/** `a OP b`, and the tensors among a and b. */
function forward(name: string, OP: number, a: Value, b: Value, test = 0): [y: Tensor, inputs: Tensor[]] {
  const inputs = [a, b].filter((value) => typeof value === "object");
  const [some] = inputs;
  if (!some)
    throw new ArgumentError(`${name}: ${Number(a)} and ${Number(b)} are both numbers; one must be a tensor`);
  const y = empty(some.device, broadcastShape(name, shapeOf(a), shapeOf(b)));
  launch("forward", { a, b, test }, y, { OP });
  return [y, inputs];
}

/** 1 where the test `name` of a and b holds, 0 elsewhere. */
export function holds(name: keyof typeof tests, a: Value, b: Value): Tensor {
  return forward(name, TEST, a, b, tests[name])[0];
}

function binary(name: Name, a: Value, b: Value): Tensor {
  const constants = { OP: codes[name] };
  const [y, inputs] = forward(name, codes[name], a, b);

  return track(y, inputs, (dy, gradients) =>
    inputs.map((input, i) => {
      if (!gradients.wanted(i)) return undefined;
      const WRT = isNumber(a) ? 1 : i;
      if (name === "add" || name === "sub") {
        const sign = name === "sub" && WRT === 1 ? -1 : 1;
        return sign === 1 && sameShape(input.shape, dy.shape) ? dy : sumTo(gradients.empty(i), dy, sign);
      }
      return gradientOf(i, input, dy, gradients, (out) =>
        launch("backward", { a, b, dy }, out, { ...constants, WRT }),
      );
    }),
  );
}

/**
 * a + b, with NumPy's broadcasting, as in all of these; one of the two may be a number. Sums, products and quotients
 * are the adapter's: it may take subnormal numbers, those nearer to 0 than 1.2e-38, as 0, and give 0 for them.
 * SwiftShader does, lavapipe does not.
 */
export function add(a: Value, b: Value): Tensor {
  return binary("add", a, b);
}

/** a - b. */
export function sub(a: Value, b: Value): Tensor {
  return binary("sub", a, b);
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
  const y = empty(
    mask.device,
    broadcastShape("where", mask.shape, broadcastShape("where", shapeOf(a), shapeOf(b))),
  );
  launch("choose", { m: mask, a, b }, y);

  const inputs = values.filter((value) => typeof value === "object");
  return track(y, inputs, (dy, gradients) =>
    inputs.map((input, i) => {
      if (!gradients.wanted(i)) return undefined;
      const isA = i === 0 && !isNumber(a);
      const parts = isA ? { a: dy, b: 0 } : { a: 0, b: dy };
      return gradientOf(i, input, dy, gradients, (out) => launch("choose", { m: mask, ...parts }, out));
    }),
  );
}
