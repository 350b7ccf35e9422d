import type { Device } from "../device/device.ts";
import { NumericalError } from "../device/errors.ts";
import { kernel, linearGrid, MOST_GROUPS } from "../device/kernel.ts";
import { cholesky } from "../ops/cholesky.ts";
import { eye } from "../ops/create.ts";
import { div, exp, log, mul, sub } from "../ops/elementwise.ts";
import { fittingSlices, sumSlices } from "../ops/epilogue.ts";
import { sharers } from "../ops/lib/choice.ts";
import { matmul } from "../ops/matmul.ts";
import { logsumexp, sum } from "../ops/reduce.ts";
import { triangularSolve } from "../ops/triangular.ts";
import { empty, tensor, type Tensor } from "../tensor/tensor.ts";

const mixtureKernel = kernel("mixture");
const sharedKernel = kernel("mixture.shared");

/** Points that a slice of a covariance's sum has, at least. */
const SLICE = 2048;

/** In up to so many dimensions a tile whose lanes share would be half empty. */
const FEW = 16;

/** A component of less weight, in points, belongs to none. */
const leastTotal = 1e-10;

/** What is fitted: points of mean 0 and covariance I, (N, D), by K components, to whose covariances a matrix (D, D) is added. */
export interface Frame {
  points: Float32Array;
  D: number;
  K: number;
  regularisation: Float64Array;
}

/** What a round of expectation maximisation found, in numbers; the factors are lower triangular. */
export interface Fitted {
  /** The mean log-density of the points, without its constant −½ D log 2π. */
  logLikelihood: number;
  weights: Float64Array;
  means: Float32Array;
  factors: Float32Array;
}

/**
 * Expectation maximisation of a mixture of normal distributions with full covariances (Dempster, Laird & Rubin 1977), in
 * f32 on the device: log-densities by Cholesky factors and their inverses, covariances as products of centred points. Where D
 * is not divisible by 4 there are more dimensions, in which points are 0 and covariances I.
 */
export class Expectation {
  readonly #x: Tensor;
  readonly #device: Device;
  readonly #N: number;
  /** Dimensions that there are. */
  readonly #own: number;
  /** Dimensions on the device. */
  readonly #D: number;
  readonly #K: number;
  /** Added to the covariances (K, D, D). */
  readonly #floor: Float64Array;
  /** How probably each point came from each component, (K, N). */
  #shares: Tensor;
  /** The sums of the shares, (K). */
  #totals: Float64Array;
  /** The log-density of each point, (N). */
  #logDensities: Float32Array;

