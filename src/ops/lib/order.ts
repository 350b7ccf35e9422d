import { kernel, linearGrid } from "../../device/kernel.ts";
import { empty, type Tensor } from "../../tensor/tensor.ts";

export const sortKernel = kernel("sort");
export const WG = 64;
const RUN = 16;
export const noSort = { N: 0, R: 1, B: 1, L: 0, steps: 0 };

/**
 * Pairs of a key and a number, N of them in rows of R, each row in the order of its keys: equal keys in the order that they
 * had. Takes the pairs over. They are u32 in the memory of a tensor of 2 N elements.
 */
export function orderPairs(pairs: Tensor, R: number): Tensor {
  const N = pairs.size / 2;
  let from = pairs;
  const pass = (entry: "runs" | "merge", L: number) => {
    const written = empty(pairs.device, pairs.shape);
    const steps = Math.ceil(Math.log2(L + 1));
    sortKernel(entry, { pairs: from, written }, { ...noSort, N, R, L, steps }, linearGrid(N, WG), {
      work: { bytes: 16 * N },
    });
    from.dispose();
    from = written;
  };
  pass("runs", 0);
  for (let L = RUN; L < R; L *= 2) pass("merge", L);
  return from;
}
