import { concat, gatherRows, pad, permute, slice } from "../src/ops/rearrange.ts";
import { tensor, type Tensor } from "../src/tensor/tensor.ts";
import type { OpBench } from "./opbench.ts";

const image = [64, 32, 32, 16];
const cases: [name: string, shape: number[], op: (x: Tensor, indices: Tensor) => Tensor][] = [
  ["transpose 1024 × 1024", [1024, 1024], (x) => permute(x, [1, 0])],
  ["channels first", image, (x) => permute(x, [0, 3, 1, 2])],
  ["slice half", image, (x) => slice(x, [0, 8, 8, 0], [64, 16, 16, 16])],
  [
    "pad by 1",
    image,
    (x) =>
      pad(x, [
        [0, 0],
        [1, 1],
        [1, 1],
        [0, 0],
      ]),
  ],
  ["concat channels", image, (x) => concat([x, x], -1)],
  ["gather 256 of 1024 rows", [1024, 1024], (x, indices) => gatherRows(x, indices)],
];

/** Bandwidth of moving a million elements. */
export const bench: OpBench = {
  name: "rearrange",
  cases: cases.map(([name, shape, op]) => ({
    name,
    setup(device) {
      const x = tensor(device, new Float32Array(2 ** 20), shape);
      const indices = tensor(
        device,
        Float32Array.from({ length: 256 }, (_, i) => (i * 37) % 1024),
      );
      const out = op(x, indices);
      return { run: () => op(x, indices).dispose(), bytes: 8 * out.size };
    },
  })),
};
