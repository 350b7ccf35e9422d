import * as ops from "../src/ops/functions.ts";
import { tensor, type Tensor } from "../src/tensor/tensor.ts";
import type { OpBench } from "./opbench.ts";

const functions: Record<string, (x: Tensor) => Tensor> = {
  sin: ops.sin,
  atan: ops.atan,
  erf: ops.erf,
  silu: ops.silu,
};

/** Bandwidth over a million elements. */
export const bench: OpBench = {
  name: "functions",
  cases: Object.entries(functions).map(([name, op]) => ({
    name: `${name} 1M`,
    setup(device) {
      const x = tensor(
        device,
        Float32Array.from({ length: 2 ** 20 }, (_, i) => 4 * Math.sin(i)),
      );
      return { run: () => op(x).dispose(), bytes: 8 * x.size };
    },
  })),
};
