import { groupsFor, kernel } from "../../device/kernel.ts";
import { empty, type Tensor } from "../../tensor/tensor.ts";
import { fusedMatmul as matmul } from "../matmul.ts";
import { lanes } from "./jacobi.ts";

const valuesKernel = kernel("svd/values");

/** Values up to this many times the first are taken as the rotations left them: what they are off by is as small. */
export const WEAK = 2 ** -10;

/**
 * Makes `values` (count, K), with `vectors` (count, P, K) as they are, those of matrices a (count, M, N): the lengths of
 * the images of the vectors, which are as exact as float32 can hold them where the vectors are exact to half its
 * digits. The rotations that found them let them drift, by 5e-6 of the first in 512 columns. Both are put in order anew, and
 * the images (count, Q, K) returned, which are those of the vectors under aᵀ if `transposed`.
 */
export function measureValues(a: Tensor, vectors: Tensor, values: Tensor, transposed: boolean): Tensor {
  const { device } = a;
  const images = device.noGrad(() => matmul(a, vectors, { transposeA: transposed }));
  const [count, P, K] = vectors.shape as [number, number, number];
  const Q = a.shape[transposed ? 2 : 1]!;
  const [strideR, strideI] = transposed ? [1, Q] : [P, 1];
  const run = Math.max(8, Math.ceil(Math.sqrt(Math.max(P, Q))));
  const WG = lanes(device, K);
  const params = { Q, P, K, strideR, strideI, run, weak: WEAK };
  const made = { found: empty(device, [count, K]), order: empty(device, [count, K + 1]) };
  const row = empty(device, [count, P + Q, K]);
  const launch = (entry: string, operands: Record<string, Tensor>, wanted: number) =>
    valuesKernel(entry, operands, params, [groupsFor(wanted, WG), count], { constants: { WG } });
  launch("lengths", { a, v: vectors, w: images, s: values, ...made }, K);
  launch("place", { s: values, ...made }, K);
  launch("arrange", { v: vectors, w: images, order: made.order, row }, P + Q);
  for (const part of [...Object.values(made), row]) part.dispose();
  return images;
}
