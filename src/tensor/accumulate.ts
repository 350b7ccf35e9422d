import { kernel, linearGrid } from "../device/kernel.ts";
import { empty, type Tensor } from "./tensor.ts";
import { inWindows } from "./windows.ts";

const accumulateKernel = kernel("accumulate");

/**
 * `a + b`: in the memory of `a` where nobody else sees it (or where it is a place in an arena),
 * in a new tensor otherwise. Takes over `a`.
 */
export function accumulate(a: Tensor, b: Tensor): Tensor {
  const inPlace = a.storage.references === 1 || a.storage.kind === "optimizer";
  if (inPlace && a.storage !== b.storage) {
    launch("add_to", { a: b, out: a });
    return a;
  }
  const out = empty(a.device, a.shape);
  launch("add", { a, b, out });
  a.dispose();
  return out;
}

/** Copies the values of `from` to `to`, which has as many. */
export function copyInto(to: Tensor, from: Tensor): void {
  launch("copy", { a: from, out: to });
}

/** An entry point on tensors of one size. */
function launch(entryPoint: "add" | "add_to" | "copy", tensors: Readonly<Record<string, Tensor>>): void {
  inWindows(tensors, (operands, N) => {
    const work = { bytes: (entryPoint === "copy" ? 8 : 12) * N };
    accumulateKernel(entryPoint, operands, { N }, linearGrid(N, 64), { work });
  });
}
