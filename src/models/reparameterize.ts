import { ArgumentError } from "../device/errors.ts";
import { add, exp, mul } from "../ops/elementwise.ts";
import { randomNormal, type RandomState } from "../ops/random.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** A sample of N(μ, σ²) through which gradients flow: z = μ + ε ∘ exp(½ log σ²), ε ~ N(0, I). */
export function reparameterize(mu: Tensor, logVariance: Tensor, noise: RandomState): Tensor {
  return add(mu, mul(randomNormal(noise, mu.shape), exp(mul(logVariance, 0.5))));
}

/** Refuses a weight of the KL term that is no weight; `model` names it in the message. */
export function checkBeta(model: string, beta: number): void {
  if (Number.isFinite(beta) && beta >= 0) return;
  throw new ArgumentError(`${model}: beta, the weight of the KL term, is a number from 0 on, not ${beta}`);
}
