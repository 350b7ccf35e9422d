import type { Autoencoder } from "../models/autoencoder.ts";
import type { Batch } from "../models/parts.ts";
import { RandomState } from "../ops/random.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import { record, type Program } from "../tensor/record.ts";
import { backward } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** A training step that was taken once and can be replayed, to measure it: always on the same batch. */
export interface RecordedStep {
  program: Program;
  loss: Tensor;
  /** Frees it, with its model and its optimizer. */
  dispose(): void;
}

/** Takes one step of training on the batch x, loss, gradients, optimizer, with noise of `seed`, and records it. */
export function recordStep(model: Autoencoder, optimizer: Optimizer, x: Batch, seed: number): RecordedStep {
  const noise = new RandomState(model.device, seed);
  const { program, result: loss } = record(model.device, () => {
    const losses = model.loss(x, noise);
    backward(losses.loss);
    optimizer.step();
    return losses.loss;
  });
  return {
    program,
    loss,
    dispose() {
      program.dispose();
      for (const owned of [loss, noise, optimizer, model]) owned.dispose();
    },
  };
}