  /** `labels` (N) says which component each point belongs to at first: one or more in each. */
  constructor(device: Device, { points, D, K, regularisation }: Frame, labels: Uint32Array) {
    this.#device = device;
    [this.#N, this.#own, this.#D, this.#K] = [points.length / D, D, 4 * Math.ceil(D / 4), K];
    this.#x = tensor(device, resized(points, D, this.#D), [this.#N, this.#D]).keep();
    this.#floor = new Float64Array(K * this.#D ** 2);
    for (let row = 0; row < K * this.#D; row++)
      for (let i = row % this.#D, j = 0; j < this.#D; j++)
        this.#floor[row * this.#D + j] = Math.max(i, j) < D ? regularisation[i * D + j]! : Number(i === j);
    const shares = new Float32Array(K * this.#N);
    this.#totals = new Float64Array(K);
    labels.forEach((label, n) => {
      shares[label * this.#N + n] = 1;
      this.#totals[label]!++;
    });
    this.#shares = tensor(device, shares, [K, this.#N]).keep();
    this.#logDensities = new Float32Array(this.#N);
  }

  /** The mixture that fits the shares of before best; then the shares that points have in it. */
  async round(): Promise<Fitted> {
    const totals = await this.#occupied();
    const { means, products } = this.#device.scope(() => this.#moments(totals));
    const scatter = await products.read();
    products.dispose();
    const { factors, logDensities, shares } = await this.#expectedOf(means, scatter, totals);
    this.#shares.dispose();
    this.#shares = shares;
    this.#logDensities = logDensities;
    const fitted = {
      logLikelihood: logDensities.reduce((total, value) => total + value, 0) / this.#N,
      weights: totals.map((total) => total / totals.reduce((a, b) => a + b, 0)),
      means: resized(await means.read(), this.#D, this.#own),
      factors: squaresResized(factors, this.#D, this.#own),
    };
    means.dispose();
    return fitted;
  }

  [Symbol.dispose](): void {
    this.#x.dispose();
    this.#shares.dispose();
  }

  /** The weight of each component in points. One that has none gets the points that are least likely, one each. */
  async #occupied(): Promise<Float64Array> {
    const totals = this.#totals;
    if (!totals.every(Number.isFinite))
      throw new NumericalError(
        "fitMixture: points are too far from components of too little spread for f32; raise the regularisation",
      );
    const empty = Array.from(totals.keys()).filter((k) => !(totals[k]! >= leastTotal));
    if (empty.length === 0) return totals;
    const unlikely = Array.from(this.#logDensities.keys()).sort(
      (a, b) => this.#logDensities[a]! - this.#logDensities[b]!,
    );
    const shares = await this.#shares.read();
    empty.forEach((k, at) => {
      for (let other = 0; other < this.#K; other++)
        shares[other * this.#N + unlikely[at]!] = Number(other === k);
    });
    this.#shares.write(shares);
    using sums = sum(this.#shares, 1);
    this.#totals = Float64Array.from(await sums.read());
    return this.#occupied();
  }

  /**
   * The log-densities and shares under `means` and the covariances that `scatter` gives, whose factors come with them. A
   * covariance without a factor in f32 gets more on its diagonal until it has one.
   */
  async #expectedOf(means: Tensor, scatter: Float32Array, totals: Float64Array) {
    const [K, D] = [this.#K, this.#D];
    for (let more = 1e-6; ; more *= 10) {
      const covariances = this.#covariances(scatter, totals);
      const found = this.#device.scope(() => this.#expected(means, covariances, totals));
      const [factors, logDensities, sums] = await Promise.all([
        found.factors.read(),
        found.logDensities.read(),
        found.totals.read(),
      ]);
      for (const one of [found.factors, found.logDensities, found.totals]) one.dispose();
      const bad = Array.from({ length: K }, (_, k) => k).filter(
        (k) => !Number.isFinite(factors[(k + 1) * D * D - 1]),
      );
      if (bad.length === 0) {
        this.#totals = Float64Array.from(sums);
        return { factors, logDensities, shares: found.shares };
      }
      found.shares.dispose();
      for (const k of bad) {
        const at = (i: number) => k * D * D + i * (D + 1);
        const largest = Math.max(...Array.from({ length: this.#own }, (_, i) => covariances[at(i)]!));
        for (let i = 0; i < this.#own; i++) this.#floor[at(i)]! += more * (largest > 0 ? largest : 1);
      }
    }
  }

  /** The covariances (K, D, D) of sums of products, of which those up to the diagonal count. */
  #covariances(scatter: Float32Array, totals: Float64Array): Float32Array<ArrayBuffer> {
    const [K, D] = [this.#K, this.#D];
    const out = new Float32Array(K * D * D);
    for (let k = 0; k < K; k++)
      for (let row = 0; row < D; row++)
        for (let column = 0; column <= row; column++) {
          const [at, mirrored] = [(k * D + row) * D + column, (k * D + column) * D + row];
          out[at] = out[mirrored] = scatter[at]! / totals[k]! + this.#floor[at]!;
        }
    return out;
  }

  /** Means (K, D), and the sums of products about them (K, D, D), of which those up to the diagonal count. */
  #moments(weights: Float64Array): { means: Tensor; products: Tensor } {
    const [K, D, N] = [this.#K, this.#D, this.#N];
    const totals = tensor(this.#device, Float32Array.from(weights), [K, 1]);
    const means = div(matmul(this.#shares, this.#x), totals);
    const products = empty(this.#device, [K, D, D]);
    const Z = fittingSlices(Math.min(Math.ceil(N / SLICE), Math.floor(MOST_GROUPS / K)), products);
    const parts = Z > 1 ? empty(this.#device, [Z, K, D, D]) : products;
    const operands = { x4: this.#x, means4: means, shares: this.#shares, out: parts };
    const { kernel, rows, vectors, constants } = this.#tile();
    const grid = [Math.ceil(D / rows) * Math.ceil(D / 4 / vectors), K, Z] as const;
    kernel("spread", operands, { K, D, N, Z }, grid, { constants, work: { flops: 2 * K * N * D * D } });
    if (Z > 1) sumSlices(parts, products, D);
    return { means, products };
  }

  /** Factors of the covariances, the log-density of each point (N), the shares (K, N) of the components in it, and their sums. */
  #expected(means: Tensor, covariances: Float32Array<ArrayBuffer>, weights: Float64Array) {
    const [K, D, N] = [this.#K, this.#D, this.#N];
    const all = weights.reduce((a, b) => a + b, 0);
    const logWeights = Float32Array.from(weights, (weight) => Math.log(weight / all));
    const factors = cholesky(tensor(this.#device, covariances, [K, D, D]));
    const unit = eye(this.#device, D);
    const inverses = triangularSolve(factors, unit);
    const logScales = sum(log(sum(mul(factors, unit), 2)), 1, true);
    const joint = empty(this.#device, [K, N]);
    const numbers = sub(tensor(this.#device, logWeights, [K, 1]), logScales);
    const operands = { x4: this.#x, means4: means, inverses4: inverses, numbers, out: joint };
    const { kernel, vectors, constants } = this.#tile();
    const grid = [K, ...linearGrid(Math.ceil(N / 4), vectors)] as const;
    kernel("joint", operands, { K, D, N, Z: 1 }, grid, { constants, work: { flops: K * N * D * (D + 2) } });
    const logDensities = logsumexp(joint, 0);
    const shares = exp(sub(joint, logDensities));
    return { factors, logDensities, shares, totals: sum(shares, 1) };
  }

  /** The kernel for this device, and the rows and vec4s of columns that a workgroup of it has. */
  #tile() {
    const SUBGROUP = this.#D > FEW ? sharers(this.#device) : 0;
    if (SUBGROUP > 0)
      return { kernel: sharedKernel, rows: 4 * SUBGROUP, vectors: 8, constants: { SUBGROUP, ADJACENT: 1 } };
    const TILE_WG = this.#device.isSoftware ? 8 : 64;
    return { kernel: mixtureKernel, rows: 4, vectors: TILE_WG, constants: { TILE_WG } };
  }
}

/** Rows of `from` numbers as rows of `to`: the first of each, or all and zeros after them. */
function resized(values: Float32Array, from: number, to: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array((values.length / from) * to);
  for (let row = 0; row < values.length / from; row++)
    out.set(values.subarray(row * from, row * from + Math.min(from, to)), row * to);
  return out;
}

/** The same for the rows and columns of square matrices. */
function squaresResized(values: Float32Array, from: number, to: number): Float32Array<ArrayBuffer> {
  return resized(resized(values, from, to), from * to, to * to);
}
