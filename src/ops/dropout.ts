import { ArgumentError } from "../device/errors.ts";
import { kernel, linearGrid } from "../device/kernel.ts";
import { saveFor, track } from "../tensor/tape.ts";
import { checkTensors, empty, type Tensor } from "../tensor/tensor.ts";
import { advance, RandomState } from "./random.ts";

const dropoutKernel = kernel("dropout");
const WG = 64;

/**
 * x with each element made 0 with the probability `rate`, by what `noise` draws, and all others divided by 1 − rate.
 * Source: Srivastava et al., "Dropout", JMLR 15 (2014), section 10, whose scaling in inference is done here in training.
 */
export function dropout(x: Tensor, rate: number, noise: RandomState): Tensor {
  checkTensors("dropout", x);
  if (!(rate >= 0 && rate < 1))
    throw new ArgumentError(`dropout: the rate is a number from 0 on and below 1, not ${rate}`);
  const { device, size: N } = x;
  const B = Math.ceil(N / 2);
  const params = { N, B, threshold: Math.floor(rate * 2 ** 32), scale: 1 / (1 - rate) };
  const { tensor: state } = new RandomState(device, noise);
  advance(noise, B);
  const launch = (from: Tensor, out: Tensor) =>
    dropoutKernel("forward", { x: from, state, out }, params, linearGrid(B, WG), { work: { bytes: 8 * N } });
  const out = empty(device, x.shape);
  launch(x, out);
  saveFor([out], [x], [state]);

  return track(out, [x], (dy, gradients) => {
    const dx = gradients.empty(0);
    launch(dy, dx);
    return [dx];
  });
}
