import { expect } from "vitest";
import type { Weight } from "../../src/metrics/inception/weights.ts";
import { values } from "../check.ts";

/** The filters of every layer at a sixteenth of their number: C, K, R, S, of torchvision's state dict. */
const layers: Record<string, readonly [C: number, K: number, R: number, S: number]> = {};
function layer(name: string, C: number, K: number, R = 1, S = R): void {
  layers[name] = [C === 3 ? C : C / 16, K / 16, R, S];
}

layer("Conv2d_1a_3x3", 3, 32, 3);
layer("Conv2d_2a_3x3", 32, 32, 3);
layer("Conv2d_2b_3x3", 32, 64, 3);
layer("Conv2d_3b_1x1", 64, 80);
layer("Conv2d_4a_3x3", 80, 192, 3);
for (const [name, C, pooled] of [
  ["5b", 192, 32],
  ["5c", 256, 64],
  ["5d", 288, 64],
] as const) {
  layer(`Mixed_${name}.branch1x1`, C, 64);
  layer(`Mixed_${name}.branch5x5_1`, C, 48);
  layer(`Mixed_${name}.branch5x5_2`, 48, 64, 5);
  layer(`Mixed_${name}.branch3x3dbl_1`, C, 64);
  layer(`Mixed_${name}.branch3x3dbl_2`, 64, 96, 3);
  layer(`Mixed_${name}.branch3x3dbl_3`, 96, 96, 3);
  layer(`Mixed_${name}.branch_pool`, C, pooled);
}
layer("Mixed_6a.branch3x3", 288, 384, 3);
layer("Mixed_6a.branch3x3dbl_1", 288, 64);
layer("Mixed_6a.branch3x3dbl_2", 64, 96, 3);
layer("Mixed_6a.branch3x3dbl_3", 96, 96, 3);
for (const [name, own] of [
  ["6b", 128],
  ["6c", 160],
  ["6d", 160],
  ["6e", 192],
] as const) {
  layer(`Mixed_${name}.branch1x1`, 768, 192);
  layer(`Mixed_${name}.branch7x7_1`, 768, own);
  layer(`Mixed_${name}.branch7x7_2`, own, own, 1, 7);
  layer(`Mixed_${name}.branch7x7_3`, own, 192, 7, 1);
  layer(`Mixed_${name}.branch7x7dbl_1`, 768, own);
  layer(`Mixed_${name}.branch7x7dbl_2`, own, own, 7, 1);
  layer(`Mixed_${name}.branch7x7dbl_3`, own, own, 1, 7);
  layer(`Mixed_${name}.branch7x7dbl_4`, own, own, 7, 1);
  layer(`Mixed_${name}.branch7x7dbl_5`, own, 192, 1, 7);
  layer(`Mixed_${name}.branch_pool`, 768, 192);
}
layer("Mixed_7a.branch3x3_1", 768, 192);
layer("Mixed_7a.branch3x3_2", 192, 320, 3);
layer("Mixed_7a.branch7x7x3_1", 768, 192);
layer("Mixed_7a.branch7x7x3_2", 192, 192, 1, 7);
layer("Mixed_7a.branch7x7x3_3", 192, 192, 7, 1);
layer("Mixed_7a.branch7x7x3_4", 192, 192, 3);
for (const [name, C] of [
  ["7b", 1280],
  ["7c", 2048],
] as const) {
  layer(`Mixed_${name}.branch1x1`, C, 320);
  layer(`Mixed_${name}.branch3x3_1`, C, 384);
  layer(`Mixed_${name}.branch3x3_2a`, 384, 384, 1, 3);
  layer(`Mixed_${name}.branch3x3_2b`, 384, 384, 3, 1);
  layer(`Mixed_${name}.branch3x3dbl_1`, C, 448);
  layer(`Mixed_${name}.branch3x3dbl_2`, 448, 384, 3);
  layer(`Mixed_${name}.branch3x3dbl_3a`, 384, 384, 1, 3);
  layer(`Mixed_${name}.branch3x3dbl_3b`, 384, 384, 3, 1);
  layer(`Mixed_${name}.branch_pool`, C, 192);
}

/** A tensor of a weights file. */
export const F32 = (data: ArrayLike<number>, shape: number[]): Weight => ({
  dtype: "F32",
  shape,
  data: Float32Array.from(data),
});

