import { ArgumentError } from "../../device/errors.ts";
import { saveFor } from "../../tensor/tape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { gelu } from "../elementwise.ts";

/** Fused activations, in the order of their numbers in `shaders/lib/activation.wgsl`: y tells their slope. */
const fused = ["none", "relu", "leakyRelu", "sigmoid", "tanh", "softplus", "elu"] as const;

/** Activations whose slope needs what goes in, which the kernels of layers do not keep: each is a launch of its own. */
const apart = { gelu };
type Apart = keyof typeof apart;
const apartNames: readonly Apart[] = ["gelu"];

/**
 * Activations that `matmul`, the convolutions and the normalisations apply to what they store: the operations of
 * the same names, `leakyRelu` with slope 0.01, `elu` with alpha 1.
 */
export type Activation = (typeof fused)[number] | Apart;

/** The number of a fused activation, for kernels. Throws ArgumentError for a name that is none. */
export function activationCode(activation: Activation): number {
  const code = (fused as readonly Activation[]).indexOf(activation);
  if (code >= 0) return code;
  const known = [...fused, ...apartNames].join(", ");
  throw new ArgumentError(`no activation is named "${activation}"; there are ${known}`);
}

/** Whether no kernel of a layer applies it: `applyApart` does, to what the layer makes without. */
export function isApart(activation: Activation): activation is Apart {
  return Object.hasOwn(apart, activation);
}

/** The activation of a z that nobody else has: it is freed with the result, or at once where no gradient needs it. */
export function applyApart(activation: Apart, z: Tensor): Tensor {
  const y = apart[activation](z);
  saveFor([y], [z], [z]);
  return y;
}
