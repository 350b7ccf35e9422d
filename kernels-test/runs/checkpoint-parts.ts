import type { CheckpointParts } from "../../src/runs/checkpoint.node.ts";

/** A checkpoint whose every part tells its step; its size differs from step to step. */
export function partsOf(step: number): CheckpointParts {
  const length = 1000 * (1 + (step % 50));
  return {
    model: new Map([
      ["w", { dtype: "F32", shape: [length], data: new Float32Array(length).fill(step) }],
      ["b", { dtype: "F32", shape: [2, 1], data: Float32Array.of(step, -step) }],
    ]),
    optimizer: new Map([["m", { dtype: "U32", shape: [length], data: new Uint32Array(length).fill(step) }]]),
    state: { step, name: "två", losses: [0.1 + step, -0], nested: { "2": true, a: null } },
  };
}
