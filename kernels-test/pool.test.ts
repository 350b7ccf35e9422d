import { expect, test } from "vitest";
import { averagePool2d, l2Pool2d, maxPool2d, sumPool2d } from "../src/ops/pool.ts";
import { averagePool3d, maxPool3d, type Pool3dOptions } from "../src/ops/volumes.ts";
import { backward } from "../src/tensor/tape.ts";
import { tensor, zeros } from "../src/tensor/tensor.ts";
import { checkOp, withDevices } from "./check.ts";

type Both = readonly [number, number];

/** How windows lie: padding is the same before and after an axis. */
interface Lattice {
  window: Both;
  stride: Both;
  padding: Both;
  dilation: Both;
  rounding: "floor" | "ceil";
}

/** Pooling as it is defined: `of` is given the pixels of a window, and how many it has with the padding. */
function pooled(
  x: number[],
  [N, H, W, C]: number[],
  { window: [R, S], stride, padding, dilation, rounding }: Lattice,
  of: (window: number[], padded: number) => number,
): number[] {
  const count = (extent: number, taps: number, axis: 0 | 1) => {
    const windows = (extent + 2 * padding[axis] - dilation[axis] * (taps - 1) - 1) / stride[axis] + 1;
    const up = Math.ceil(windows);
    const begins = (up - 1) * stride[axis] < extent + padding[axis];
    return rounding === "ceil" && begins ? up : Math.floor(windows);
  };
  const [P, Q] = [count(H!, R, 0), count(W!, S, 1)];
  const out: number[] = [];
  for (let n = 0; n < N!; n++)
    for (let p = 0; p < P; p++)
      for (let q = 0; q < Q; q++)
        for (let c = 0; c < C!; c++) {
          const window: number[] = [];
          let padded = 0;
          for (let r = 0; r < R; r++)
            for (let s = 0; s < S; s++) {
              const h = p * stride[0] + r * dilation[0] - padding[0];
              const w = q * stride[1] + s * dilation[1] - padding[1];
              if (h < H! + padding[0] && w < W! + padding[1]) padded++;
              if (h >= 0 && h < H! && w >= 0 && w < W!) window.push(x[((n * H! + h) * W! + w) * C! + c]!);
            }
          out.push(of(window, padded));
        }
  return out;
}

const sum = (list: number[]) => list.reduce((total, v) => total + v, 0);
const plain = { stride: [1, 1], padding: [0, 0], dilation: [1, 1], rounding: "floor" } as const;
const cases: [shape: number[], Lattice][] = [
  [[1, 1, 1, 1], { ...plain, window: [1, 1] }],
  [[2, 6, 8, 3], { ...plain, window: [2, 2], stride: [2, 2] }],
  [[2, 7, 5, 4], { ...plain, window: [3, 2], stride: [2, 1], padding: [1, 1] }],
  [[1, 9, 11, 5], { ...plain, window: [2, 3], stride: [3, 4] }],
  [[3, 5, 4, 2], { ...plain, window: [5, 4], stride: [5, 4] }],
  [[2, 8, 9, 2], { window: [2, 3], stride: [3, 2], padding: [1, 2], dilation: [3, 2], rounding: "ceil" }],
  [[1, 6, 7, 3], { window: [3, 3], stride: [2, 3], padding: [1, 1], dilation: [1, 2], rounding: "ceil" }],
]; // prettier-ignore
for (const [shape, lattice] of cases) {
  const name = JSON.stringify(lattice);
  checkOp(
    `maxPool2d ${name}`,
    (x) => maxPool2d(x, lattice),
    ([x]) => pooled(x!, shape, lattice, (list) => Math.max(...list)),
    [[shape]],
  );
  for (const countPadding of lattice.padding[0] ? [true, false] : [true])
    checkOp(
      `averagePool2d ${name}, ${countPadding ? "with" : "without"} padding`,
      (x) => averagePool2d(x, { ...lattice, countPadding }),
      ([x]) =>
        pooled(x!, shape, lattice, (list, padded) => sum(list) / (countPadding ? padded : list.length)),
      [[shape]],
    );
}
const [, last] = cases.at(-1)!;
checkOp(
  "l2Pool2d",
  (x) => l2Pool2d(x, last),
  ([x], [shape]) => pooled(x!, shape!, last, (list) => Math.hypot(...list)),
  [[[1, 6, 7, 3]]],
);
checkOp(
  "sumPool2d",
  (x) => sumPool2d(x, last),
  ([x], [shape]) => pooled(x!, shape!, last, (list) => list.reduce((sum, value) => sum + value, 0)),
  [[[1, 6, 7, 3]]],
);

/** Windows of volumes: those along the depth of what windows make of each image. */
function pooledVolumes(
  x: number[],
  [N, D, H, W, C]: number[],
  [depth, plane]: readonly [Lattice, Lattice],
  of: (window: number[], padded: number) => number,
): number[] {
  const flat = pooled(x, [N! * D!, H!, W!, C!], plane, of);
  return pooled(flat, [N!, D!, flat.length / (N! * D! * C!), C!], depth, of);
}
const inPlane: Lattice = {
  window: [2, 3],
  stride: [2, 1],
  padding: [1, 0],
  dilation: [1, 1],
  rounding: "ceil",
};
const inDepth: Lattice = {
  window: [2, 1],
  stride: [3, 1],
  padding: [1, 0],
  dilation: [2, 1],
  rounding: "ceil",
};
const volume: Pool3dOptions = {
  ...{ window: [2, 2, 3], stride: [3, 2, 1], padding: [1, 1, 0], dilation: [2, 1, 1], rounding: "ceil" },
};
const volumes = [[[1, 5, 3, 4, 2]]];
checkOp("maxPool3d", (x) => maxPool3d(x, volume), ([x], [shape]) => pooledVolumes(x!, shape!, [inDepth, inPlane], (list) => Math.max(...list)), volumes); // prettier-ignore
checkOp("averagePool3d", (x) => averagePool3d(x, { ...volume, countPadding: false }), ([x], [shape]) => pooledVolumes(x!, shape!, [inDepth, inPlane], (list) => sum(list) / list.length), volumes); // prettier-ignore

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
    const far = { window: 2, dilation: 2, padding: 1 };
    expect(() => maxPool2d(zeros(device(), [1, 1, 4, 1]), far)).toThrow("without a pixel of the image");
    expect(() => maxPool2d(x, { window: 0 })).toThrow("a window is of whole numbers from 1, not 0");
    expect(() => averagePool2d(x, { window: 5 })).toThrow(/averagePool2d: .* reaches over 5 pixels/);
    expect(() => averagePool2d(zeros(device(), [4, 4]), { window: 2 })).toThrow("expected images");
  });
});
