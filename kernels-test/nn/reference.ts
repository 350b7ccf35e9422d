/** A batch of images in float64: values in the order N, H, W, C. */
export interface Images {
  values: number[];
  shape: [number, number, number, number];
}

export const tanh = (list: number[]): number[] => list.map(Math.tanh);

/** x (N, K) times w (K, M), plus a bias. */
export function affine(x: number[], w: number[], bias: number[]): number[] {
  const M = bias.length;
  const K = w.length / M;
  return Array.from({ length: (x.length / K) * M }, (_, at) => {
    const [n, m] = [Math.floor(at / M), at % M];
    let sum = bias[m]!;
    for (let k = 0; k < K; k++) sum += x[n * K + k]! * w[k * M + m]!;
    return sum;
  });
}

/** Every tap of a convolution of `big` (N, H, W, C) to `small` (N, P, Q, K) by w (R, S, C, K): its three places. */
function taps(
  big: Images["shape"],
  small: Images["shape"],
  [R, S]: readonly [number, number],
  stride: number,
  padding: number,
  visit: (inBig: number, inSmall: number, inFilter: number) => void,
): void {
  const [N, H, W, C] = big;
  const [, P, Q, K] = small;
  for (let n = 0; n < N; n++)
    for (let p = 0; p < P; p++)
      for (let q = 0; q < Q; q++)
        for (let r = 0; r < R; r++)
          for (let s = 0; s < S; s++) {
            const [h, w] = [p * stride + r - padding, q * stride + s - padding];
            if (h < 0 || h >= H || w < 0 || w >= W) continue;
            for (let c = 0; c < C; c++)
              for (let k = 0; k < K; k++)
                visit(
                  ((n * H + h) * W + w) * C + c,
                  ((n * P + p) * Q + q) * K + k,
                  ((r * S + s) * C + c) * K + k,
                );
          }
}

/** Correlates x with w (R, S, C, K). */
export function convolved(
  x: Images,
  w: number[],
  bias: number[],
  filter: readonly [number, number],
  stride: number,
  padding: number,
): Images {
  const [N, H, W] = x.shape;
  const extent = (length: number, taps: number) => Math.floor((length + 2 * padding - taps) / stride) + 1;
  const shape: Images["shape"] = [N, extent(H, filter[0]), extent(W, filter[1]), bias.length];
  const values = biased(shape, bias);
  taps(
    x.shape,
    shape,
    filter,
    stride,
    padding,
    (big, small, at) => (values[small]! += x.values[big]! * w[at]!),
  );
  return { values, shape };
}

/** The transpose of a 3 × 3 convolution of stride 2 and padding 1 that doubles both sides; w (3, 3, C, K). */
export function doubled(x: Images, w: number[], bias: number[]): Images {
  const [N, P, Q] = x.shape;
  const shape: Images["shape"] = [N, 2 * P, 2 * Q, bias.length];
  const values = biased(shape, bias);
  taps(shape, x.shape, [3, 3], 2, 1, (big, small, at) => (values[big]! += x.values[small]! * w[at]!));
  return { values, shape };
}

/** Images that are the bias of their channel everywhere. */
function biased([N, H, W, C]: Images["shape"], bias: number[]): number[] {
  return Array.from({ length: N * H * W * C }, (_, i) => bias[i % bias.length]!);
}
