import { add, exp, mul } from "../ops/elementwise.ts";
import { randomNormal, type RandomState } from "../ops/random.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** A sample of N(μ, σ²) through which gradients flow: z = μ + ε ∘ exp(½ log σ²), ε ~ N(0, I). */
export function reparameterize(mu: Tensor, logVariance: Tensor, noise: RandomState): Tensor {
  return add(mu, mul(randomNormal(noise, mu.shape), exp(mul(logVariance, 0.5))));
}
