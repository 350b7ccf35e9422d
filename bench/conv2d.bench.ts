import type { Device } from "../src/device/device.ts";
import { float16 } from "../src/ops/casts.ts";
import { conv2d } from "../src/ops/conv2d.ts";
import { correlate, filterGradient, inputGradient } from "../src/ops/lib/convolutionPasses.ts";
import { convolution, flopsOf } from "../src/ops/lib/convolution.ts";
import { empty } from "../src/tensor/tensor.ts";
import type { OpBench } from "./opbench.ts";

/** A layer of tensors that are stored in 16 bits, forward. */
function halfLayer(name: string, x: number[], w: number[], stride: number, padding: number) {
  return {
    name: `${name} forward f16`,
    setup(device: Device) {
      const image = empty(device, x, "tensor", float16);
      const filter = empty(device, w, "tensor", float16);
      const flops = flopsOf(convolution("bench", x, w, { stride, padding }));
      return { run: () => conv2d(image, filter, { stride, padding }).dispose(), flops };
    },
  };
}

/** Forward, input and filter gradient of one layer. */
function layer(name: string, x: number[], w: number[], stride: number, padding: number) {
  const geometry = convolution("bench", x, w, { stride, padding });
  const { N, P, Q, K } = geometry;
  return (["forward", "dx", "dw"] as const).map((pass) => ({
    name: `${name} ${pass}`,
    setup(device: Device) {
      const [image, filter, output] = [empty(device, x), empty(device, w), empty(device, [N, P, Q, K])];
      const run = {
        forward: () => correlate(image, filter, output, geometry),
        dx: () => inputGradient(output, filter, image, geometry),
        dw: () => filterGradient(image, output, filter, geometry),
      }[pass];
      return { run, flops: flopsOf(geometry) };
    },
  }));
}

export const bench: OpBench = {
  name: "conv2d",
  cases: [
    ...layer("bumps.1", [64, 64, 64, 1], [3, 3, 1, 32], 2, 1),
    ...layer("bumps.2", [64, 32, 32, 32], [3, 3, 32, 64], 2, 1),
    halfLayer("bumps.2", [64, 32, 32, 32], [3, 3, 32, 64], 2, 1),
    ...layer("bumps.out", [64, 64, 64, 8], [1, 1, 8, 1], 1, 0),
    ...layer("mnist.out", [64, 32, 32, 8], [5, 5, 8, 1], 1, 0),
    ...layer("wide", [16, 64, 64, 64], [3, 3, 64, 64], 1, 1),
    halfLayer("wide", [16, 64, 64, 64], [3, 3, 64, 64], 1, 1),
  ],
};