/** Weights that keep values of about one from layer to layer. */
export function randomWeights(): Map<string, Weight> {
  const weights = new Map<string, Weight>();
  Object.entries(layers).forEach(([name, [C, K, R, S]], seed) => {
    const spread = Math.sqrt(6 / (C * R * S));
    weights.set(
      `${name}.conv.weight`,
      F32(
        values(K * C * R * S, seed).map((value) => spread * value),
        [K, C, R, S],
      ),
    );
    const some = (at: number, low: number, high: number) =>
      F32(
        values(K, 1000 + 4 * seed + at).map((value) => low + ((high - low) * (value + 1)) / 2),
        [K],
      );
    weights.set(`${name}.bn.weight`, some(0, 0.8, 1.2));
    weights.set(`${name}.bn.bias`, some(1, -0.1, 0.3));
    weights.set(`${name}.bn.running_mean`, some(2, -0.2, 0.2));
    weights.set(`${name}.bn.running_var`, some(3, 0.5, 1.5));
  });
  weights.set("AuxLogits.fc.bias", F32([0], [1])); // what is not needed is left alone
  return weights;
}

/** Planes of one image in float64: (C, H, W), as in PyTorch. */
export interface Planes {
  shape: [C: number, H: number, W: number];
  data: Float64Array;
}

function windows(x: Planes, [R, S]: [number, number], stride: number, [padH, padW]: [number, number]) {
  const [, H, W] = x.shape;
  const P = Math.floor((H + 2 * padH - R) / stride) + 1;
  const Q = Math.floor((W + 2 * padW - S) / stride) + 1;
  const each = (visit: (out: number, tap: number, at: number) => void) => {
    for (let p = 0; p < P; p++)
      for (let q = 0; q < Q; q++)
        for (let r = 0; r < R; r++)
          for (let s = 0; s < S; s++) {
            const [h, w] = [p * stride + r - padH, q * stride + s - padW];
            if (h >= 0 && h < H && w >= 0 && w < W) visit(p * Q + q, r * S + s, h * W + w);
          }
  };
  return { P, Q, each };
}

