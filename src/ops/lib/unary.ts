import { linearGrid, type Kernel } from "../../device/kernel.ts";
import { track } from "../../tensor/tape.ts";
import { empty, type Tensor } from "../../tensor/tensor.ts";
import { inWindows } from "../../tensor/windows.ts";

const WG = 64;

/**
 * y = f(x) element by element, with its gradient, by entry points `forward` and `backward` of a kernel: F is the number of
 * f, s and t are its parameters. `backward` takes what f' is made from, x or y, under the name `from`.
 */
export function applyFunction(
  launched: Kernel,
  F: number,
  x: Tensor,
  {
    s = 0,
    t = 0,
    slope = "x",
    from = "x",
  }: { s?: number; t?: number; slope?: "x" | "y"; from?: string } = {},
): Tensor {
  const launch = (entry: "forward" | "backward", tensors: Readonly<Record<string, Tensor>>) =>
    inWindows(tensors, (operands, N) => {
      const work = { bytes: 4 * N * Object.keys(tensors).length };
      const grid = linearGrid(Math.ceil(N / 4), WG);
      launched(entry, operands, { N, s, t }, grid, { constants: { F }, work });
    });

  const y = empty(x.device, x.shape);
  launch("forward", { x, out: y });

  return track(y, [x], (dy, gradients) => {
    const dx = gradients.empty(0);
    launch("backward", { [from]: slope === "x" ? x : y, dy, out: dx });
    return [dx];
  });
}
