import type { Device } from "../src/device/device.ts";
import { float16, float32 } from "../src/ops/casts.ts";
import { matmul, type MatmulOptions } from "../src/ops/matmul.ts";
import { empty } from "../src/tensor/tensor.ts";
import type { OpBench } from "./opbench.ts";

/** a (M,K) · b (K,N); with a transpose, the gradients of such a product. */
function product(M: number, K: number, N: number, options: MatmulOptions = {}, dtype = float32) {
  const turned = `${options.transposeA ? " aᵀ" : ""}${options.transposeB ? " bᵀ" : ""}`;
  return {
    name: `matmul ${M}×${K}×${N}${turned}${dtype === float16 ? " f16" : ""}`,
    setup(device: Device) {
      const a = empty(device, options.transposeA ? [K, M] : [M, K], "tensor", dtype);
      const b = empty(device, options.transposeB ? [N, K] : [K, N], "tensor", dtype);
      return { run: () => matmul(a, b, options).dispose(), flops: 2 * M * K * N };
    },
  };
}

export const bench: OpBench = {
  name: "matmul",
  cases: [
    product(512, 512, 512),
    product(512, 512, 512, { transposeA: true }),
    product(512, 512, 512, { transposeB: true }),
    product(512, 512, 512, {}, float16),
    product(1024, 1024, 1024),
    product(1024, 1024, 1024, {}, float16),
    product(576, 3136, 100),
    product(64, 16384, 200),
    product(64, 200, 16384, { transposeB: true }),
    product(16384, 64, 200, { transposeA: true }),
  ],
};
