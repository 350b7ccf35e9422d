import * as ops from "../src/ops/elementwise.ts";
import { tensor, type Tensor } from "../src/tensor/tensor.ts";
import type { OpBench } from "./opbench.ts";

const functions: Record<string, (x: Tensor) => Tensor> = {
  relu: ops.relu,
  exp: ops.exp,
  softplus: ops.softplus,
  tanh: ops.tanh,
  gelu: ops.gelu,
};

/** Bandwidth over a million elements: the activations of a batch of 64 images of 64 × 64 after a convolution. */
export const bench: OpBench = {
  name: "elementwise",
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
