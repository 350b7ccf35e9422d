import type { Device } from "../device/device.ts";
import { NumericalError } from "../device/errors.ts";
import { kernel } from "../device/kernel.ts";
import { cholesky } from "../ops/cholesky.ts";
import { eye } from "../ops/create.ts";
import { div, exp, log, mul, sub } from "../ops/elementwise.ts";
import { matmul } from "../ops/matmul.ts";
import { stack } from "../ops/rearrange.ts";
import { logsumexp, sum } from "../ops/reduce.ts";
import { triangularSolve } from "../ops/triangular.ts";
import { empty, tensor, type Tensor } from "../tensor/tensor.ts";

const mixtureKernel = kernel("mixture");
const WG = 64;

/** A component of less weight, in points, belongs to none. */
const leastTotal = 1e-10;

/** A mixture on the device: weights' logarithms (K, 1), means (K, D), and the Cholesky factors of covariances (K, D, D). */
interface Parameters {
  logWeights: Tensor;
  means: Tensor;
  factors: Tensor;
}

/** What is fitted: points of mean 0 and covariance I, (D, N), by K components, to whose covariances a matrix (D, D) is added. */
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
 * f32 on the device: log-densities by Cholesky factors and triangular solves, covariances as products of centred points.
 */
export class Expectation {
  readonly #x: Tensor;
  readonly #device: Device;
  readonly #N: number;
  readonly #D: number;
  readonly #K: number;
  /** Added to the covariances (K, D, D). */
  readonly #floor: Float64Array;
  /** How probably each point came from each component, (K, N). */
  #shares: Tensor;
  /** The log-density of each point, (N). */
  #logDensities: Float32Array;

  /** `labels` (N) says which component each point belongs to at first: one or more in each. */
  constructor(device: Device, { points, D, K, regularisation }: Frame, labels: Uint32Array) {
    this.#device = device;
    [this.#N, this.#D, this.#K] = [points.length / D, D, K];
    this.#x = tensor(device, points, [D, this.#N]).keep();
    this.#floor = Float64Array.from({ length: K * D * D }, (_, i) => regularisation[i % (D * D)]!);
    const shares = new Float32Array(K * this.#N);
    labels.forEach((label, n) => (shares[label * this.#N + n] = 1));
    this.#shares = tensor(device, shares, [K, this.#N]).keep();
    this.#logDensities = new Float32Array(this.#N);
  }

  /** The mixture that fits the shares of before best; then the shares that points have in it. */
  async round(): Promise<Fitted> {
    const totals = await this.#totals();
    const parameters = await this.#maximised(totals);
    const { logDensities, shares } = this.#device.scope(() => this.#expected(parameters));
    this.#shares.dispose();
    this.#shares = shares;
    this.#logDensities = await logDensities.read();
    const [means, factors] = [await parameters.means.read(), await parameters.factors.read()];
    for (const one of [logDensities, parameters.logWeights, parameters.means, parameters.factors])
      one.dispose();
    const all = totals.reduce((a, b) => a + b, 0);
    return {
      logLikelihood: this.#logDensities.reduce((total, value) => total + value, 0) / this.#N,
      weights: totals.map((total) => total / all),
      means,
      factors,
    };
  }

  [Symbol.dispose](): void {
    this.#x.dispose();
    this.#shares.dispose();
  }

  /** The weight of each component in points. One that has none gets the points that are least likely, one each. */
  async #totals(): Promise<Float64Array> {
    using sums = sum(this.#shares, 1);
    const totals = Float64Array.from(await sums.read());
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
    return this.#totals();
  }

  /** The parameters for the shares. A covariance without a factor in f32 gets more on its diagonal until it has one. */
  async #maximised(totals: Float64Array): Promise<Parameters> {
    const [K, D] = [this.#K, this.#D];
    const all = totals.reduce((a, b) => a + b, 0);
    const { means, covariances } = this.#device.scope(() => this.#moments(totals));
    const spreads = await covariances.read();
    covariances.dispose();
    const logWeights = tensor(
      this.#device,
      Float32Array.from(totals, (total) => Math.log(total / all)),
      [K, 1],
    );
    for (let more = 1e-6; ; more *= 10) {
      const floored = Float32Array.from(spreads, (value, i) => value + this.#floor[i]!);
      const factors = this.#device.scope(() => cholesky(tensor(this.#device, floored, [K, D, D])));
      const values = await factors.read();
      const bad = Array.from({ length: K }, (_, k) => k).filter(
        (k) => !Number.isFinite(values[(k + 1) * D * D - 1]),
      );
      if (bad.length === 0) return { logWeights, means, factors };
      factors.dispose();
      for (const k of bad) {
        const at = (i: number) => k * D * D + i * (D + 1);
        const largest = Math.max(...Array.from({ length: D }, (_, i) => floored[at(i)]!));
        for (let i = 0; i < D; i++) this.#floor[at(i)]! += more * (largest > 0 ? largest : 1);
      }
    }
  }

  /** Means (K, D), and covariances about them (K, D, D). */
  #moments(weights: Float64Array): { means: Tensor; covariances: Tensor } {
    const [K, D, N] = [this.#K, this.#D, this.#N];
    const totals = tensor(this.#device, Float32Array.from(weights), [K, 1]);
    const means = div(matmul(this.#shares, this.#x, { transposeB: true }), totals);
    const covarianceOf = (k: number) => {
      const out = empty(this.#device, [D, N]);
      const operands = { x: this.#x, means, shares: this.#shares, numbers: totals, out };
      mixtureKernel("weighted", operands, { K, D, N, k }, [Math.ceil(N / WG), D], {
        work: { bytes: 8 * D * N },
      });
      return matmul(out, out, { transposeB: true });
    };
    const each = Array.from({ length: K }, (_, k) => this.#device.scope(() => covarianceOf(k)));
    return { means, covariances: stack(each) };
  }

  /** The log-density of each point (N), and the shares (K, N) of the components in it. */
  #expected({ logWeights, means, factors }: Parameters): { logDensities: Tensor; shares: Tensor } {
    const [K, D, N] = [this.#K, this.#D, this.#N];
    const unit = eye(this.#device, D);
    const inverses = triangularSolve(factors, unit);
    const logScales = sum(log(sum(mul(factors, unit), 2)), 1, true);
    const joint = empty(this.#device, [K, N]);
    mixtureKernel(
      "joint",
      { x: this.#x, means, inverses, numbers: sub(logWeights, logScales), out: joint },
      { K, D, N, k: 0 },
      [Math.ceil(Math.ceil(N / 2) / WG), K],
      { work: { flops: K * N * D * (D + 2) } },
    );
    const logDensities = logsumexp(joint, 0);
    return { logDensities, shares: exp(sub(joint, logDensities)) };
  }
}
