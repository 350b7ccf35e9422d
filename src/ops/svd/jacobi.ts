import type { Device } from "../../device/device.ts";
import { kernel } from "../../device/kernel.ts";
import { empty, type Tensor } from "../../tensor/tensor.ts";
import { sharers } from "../lib/choice.ts";

const jacobiKernel = kernel("svd/jacobi");
const roundsKernel = kernel("svd/rounds");
const sharedKernel = kernel("svd/jacobi.shared");

/** More sweeps than any matrix takes, by far: none was seen to take 17. LAPACK's limit is 30. */
export const SWEEPS = 40;

/** So many of them are launched round by round, on many workgroups; what still turns after them, a workgroup ends. */
const LAUNCHED = 16;

/** Up to so many columns a workgroup solves a matrix by itself; beyond, it pays to use many. */
export const ALONE = 160;

/**
 * Lanes of a workgroup that works by itself. On a CPU a workgroup is one thread, of which the lanes
 * are the SIMD lanes: more of them would only be more loops.
 */
export function lanes(device: Device, wanted: number): number {
  if (!device.isSoftware) return Math.min(128, 32 * Math.ceil(wanted / 32));
  return device.gpu.adapterInfo?.subgroupMaxSize || 8;
}

/**
 * Whether eight lanes of a CPU adapter hold a matrix (rows, columns) among them, as in lib/svdColumns.wgsl. The four lanes of
 * SwiftShader take 1.8 times as long as the kernels for any size.
 */
export function fitsSubgroup(device: Device, rows: number, columns: number): boolean {
  return sharers(device) === 8 && columns <= 32 && rows <= 32;
}

/** The lanes that hold so many columns: a power of two, for each to meet all others. */
export function holders(columns: number): number {
  return 2 ** Math.max(0, Math.ceil(Math.log2(columns / 4)));
}

/** Columns of R entries count as orthogonal up to this cosine. */
export function toleranceOf(R: number): number {
  return Math.max(4, Math.sqrt(R)) * 2 ** -23;
}

/** Columns of the matrix that `orthogonaliseColumns` takes in place of one with P: whole pairs of blocks. */
export function padded(P: number): number {
  return P <= ALONE ? 8 * Math.ceil(P / 8) : 16 * Math.ceil(P / 16);
}

/**
 * Rotates the columns of each matrix of w (count, R, padded(P)) until they are orthogonal: in place,
 * by one-sided Jacobi. `info` (count, 4) takes how many sweeps that were, and whether `sweeps` were enough. The profiler
 * is told no work: how much a launch does, if any, is decided on the device.
 */
export function orthogonaliseColumns(w: Tensor, info: Tensor, sweeps = SWEEPS): void {
  const { device } = w;
  const [count, R, width] = w.shape as [number, number, number];
  const tolerance = toleranceOf(R);
  const fours = width / 4;
  const alone = (most: number) => {
    const options = { constants: { WG: lanes(device, fours / 2) } };
    jacobiKernel("solve", { w, info }, { R, B: fours, sweeps: most, tolerance }, [count], options);
  };
  if (fitsSubgroup(device, R, width)) {
    const params = { R, B: fours, lanes: holders(width), sweeps, tolerance };
    sharedKernel("solve", { w, info }, params, [count]);
    return;
  }
  if (width <= ALONE) {
    alone(sweeps);
    return;
  }
  const flags = empty(device, [count, 2]);
  const B = width / 8;
  const params = { R, B, round: 0, count, tolerance };
  const WG = lanes(device, B / 2);
  const constants = { WG };
  const each = [Math.ceil(count / WG)] as const;
  roundsKernel("begin", { flags, info }, params, each, { constants });
  const launched = Math.min(sweeps, LAUNCHED);
  for (let sweep = 0; sweep < launched; sweep++) {
    for (let round = 0; round < B; round++)
      roundsKernel("round", { w, flags }, { ...params, round }, [Math.ceil(B / 2 / WG), count], {
        constants,
      });
    roundsKernel("settle", { flags, info }, params, each, { constants });
  }
  flags.dispose();
  alone(sweeps - launched);
}
