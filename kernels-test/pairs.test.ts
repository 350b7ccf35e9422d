import { expect, test } from "vitest";
import * as ops from "../src/ops/pairs.ts";
import { tensor, type Tensor } from "../src/tensor/tensor.ts";
import { checkOp, withDevices } from "./check.ts";

// Random shapes and numbers of all kinds are tried in `property/arithmetic.ts`.
checkOp("atan2", ops.atan2, ([a, b]) => a!.map((y, i) => Math.atan2(y, b![i]!)), [[[65], [65]]]);

const ends = [Infinity, -Infinity, 0, -0, 1, -2.5, 1e38, 1e-30, NaN];
const pairs = ends.flatMap((a) => ends.map((b) => [Math.fround(a), Math.fround(b)] as const));
/** Python's remainder of floats. */
const mod = (a: number, b: number) => {
  const rest = a % b;
  return rest === 0 ? (b < 0 || Object.is(b, -0) ? -0 : 0) : rest < 0 === b < 0 ? rest : rest + b;
};

withDevices((device) => {
  const of = async (op: (a: Tensor, b: Tensor) => Tensor, list: readonly (readonly [number, number])[]) => {
    const side = (i: 0 | 1) =>
      tensor(
        device(),
        list.map((pair) => pair[i]),
      );
    return [...(await op(side(0), side(1)).read())];
  };

  test("infinities, zeros and NaN", async () => {
    const near = (got: number[], f: (a: number, b: number) => number) =>
      got.forEach((value, i) => {
        const want = Math.fround(f(...pairs[i]!));
        const size = Math.abs(want);
        const isRight = Math.abs(value - want) <= 1e-6 * size || size < 1.2e-38;
        if (!Object.is(value, want) && !isRight) expect([...pairs[i]!, value]).toEqual([...pairs[i]!, want]);
      });
    near(await of(ops.atan2, pairs), Math.atan2);
    near(await of(ops.hypot, pairs), Math.hypot);
    near(await of(ops.fmod, pairs), (a, b) => a % b);
    near(await of(ops.mod, pairs), mod);
  });

  test("remainders of numbers of very different sizes are exact", async () => {
    const list = Array.from({ length: 400 }, (_, i) => {
      const [a, b] = [
        Math.sin(i + 1) * 2 ** (-40 + (i % 160)),
        Math.cos(3 * i) * 2 ** (-50 + ((7 * i) % 90)),
      ];
      return [Math.fround(a), Math.fround(b)] as const;
    });
    expect(await of(ops.fmod, list)).toEqual(list.map(([a, b]) => a % b));
    const quotients = await of(ops.floorDivide, list);
    list.forEach(([a, b], i) => {
      const want = Math.round((a - mod(a, b)) / b);
      if (Math.abs(want) > 3e38) return;
      expect(Math.abs(quotients[i]! - want)).toBeLessThanOrEqual(2e-7 * Math.abs(want));
    });
  });

  test("xlogy of 0, logaddexp of equals", async () => {
    expect(await of(ops.xlogy, [[0, 0], [0, Infinity], [0, NaN], [2, 1]])).toEqual([0, 0, NaN, 0]); // prettier-ignore
    expect(await of(ops.logaddexp, [[-Infinity, -Infinity], [Infinity, Infinity], [Infinity, 1]])).toEqual([-Infinity, Infinity, Infinity]); // prettier-ignore
  });
});
