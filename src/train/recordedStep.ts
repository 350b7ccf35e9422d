import type { Model } from "../models/model.ts";
import type { Batch } from "../models/parts.ts";
import { RandomState } from "../ops/random.ts";
import type { OptimizerSettings } from "../optim/settings.ts";
import type { Program } from "../tensor/record.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { PhaseRun } from "./phaseRun.ts";

/** A training step of one phase that was taken once and can be replayed, to measure it: always on the same batch. */
export interface RecordedStep {
  program: Program;
  loss: Tensor;
  /** Frees it, with its model and its optimizer. */
  dispose(): void;
}

/** Takes the first phase of a step of training on the batch x, with noise of `seed`, and records it. */
export function recordStep(model: Model, optimizer: OptimizerSettings, x: Batch, seed: number): RecordedStep {
  const noise = new RandomState(model.device, seed);
  const phase = model.phases()[0]!;
  const run = new PhaseRun(model, phase, phase.moves, optimizer);
  run.run(x, noise);
  return {
    program: run.program!,
    loss: run.losses!.loss,
    dispose() {
      for (const owned of [run, noise, model]) owned.dispose();
    },
  };
}
