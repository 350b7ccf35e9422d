import { cholesky } from "../src/ops/cholesky.ts";
import { tensor } from "../src/tensor/tensor.ts";
import type { OpBench } from "./opbench.ts";

const shapes = [
  [10, 64],
  [1, 512],
] as const;

export const bench: OpBench = {
  name: "cholesky",
  cases: shapes.map(([B, N]) => ({
    name: `cholesky ${B} of ${N} × ${N}`,
    setup(device) {
      const a = Float32Array.from({ length: B * N * N }, (_, e) =>
        Math.floor(e / N) % N === e % N ? 2 : 1 / N,
      );
      const x = tensor(device, a, [B, N, N]);
      return { run: () => cholesky(x).dispose(), flops: (B * N ** 3) / 3 };
    },
  })),
};
