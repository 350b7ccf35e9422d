import { amax, logsumexp, sum } from "../src/ops/reduce.ts";
import { tensor } from "../src/tensor/tensor.ts";
import type { OpBench } from "./opbench.ts";

const cases: [name: string, shape: number[], axes: number[] | undefined][] = [
  ["all of 1M", [1024, 1024], undefined],
  ["rows of 100", [10486, 100], [1]],
  ["columns, 65536 × 32", [65536, 32], [0]],
  ["an image's pixels, 64 × 1024 × 32", [64, 1024, 32], [1]],
];

/** Bandwidth of the reductions of losses, bias gradients and pooling. */
export const bench: OpBench = {
  name: "reduce",
  cases: cases.flatMap(([name, shape, axes]) =>
    Object.entries({ sum, amax, logsumexp }).map(([op, run]) => ({
      name: `${op}, ${name}`,
      setup(device) {
        const size = shape.reduce((product, extent) => product * extent, 1);
        const x = tensor(
          device,
          Float32Array.from({ length: size }, (_, i) => Math.sin(i)),
          shape,
        );
        return { run: () => run(x, axes).dispose(), bytes: 4 * size };
      },
    })),
  ),
};
