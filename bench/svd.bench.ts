import type { Device } from "../src/device/device.ts";
import { svd, truncate, truncatedSvd } from "../src/ops/svd.ts";
import { backward } from "../src/tensor/tape.ts";
import type { OpBench } from "./opbench.ts";

/** Batches of latent vectors (B, L) and what is kept of them: bumps, MNIST and CIFAR at the paper's sizes. */
const latents = [
  [64, 200, 2],
  [64, 100, 16],
  [576, 100, 16],
  [64, 512, 60],
] as const;

const noise = (device: Device, shape: number[]) => {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return device.tensor(
    Float32Array.from({ length: size }, (_, i) => Math.sin(12.9898 * i + i * i)),
    shape,
  );
};

/** Latents whose directions weaken by a tenth from one to the next, as those of images do in training. */
const decaying = (device: Device, [B, L]: [number, number]) => {
  const values = Float32Array.from(
    { length: B * L },
    (_, i) => Math.sin(12.9898 * i + i * i) * 0.9 ** (i % L),
  );
  return device.tensor(values, [B, L]);
};

/** A truncation to k = 186, as of VRRAEs with wide latents: the decomposition alone, and with the gradient after it. */
const wide = [
  { name: "truncate 576x512, k = 186", gradient: false },
  { name: "truncate with gradient 576x512, k = 186", gradient: true },
].map(({ name, gradient }) => ({
  name,
  setup: (device: Device) => {
    const h = noise(device, [576, 512]);
    h.requiresGrad = gradient;
    return {
      run: () =>
        device.scope(() => {
          const y = truncate(h, 186);
          if (gradient) backward(y);
        }),
    };
  },
}));

export const bench: OpBench = {
  name: "svd",
  cases: [
    ...[
      [64, 200],
      [576, 100],
      [576, 512],
      [256, 16, 16],
    ].map((shape) => ({
      name: `svd ${shape.join("x")}`,
      setup: (device: Device) => {
        const a = noise(device, shape);
        return { run: () => device.scope(() => void svd(a)) };
      },
    })),
    ...latents.flatMap(([B, L, k]) => [
      {
        name: `truncatedSvd ${B}x${L}, k = ${k}`,
        setup: (device: Device) => {
          const h = noise(device, [B, L]);
          return { run: () => device.scope(() => void truncatedSvd(h, k)) };
        },
      },
      {
        name: `truncate with gradient ${B}x${L}, k = ${k}`,
        setup: (device: Device) => {
          const h = noise(device, [B, L]);
          h.requiresGrad = true;
          return { run: () => device.scope(() => backward(truncate(h, k))) };
        },
      },
    ]),
    ...wide,
    ...(["full", "topk"] as const).map((method) => ({
      name: `truncatedSvd 576x512, k = 16, ${method}`,
      setup: (device: Device) => {
        const h = decaying(device, [576, 512]);
        return { run: () => device.scope(() => void truncatedSvd(h, 16, { method })) };
      },
    })),
  ],
};
