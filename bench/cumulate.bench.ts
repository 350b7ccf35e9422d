import { cumsum } from "../src/ops/cumulate.ts";
import { tensor } from "../src/tensor/tensor.ts";
import type { OpBench } from "./opbench.ts";

const shapes = [[1 << 20], [1024, 1024]];

export const bench: OpBench = {
  name: "cumulate",
  cases: shapes.map((shape) => ({
    name: `cumsum ${shape.join(" × ")}`,
    setup(device) {
      const x = tensor(device, new Float32Array(1 << 20), shape);
      return { run: () => cumsum(x).dispose(), bytes: 8 << 20 };
    },
  })),
};
