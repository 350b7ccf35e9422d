import { triangularSolve } from "../src/ops/triangular.ts";
import { tensor, zeros } from "../src/tensor/tensor.ts";
import type { OpBench } from "./opbench.ts";

const shapes = [
  [64, 60_000],
  [512, 512],
] as const;

export const bench: OpBench = {
  name: "triangular",
  cases: shapes.map(([N, M]) => ({
    name: `triangularSolve ${N} × ${N}, ${M} columns`,
    setup(device) {
      const values = Float32Array.from({ length: N * N }, (_, e) =>
        Math.floor(e / N) === e % N ? 2 : 1 / N,
      );
      const a = tensor(device, values, [N, N]);
      const b = zeros(device, [N, M]);
      return { run: () => triangularSolve(a, b).dispose(), flops: N * N * M };
    },
  })),
};
