import { expect, test } from "vitest";
import { ShapeError } from "../src/device/errors.ts";
import * as ops from "../src/ops/convolutions.ts";
import * as blocks from "../src/ops/blocks.ts";
import * as volumes from "../src/ops/volumes.ts";
import { tensor } from "../src/tensor/tensor.ts";
import { checkOp, withDevices } from "./check.ts";

interface Geometry {
  stride?: number[];
  before?: number[];
  after?: number[];
  dilation?: number[];
  groups?: number;
}

/** x (N,D,H,W,C) ∗ w (T,R,S,C/G,K), stride, padding before, and dilation of each axis; where places are out, x is 0. */
function correlation(
  [x, w]: readonly number[][],
  [xs, ws]: readonly (readonly number[])[],
  { stride = [1, 1, 1], before = [0, 0, 0], after, dilation = [1, 1, 1], groups = 1 }: Geometry,
): number[] {
  const [N, C, K] = [xs![0]!, xs![4]!, ws![4]!];
  const outs = [0, 1, 2].map(
    (d) =>
      Math.floor(
        (xs![d + 1]! + before[d]! + (after ?? before)[d]! - dilation[d]! * (ws![d]! - 1) - 1) / stride[d]!,
      ) + 1,
  );
  const y: number[] = [];
  const depth = C / groups;
  for (let n = 0; n < N; n++)
    for (let o = 0; o < outs[0]!; o++)
      for (let p = 0; p < outs[1]!; p++)
        for (let q = 0; q < outs[2]!; q++)
          for (let k = 0; k < K; k++) {
            let sum = 0;
            for (let t = 0; t < ws![0]!; t++)
              for (let r = 0; r < ws![1]!; r++)
                for (let s = 0; s < ws![2]!; s++) {
                  const at = [o, p, q].map(
                    (i, d) => i * stride[d]! + [t, r, s][d]! * dilation[d]! - before[d]!,
                  );
                  if (at.some((i, d) => i < 0 || i >= xs![d + 1]!)) continue;
                  for (let c = 0; c < depth; c++) {
                    const channel = Math.floor(k / (K / groups)) * depth + c;
                    const i = at.reduce((place, a, d) => place * xs![d + 1]! + a, n) * C + channel;
                    sum += x![i]! * w![(((t * ws![1]! + r) * ws![2]! + s) * depth + c) * K + k]!;
                  }
                }
            y.push(sum);
          }
  return y;
}

const row = ([N, W, C]: readonly number[]) => [N!, 1, 1, W!, C!];
const filter = ([S, C, K]: readonly number[]) => [1, 1, S!, C!, K!];

checkOp(
  "conv1d",
  (x, w) => ops.conv1d(x, w, { stride: 2, padding: [1, 2], dilation: 2, groups: 2 }),
  (lists, [x, w]) =>
    correlation(lists, [row(x!), filter(w!)], {
      ...{ stride: [1, 1, 2], before: [0, 0, 1], after: [0, 0, 2], dilation: [1, 1, 2], groups: 2 },
    }),
  [[[2, 9, 4], [3, 2, 6]]], // prettier-ignore
);
checkOp(
  "depthwiseConv2d",
  (x, w) => ops.depthwiseConv2d(x, w, { padding: 1 }),
  (lists, [x, w]) => {
    const [R, S, C, M] = w as [number, number, number, number];
    const shapes = [[x![0]!, 1, ...x!.slice(1)], [1, R, S, 1, C * M]] as const; // prettier-ignore
    return correlation(lists, shapes, { before: [0, 1, 1], groups: C });
  },
  [[[2, 5, 4, 3], [3, 3, 3, 2]]], // prettier-ignore
);
checkOp(
  "separableConv2d",
  (x, w, mix, bias) => ops.separableConv2d(x, w, mix, { padding: 1, stride: 2, bias }),
  (lists, [x, w, mix]) => {
    const [R, S, C, M] = w as [number, number, number, number];
    const [N, H, W] = x as [number, number, number, number];
    const apart = correlation(lists, [[N, 1, H, W, C], [1, R, S, 1, C * M]], { before: [0, 1, 1], stride: [1, 2, 2], groups: C }); // prettier-ignore
    const K = mix![3]!;
    return Array.from({ length: (apart.length / (C * M)) * K }, (_, i) => {
      const [pixel, k] = [Math.floor(i / K), i % K];
      const products = Array.from(
        { length: C * M },
        (_, c) => apart[pixel * C * M + c]! * lists[2]![c * K + k]!,
      );
      return products.reduce((sum, product) => sum + product, lists[3]![k]!);
    });
  },
  [[[2, 4, 5, 3], [3, 3, 3, 2], [1, 1, 6, 4], [4]]], // prettier-ignore
);
for (const [name, sign] of [
  ["dilation2d", 1],
  ["erosion2d", -1],
] as const)
  // prettier-ignore
  checkOp(
    name,
    (x, w) => blocks[name](x, w, { padding: "same", stride: [1, 2], dilation: [2, 1] }),
    ([x, w]) => {
      const [H, W, C] = [4, 5, 3]; // pads two rows above and below, and a column on both sides
      return Array.from({ length: H * 3 * C }, (_, i) => {
        const [p, q, c] = [Math.floor(i / 9), Math.floor(i / C) % 3, i % C];
        const taps = Array.from({ length: 9 }, (_, tap) => {
          const [h, v] = [p + 2 * (Math.floor(tap / 3) - 1), 2 * q + (tap % 3) - 1];
          const isInside = h >= 0 && h < H && v >= 0 && v < W;
          return isInside ? sign * x![(h * W + v) * C + c]! + w![tap * C + c]! : -Infinity;
        });
        return sign * Math.max(...taps);
      });
    },
    [[[1, 4, 5, 3], [3, 3, 3]]], // prettier-ignore
  );
