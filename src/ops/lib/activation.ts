/**
 * Activations that `matmul` and the convolutions apply to what they store. `leakyRelu` has slope 0.01
 * below zero, `elu` tends to -1, `gelu` is its form with tanh (Hendrycks & Gimpel 2016). All but `gelu` are
 * fused: their derivative follows from their value.
 */
export type Activation = "none" | "relu" | "leakyRelu" | "sigmoid" | "tanh" | "softplus" | "gelu" | "elu";

/** The activations in the order of their numbers in `shaders/lib/activation.wgsl`. */
const numbers: readonly Activation[] = [
  "none",
  "relu",
  "leakyRelu",
  "sigmoid",
  "tanh",
  "softplus",
  "elu",
  "gelu",
];

/** The number of an activation, for kernels. */
export function activationCode(activation: Activation): number {
  return numbers.indexOf(activation);
}
