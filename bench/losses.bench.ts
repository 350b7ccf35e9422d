import { gaussianKl, mse, relativeError } from "../src/ops/losses.ts";
import { backward } from "../src/tensor/tape.ts";
import { tensor } from "../src/tensor/tensor.ts";
import type { OpBench } from "./opbench.ts";

/** Losses of a batch of 64 images of 64 × 64, with and without their gradient. */
export const bench: OpBench = {
  name: "losses",
  cases: Object.entries({ relativeError, mse, gaussianKl }).flatMap(([name, loss]) =>
    [false, true].map((withGradient) => ({
      name: withGradient ? `${name}, gradient` : name,
      setup(device) {
        const list = Float32Array.from({ length: 64 * 64 * 64 }, (_, i) => Math.sin(i));
        const [x, y] = [tensor(device, list), tensor(device, list.map(Math.cos))];
        x.requiresGrad = withGradient;
        const run = () =>
          device.scope(() => {
            const value = loss(x, y);
            if (withGradient) backward(value);
          });
        return { run, bytes: (withGradient ? 20 : 8) * x.size };
      },
    })),
  ),
};
