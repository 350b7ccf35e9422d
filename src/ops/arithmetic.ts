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
type Name = keyof typeof codes;
type Value = Tensor | number;

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
  { a, b, m, dy }: { a: Value; b: Value; m?: Tensor; dy?: Tensor },
  out: Tensor,
  constants: Record<string, number> = {},
): void {
  const { shape, size: N } = out;
  const [A, B] = [modeOf(a, shape), modeOf(b, shape)];
  const inFours = A !== undefined && B !== undefined && (!m || sameShape(m.shape, shape));
  const [some] = [m, a, b].filter((value) => typeof value === "object"); // bound in place of a number, and not read
  const of = (value: Value) => (typeof value === "number" ? some! : value);
  const operands: Record<string, Tensor> = { a: of(a), b: of(b), ...(m && { m }), ...(dy && { dy }), out };
  if (out.byteLength > out.device.largestBinding && inFours && A !== modes.row && B !== modes.row) {
    const isWhole = ([name, { size }]: [string, Tensor]) =>
      size === N && !(name === "a" && isNumber(a)) && !(name === "b" && isNumber(b));
    const whole = Object.fromEntries(Object.entries(operands).filter(isWhole));
    return inWindows(whole, ({ out, ...windows }) => launch(entry, { a, b, ...windows }, out!, constants));
  }
  const bytes = 4 * Object.values(operands).reduce((sum, operand) => sum + operand.size, 0);
  const strides = [a, b, m ?? 0].map((value) => broadcastStrides(shapeOf(value), shape));
  const walk = mergeAxes(entry, shape, strides);
  const params = {
    N,
    L: (A === modes.row ? of(a).size : of(b).size) / 4,
    aNumber: typeof a === "number" ? a : 0,
    bNumber: typeof b === "number" ? b : 0,
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
      constants: { ...constants, A, B },
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

function binary(name: Name, a: Value, b: Value): Tensor {
  const inputs = [a, b].filter((value) => typeof value === "object");
  const [some] = inputs;
  if (!some)
    throw new ArgumentError(`${name}: ${Number(a)} and ${Number(b)} are both numbers; one must be a tensor`);
  const constants = { OP: codes[name] };
  const y = empty(some.device, broadcastShape(name, shapeOf(a), shapeOf(b)));
  launch("forward", { a, b }, y, constants);

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

/** a + b, with NumPy's broadcasting, as in all of these; one of the two may be a number. */
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
 * a^b: a negative a needs a whole b, a^0 is 1. The gradient of the exponent is a^b log(a), NaN for a negative
 * a; where a is 0 it is taken as 0.
 */
export function pow(a: Value, b: Value): Tensor {
  return binary("pow", a, b);
}

/** The smaller of a and b, NaN if either is. Where they are equal each has half of the gradient. */
export function min(a: Value, b: Value): Tensor {
  return binary("min", a, b);
}

/** The larger of a and b, NaN if either is. Where they are equal each has half of the gradient. */
export function max(a: Value, b: Value): Tensor {
  return binary("max", a, b);
}

/** `a` where `mask` is not 0, `b` elsewhere, all three broadcast; no gradient flows to the mask. */
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