/** The network by its definition, block for block. */
export function inceptionReference(
  weights: ReadonlyMap<string, Weight>,
  image: Planes,
  isFirst: boolean,
): number[] {
  const get = (name: string) => weights.get(name)!.data as Float32Array;

  function conv(x: Planes, name: string, stride = 1, pad: [number, number] = [0, 0]): Planes {
    const [C, K, R, S] = layers[name]!;
    expect(x.shape[0], name).toBe(C);
    const { P, Q, each } = windows(x, [R, S], stride, pad);
    const data = new Float64Array(K * P * Q);
    const w = get(`${name}.conv.weight`);
    const [, H, W] = x.shape;
    each((out, tap, at) => {
      for (let k = 0; k < K; k++)
        for (let c = 0; c < C; c++)
          data[k * P * Q + out]! += w[(k * C + c) * R * S + tap]! * x.data[c * H * W + at]!;
    });
    const [gamma, beta, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map((part) =>
      get(`${name}.bn.${part}`),
    );
    for (let i = 0; i < data.length; i++) {
      const k = Math.floor(i / (P * Q));
      const normal = (data[i]! - mean![k]!) / Math.sqrt(variance![k]! + 0.001);
      data[i] = Math.max(0, normal * gamma![k]! + beta![k]!);
    }
    return { shape: [K, P, Q], data };
  }

  function pool(x: Planes, kind: "max" | "mean", stride: number, pad: number): Planes {
    const [C, H, W] = x.shape;
    const { P, Q, each } = windows(x, [3, 3], stride, [pad, pad]);
    const data = new Float64Array(C * P * Q).fill(kind === "max" ? -Infinity : 0);
    const counts = new Float64Array(P * Q);
    each((out, _, at) => {
      counts[out]!++;
      for (let c = 0; c < C; c++) {
        const [i, value] = [c * P * Q + out, x.data[c * H * W + at]!];
        data[i] = kind === "max" ? Math.max(data[i]!, value) : data[i]! + value;
      }
    });
    if (kind === "mean") data.forEach((value, i) => (data[i] = value / (isFirst ? counts[i % (P * Q)]! : 9)));
    return { shape: [C, P, Q], data };
  }

  const join = (...parts: Planes[]): Planes => ({
    shape: [parts.reduce((sum, { shape }) => sum + shape[0], 0), parts[0]!.shape[1], parts[0]!.shape[2]],
    data: Float64Array.from(parts.flatMap(({ data }) => [...data])),
  });
  const across = [0, 3] as [number, number];
  const down = [3, 0] as [number, number];

  function a(x: Planes, m: string): Planes {
    const double = conv(conv(x, `${m}.branch3x3dbl_1`), `${m}.branch3x3dbl_2`, 1, [1, 1]);
    return join(
      conv(x, `${m}.branch1x1`),
      conv(conv(x, `${m}.branch5x5_1`), `${m}.branch5x5_2`, 1, [2, 2]),
      conv(double, `${m}.branch3x3dbl_3`, 1, [1, 1]),
      conv(pool(x, "mean", 1, 1), `${m}.branch_pool`),
    );
  }
  function b(x: Planes, m: string): Planes {
    const double = conv(conv(x, `${m}.branch3x3dbl_1`), `${m}.branch3x3dbl_2`, 1, [1, 1]);
    return join(conv(x, `${m}.branch3x3`, 2), conv(double, `${m}.branch3x3dbl_3`, 2), pool(x, "max", 2, 0));
  }
  function c(x: Planes, m: string): Planes {
    const seven = conv(conv(x, `${m}.branch7x7_1`), `${m}.branch7x7_2`, 1, across);
    let double = conv(conv(x, `${m}.branch7x7dbl_1`), `${m}.branch7x7dbl_2`, 1, down);
    double = conv(conv(double, `${m}.branch7x7dbl_3`, 1, across), `${m}.branch7x7dbl_4`, 1, down);
    return join(
      conv(x, `${m}.branch1x1`),
      conv(seven, `${m}.branch7x7_3`, 1, down),
      conv(double, `${m}.branch7x7dbl_5`, 1, across),
      conv(pool(x, "mean", 1, 1), `${m}.branch_pool`),
    );
  }
  function d(x: Planes, m: string): Planes {
    const seven = conv(conv(x, `${m}.branch7x7x3_1`), `${m}.branch7x7x3_2`, 1, across);
    return join(
      conv(conv(x, `${m}.branch3x3_1`), `${m}.branch3x3_2`, 2),
      conv(conv(seven, `${m}.branch7x7x3_3`, 1, down), `${m}.branch7x7x3_4`, 2),
      pool(x, "max", 2, 0),
    );
  }
  function e(x: Planes, m: string, kind: "max" | "mean"): Planes {
    const three = conv(x, `${m}.branch3x3_1`);
    const double = conv(conv(x, `${m}.branch3x3dbl_1`), `${m}.branch3x3dbl_2`, 1, [1, 1]);
    return join(
      conv(x, `${m}.branch1x1`),
      conv(three, `${m}.branch3x3_2a`, 1, [0, 1]),
      conv(three, `${m}.branch3x3_2b`, 1, [1, 0]),
      conv(double, `${m}.branch3x3dbl_3a`, 1, [0, 1]),
      conv(double, `${m}.branch3x3dbl_3b`, 1, [1, 0]),
      conv(pool(x, kind, 1, 1), `${m}.branch_pool`),
    );
  }

  let x = conv(conv(image, "Conv2d_1a_3x3", 2), "Conv2d_2a_3x3");
  x = pool(conv(x, "Conv2d_2b_3x3", 1, [1, 1]), "max", 2, 0);
  x = pool(conv(conv(x, "Conv2d_3b_1x1"), "Conv2d_4a_3x3"), "max", 2, 0);
  for (const name of ["Mixed_5b", "Mixed_5c", "Mixed_5d"]) x = a(x, name);
  x = b(x, "Mixed_6a");
  for (const name of ["Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"]) x = c(x, name);
  x = e(e(d(x, "Mixed_7a"), "Mixed_7b", "mean"), "Mixed_7c", isFirst ? "max" : "mean");
  const [C, H, W] = x.shape;
  return Array.from({ length: C }, (_, i) => {
    const plane = x.data.subarray(i * H * W, (i + 1) * H * W);
    return plane.reduce((sum, value) => sum + value, 0) / (H * W);
  });
}
