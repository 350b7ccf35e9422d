import { sort } from "../src/ops/sort.ts";
import { tensor } from "../src/tensor/tensor.ts";
import type { OpBench } from "./opbench.ts";

const shapes = [
  [1024, 1024],
  [1, 1 << 20],
];

/** Bandwidth over a million elements, in many rows and in one. */
export const bench: OpBench = {
  name: "sort",
  cases: shapes.map((shape) => ({
    name: shape.join(" × "),
    setup(device) {
      const x = tensor(
        device,
        Float32Array.from({ length: 1 << 20 }, (_, i) => Math.sin(i * i)),
        shape,
      );
      const run = () => {
        const { values, indices } = sort(x);
        values.dispose();
        indices.dispose();
      };
      return { run, bytes: 12 << 20 };
    },
  })),
};
