import { kernel, linearGrid } from "../device/kernel.ts";
import type { Gradients } from "../tensor/tape.ts";
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

/** Into how many slices, at most `most`, a sum is cut whose parts (Z, …out) a binding has to hold. */
export function fittingSlices(most: number, out: Tensor): number {
  return Math.max(1, Math.min(most, Math.floor(out.device.largestBinding / out.byteLength)));
}

/** out (M,N) = activation(Σ parts (Z,M,N) + bias), the Z slices added in order. */
export function sumSlices(parts: Tensor, out: Tensor, N: number, epilogue: Epilogue = {}): void {
  if (out.size === 0) return;
  const { constants, bias } = epilogueOf(epilogue, parts);
  const params = { M: out.size / N, N, Z: parts.size / out.size };
  const options = { constants, work: { bytes: parts.byteLength + out.byteLength } };
  if (N % 4 === 0) {
    const inFours = { parts4: parts, out4: out, bias4: bias };
    epilogueKernel("forward4", inFours, params, linearGrid(out.size / 4, 64), options);
  } else epilogueKernel("forward", { parts, out, bias }, params, linearGrid(out.size, 64), options);
}

/**
 * The gradients behind an epilogue: dz = dy · slope(y), which is dy itself without an activation, and that of
 * the bias, the sum of the rows of dz, if it is input `i` and wanted.
 */
export function epilogueGradients(
  dy: Tensor,
  y: Tensor,
  { bias, activation = "none" }: Epilogue,
  i: number,
  gradients: Gradients,
): { dz: Tensor; db: Tensor | undefined } {
  const db = bias && gradients.wanted(i) ? gradients.empty(i) : undefined;
  const N = db?.size ?? 1;
  const M = N === 0 ? 0 : dy.size / N;
  const Z = Math.max(1, Math.min(Math.ceil(M / 64), Math.ceil(16384 / Math.max(1, N))));
  const params = { M, N, Z };
  const constants = { ACTIVATION: activationCode(activation) };
  const sums = db && empty(dy.device, [Z, N]);
  const fused = sums && N % 4 === 0;

  const dz = activation === "none" ? dy : empty(dy.device, dy.shape);
  const work = { bytes: 3 * dy.byteLength };
  if (dz !== dy && fused)
    epilogueKernel(
      "backward",
      { dy4: dy, y4: y, dz4: dz, sums4: sums },
      params,
      linearGrid((Z * N) / 4, 64),
      {
        constants,
        work,
      },
    );
  else if (dz !== dy)
    epilogueKernel("slopes", { dy4: dy, y4: y, dz4: dz }, params, linearGrid(Math.ceil(dy.size / 4), 64), {
      constants,
      work,
    });
  if (sums && (dz === dy || !fused))
    epilogueKernel("column_sums", { dy: dz, sums }, params, linearGrid(Z * N, 64), {
      work: { bytes: dz.byteLength },
    });
  if (db && sums) sumSlices(sums, db, N);
  sums?.dispose();
  return { dz, db };
}
