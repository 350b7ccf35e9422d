import { averagePool2d, maxPool2d } from "../src/ops/pool.ts";
import { tensor } from "../src/tensor/tensor.ts";
import type { OpBench } from "./opbench.ts";

/** Halving images of 64 channels, by windows that touch and by ones that overlap. */
export const bench: OpBench = {
  name: "pool",
  cases: Object.entries({ maxPool2d, averagePool2d }).flatMap(([name, pool]) =>
    [2, 3].map((window) => ({
      name: `${name} ${window} × ${window} of 64 × 32 × 32 × 64`,
      setup(device) {
        const x = tensor(
          device,
          Float32Array.from({ length: 1 << 22 }, (_, i) => Math.sin(i)),
          [64, 32, 32, 64],
        );
        const options = { window, stride: 2, padding: window - 2 };
        return { run: () => device.scope(() => void pool(x, options)), bytes: 20 << 20 };
      },
    })),
  ),
};
