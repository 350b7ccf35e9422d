import { checkNumber, checkPositive, checkWhole, optionsOf } from "../device/arguments.ts";
import { checkTensors, type Tensor } from "../tensor/tensor.ts";
import { add, mul, pow } from "./arithmetic.ts";
import { square } from "./elementwise.ts";
import { composed } from "./lib/composed.ts";
import { sumPool2d } from "./pool.ts";
import { reshape } from "./rearrange.ts";

export interface LocalResponseOptions {
  /** 1 unless given, as are `alpha`; PyTorch divides alpha by the number of channels 2 radius + 1. */
  bias?: number | undefined;
  alpha?: number | undefined;
  /** ½ unless given. */
  beta?: number | undefined;
}

/**
 * x (…,C) divided by (bias + alpha Σ x²)^beta, the sum being that over the channels from `radius` before each one to `radius`
 * after it. Defaults are TensorFlow's. Source: Krizhevsky, Sutskever and Hinton, NIPS 2012, section 3.3.
 */
export function localResponseNorm(x: Tensor, radius = 5, options: LocalResponseOptions = {}): Tensor {
  checkTensors("localResponseNorm", x);
  const { bias = 1, alpha = 1, beta = 0.5 } = optionsOf("localResponseNorm", options);
  checkWhole("localResponseNorm: radius", radius, 0);
  checkPositive("localResponseNorm: bias", bias);
  checkNumber("localResponseNorm: alpha", alpha, 0);
  checkNumber("localResponseNorm: beta", beta);
  if (x.size === 0 || x.shape.length === 0) return reshape(x, x.shape);
  const C = x.shape.at(-1)!;
  const reach = Math.min(radius, C - 1);
  return composed([x], () => {
    const line = reshape(square(x), [x.size / C, 1, C, 1]);
    const sums = sumPool2d(line, { window: [1, 2 * reach + 1], stride: 1, padding: [0, reach] });
    return mul(x, pow(add(mul(reshape(sums, x.shape), alpha), bias), -beta));
  });
}
