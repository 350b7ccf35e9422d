import { ArgumentError } from "../../device/errors.ts";
import { saveFor } from "../../tensor/tape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { gelu } from "../elementwise.ts";

/**
 * Activations that `matmul` and the convolutions apply to what they store: those of the same names in
 * `elementwise.ts`, `leakyRelu` with slope 0.01. All but `gelu` are fused: their derivative follows from their
 * value.
 */
export type Activation = "none" | "relu" | "leakyRelu" | "sigmoid" | "tanh" | "softplus" | "gelu" | "elu";

/** The fused activations in the order of their numbers in `shaders/lib/activation.wgsl`. */
const numbers: readonly Activation[] = ["none", "relu", "leakyRelu", "sigmoid", "tanh", "softplus", "elu"];

/** The number of a fused activation, for kernels. Throws ArgumentError for a name that is none. */
export function activationCode(activation: Activation): number {
  const code = numbers.indexOf(activation);
  if (code < 0)
    throw new ArgumentError(
      `no activation is named "${activation}"; there are ${numbers.join(", ")} and gelu`,
    );
  return code;
}

/** gelu(z) of a z that nobody else has: it is freed with the result, or at once where no gradient needs it. */
export function geluOf(z: Tensor): Tensor {
  const y = gelu(z);
  saveFor([y], [z], [z]);
  return y;
}
