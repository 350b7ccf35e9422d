import type { Inputs } from "./engine.ts";
import type { ConvolutionShape, ConvolutionTask, MatmulTask, Task } from "./tasks.ts";

/** Largest difference of an answer, relative to the largest value: sums of up to 600,000 products in 32 bits. */
export const TOLERANCE = 2e-4;

/** Largest ‖A − U S Vᵀ‖ / ‖A‖, and largest difference of a singular value relative to the first. */
export const SVD_TOLERANCE = 1e-3;

/** Largest relative difference of a loss within the first three steps of training. */
export const LOSS_TOLERANCE = 1e-3;

const SAMPLES = 64;

/** Multiples of the golden ratio, without their whole parts, are spread over rows and columns alike: even steps are not. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * Says what is wrong with an engine's answer, or nothing. Products and convolutions are checked
 * against sums in 64 bits at 64 places and against hestenes' answer at all; SVDs by putting A
 * together again; training steps by their losses.
 */
export function complaint(
  task: Task,
  inputs: Inputs,
  answer: readonly Float32Array[],
  reference: readonly Float32Array[],
): string | undefined {
  if (task.kind === "svd") return svdComplaint(task.shape, inputs.a!.data, answer, reference);
  const [got, want] = [answer[0]!, reference[0]!];
  if (got.length !== want.length) return `${got.length} values instead of ${want.length}`;
  if (task.kind === "step") return lossComplaint(got, want);
  const scale = largest(want);
  const exact = task.kind === "matmul" ? product(task, inputs) : convolution(task, inputs);
  for (let sample = 0; sample < SAMPLES; sample++) {
    const i = Math.floor((((sample + 0.5) * GOLDEN) % 1) * got.length);
    if (!(Math.abs(got[i]! - exact(i)) <= TOLERANCE * scale))
      return `element ${i} is ${got[i]}, by 64-bit sums ${exact(i)}`;
  }
  for (let i = 0; i < want.length; i++)
    if (!(Math.abs(got[i]! - want[i]!) <= TOLERANCE * scale))
      return `element ${i} is ${got[i]}, hestenes' ${want[i]}`;
  return undefined;
}

function largest(values: Float32Array): number {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most;
}

function lossComplaint(got: Float32Array, want: Float32Array): string | undefined {
  const step = want.findIndex((loss, i) => !(Math.abs(got[i]! - loss) <= LOSS_TOLERANCE * loss));
  if (step >= 0) return `the loss of step ${step + 1} is ${got[step]}, hestenes' ${want[step]}`;
  return got.at(-1)! < got[0]! ? undefined : `the loss does not fall: ${[...got].join(", ")}`;
}

/** Element i of the product, in 64 bits. */
function product({ shape: { K, N } }: MatmulTask, { a, b }: Inputs): (i: number) => number {
  return (i) => {
    const [m, n] = [Math.floor(i / N), i % N];
    let sum = 0;
    for (let k = 0; k < K; k++) sum += a!.data[m * K + k]! * b!.data[k * N + n]!;
    return sum;
  };
}

/** Element i of the convolution or the gradient that the task asks for, in 64 bits. */
function convolution({ kind, op, shape }: ConvolutionTask, { x, w, dy }: Inputs): (i: number) => number {
  if (kind === "conv2d") {
    if (op === "fwd") return correlation(shape, x!.data, w!.data);
    return op === "dx" ? spread(shape, dy!.data, w!.data) : overlap(shape, x!.data, dy!.data);
  }
  const { N, H, W, C, K, P, Q, ...rest } = shape;
  const transposed = { ...rest, N, H: P, W: Q, C: K, P: H, Q: W, K: C };
  if (op === "fwd") return spread(transposed, x!.data, w!.data);
  return op === "dx" ? correlation(transposed, dy!.data, w!.data) : overlap(transposed, dy!.data, x!.data);
}

