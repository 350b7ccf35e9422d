import type { Device } from "../src/device/device.ts";
import { randomNormal, randomPermutation, RandomState, randomUniform } from "../src/ops/random.ts";
import type { OpBench } from "./opbench.ts";

const draws = { normal: randomNormal, uniform: randomUniform };
/** The noise of a VRRAE step on MNIST and on CelebA, and a long list. */
const shapes = [[576, 16], [576, 186], [1 << 20]];

export const bench: OpBench = {
  name: "random",
  cases: [
    ...Object.entries(draws).flatMap(([name, draw]) =>
      shapes.map((shape) => ({
        name: `${name} ${shape.join("x")}`,
        setup: (device: Device) => {
          const state = new RandomState(device, 1);
          return {
            run: () => draw(state, shape).dispose(),
            bytes: 4 * shape.reduce((size, extent) => size * extent, 1),
          };
        },
      })),
    ),
    ...[1000, 60_000].map((n) => ({
      name: `permutation ${n}`,
      setup: (device: Device) => {
        const state = new RandomState(device, 1);
        return { run: () => randomPermutation(state, n).dispose() };
      },
    })),
  ],
};
