import { expect, test } from "vitest";
import { NumericalError, ShapeError } from "../src/device/errors.ts";
import { cholesky, requireFactor } from "../src/ops/cholesky.ts";
import { tensor, zeros } from "../src/tensor/tensor.ts";
import { checkOp, rounded, values, withDevices } from "./check.ts";

/** Factors of the symmetric parts of matrices (N,N), by the definition. */
function factors(list: number[], N: number): number[] {
  const L = list.map(() => 0);
  for (let first = 0; first < list.length; first += N * N)
    for (let i = 0; i < N; i++)
      for (let j = 0; j <= i; j++) {
        let value = (list[first + i * N + j]! + list[first + j * N + i]!) / 2;
        for (let k = 0; k < j; k++) value -= L[first + i * N + k]! * L[first + j * N + k]!;
        L[first + i * N + j] = i === j ? Math.sqrt(value) : value / L[first + j * N + j]!;
      }
  return L;
}

const shapes = [
  [1, 1],
  [2, 2],
  [3, 3, 3],
  [2, 9, 9],
  [63, 63],
  [2, 64, 64],
  [65, 65],
  [130, 130],
];
const side = (length: number) =>
  shapes.find((shape) => shape.reduce((product, n) => product * n) === length)!.at(-1)!;
checkOp(
  "cholesky",
  (a) => cholesky(a),
  ([a]) => factors(a!, side(a!.length)),
  shapes.map((shape) => [shape]),
  {
    // not symmetric, and positive definite by its diagonal
    prepare(list) {
      const N = side(list.length);
      return list.map((value, e) =>
        Math.floor(e / N) % N === e % N ? 1.5 + value / 2 : value / Math.sqrt(8 * N),
      );
    },
  },
);

withDevices((device) => {
  test("covariances of scales from 1e-12 to 1e12 have their factors", async () => {
    const N = 40;
    const scale = Array.from({ length: N }, (_, i) => 10 ** ((i % 25) - 12));
    const x = values(4 * N * N, 3);
    const a = rounded(
      Array.from({ length: N * N }, (_, e) => {
        const [i, j] = [Math.floor(e / N), e % N];
        let sum = 0;
        for (let n = 0; n < 4 * N; n++) sum += x[n * N + i]! * x[n * N + j]!;
        return (scale[i]! * scale[j]! * sum) / (4 * N);
      }),
    );
    const got = await (await requireFactor(cholesky(tensor(device(), a, [N, N])))).read();
    const want = factors(a, N);
    got.forEach((value, e) => {
      const unit = scale[Math.floor(e / N)]!;
      expect(Math.abs(value - want[e]!) / unit).toBeLessThan(1e-5);
    });
  });

  test("a matrix that is not positive definite is NaN from there on and told, the others are not touched", async () => {
    const bad = [
      ...[4, 2, 0, 2, 5, 0, 0, 0, 9],
      ...[4, 2, 0, 2, 1, 0, 0, 0, 9],
      ...[NaN, 0, 0, 0, 1, 0, 0, 0, 1],
    ];
    const L = cholesky(tensor(device(), bad, [3, 3, 3]));
    const nan = NaN;
    expect(Array.from(await L.read())).toEqual([
      ...[2, 0, 0, 1, 2, 0, 0, 0, 3],
      ...[2, 0, 0, 1, nan, 0, 0, nan, nan],
      ...[nan, 0, 0, nan, nan, 0, nan, nan, nan],
    ]);
    await expect(requireFactor(L)).rejects.toThrow(NumericalError);
    await expect(requireFactor(L)).rejects.toThrow(/matrix 1 of the batch.*its leading 2 rows/);
    const infinite = cholesky(tensor(device(), [Infinity, 0, 0, 1], [2, 2]));
    await expect(requireFactor(infinite)).rejects.toThrow(/the matrix is not positive definite/);
    expect((await cholesky(zeros(device(), [0, 0])).read()).length).toBe(0);
    expect(() => cholesky(zeros(device(), [2, 3]))).toThrow(ShapeError);
    expect(() => cholesky(zeros(device(), [4]))).toThrow(/expected a square matrix/);
  });
});
