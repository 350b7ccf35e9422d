import { scatterAdd, takeAlongAxis } from "../src/ops/scatter.ts";
import { tensor, zeros } from "../src/tensor/tensor.ts";
import type { OpBench } from "./opbench.ts";

const count = 1 << 18;

/** A quarter of a million elements read and added to by index. */
export const bench: OpBench = {
  name: "scatter",
  cases: ["takeAlongAxis", "scatterAdd"].map((name) => ({
    name,
    setup(device) {
      const numbers = (f: (i: number) => number) =>
        tensor(
          device,
          Float32Array.from({ length: count }, (_, i) => f(i)),
        );
      const [x, at] = [numbers(Math.sin), numbers((i) => (i * 7919) % count)];
      const table = zeros(device, [count]);
      const run = () => (name === "scatterAdd" ? scatterAdd(table, at, x) : takeAlongAxis(x, at)).dispose();
      return { run, bytes: 12 * count };
    },
  })),
};
