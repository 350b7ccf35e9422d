import { batchNorm, layerNorm } from "../src/ops/normalize.ts";
import { backward } from "../src/tensor/tape.ts";
import { tensor } from "../src/tensor/tensor.ts";
import type { OpBench } from "./opbench.ts";

const ops = { batchNorm, layerNorm };
const shapes = [
  [64, 32, 32, 64],
  [65536, 64],
  [4096, 1024],
];

/** Normalisation of images and of rows, forward, and forward with all gradients. */
export const bench: OpBench = {
  name: "normalize",
  cases: Object.entries(ops).flatMap(([name, op]) =>
    shapes.flatMap((shape) =>
      [false, true].map((withGradients) => ({
        name: `${name} ${shape.join(" × ")}${withGradients ? " and gradients" : ""}`,
        setup(device) {
          const size = shape.reduce((product, extent) => product * extent, 1);
          const x = tensor(
            device,
            Float32Array.from({ length: size }, (_, i) => Math.sin(i)),
            shape,
          );
          const [scale, shift] = [1, 0].map((value) =>
            tensor(device, new Float32Array(shape.at(-1)!).fill(value)),
          ) as [typeof x, typeof x];
          for (const input of [x, scale, shift]) input.requiresGrad = withGradients;
          return {
            run: () =>
              device.scope(() => {
                const y = op(x, { scale, shift, activation: "relu" });
                if (withGradients) backward(y, x);
              }),
            bytes: (withGradients ? 36 : 12) * size,
          };
        },
      })),
    ),
  ),
};
