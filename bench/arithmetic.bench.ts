import { add, mul, where } from "../src/ops/arithmetic.ts";
import { tensor, type Tensor } from "../src/tensor/tensor.ts";
import type { OpBench } from "./opbench.ts";

const shapes: [name: string, a: number[], b: number[]][] = [
  ["same 1M", [1024, 1024], [1024, 1024]],
  ["row of 64", [16384, 64], [64]],
  ["row of 3", [349525, 3], [3]],
  ["column", [16384, 64], [16384, 1]],
];

/** Bandwidth of the broadcasts that networks use, over a million elements. */
export const bench: OpBench = {
  name: "arithmetic",
  cases: shapes.flatMap(([name, a, b]) =>
    Object.entries({ add, mul, where: (x: Tensor, y: Tensor) => where(x, x, y) }).map(([op, run]) => ({
      name: `${op} ${name}`,
      setup(device) {
        const [x, y] = [a, b].map((shape) => {
          const size = shape.reduce((product, extent) => product * extent, 1);
          return tensor(device, new Float32Array(size).fill(1), shape);
        }) as [Tensor, Tensor];
        return { run: () => run(x, y).dispose(), bytes: 4 * (2 * x.size + y.size) };
      },
    })),
  ),
};
