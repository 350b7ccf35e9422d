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

/** Pixels before an image of `extent` for ⌈extent / stride⌉ windows, where one more of an odd number comes after it. */
const before = (extent: number, taps: number, stride: number) =>
  Math.floor(Math.max(0, (Math.ceil(extent / stride) - 1) * stride + taps - extent) / 2);

/** Correlates square images with w (taps, taps, C, K), padded so that ⌈side / stride⌉ windows are theirs. */
export function convolvedSame(x: Images, w: number[], bias: number[], taps: number, stride: number): Images {
  const [N, H] = x.shape;
  const P = Math.ceil(H / stride);
  const shape: Images["shape"] = [N, P, P, bias.length];
  const values = biased(shape, bias);
  tapsOf(x.shape, shape, taps, stride, (big, small, at) => (values[small]! += x.values[big]! * w[at]!));
  return { values, shape };
}

/** The transpose of that, to square images of a side; w (taps, taps, K, C) of what it transposes. */
export function enlargedSame(
  x: Images,
  w: number[],
  bias: number[],
  taps: number,
  stride: number,
  side: number,
): Images {
  const shape: Images["shape"] = [x.shape[0], side, side, bias.length];
  const values = biased(shape, bias);
  tapsOf(shape, x.shape, taps, stride, (big, small, at) => (values[big]! += x.values[small]! * w[at]!));
  return { values, shape };
}

function tapsOf(
  big: Images["shape"],
  small: Images["shape"],
  side: number,
  stride: number,
  visit: Parameters<typeof taps>[5],
): void {
  taps(big, small, [side, side], stride, before(big[1], side, stride), visit);
}

/** Normalises each channel of numbers (…, channels) by its own moments over all else, then scales and shifts. */
export function normalisedBy(list: number[], scale: number[], shift: number[], epsilon: number): number[] {
  const C = scale.length;
  const moments = scale.map((_, c) => {
    const own = list.filter((__, i) => i % C === c);
    const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
    return [mean, own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / own.length] as const;
  });
  return list.map((value, i) => {
    const [mean, variance] = moments[i % C]!;
    return ((value - mean) / Math.sqrt(variance + epsilon)) * scale[i % C]! + shift[i % C]!;
  });
}
