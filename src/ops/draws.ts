import { checkWhole } from "../device/arguments.ts";
import { ArgumentError } from "../device/errors.ts";
import type { Shape } from "../tensor/shape.ts";
import { checkTensors, type Tensor } from "../tensor/tensor.ts";
import { add, div, max, mul, pow, sub, where } from "./arithmetic.ts";
import { clamp, floor, log, neg, sqrt } from "./elementwise.ts";
import { erfinv, log1p } from "./functions.ts";
import { less, logicalAnd } from "./logic.ts";
import { checkState, randomNormal, type RandomState, randomUniform } from "./random.ts";
import { reshape } from "./rearrange.ts";
import { argmax } from "./reduce.ts";

/** Draws that have no gradient, whatever they are made from. */
const drawn = (state: RandomState, body: () => Tensor) => state.device.scope(() => state.device.noGrad(body));

/** Whole numbers evenly drawn from low, low + 1, … high - 1, at most 2^24 of them, as f32. */
export function randomIntegers(state: RandomState, shape: Shape, low: number, high: number): Tensor {
  checkWhole("randomIntegers: low", low, -(2 ** 24), 2 ** 24);
  checkWhole("randomIntegers: high", high, low + 1, Math.min(2 ** 24, low + 2 ** 24));
  return drawn(state, () => add(floor(randomUniform(state, shape, 0, high - low)), low));
}

/** Standard normal numbers between `low` and `high`, which lie within ±5: by the inverse of the distribution's function. */
export function truncatedNormal(state: RandomState, shape: Shape, low = -2, high = 2): Tensor {
  checkState("truncatedNormal", state);
  if (!(low < high && low >= -5 && high <= 5))
    throw new ArgumentError(`truncatedNormal: low ${low} and high ${high} are not in order, within ±5`);
  const [from, to] = [low, high].map((x) => erf(x / Math.SQRT2)) as [number, number];
  return drawn(state, () => clamp(mul(erfinv(randomUniform(state, shape, from, to)), Math.SQRT2), low, high));
}

/** The error function by its series. */
function erf(x: number): number {
  let [term, sum] = [x, x];
  for (let k = 1; k < 120; k++) sum += (term *= -(x * x) / k) / (2 * k + 1);
  return (2 / Math.sqrt(Math.PI)) * sum;
}

/** 1 with the probability `p`, 0 otherwise, for each element of p. */
export function bernoulli(state: RandomState, p: Tensor): Tensor {
  checkState("bernoulli", state);
  checkTensors("bernoulli", p);
  return drawn(state, () => less(randomUniform(state, p.shape), p));
}

/** Numbers with the density e^-x. */
export function randomExponential(state: RandomState, shape: Shape): Tensor {
  checkState("randomExponential", state);
  return drawn(state, () => neg(log1p(neg(randomUniform(state, shape)))));
}

/** How often `randomGamma` tries: one try in twenty fails at most. */
const TRIES = 8;

/**
 * Numbers from gamma distributions of the shapes `alpha`, above 0, and the scale 1, one for each of them. By rejection. Source:
 * Marsaglia and Tsang, ACM Trans. Math. Softw. 26, 2000; below 1 by the shape alpha + 1 and a power of a uniform number.
 */
export function randomGamma(state: RandomState, alpha: Tensor): Tensor {
  checkState("randomGamma", state);
  checkTensors("randomGamma", alpha);
  const { shape } = alpha;
  return drawn(state, () => {
    const isSmall = less(alpha, 1);
    const d = sub(add(alpha, isSmall), 1 / 3);
    const c = div(1 / 3, sqrt(d));
    let value = d;
    for (let k = 0; k < TRIES; k++) {
      const x = randomNormal(state, shape);
      const base = add(mul(c, x), 1);
      const v = mul(mul(base, base), base);
      const room = add(mul(mul(x, x), 0.5), mul(d, add(sub(1, v), log(max(v, 1e-30)))));
      const accepted = logicalAnd(less(0, base), less(log(randomUniform(state, shape)), room));
      value = where(accepted, mul(d, v), value);
    }
    return where(isSmall, mul(value, pow(randomUniform(state, shape), div(1, alpha))), value);
  });
}

/**
 * `count` indices of classes for each row of logits (…,C), with the probabilities softmax(logits), as f32: (…,count). By the
 * largest of logits with Gumbel's noise. Source: Maddison, Tarlow and Minka, arXiv:1411.0030.
 */
export function categorical(state: RandomState, logits: Tensor, count = 1): Tensor {
  checkState("categorical", state);
  checkTensors("categorical", logits);
  checkWhole("categorical: count", count, 1);
  const [batch, C] = [logits.shape.slice(0, -1), logits.shape.at(-1)!];
  return drawn(state, () => {
    const u = randomUniform(state, [...batch, count, C]);
    return argmax(sub(reshape(logits, [...batch, 1, C]), log(neg(log(u)))));
  });
}
