import type { ActivationName } from "../src/nn/layers.ts";
import type { Geometry } from "../src/ops/lib/convolution.ts";

/** Activations in float64, by the names that the ops give them. */
export const activations = {
  none: (z: number) => z,
  relu: (z: number) => Math.max(z, 0),
  leakyRelu: (z: number) => (z > 0 ? z : 0.01 * z),
  sigmoid: (z: number) => 1 / (1 + Math.exp(-z)),
  tanh: Math.tanh,
  softplus: (z: number) => Math.log1p(Math.exp(z)),
  gelu: (z: number) => z * normal(z),
  elu: (z: number) => (z > 0 ? z : Math.expm1(z)),
  silu: (z: number) => z * logistic(z),
  mish: (z: number) => z * Math.tanh(Math.log1p(Math.exp(z))),
  hardSwish: (z: number) => (z * Math.min(Math.max(z + 3, 0), 6)) / 6,
} satisfies Record<ActivationName | "none", (z: number) => number>;

/** erfc(z) for z ≥ 0 in float64: from its series below 3, by its continued fraction above. */
function erfcOf(z: number): number {
  if (z <= 3) return 1 - erfSeries(z);
  let fraction = 0;
  for (let k = 60; k > 0; k--) fraction = k / 2 / (z + fraction);
  return Math.exp(-z * z) / (Math.sqrt(Math.PI) * (z + fraction));
}

function erfSeries(z: number): number {
  if (z === 0) return z;
  let term = z;
  let sum = z;
  for (let k = 1; k < 100; k++) sum += (term *= -(z * z) / k) / (2 * k + 1);
  return (2 / Math.sqrt(Math.PI)) * sum;
}

/** The error function in float64, and what it lacks to 1. */
export const erf = (x: number) => (Math.abs(x) > 2 ? Math.sign(x) * (1 - erfcOf(Math.abs(x))) : erfSeries(x));
export const erfc = (x: number) => (x < 0 ? 1 + erf(-x) : erfcOf(x));

/** The number whose error function is x, by Newton's method on the smaller of erf and erfc. */
export function erfinv(x: number): number {
  const size = Math.abs(x);
  if (x === 0 || !(size < 1)) return size === 1 ? x * Infinity : x === 0 ? x : NaN;
  let y = size < 0.9 ? size : Math.sqrt(-Math.log(1 - size));
  for (let k = 0; k < 60; k++) {
    const lacks = size < 0.5 ? size - erfSeries(y) : erfcOf(y) - (1 - size);
    y += (lacks * Math.sqrt(Math.PI) * Math.exp(y * y)) / 2;
  }
  return Math.sign(x) * y;
}

const tail = (x: number) => erfcOf(Math.abs(x) / Math.SQRT2) / 2;
/** The normal distribution's cumulative function. */
export const normal = (x: number) => (x < 0 ? tail(x) : 1 - tail(x));
/** The normal distribution's density. */
export const density = (x: number) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
export const logistic = (x: number) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));

/** a (M,K) · b (K,N), row by row. */
export function matmulReference(a: number[], b: number[], M: number, K: number, N: number): number[] {
  const out = new Array<number>(M * N).fill(0);
  for (let m = 0; m < M; m++)
    for (let k = 0; k < K; k++) for (let n = 0; n < N; n++) out[m * N + n]! += a[m * K + k]! * b[k * N + n]!;
  return out;
}

/** The transpose of a (M,N). */
export function transposeReference(a: number[], M: number, N: number): number[] {
  return Array.from({ length: M * N }, (_, i) => a[(i % M) * N + Math.floor(i / M)]!);
}