/** y (N,P,Q,K) from x (N,H,W,C) and w (R,S,C,K). */
function correlation(g: ConvolutionShape, x: Float32Array, w: Float32Array): (i: number) => number {
  return (i) => {
    const [n, p, q, k] = unravel(i, g.P, g.Q, g.K);
    let sum = 0;
    for (let r = 0; r < g.R; r++)
      for (let s = 0; s < g.S; s++) {
        const at = pixel(g, n, p * g.stride + r - g.pad, q * g.stride + s - g.pad);
        if (at < 0) continue;
        for (let c = 0; c < g.C; c++) sum += x[at + c]! * w[((r * g.S + s) * g.C + c) * g.K + k]!;
      }
    return sum;
  };
}

/** x (N,H,W,C) from y (N,P,Q,K) and w (R,S,C,K): the transpose of `correlation`. */
function spread(g: ConvolutionShape, y: Float32Array, w: Float32Array): (i: number) => number {
  return (i) => {
    const [n, h, v, c] = unravel(i, g.H, g.W, g.C);
    let sum = 0;
    for (let r = 0; r < g.R; r++)
      for (let s = 0; s < g.S; s++) {
        const [p, q] = [(h + g.pad - r) / g.stride, (v + g.pad - s) / g.stride];
        if (!Number.isInteger(p) || !Number.isInteger(q) || p < 0 || p >= g.P || q < 0 || q >= g.Q) continue;
        const [at, tap] = [((n * g.P + p) * g.Q + q) * g.K, ((r * g.S + s) * g.C + c) * g.K];
        for (let k = 0; k < g.K; k++) sum += y[at + k]! * w[tap + k]!;
      }
    return sum;
  };
}

/** w (R,S,C,K) from x (N,H,W,C) and y (N,P,Q,K): the gradient of the filter. */
function overlap(g: ConvolutionShape, x: Float32Array, y: Float32Array): (i: number) => number {
  return (i) => {
    const [r, s, c, k] = unravel(i, g.S, g.C, g.K);
    let sum = 0;
    for (let n = 0; n < g.N; n++)
      for (let p = 0; p < g.P; p++)
        for (let q = 0; q < g.Q; q++) {
          const at = pixel(g, n, p * g.stride + r - g.pad, q * g.stride + s - g.pad);
          if (at >= 0) sum += x[at + c]! * y[((n * g.P + p) * g.Q + q) * g.K + k]!;
        }
    return sum;
  };
}

/** The four indices of element i of an array whose last three extents are given. */
function unravel(i: number, b: number, c: number, d: number): [number, number, number, number] {
  return [Math.floor(i / (b * c * d)), Math.floor(i / (c * d)) % b, Math.floor(i / d) % c, i % d];
}

/** Where pixel (h, w) of image n starts, or −1 outside of it. */
function pixel({ H, W, C }: ConvolutionShape, n: number, h: number, w: number): number {
  return h < 0 || h >= H || w < 0 || w >= W ? -1 : ((n * H + h) * W + w) * C;
}

function svdComplaint(
  { rows: M, cols: N, batch }: { rows: number; cols: number; batch: number },
  a: Float32Array,
  [U, S, Vt]: readonly Float32Array[],
  [, expected]: readonly Float32Array[],
): string | undefined {
  const P = Math.min(M, N);
  let [error, norm] = [0, 0];
  for (let matrix = 0; matrix < batch; matrix++)
    for (let m = 0; m < M; m++) {
      const row = Float64Array.from(a.subarray((matrix * M + m) * N, (matrix * M + m + 1) * N));
      for (const value of row) norm += value ** 2;
      for (let p = 0; p < P; p++) {
        const factor = U![(matrix * M + m) * P + p]! * S![matrix * P + p]!;
        for (let n = 0; n < N; n++) row[n]! -= factor * Vt![(matrix * P + p) * N + n]!;
      }
      for (const value of row) error += value ** 2;
    }
  const residual = Math.sqrt(error / norm);
  if (!(residual <= SVD_TOLERANCE)) return `‖A − U S Vᵀ‖ / ‖A‖ is ${residual.toExponential(1)}`;
  const i = expected!.findIndex((value, p) => !(Math.abs(S![p]! - value) <= SVD_TOLERANCE * expected![0]!));
  return i < 0 ? undefined : `singular value ${i} is ${S![i]}, hestenes' ${expected![i]}`;
}
