import { expect, test } from "vitest";
import { ShapeError } from "../src/device/errors.ts";
import { triangularSolve, type TriangularOptions } from "../src/ops/triangular.ts";
import { zeros } from "../src/tensor/tensor.ts";
import { checkOp, withDevices } from "./check.ts";

/** Substitution in float64, for batches of as many matrices as b has or of one. */
function solved(
  [a, b]: number[][],
  [aShape, bShape]: number[][],
  { upper, transpose }: TriangularOptions,
): number[] {
  const [N, M] = bShape!.slice(-2) as [number, number];
  const batches = [aShape!, bShape!].map((shape) => (shape.length === 3 ? shape[0]! : 1));
  const B = Math.max(...batches);
  const place = (operand: number, batch: number) => (batches[operand] === 1 ? 0 : batch);
  const reverse = Boolean(upper) !== Boolean(transpose);
  const x = new Array<number>(B * N * M).fill(0);
  for (let batch = 0; batch < B; batch++)
    for (let step = 0; step < N; step++)
      for (let m = 0; m < M; m++) {
        const i = reverse ? N - 1 - step : step;
        const t = (j: number) => a![(place(0, batch) * N + (transpose ? j : i)) * N + (transpose ? i : j)]!;
        let value = b![(place(1, batch) * N + i) * M + m]!;
        for (let j = reverse ? N - 1 : 0; j !== i; j += reverse ? -1 : 1)
          value -= t(j) * x[(batch * N + j) * M + m]!;
        x[(batch * N + i) * M + m] = value / t(i);
      }
  return x;
}

const shapes = [
  [
    [1, 1],
    [1, 1],
  ],
  [
    [5, 5],
    [5, 3],
  ],
  [
    [3, 2, 2],
    [3, 2, 129],
  ],
  [
    [1, 63, 63],
    [4, 63, 2],
  ],
  [
    [3, 7, 7],
    [7, 128],
  ],
  [
    [65, 65],
    [65, 7],
  ],
];
for (const upper of [false, true])
  for (const transpose of [false, true])
    checkOp(
      `${upper ? "upper" : "lower"}${transpose ? ", transposed" : ""}`,
      (a, b) => triangularSolve(a, b, { upper, transpose }),
      (inputs, given) => solved(inputs, given, { upper, transpose }),
      shapes,
      {
        prepare(list, i) {
          const N =
            shapes
              .map(([a]) => a!)
              .find((shape) => shape.reduce((p, n) => p * n) === list.length)
              ?.at(-1) ?? 1;
          return i === 1
            ? list
            : list.map((value, e) => (Math.floor(e / N) % N === e % N ? 2 + value : value / Math.sqrt(N)));
        },
      },
    );

withDevices((device) => {
  test("nothing is solved where there is nothing, and shapes that do not fit are refused", async () => {
    const solve = (a: number[], b: number[]) => triangularSolve(zeros(device(), a), zeros(device(), b));
    expect((await solve([0, 0], [0, 4]).read()).length).toBe(0);
    expect((await solve([2, 3, 3], [2, 3, 0]).read()).length).toBe(0);
    expect(await solve([1, 1], [1, 1]).read()).toEqual(Float32Array.of(NaN));
    for (const [a, b, words] of [
      [[2, 3], [2, 1], /a is .*expected a square matrix/],
      [[3, 3], [2, 1], /needs 3 rows/],
      [[2, 3, 3], [3, 3, 1], /a batch of 2 and b of 3/],
    ] as const) {
      expect(() => solve([...a], [...b])).toThrow(ShapeError);
      expect(() => solve([...a], [...b])).toThrow(words);
    }
  });
});