checkOp(
  "conv3d",
  (x, w, bias) => volumes.conv3d(x, w, { stride: [2, 1, 2], padding: [1, 1, 0], dilation: [1, 2, 1], bias }),
  (lists, shapes) =>
    correlation(lists, shapes, { stride: [2, 1, 2], before: [1, 1, 0], dilation: [1, 2, 1] }).map(
      (y, i) => y + lists[2]![i % 4]!,
    ),
  [[[2, 5, 6, 5, 3], [3, 2, 3, 3, 4], [4]]], // prettier-ignore
);
/** The transpose of that: each element of x spreads w, with padding that is taken off on both sides. */
function spread(
  [x, w]: readonly number[][],
  [xs, ws]: readonly (readonly number[])[],
  { stride, padding, dilation, extra }: Record<"stride" | "padding" | "dilation" | "extra", number[]>,
): number[] {
  const [N, K, C] = [xs![0]!, xs![4]!, ws![3]!];
  const out = [0, 1, 2].map(
    (d) => (xs![d + 1]! - 1) * stride[d]! - 2 * padding[d]! + dilation[d]! * (ws![d]! - 1) + extra[d]! + 1,
  );
  const y = new Array<number>(N * out[0]! * out[1]! * out[2]! * C).fill(0);
  x!.forEach((value, i) => {
    const [k, pixel] = [i % K, Math.floor(i / K)];
    const place = [Math.floor(pixel / (xs![2]! * xs![3]!)), Math.floor(pixel / xs![3]!), pixel];
    const at = place.map((p, d) => p % xs![d + 1]!);
    const n = Math.floor(place[0]! / xs![1]!);
    w!.forEach((weight, j) => {
      if (j % K !== k) return;
      const [c, tap] = [Math.floor(j / K) % C, Math.floor(j / (K * C))];
      const taps = [
        Math.floor(tap / (ws![1]! * ws![2]!)),
        Math.floor(tap / ws![2]!) % ws![1]!,
        tap % ws![2]!,
      ];
      const to = taps.map((t, d) => at[d]! * stride[d]! + t * dilation[d]! - padding[d]!);
      if (to.some((p, d) => p < 0 || p >= out[d]!)) return;
      y[to.reduce((sum, p, d) => sum * out[d]! + p, n) * C + c]! += value * weight;
    });
  });
  return y;
}
const apart = { stride: [2, 1, 3], padding: [1, 0, 1], dilation: [1, 2, 1], extra: [1, 0, 2] };
checkOp(
  "convTranspose3d",
  (x, w, bias) => {
    const { stride, padding, dilation, extra } = apart as Record<
      keyof typeof apart,
      [number, number, number]
    >;
    return volumes.convTranspose3d(x, w, { stride, padding, dilation, outputPadding: extra, bias });
  },
  (lists, shapes) => spread(lists, shapes, apart).map((y, i) => y + lists[2]![i % 3]!),
  [[[2, 3, 4, 2, 4], [3, 2, 3, 3, 4], [3]]], // prettier-ignore
);
checkOp(
  "averagePool1d",
  (x) => ops.averagePool1d(x, { window: 2 }),
  ([x], [shape]) => {
    const [N, W, C] = shape as [number, number, number];
    return Array.from({ length: N * (W / 2) * C }, (_, i) => {
      const [pair, c] = [Math.floor(i / C), i % C];
      return (x![2 * pair * C + c]! + x![(2 * pair + 1) * C + c]!) / 2;
    });
  },
  [[[2, 6, 3]]],
);

withDevices((device) => {
  test("a transposed convolution of sequences is the gradient of the other", async () => {
    const list = (n: number) => Array.from({ length: n }, (_, i) => Math.sin(i + 1));
    const [x, w, z] = [
      tensor(device(), list(2 * 7 * 3), [2, 7, 3]),
      tensor(device(), list(4 * 3 * 2), [4, 3, 2]),
      0,
    ];
    const y = ops.conv1d(x, w, { stride: 2, padding: 1 });
    const dy = tensor(device(), list(y.size), y.shape);
    const back = ops.convTranspose1d(dy, w, { stride: 2, padding: 1, outputPadding: 1 });
    expect(back.shape).toEqual(x.shape);
    const inner = (a: Float32Array, b: Float32Array) => a.reduce((sum, v, i) => sum + v * b[i]!, z);
    expect(inner(await y.read(), await dy.read())).toBeCloseTo(inner(await back.read(), await x.read()), 4);
  });

  test("the largest of windows of sequences, and shapes that do not fit", async () => {
    const x = tensor(device(), [3, 1, 4, 1, 5, 9], [1, 6, 1]);
    expect([...(await ops.maxPool1d(x, { window: 3, stride: 1 }).read())]).toEqual([4, 4, 5, 9]);
    expect(() => ops.conv1d(tensor(device(), [1]), x)).toThrow(ShapeError);
    expect(() => volumes.conv3d(x, x)).toThrow(ShapeError);
  });
});
