import { sampleGaussian } from "../src/ops/gaussian.ts";
import { add } from "../src/ops/elementwise.ts";
import { RandomState } from "../src/ops/random.ts";
import { sum } from "../src/ops/reduce.ts";
import { backward } from "../src/tensor/tape.ts";
import { tensor } from "../src/tensor/tensor.ts";
import type { OpBench } from "./opbench.ts";

/** The codes of a VRRAE step on bumps, on MNIST and on CelebA, and long lists. */
const shapes = [[64, 2], [576, 16], [576, 186], [1 << 20]];

export const bench: OpBench = {
  name: "gaussian",
  cases: shapes.flatMap((shape) =>
    [false, true].map((withGradient) => ({
      name: `sample ${shape.join("x")}${withGradient ? ", gradient" : ""}`,
      setup(device) {
        const size = shape.reduce((product, extent) => product * extent, 1);
        const list = Float32Array.from({ length: size }, (_, i) => Math.sin(i));
        const [mu, logVariance] = [tensor(device, list, shape), tensor(device, list.map(Math.cos), shape)];
        mu.requiresGrad = logVariance.requiresGrad = withGradient;
        const noise = new RandomState(device, 1);
        const run = () =>
          device.scope(() => {
            const { z, betaKl } = sampleGaussian(mu, logVariance, noise, 1e-3);
            if (withGradient) backward(add(sum(z), betaKl));
          });
        return { run, bytes: (withGradient ? 48 : 16) * size };
      },
    })),
  ),
};
