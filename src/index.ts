/** hestenes: hand-written WebGPU compute kernels with a differentiable SVD inside, and the autoencoders that need one. */
export { openDevice, type Device } from "./device/device.ts";
export * from "./device/errors.ts";
export { kernel } from "./device/ownKernel.ts";
export { linearGrid, type Grid, type Kernel, type LaunchOptions } from "./device/kernel.ts";
export type { AdapterDescription, AdapterRequest } from "#gpu";

export { empty, Tensor, tensor, zeros } from "./tensor/tensor.ts";
export { backward, needsTape, stopGradient, track, trackAll } from "./tensor/tape.ts";
export { gradcheck, type GradcheckOptions, type GradcheckReport } from "./tensor/gradcheck.ts";
export { copyInto } from "./tensor/accumulate.ts";
export { noGrad, record, type Program, type RecordOptions } from "./tensor/record.ts";
export { Scalar } from "./tensor/scalar.ts";

export * from "./ops/index.ts";
export * as nn from "./nn/index.ts";
export * as optim from "./optim/index.ts";
export * as models from "./models/index.ts";
export * as latent from "./latent/index.ts";
export * as data from "#data";
export * as metrics from "./metrics/index.ts";
export { steps, type Stepper, type StepsOptions } from "./optim/steps.ts";
export { train, type Evaluation, type TrainOptions, type Run } from "./train/train.ts";
export * from "#save";
export { readTrainer, restoreTrainer, type Checkpoint } from "./train/state.ts";
export type { CheckpointFiles } from "./train/checkpointFiles.ts";
export type { Weights } from "./train/weights.ts";
export { Trainer, type TrainerOptions, type TrainerState } from "./train/trainer.ts";
export type { StepLosses } from "./train/losses.ts";
export type { Optimization } from "./train/phaseRun.ts";
export { varianceLawOn, varianceLossOn, type VarianceLossOptions } from "./train/variance.ts";
