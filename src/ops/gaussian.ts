import { checkNumber } from "../device/arguments.ts";
import { ShapeError } from "../device/errors.ts";
import { kernel, linearGrid } from "../device/kernel.ts";
import { sameShape, show } from "../tensor/shape.ts";
import { saveFor, trackAll } from "../tensor/tape.ts";
import { checkTensors, empty, type Tensor } from "../tensor/tensor.ts";
import { checkState, type RandomState } from "./random.ts";

const gaussianKernel = kernel("gaussian");
const WG = 64;
/** Most partial sums of the divergence. */
const PARTIALS = 4096;

/** A draw through which gradients flow, and the weighed divergence of what it was drawn from. */
export interface GaussianSample {
  /** z = μ + ε ∘ σ, of the shape of `mu`. */
  z: Tensor;
  /** β · KL(N(μ, σ²) ‖ N(0, I)), summed over all elements: one number. */
  betaKl: Tensor;
}

/**
 * Draws z ~ N(μ, σ²) as μ + ε ∘ exp(½ log σ²), ε ~ N(0, I) from `noise`, so that gradients flow to `mu` and
 * `logVariance` = log σ², which are of one shape; and computes beta · ½ Σ (μ² + σ² − 1 − log σ²) on the way.
 * Source: Kingma and Welling, "Auto-encoding variational Bayes", ICLR 2014, section 2.4 and appendix B.
 *
 * A recorded step keeps a `beta` that is a number; it reads one that is a tensor of one element each time that it runs.
 */
export function sampleGaussian(
  mu: Tensor,
  logVariance: Tensor,
  noise: RandomState,
  beta: number | Tensor = 1,
): GaussianSample {
  checkState("sampleGaussian", noise);
  checkTensors("sampleGaussian", mu, logVariance);
  if (!sameShape(mu.shape, logVariance.shape))
    throw new ShapeError(
      `sampleGaussian: mu is ${show(mu.shape)} and logVariance ${show(logVariance.shape)}; give one shape`,
    );
  if (typeof beta === "number") checkNumber("sampleGaussian: beta", beta);
  else checkTensors("sampleGaussian", beta);
  if (typeof beta !== "number" && beta.size !== 1)
    throw new ShapeError(`sampleGaussian: beta is one number, not ${show(beta.shape)}`);
  const { device, shape, size: N } = mu;
  const B = Math.ceil(N / 2);
  const T = Math.min(B, PARTIALS);
  const isNumber = typeof beta === "number";
  const params = { N, B, T, beta: isNumber ? beta : 1 };
  const constants = { HAS_WEIGHT: Number(!isNumber) };
  const [z, spread, partials, betaKl] = [shape, shape, [T], []].map((of) => empty(device, of)) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const drawn = { state: noise.tensor, mu, logVariance, z, spread, partials };
  gaussianKernel("sample", drawn, params, linearGrid(T, WG), { work: { bytes: 16 * N } });
  const finished = { terms: partials, divergence: betaKl, advanced: noise.tensor };
  gaussianKernel("finish", { ...finished, weight: isNumber ? partials : beta }, params, [1], { constants });
  partials.dispose();
  saveFor([z, betaKl], [mu, logVariance], [spread]);

  trackAll([z, betaKl], [mu, logVariance], ([dz, dKl], gradients) => {
    const [dMu, dLogVariance] = [mu, logVariance].map((_, i) =>
      gradients.wanted(i) ? gradients.empty(i) : empty(device, shape),
    ) as [Tensor, Tensor];
    const given = { dz: dz ?? mu, dDivergence: dKl ?? mu, weight: isNumber ? mu : beta };
    const operands = { mu, logVariance, kept: spread, ...given };
    gaussianKernel("backward", { ...operands, dMu, dLogVariance }, params, linearGrid(B, WG), {
      constants: {
        ...constants,
        HAS_DZ: Number(dz !== undefined),
        HAS_DIVERGENCE: Number(dKl !== undefined),
      },
      work: { bytes: 24 * N },
    });
    return [dMu, dLogVariance];
  });
  return { z, betaKl };
}
