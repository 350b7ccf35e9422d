import { expect, test } from "vitest";
import { averagePool2d, maxPool2d, type AveragePoolOptions } from "../src/ops/pool.ts";
import { backward } from "../src/tensor/tape.ts";
import { tensor, zeros } from "../src/tensor/tensor.ts";
import { checkOp, withDevices } from "./check.ts";

type Both = readonly [number, number];

/** Pooling as it is defined, where padding is the same before and after an axis. */
function pooled(
  x: number[],
  [N, H, W, C]: number[],
  [[R, S], stride, pad]: readonly [Both, Both, Both],
  of: (window: number[]) => number,
): number[] {
  const count = (extent: number, taps: number, axis: 0 | 1) =>
    Math.floor((extent + 2 * pad[axis] - taps) / stride[axis]) + 1;
  const [P, Q] = [count(H!, R, 0), count(W!, S, 1)];
  const out: number[] = [];
  for (let n = 0; n < N!; n++)
    for (let p = 0; p < P; p++)
      for (let q = 0; q < Q; q++)
        for (let c = 0; c < C!; c++) {
          const window: number[] = [];
          for (let r = 0; r < R; r++)
            for (let s = 0; s < S; s++) {
              const [h, w] = [p * stride[0] + r - pad[0], q * stride[1] + s - pad[1]];
              if (h >= 0 && h < H! && w >= 0 && w < W!) window.push(x[((n * H! + h) * W! + w) * C! + c]!);
            }
          out.push(of(window));
        }
  return out;
}

const sum = (list: number[]) => list.reduce((total, v) => total + v, 0);
const cases: [shape: number[], window: Both, stride: Both, pad: Both][] = [
  [
    [1, 1, 1, 1],
    [1, 1],
    [1, 1],
    [0, 0],
  ],
  [
    [2, 6, 8, 3],
    [2, 2],
    [2, 2],
    [0, 0],
  ],
  [
    [2, 7, 5, 4],
    [3, 2],
    [2, 1],
    [1, 1],
  ],
  [
    [1, 9, 11, 5],
    [2, 3],
    [3, 4],
    [0, 0],
  ],
  [
    [3, 5, 4, 2],
    [5, 4],
    [5, 4],
    [0, 0],
  ],
];
for (const [shape, window, stride, padding] of cases) {
  const options = { window, stride, padding } satisfies AveragePoolOptions;
  const how = [window, stride, padding] as const;
  checkOp(
    `maxPool2d ${JSON.stringify(how)}`,
    (x) => maxPool2d(x, options),
    ([x]) => pooled(x!, shape, how, (list) => Math.max(...list)),
    [[shape]],
  );
  for (const countPadding of padding[0] ? [true, false] : [true])
    checkOp(
      `averagePool2d ${JSON.stringify(how)}, ${countPadding ? "with" : "without"} padding`,
      (x) => averagePool2d(x, { ...options, countPadding }),
      ([x]) =>
        pooled(x!, shape, how, (list) => sum(list) / (countPadding ? window[0] * window[1] : list.length)),
      [[shape]],
    );
}

withDevices((device) => {
  test("NaN is the largest, and the first of equals gets the gradient", async () => {
    const x = tensor(device(), [2, 2, -1, NaN, -3, -3, -3, 5], [1, 2, 4, 1]);
    x.requiresGrad = true;
    const y = maxPool2d(x, { window: 2 });
    expect([...(await y.read())]).toEqual([2, NaN]);
    backward(y, tensor(device(), [7, 9], y.shape));
    expect([...(await x.grad!.read())]).toEqual([7, 0, 0, 9, 0, 0, 0, 0]);
  });

  test("padding is never the largest; same padding keeps ⌈H / stride⌉ windows", async () => {
    const x = tensor(device(), [-1, -2, -3], [1, 3, 1, 1]);
    const y = maxPool2d(x, { window: [2, 1], stride: [2, 1], padding: "same" });
    expect([...(await y.read())]).toEqual([-1, -3]);
  });

  test("what does not fit is refused", () => {
    const x = zeros(device(), [1, 4, 4, 1]);
    expect(() => maxPool2d(x, { window: 2, padding: 2 })).toThrow(
      "maxPool2d: padding 2 leaves windows of 2 × 2 without a pixel of the image; pad less",
    );
    expect(() => maxPool2d(x, { window: 0 })).toThrow("a window is of whole numbers from 1, not 0");
    expect(() => averagePool2d(x, { window: 5 })).toThrow(/averagePool2d: .* reaches over 5 pixels/);
    expect(() => averagePool2d(zeros(device(), [4, 4]), { window: 2 })).toThrow("expected images");
  });
});
