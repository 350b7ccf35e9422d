import { linearGrid, type Kernel } from "../../device/kernel.ts";
import { track } from "../../tensor/tape.ts";
import { checkOperands, emptyFor, type Tensor } from "../../tensor/tensor.ts";
import { note } from "../../tensor/trace.ts";
import { inWindows } from "../../tensor/windows.ts";

const WG = 64;

/**
 * y = f(x) element by element, with its gradient, by a kernel on `shaders/lib/unary.wgsl`: f is the one that stands at the
 * place of `name` in `names`, s and t are its parameters, and f' is made from x or y.
 */
export function applyFunction(
  launched: Kernel,
  names: readonly string[],
  name: string,
  x: Tensor,
  { s, t, slope = "x" }: { s: number; t: number; slope?: "x" | "y" | undefined },
): Tensor {
  checkOperands(name, x);
  const constants = { F: names.indexOf(name) };
  const launch = (entry: "forward" | "backward", tensors: Readonly<Record<string, Tensor>>) =>
    inWindows(tensors, (operands, N) => {
      const work = { bytes: 4 * N * Object.keys(tensors).length };
      const grid = linearGrid(Math.ceil(N / 4), WG);
      launched(entry, operands, { N, s, t }, grid, { constants, work });
    });

  const y = emptyFor([x], x.shape);
  launch("forward", { x, out: y });
  note(name, y, [x], { s, t });

  return track(y, [x], (dy, gradients) => {
    const dx = gradients.empty(0);
    launch("backward", { v: slope === "x" ? x : y, dy, out: dx });
    return [dx];
  });
}
