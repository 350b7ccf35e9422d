import { atan2, mod } from "../src/ops/pairs.ts";
import { tensor } from "../src/tensor/tensor.ts";
import type { OpBench } from "./opbench.ts";

/** Bandwidth over a million elements. */
export const bench: OpBench = {
  name: "pairs",
  cases: Object.entries({ atan2, mod }).map(([name, op]) => ({
    name: `${name} 1M`,
    setup(device) {
      const numbers = (f: (i: number) => number) =>
        tensor(
          device,
          Float32Array.from({ length: 2 ** 20 }, (_, i) => f(i)),
        );
      const [a, b] = [numbers((i) => 4 * Math.sin(i)), numbers((i) => 3 * Math.cos(i))];
      return { run: () => op(a, b).dispose(), bytes: 12 * a.size };
    },
  })),
};
