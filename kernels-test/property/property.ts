import fc from "fast-check";
import type { Tensor } from "../../src/tensor/tensor.ts";
import type { Nd, Wanted } from "./arrays.ts";
import { each, largestFloat, randomFrom, wide, withSpecials, type Values } from "./values.ts";

/** The shapes of an operation's operands, and what else it is told. */
export interface Form<Setting> {
  shapes: readonly (readonly number[])[];
  setting: Setting;
}

/** One operation that is tried on random operands: all that has to be said of it. */
export interface Definition<Setting> {
  name: string;
  /** Random forms; `shapes.ts` has the usual ones. */
  forms: fc.Arbitrary<Form<Setting>>;
  op: (inputs: Tensor[], setting: Setting) => Tensor;
  /** Its plain definition in float64. */
  reference: (inputs: Nd[], setting: Setting) => Wanted;
  /**
   * The largest error, relative to each value or its `scale`; 1e-5 unless given. At 0 all bits have to be those of the
   * float64 value, rounded: for operations that choose and move numbers and compute none.
   */
  tolerance?: number;
  /** Where gradients exist: the values of operand i for cases that take them. In [-1, 1) unless given; no kinks. */
  smooth?: (i: number, form: Form<Setting>) => Values;
  /** The values of operand i for cases without gradients; all f32 up to `limit`, infinities and NaN unless given. */
  values?: (i: number, form: Form<Setting>) => Values | undefined;
  /** The largest finite operand: larger ones overflow on the way. */
  limit?: number;
  /** Operands that take no gradient. */
  constant?: readonly number[];
  /** Whether gradients exist for this form; they do unless given. */
  hasGradient?: (form: Form<Setting>) => boolean;
  /** It takes subnormal operands as they are also where the adapter's arithmetic takes them as 0. */
  keepsSubnormals?: boolean;
  /** Zeros have the sign that float64 gives them; not so in sums, by default, and so where one number gives one. */
  signedZeros?: boolean;
}

/** One operation on given operands. */
export interface Case {
  text: string;
  inputs: Nd[];
  launch: (inputs: Tensor[]) => Tensor;
  reference: (inputs: Nd[]) => Wanted;
  tolerance: number;
  keepsSubnormals: boolean;
  signedZeros: boolean;
  /** The operands whose gradients are to be checked; none where there are special values. */
  differentiated: readonly number[];
  /** Makes the gradient of the output, and the directions along which gradients are compared. */
  seed: number;
}

/** An operation with its random cases. */
export interface Property {
  name: string;
  cases: fc.Arbitrary<Case>;
}

const styles = ["smooth", "wide", "special", "special"] as const;

/** Gives a definition its random operands. */
export function property<Setting>(definition: Definition<Setting>): Property {
  const { name, forms, op, reference, tolerance = 1e-5, constant = [] } = definition;
  const { limit = largestFloat, smooth = () => each((u) => u) } = definition;
  const { keepsSubnormals = tolerance === 0, signedZeros = true } = definition;
  const { hasGradient = () => true } = definition;

  function valuesOf(i: number, form: Form<Setting>, style: (typeof styles)[number]): Values {
    const own = definition.values?.(i, form);
    if (style === "smooth") return smooth(i, form);
    return own ?? (style === "special" ? withSpecials(wide(limit), limit) : wide(limit));
  }

  const cases = fc
    .record({ form: forms, style: fc.constantFrom(...styles), seed: fc.integer() })
    .map(({ form, style: drawn, seed }): Case => {
      const style = drawn === "smooth" && !hasGradient(form) ? "wide" : drawn;
      const random = randomFrom(seed);
      const inputs = form.shapes.map((shape, i) => {
        const n = shape.reduce((a, b) => a * b, 1);
        return { shape, data: valuesOf(i, form, style)(n, random).map(Math.fround) };
      });
      const numbered = form.shapes.map((_, i) => i);
      const shapes = form.shapes.map((shape) => `(${shape.join()})`).join(" ");
      return {
        text: `${name} ${shapes} ${fc.stringify(form.setting)}, ${style}, seed ${seed}`,
        inputs,
        launch: (tensors) => op(tensors, form.setting),
        reference: (arrays) => reference(arrays, form.setting),
        ...{ tolerance, keepsSubnormals, signedZeros, seed },
        differentiated:
          style === "smooth"
            ? numbered.filter((i) => !constant.includes(i) && inputs[i]!.data.length > 0)
            : [],
      };
    });
  return { name, cases };
}
