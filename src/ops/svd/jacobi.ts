import type { Device } from "../../device/device.ts";
import { kernel } from "../../device/kernel.ts";
import { zeros, type Tensor } from "../../tensor/tensor.ts";

const jacobiKernel = kernel("svd/jacobi");

/** More than any matrix takes; LAPACK's limit is 30. */
const SWEEPS = 24;

/** Up to so many columns a workgroup solves a matrix by itself; beyond, it pays to use many. */
const ALONE = 160;

/**
 * Lanes of a workgroup that works by itself. On a CPU a workgroup is one thread, of which the lanes
 * are the SIMD lanes: more of them would only be more loops.
 */
export function lanes(device: Device, wanted: number): number {
  if (!device.isSoftware) return Math.min(128, 32 * Math.ceil(wanted / 32));
  return device.gpu.adapterInfo?.subgroupMaxSize || 8;
}

/**
 * Rotates the columns of each matrix of w (count, R, 4·blocks) until they are orthogonal: in place,
 * by one-sided Jacobi. `blocks`, of four columns each, is even.
 */
export function orthogonaliseColumns(w: Tensor, R: number, blocks: number): void {
  const { device } = w;
  const count = w.shape[0]!;
  const B = blocks;
  const tolerance = Math.max(4, Math.sqrt(R)) * 2 ** -23;
  const params = { R, B, sweeps: SWEEPS, round: 0, count, tolerance };
  const WG = lanes(device, B / 2);
  const flags = zeros(device, [count, 2], "state");
  // a pair of blocks: its Gram matrix (48 multiplications and additions a row) and its rotation (64)
  const flops = 2 * 112 * R * (B / 2) * count;
  if (4 * B <= ALONE) {
    const work = { flops: flops * (B - 1) };
    jacobiKernel("solve", { w, flags }, params, [count], { constants: { WG }, work });
  } else
    for (let sweep = 0; sweep < SWEEPS; sweep++) {
      for (let round = 0; round < B - 1; round++)
        jacobiKernel("round", { w, flags }, { ...params, round }, [Math.ceil(B / 2 / WG), count], {
          constants: { WG },
          work: { flops },
        });
      jacobiKernel("settle", { flags }, params, [Math.ceil(count / WG)], { constants: { WG } });
    }
  flags.dispose();
}
