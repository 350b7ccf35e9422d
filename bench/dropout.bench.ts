import { dropout } from "../src/ops/dropout.ts";
import { RandomState } from "../src/ops/random.ts";
import { tensor } from "../src/tensor/tensor.ts";
import type { OpBench } from "./opbench.ts";

export const bench: OpBench = {
  name: "dropout",
  cases: [
    {
      name: "half of 1M",
      setup(device) {
        const x = tensor(device, new Float32Array(1 << 20).fill(1));
        const noise = new RandomState(device, 0);
        return { run: () => device.scope(() => void dropout(x, 0.5, noise)), bytes: 8 << 20 };
      },
    },
  ],
};
