import { expect, test } from "vitest";
import { backward } from "../src/tensor/tape.ts";
import { tensor, type Tensor } from "../src/tensor/tensor.ts";
import { casesIn, rounded, withDevices } from "./check.ts";

/** A function of one number, with its float64 definition and that of its slope. */
export interface FunctionCase {
  op: (x: Tensor) => Tensor;
  f: (x: number) => number;
  slope: (x: number) => number;
  /** Where values and slopes are compared one by one. */
  range: [number, number];
}

/** Numbers of every size between the ends of `range`, both signs where it has both, and 0. */
function spread([low, high]: [number, number]): number[] {
  const list: number[] = low > 0 ? [] : [0];
  for (let exponent = -37.5; exponent < 39; exponent += 0.0037)
    for (const x of [10 ** exponent, -(10 ** exponent)]) if (x >= low && x <= high) list.push(x);
  for (let x = Math.max(low, -100); x <= Math.min(high, 100); x += 0.0137) list.push(x);
  const span = Math.min(high, 1) - Math.max(low, -1);
  for (let k = 1; k < 200; k++) list.push(Math.max(low, -1) + (span * k) / 200);
  return rounded(list);
}

/**
 * Compares functions with their definitions everywhere in their ranges, NaN among the numbers; without Dawn's checks all of
 * them, each of which is a kernel to compile, and with them those that `casesIn` chooses. Random shapes are tried in `property/elementwise.ts`.
 */
export function checkFunctions(cases: Readonly<Record<string, FunctionCase>>): void {
  withDevices((device, mode) => {
    test.each(casesIn(mode, Object.entries(cases)))("%s is right everywhere", async (name, one) => {
      const { op, f, slope, range } = one;
      const list = [...spread(range), NaN];
      const x = tensor(device(), list);
      x.requiresGrad = true;
      const y = op(x);
      backward(y);
      const [values, slopes] = [await y.read(), await x.grad!.read()];
      expect([values.at(-1), slopes.at(-1) === 0], "of NaN, whose slope is not 0").toEqual([NaN, false]);
      const smallest = 1.2e-38; // what is below may come as zero
      const worst = { value: 0, slope: 0 };
      list.slice(0, -1).forEach((at, i) => {
        const tiny = Math.abs(f(at)) < smallest && Math.abs(values[i]!) < smallest;
        const error = tiny ? 0 : Math.abs(values[i]! - f(at)) / Math.abs(f(at));
        worst.value = Math.max(worst.value, Number.isNaN(error) ? Infinity : error);
        if (!Number.isFinite(slope(at)) || Math.abs(slope(at)) > 3e38) return;
        const slopeError = Math.abs(slopes[i]! - slope(at)) / Math.max(Math.abs(slope(at)), 1);
        worst.slope = Math.max(worst.slope, Number.isNaN(slopeError) ? Infinity : slopeError);
      });
      expect(worst.value, `${name}: largest error relative to each value`).toBeLessThan(1e-6);
      expect(worst.slope, `d ${name}`).toBeLessThan(2e-6);
    });
  });
}
