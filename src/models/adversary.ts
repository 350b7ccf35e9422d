import { linear } from "../nn/layers.ts";
import { sequential, type InitialValues, type Network } from "../nn/sequential.ts";
import { add, mul, neg, softplus, square, sub } from "../ops/elementwise.ts";
import { mean, norm } from "../ops/reduce.ts";
import { randomUniform, type RandomState } from "../ops/random.ts";
import { noGrad } from "../tensor/record.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Losses } from "./phase.ts";

/** A network with its parameters. */
export interface Critic {
  network: Network;
  parameter: (name: string) => Tensor;
}

/** A critic of codes: affine maps with ReLU between them, (inputs) → one number; Glorot's initial values, as TensorFlow has. */
export function criticNetwork(inputs: number, widths: readonly number[], init: InitialValues): Network {
  return glorotNetwork([inputs, ...widths, 1], init);
}

/** Affine maps of these widths with ReLU between them, from Glorot's normal initial values and biases of 0. */
export function glorotNetwork(widths: readonly number[], init: InitialValues): Network {
  const initial = { weight: "glorotNormal", bias: { constant: 0 } } as const;
  const layers = widths.slice(1).map((outputs, i) => {
    const activation = i + 2 < widths.length ? "relu" : "none";
    return [`linear${i + 1}`, linear(widths[i]!, outputs, { activation, initial })] as const;
  });
  return sequential([widths[0]!], Object.fromEntries(layers), init);
}

/** The mean cross-entropy of logits (N, 1) with a label that all of them have: `real` or not. */
export function labelled(logits: Tensor, real: boolean): Tensor {
  return mean(softplus(real ? neg(logits) : logits));
}

/** The mean of what a critic gives of a batch. */
export function judged({ network, parameter }: Critic, x: Tensor): Tensor {
  return mean(network.apply(x, parameter));
}

/**
 * (‖∇ critic(v)‖₂ − 1)², averaged over points v drawn evenly between the pairs of `a` and `b`, both (N, …): Gulrajani et
 * al., "Improved training of Wasserstein GANs", 2017, equation 3. The gradient is a chain of ordinary operations, see
 * `Network.inputGradient`; biases get none of it.
 */
export function gradientPenalty(
  { network, parameter }: Critic,
  a: Tensor,
  b: Tensor,
  noise: RandomState,
): Tensor {
  const v = noGrad(a.device, () => {
    const share = randomUniform(noise, [a.shape[0]!, ...a.shape.slice(1).map(() => 1)]);
    return add(a, mul(share, sub(b, a)));
  });
  const axes = a.shape.slice(1).map((_, axis) => axis + 1);
  return mean(square(sub(norm(network.inputGradient(v, parameter), axes), 1)));
}

/** Weight of the gradient penalty in the paper that it is from. */
const PENALTY = 10;

/** The loss of a Wasserstein critic that is to be high on `high` and low on `low`, with the gradient penalty. */
export function wassersteinLoss(critic: Critic, high: Tensor, low: Tensor, noise: RandomState): Losses {
  const gap = sub(judged(critic, low), judged(critic, high));
  const penalty = mul(gradientPenalty(critic, high, low, noise), PENALTY);
  return { loss: add(gap, penalty), gap, penalty };
}