/** Calls `visit` with the flat indices of every product x · w that a convolution adds to y. */
function eachProduct(g: Geometry, visit: (x: number, w: number, y: number) => void): void {
  const depth = g.C / g.G;
  for (let n = 0; n < g.N; n++)
    for (let p = 0; p < g.P; p++)
      for (let q = 0; q < g.Q; q++)
        for (let r = 0; r < g.R; r++)
          for (let s = 0; s < g.S; s++) {
            const h = p * g.stride_h + r * g.dilation_h - g.pad_h;
            const v = q * g.stride_w + s * g.dilation_w - g.pad_w;
            if (h < 0 || h >= g.H || v < 0 || v >= g.W) continue;
            for (let k = 0; k < g.K; k++) {
              const first = Math.floor(k / (g.K / g.G)) * depth;
              for (let c = 0; c < depth; c++)
                visit(
                  ((n * g.H + h) * g.W + v) * g.C + first + c,
                  ((r * g.S + s) * depth + c) * g.K + k,
                  ((n * g.P + p) * g.Q + q) * g.K + k,
                );
            }
          }
}

/** x ∗ w (N,P,Q,K), by its definition. */
export function convolutionReference(x: number[], w: number[], g: Geometry): number[] {
  const y = new Array<number>(g.N * g.P * g.Q * g.K).fill(0);
  eachProduct(g, (i, j, o) => (y[o]! += x[i]! * w[j]!));
  return y;
}

/** x ∗ᵀ w (N,H,W,C): what `convolutionReference` reads from, written to. */
export function transposedReference(x: number[], w: number[], g: Geometry): number[] {
  const y = new Array<number>(g.N * g.H * g.W * g.C).fill(0);
  eachProduct(g, (o, j, i) => (y[o]! += x[i]! * w[j]!));
  return y;
}

/** activation(z + bias), for rows z as long as the bias. */
export function epilogueReference(
  z: number[],
  bias: number[] | undefined,
  activation: keyof typeof activations = "none",
): number[] {
  return z.map((value, i) => activations[activation](value + (bias ? bias[i % bias.length]! : 0)));
}

/** log |Γ(x)|: Stirling's series from 20 on, products below, Euler's reflection below 0. */
export function lgamma(x: number): number {
  if (x < 0) return Math.log(Math.PI / Math.abs(x * Math.sin(Math.PI * x))) - lgamma(-x);
  let [z, product] = [x, 1];
  while (z < 20) product *= z++;
  const r = 1 / z;
  const tail = r * (1 / 12 - r * r * (1 / 360 - r * r * (1 / 1260 - (r * r) / 1680)));
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + tail - Math.log(product);
}

/** The slope of `lgamma`. */
export function digamma(x: number): number {
  if (x < 0) return digamma(1 - x) - Math.PI / Math.tan(Math.PI * x);
  let [z, sum] = [x, 0];
  while (z < 20) sum += 1 / z++;
  const s = z ** -2;
  return Math.log(z) - 1 / (2 * z) - s * (1 / 12 - s * (1 / 120 - s * (1 / 252 - s / 240))) - sum;
}

/** The slope of `digamma`. */
export function trigamma(x: number): number {
  if (x < 0) return (Math.PI / Math.sin(Math.PI * x)) ** 2 - trigamma(1 - x);
  let [z, sum] = [x, 0];
  while (z < 20) sum += (z++) ** -2;
  const s = z ** -2;
  return sum + (1 + 1 / (2 * z) + s * (1 / 6 - s * (1 / 30 - s * (1 / 42 - s / 30)))) / z;
}

/** sin and cos of π x, right for x of any size. */
function ofTurns(x: number): [number, number] {
  const n = Math.round(x);
  const sign = n % 2 === 0 ? 1 : -1;
  return [sign * Math.sin(Math.PI * (x - n)), sign * Math.cos(Math.PI * (x - n))];
}

/** sin(π x) / (π x). */
export function sinc(x: number): number {
  if (Number.isInteger(x)) return x === 0 ? 1 : 0;
  return ofTurns(x)[0] / (Math.PI * x);
}

export function sincSlope(x: number): number {
  const u = Math.PI * x;
  if (Math.abs(x) > 0.01) return (ofTurns(x)[1] - sinc(x)) / x;
  return Math.PI * (-u / 3 + u ** 3 / 30 - u ** 5 / 840);
}
