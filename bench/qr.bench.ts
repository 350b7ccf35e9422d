import { qr } from "../src/ops/qr.ts";
import { tensor } from "../src/tensor/tensor.ts";
import type { OpBench } from "./opbench.ts";

const shapes = [
  [64, 32, 32],
  [1, 256, 128],
] as const;

export const bench: OpBench = {
  name: "qr",
  cases: shapes.map(([B, M, N]) => ({
    name: `qr ${B} of ${M} × ${N}`,
    setup(device) {
      const a = Float32Array.from({ length: B * M * N }, (_, e) => Math.sin(e));
      const x = tensor(device, a, [B, M, N]);
      return { run: () => device.scope(() => void qr(x)), flops: 4 * B * M * N * N };
    },
  })),
};
