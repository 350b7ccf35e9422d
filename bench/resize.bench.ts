import { resize2d } from "../src/ops/resize.ts";
import { tensor } from "../src/tensor/tensor.ts";
import type { OpBench } from "./opbench.ts";

/** Doubling the images of a decoder. */
export const bench: OpBench = {
  name: "resize",
  cases: (["nearest", "bilinear"] as const).map((mode) => ({
    name: `${mode}, 64 × 16 × 16 × 64 doubled`,
    setup(device) {
      const x = tensor(
        device,
        Float32Array.from({ length: 1 << 20 }, (_, i) => Math.sin(i)),
        [64, 16, 16, 64],
      );
      return { run: () => device.scope(() => void resize2d(x, [32, 32], { mode })), bytes: 20 << 20 };
    },
  })),
};
