import { ArgumentError } from "../../device/errors.ts";
import { linearGrid, type Kernel } from "../../device/kernel.ts";
import { broadcastShape, sameShape, sizeOf, type Shape } from "../../tensor/shape.ts";
import { track, type Gradients } from "../../tensor/tape.ts";
import { checkOperands, empty, emptyFor, type Tensor } from "../../tensor/tensor.ts";
import { note } from "../../tensor/trace.ts";
import { inWindows } from "../../tensor/windows.ts";
import { sumTo } from "../reduce.ts";
import { axisParams, broadcastStrides, mergeAxes, rankOf } from "./strided.ts";

const WG = 64;
export type Value = Tensor | number;

/** How `forward4` reads an operand. */
const modes = { whole: 0, row: 1, one: 2, number: 3 } as const;

export const isNumber = (value: Value) => typeof value === "number";
export const shapeOf = (value: Value): Shape => (typeof value === "number" ? [] : value.shape);

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
export function launchBroadcast(
  launched: Kernel,
  entry: "forward" | "backward" | "choose",
  given: { a: Value; b: Value; m?: Tensor | undefined; dy?: Tensor | undefined; test?: number | undefined },
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
      launchBroadcast(launched, entry, { ...given, ...windows }, out!, constants),
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
    launched(`${entry}4`, inputs, params, grid, {
      constants: { ...constants, A: A!, B: B!, ...(m && { M: M! }) },
      work: { bytes },
    });
  } else {
    const read = { A: isNumber(a) ? modes.number : 0, B: isNumber(b) ? modes.number : 0, ...rankOf(walk) };
    launched(entry, operands, params, linearGrid(N, WG), {
      constants: { ...constants, ...read },
      work: { bytes },
    });
  }
}

/** The gradient of input `i`, made by `write` in the shape of the output and summed to that of the input. */
export function gradientOf(
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

/** f(a, b) of the function OP, and the tensors among a and b. */
export function forwardBroadcast(
  launched: Kernel,
  name: string,
  OP: number,
  { a, b, test = 0 }: { a: Value; b: Value; test?: number | undefined },
): [y: Tensor, inputs: Tensor[]] {
  const inputs = [a, b].filter((value) => typeof value !== "number");
  checkOperands(name, ...inputs);
  const [some] = inputs;
  if (!some)
    throw new ArgumentError(`${name}: ${Number(a)} and ${Number(b)} are both numbers; one must be a tensor`);
  const y = emptyFor(inputs, broadcastShape(name, shapeOf(a), shapeOf(b)));
  launchBroadcast(launched, "forward", { a, b, test }, y, { OP });
  note(name, y, [a, b]);
  return [y, inputs];
}

/**
 * f(a, b) of the function OP of a kernel made with `lib/broadcast.wgsl`, with its gradients; `simple` may give that of an
 * operand, the first where WRT is 0, in another way.
 */
export function applyBroadcast(
  launched: Kernel,
  name: string,
  OP: number,
  a: Value,
  b: Value,
  simple?: (i: number, WRT: number, dy: Tensor, gradients: Gradients) => Tensor,
): Tensor {
  const [y, inputs] = forwardBroadcast(launched, name, OP, { a, b });

  return track(y, inputs, (dy, gradients) =>
    inputs.map((input, i) => {
      if (!gradients.wanted(i)) return undefined;
      const WRT = isNumber(a) ? 1 : i;
      if (simple) return simple(i, WRT, dy, gradients);
      return gradientOf(i, input, dy, gradients, (out) =>
        launchBroadcast(launched, "backward", { a, b, dy }, out, { OP, WRT }),
      );
    }),
  );
}
