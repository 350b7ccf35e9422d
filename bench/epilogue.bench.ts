import type { Device } from "../src/device/device.ts";
import { epilogueGradients, sumSlices } from "../src/ops/epilogue.ts";
import { empty } from "../src/tensor/tensor.ts";
import type { OpBench } from "./opbench.ts";

/** dz and the bias gradient behind a layer of M pixels and N channels. */
function gradients(M: number, N: number) {
  return {
    name: `relu and bias gradients ${M}×${N}`,
    setup(device: Device) {
      const [dy, y, bias] = [empty(device, [M, N]), empty(device, [M, N]), empty(device, [N])];
      const run = () => {
        const slots = { wanted: () => true, empty: () => empty(device, [N]) };
        const { dz, db } = epilogueGradients(dy, y, { bias, activation: "relu" }, 0, slots);
        dz.dispose();
        db?.dispose();
      };
      return { run, bytes: 12 * M * N };
    },
  };
}

/** The sum of the slices of a filter gradient. */
function slices(Z: number, size: number) {
  return {
    name: `sum of ${Z} slices of ${size}`,
    setup(device: Device) {
      const [parts, out] = [empty(device, [Z, size]), empty(device, [size])];
      return { run: () => sumSlices(parts, out, size), bytes: 4 * (Z + 1) * size };
    },
  };
}

export const bench: OpBench = {
  name: "epilogue",
  cases: [
    gradients(64 * 32 * 32, 32),
    gradients(64 * 64 * 64, 8),
    gradients(64 * 64 * 64, 1),
    slices(16, 73728),
  ],
};
