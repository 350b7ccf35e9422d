import fc from "fast-check";
import * as ops from "../../src/ops/arithmetic.ts";
import * as pairs from "../../src/ops/pairs.ts";
import * as logic from "../../src/ops/logic.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { zip, type Nd, type Wanted } from "./arrays.ts";
import { property, type Definition, type Form, type Property } from "./property.ts";
import { broadcastable } from "./shapes.ts";
import { each, gridded, withSpecials, type Values } from "./values.ts";

/** A number in place of operand `at`; null for tensors alone. */
type Number = { at: number; value: number } | null;

/** Numbers for which every operation has gradients, and others. */
const numbers = [0.5, 1, 3, 0, -0, -1, -2.5, 1e20, Infinity, -Infinity, NaN];
const hasGradient = ({ setting }: Form<Number>) => !setting || numbers.slice(0, 3).includes(setting.value);

/** `count` operands that are broadcast, the last two of which may be a number. */
function operands(count: number): fc.Arbitrary<Form<Number>> {
  const number = fc.record({ at: fc.constantFrom(count - 2, count - 1), value: fc.constantFrom(...numbers) });
  return fc.oneof(
    { weight: 5, arbitrary: broadcastable(count).map((shapes) => ({ shapes, setting: null })) },
    {
      weight: 1,
      arbitrary: fc.tuple(broadcastable(count - 1), number).map(([shapes, setting]) => ({ shapes, setting })),
    },
  );
}

/** The operands in their order, with the number among them. */
function withNumber<T>(own: readonly T[], setting: Number, number: (value: number) => T): T[] {
  return setting ? own.toSpliced(setting.at, 0, number(setting.value)) : [...own];
}

const scalar = (value: number): Nd => ({ shape: [], data: [Math.fround(value)] });

type Options = Omit<Partial<Definition<Number>>, "smooth">;

/** A comparison or a logical function, which gives 0 or 1. */
function test(
  name: string,
  op: (a: Tensor | number, b: Tensor | number) => Tensor,
  f: (a: number, b: number) => boolean,
): Property {
  const either = each((u) => Math.round(2 * u));
  const values = () => withSpecials(either, 3);
  return binary(name, op, (a, b) => Number(f(a, b)), [], { tolerance: 0, hasGradient: () => false, values });
}

/** A function of two numbers, element by element; `smooth` gives the values of each operand where it has gradients. */
function binary(
  name: string,
  op: (a: Tensor | number, b: Tensor | number) => Tensor,
  f: (a: number, b: number) => number,
  smooth: readonly Values[],
  options: Options = {},
): Property {
  return property<Number>({
    name,
    forms: operands(2),
    op(inputs, setting) {
      const [a, b] = withNumber<Tensor | number>(inputs, setting, (value) => value);
      return op(a!, b!);
    },
    reference: (inputs, setting) => zip(f, ...withNumber(inputs, setting, scalar)),
    smooth: (i, { setting }) => smooth[setting && setting.at <= i ? i + 1 : i]!,
    hasGradient,
    ...options,
  });
}

const any = each((u) => u);
const clear = each((u) => u + Math.sign(u || 1) * 0.3); // no pole
const either = [gridded(1 / 256), gridded(3 / 256)]; // never equal, and no number above

/** Python's remainder of floats. */
const mod = (a: number, b: number) => {
  const rest = a % b;
  return rest === 0 ? (b < 0 || Object.is(b, -0) ? -0 : 0) : rest < 0 === b < 0 ? rest : rest + b;
};
const floorDivide = (a: number, b: number) => {
  if (b === 0 || Number.isNaN(a * b) || Math.abs(a) === Infinity) return a / b;
  if (Math.abs(b) === Infinity) return a !== 0 && a < 0 !== b < 0 ? -1 : a / b;
  return Math.round((a - mod(a, b)) / b);
};
const logaddexp = (a: number, b: number) =>
  a === b ? a + Math.LN2 : Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));

/** No subnormal numbers, nor results that are. */
const normalNumbers = withSpecials(
  each((u) => 9 * u),
  1e30,
  [Infinity, -Infinity, NaN, 0, -0, 1, -2, 1e30],
);

/** `f` of the operands, errors of which are measured by `size`. */
function sized(
  f: (a: number, b: number) => number,
  size: (a: number, b: number) => number,
  inputs: readonly Nd[],
  setting: Number,
): Wanted {
  const both = withNumber(inputs, setting, scalar);
  return { ...zip(f, ...both), scale: zip(size, ...both).data };
}

