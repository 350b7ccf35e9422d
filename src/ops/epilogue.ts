import { kernel, linearGrid } from "../device/kernel.ts";
import { track, type Gradients } from "../tensor/tape.ts";
import { empty, type Tensor } from "../tensor/tensor.ts";
import { activationCode, type Activation } from "./lib/activation.ts";

const epilogueKernel = kernel("epilogue");

/** What a product or convolution does to each row of its result: + bias (N), then the activation. */
export interface Epilogue {
  bias?: Tensor | undefined;
  activation?: Activation | undefined;
}

/** The constants that `epilogue` gives a kernel, and its bias: `unread` stands for one that is not there. */
export function epilogueOf({ bias, activation = "none" }: Epilogue, unread: Tensor) {
  return {
    constants: { ACTIVATION: activationCode(activation), ...(bias ? { HAS_BIAS: 1 } : {}) },
    bias: bias ?? unread,
  };
}

/** out (M,N) = activation(Σ parts (Z,M,N) + bias), the Z slices added in order. */
export function sumSlices(parts: Tensor, out: Tensor, N: number, epilogue: Epilogue = {}): void {
  const { constants, bias } = epilogueOf(epilogue, parts);
  const params = { M: out.size / N, N, Z: parts.size / out.size };
  epilogueKernel("forward", { parts, out, bias }, params, linearGrid(out.size, 64), {
    constants,
    work: { bytes: parts.byteLength + out.byteLength },
  });
}

/** gelu(z): an op of its own, because its derivative needs z. */
export function gelu(z: Tensor): Tensor {
  const y = empty(z.device, z.shape);
  sumSlices(z, y, z.size, { activation: "gelu" });
  return track(y, [z], (dy) => [slopes(dy, z, "gelu")]);
}

/** dy times the activation's slope where it gave y: the gradient before the activation. */
export function slopes(dy: Tensor, y: Tensor, activation: Activation = "none"): Tensor {
  if (activation === "none") return dy;
  const dz = empty(dy.device, dy.shape);
  epilogueKernel("backward", { dy, y, dz }, { M: dy.size, N: 1, Z: 1 }, linearGrid(dy.size, 64), {
    constants: { ACTIVATION: activationCode(activation) },
    work: { bytes: 3 * dy.byteLength },
  });
  return dz;
}

/** The gradient of a bias that is input `i`: the sum of the rows of dz (…,N). Undefined if nobody wants it. */
export function biasGradient(dz: Tensor, i: number, gradients: Gradients): Tensor | undefined {
  if (!gradients.wanted(i)) return undefined;
  const db = gradients.empty(i);
  const N = db.size;
  const M = dz.size / N;
  const Z = Math.max(1, Math.min(Math.ceil(M / 64), Math.ceil(4096 / N)));
  const sums = empty(dz.device, [Z, N]);
  epilogueKernel("column_sums", { dy: dz, sums }, { M, N, Z }, linearGrid(Z * N, 64), {
    work: { bytes: dz.byteLength },
  });
  sumSlices(sums, db, N);
  sums.dispose();
  return db;
}
