import type { Device } from "../src/device/device.ts";
import { correlate, filterGradient, transposed } from "../src/ops/lib/convolutionPasses.ts";
import { flopsOf, transposedConvolution } from "../src/ops/lib/convolution.ts";
import { empty } from "../src/tensor/tensor.ts";
import type { OpBench } from "./opbench.ts";

/** Forward, input and filter gradient of one layer of stride 2. */
function layer(name: string, x: number[], w: number[]) {
  const geometry = transposedConvolution("bench", x, w, { stride: 2, padding: 1, outputPadding: 1 });
  const { N, H, W, C } = geometry;
  return (["forward", "dx", "dw"] as const).map((pass) => ({
    name: `${name} ${pass}`,
    setup(device: Device) {
      const [image, filter, output] = [empty(device, x), empty(device, w), empty(device, [N, H, W, C])];
      const run = {
        forward: () => transposed(image, filter, output, geometry),
        dx: () => correlate(output, filter, image, geometry),
        dw: () => filterGradient(output, image, filter, geometry),
      }[pass];
      return { run, flops: flopsOf(geometry) };
    },
  }));
}

export const bench: OpBench = {
  name: "convTranspose2d",
  cases: [
    ...layer("bumps.1", [64, 4, 4, 32], [3, 3, 256, 32]),
    ...layer("bumps.2", [64, 8, 8, 256], [3, 3, 128, 256]),
    ...layer("bumps.3", [64, 16, 16, 128], [3, 3, 32, 128]),
    ...layer("bumps.4", [64, 32, 32, 32], [3, 3, 8, 32]),
  ],
};
