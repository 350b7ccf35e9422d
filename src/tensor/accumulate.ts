import { kernel, linearGrid } from "../device/kernel.ts";
import { empty, type Tensor } from "./tensor.ts";

const accumulateKernel = kernel("accumulate");

/**
 * `a + b`: in the memory of `a` where nobody else sees it (or where it is a place in an arena),
 * in a new tensor otherwise. Takes over `a`.
 */
export function accumulate(a: Tensor, b: Tensor): Tensor {
  const N = a.size;
  const inPlace = a.storage.references === 1 || a.storage.kind === "optimizer";
  if (inPlace && a.storage !== b.storage) {
    accumulateKernel("add_to", { a: b, out: a }, { N }, linearGrid(N, 64), { work: { bytes: 12 * N } });
    return a;
  }
  const out = empty(a.device, a.shape);
  accumulateKernel("add", { a, b, out }, { N }, linearGrid(N, 64), { work: { bytes: 12 * N } });
  a.dispose();
  return out;
}

/** Copies the values of `from` to `to`, which has as many. */
export function copyInto(to: Tensor, from: Tensor): void {
  const N = to.size;
  accumulateKernel("copy", { a: from, out: to }, { N }, linearGrid(N, 64), { work: { bytes: 8 * N } });
}
