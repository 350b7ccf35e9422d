import { crossEntropy, softmax } from "../src/ops/softmax.ts";
import { tensor } from "../src/tensor/tensor.ts";
import type { OpBench } from "./opbench.ts";

const shapes: [rows: number, classes: number][] = [
  [576, 10],
  [1024, 1024],
];

/** A digit classifier's head, and a wide one. */
export const bench: OpBench = {
  name: "softmax",
  cases: shapes.flatMap(([B, C]) => {
    const setup = (loss: boolean): OpBench["cases"][number]["setup"] => {
      return (device) => {
        const logits = tensor(
          device,
          Float32Array.from({ length: B * C }, (_, i) => Math.sin(i)),
          [B, C],
        );
        const labels = tensor(
          device,
          Float32Array.from({ length: B }, (_, i) => i % C),
        );
        return {
          run: () => (loss ? crossEntropy(logits, labels) : softmax(logits)).dispose(),
          bytes: 12 * B * C,
        };
      };
    };
    return [
      { name: `softmax ${B} × ${C}`, setup: setup(false) },
      { name: `crossEntropy ${B} × ${C}`, setup: setup(true) },
    ];
  }),
};