export const arithmetic: Property[] = [
  binary("add", ops.add, (a, b) => a + b, [any, any]),
  binary("sub", ops.sub, (a, b) => a - b, [any, any]),
  binary("mul", ops.mul, (a, b) => a * b, [any, any]),
  binary("div", ops.div, (a, b) => a / b, [any, clear]),
  binary("pow", ops.pow, (a, b) => a ** b, [each((u) => 1.2 + u), each((u) => 2 * u)], {
    keepsSubnormals: true,
  }),
  binary("min", ops.min, Math.min, either, { tolerance: 0 }),
  binary("max", ops.max, Math.max, either, { tolerance: 0 }),
  binary("atan2", pairs.atan2, Math.atan2, [clear, clear]),
  binary("hypot", pairs.hypot, Math.hypot, [clear, clear]),
  binary("mod", pairs.mod, mod, [gridded(9 + 1 / 256), gridded(-3 + 3 / 256)], {
    keepsSubnormals: true,
    reference: (inputs, setting) =>
      sized(mod, (a, b) => Math.abs(a % b) + (Number.isFinite(b) ? Math.abs(b) : 0), inputs, setting),
  }),
  binary("fmod", pairs.fmod, (a, b) => a % b, [gridded(9 + 1 / 256), gridded(-3 + 3 / 256)], {
    tolerance: 0,
  }),
  binary("floorDivide", pairs.floorDivide, floorDivide, [any, any], {
    hasGradient: () => false,
    values: () => normalNumbers,
  }),
  binary("squaredDifference", pairs.squaredDifference, (a, b) => (a - b) ** 2, [any, any]),
  binary("logaddexp", pairs.logaddexp, logaddexp, [each((u) => 6 * u), any], {
    reference: (inputs, setting) => sized(logaddexp, (a, b) => Math.abs(Math.max(a, b)) + 1, inputs, setting),
  }),
  binary(
    "xlogy",
    pairs.xlogy,
    (a, b) => (a === 0 && b === b ? 0 : a * Math.log(b)),
    [any, each((u) => 1.2 + u)],
    {
      values: () => normalNumbers,
    },
  ),
  property<null>({
    name: "lerp",
    forms: broadcastable(3).map((shapes) => ({ shapes, setting: null })),
    op: ([a, b, t]) => pairs.lerp(a!, b!, t!),
    reference: (inputs) => ({
      ...zip((a, b, t) => a + t * (b - a), ...inputs),
      scale: zip((a, b, t) => Math.abs(a) + Math.abs(t) * (Math.abs(a) + Math.abs(b)), ...inputs).data,
    }),
    values: () => each((u) => 3 * u),
    smooth: () => any,
  }),
  property<null>({
    name: "divideNoNan",
    forms: broadcastable(2).map((shapes) => ({ shapes, setting: null })),
    op: ([a, b]) => pairs.divideNoNan(a!, b!),
    reference: (inputs) => zip((a, b) => (b === 0 ? 0 : a / b), ...inputs),
    values: () => normalNumbers,
    smooth: (i) => (i === 0 ? any : clear),
  }),
  test("equal", logic.equal, (a, b) => a === b),
  test("notEqual", logic.notEqual, (a, b) => a !== b),
  test("less", logic.less, (a, b) => a < b),
  test("lessEqual", logic.lessEqual, (a, b) => a <= b),
  test("greater", logic.greater, (a, b) => a > b),
  test("greaterEqual", logic.greaterEqual, (a, b) => a >= b),
  test("logicalAnd", logic.logicalAnd, (a, b) => a !== 0 && b !== 0),
  test("logicalOr", logic.logicalOr, (a, b) => a !== 0 || b !== 0),
  test("logicalXor", logic.logicalXor, (a, b) => (a !== 0) !== (b !== 0)),
  property<Number>({
    name: "where",
    forms: operands(3),
    op(inputs, setting) {
      const [mask, a, b] = withNumber<Tensor | number>(inputs, setting, (value) => value);
      return ops.where(mask as Tensor, a!, b!);
    },
    reference: (inputs, setting) =>
      zip((mask, a, b) => (mask !== 0 ? a : b), ...withNumber(inputs, setting, scalar)),
    smooth: (i) => (i === 0 ? each((u) => (u > 0 ? 0 : u)) : any),
    tolerance: 0,
    constant: [0],
    hasGradient,
  }),
];
