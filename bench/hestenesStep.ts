import type { Device } from "../src/device/device.ts";
import { ae } from "../src/models/ae.ts";
import type { Autoencoder } from "../src/models/autoencoder.ts";
import { likelihoodVae } from "../src/models/likelihoodVae.ts";
import { rae } from "../src/models/rae.ts";
import { vae } from "../src/models/vae.ts";
import { vrrae } from "../src/models/vrrae.ts";
import { raeNetworks } from "../src/nn/raeNetworks.ts";
import { resnetNetworks } from "../src/nn/resnetNetworks.ts";
import { randomNormal, RandomState } from "../src/ops/random.ts";
import { tensor } from "../src/tensor/tensor.ts";
import { recordStep, type RecordedStep } from "../src/train/recordedStep.ts";
import type { Inputs, Prepared, Values } from "./engine.ts";
import { codeSize, STEP_SEED } from "./inputs.ts";
import type { StepTask } from "./tasks.ts";

/** Weight of the KL term, and learning rate of Adam, in every engine's training step. */
export const BETA = 1e-6;
export const RATE = 1e-3;

/** Weights of RAE-L2's ½ ‖z‖² and Σ W² of the decoder. */
export const RAE = { codePenalty: 1e-2, penalty: 1e-4 };

/** Takes one step of training, loss, gradients, Adam, on a batch that stays on the device, and records it. */
export function recordTask(device: Device, task: StepTask, inputs: Inputs): RecordedStep {
  const model = build(device, task);
  const x = tensor(device, inputs.x!.data, inputs.x!.shape);
  const step = recordStep(model, { kind: "adam", rate: RATE }, x, STEP_SEED);
  return {
    ...step,
    dispose() {
      step.dispose();
      x.dispose();
    },
  };
}

/** The step as a task of the benchmark; its first three losses are its answer. */
export async function prepareStep(device: Device, task: StepTask, inputs: Inputs): Promise<Prepared> {
  const step = recordTask(device, task, inputs);
  const { program, loss } = step;
  const first = [await loss.item()];
  while (first.length < 3) {
    program.run();
    first.push(await loss.item());
  }
  return {
    async run() {
      program.run();
      await loss.read();
    },
    answer: () => Promise.resolve([Float32Array.from(first)]),
    dispose: () => step.dispose(),
  };
}

/** What the first three steps draw, for engines that are to compute the same: by names `noise0` … `noise2`. */
export async function noiseOf(device: Device, task: StepTask): Promise<Record<string, Values>> {
  if (["ae", "rae-l2"].includes(task.shape.model)) return {};
  const noise = new RandomState(device, STEP_SEED);
  const shape = [task.shape.N, codeSize(task)];
  const drawn: Record<string, Values> = {};
  for (let step = 0; step < 3; step++) {
    const values = randomNormal(noise, shape);
    drawn[`noise${step}`] = { shape, data: (await values.read()) as Float32Array<ArrayBuffer> };
    values.dispose();
  }
  noise.dispose();
  return drawn;
}

function build(device: Device, { shape }: StepTask): Autoencoder {
  const { model, H, W, C, latent, rank = latent } = shape;
  const options = { input: [H, W, C], latent, seed: STEP_SEED };
  switch (model) {
    case "ae":
      return ae(device, options);
    case "vae":
      return vae(device, { ...options, beta: BETA });
    case "vrrae":
      return vrrae(device, { ...options, rank, beta: BETA });
    case "rae-l2":
      return rae(device, { ...options, ...RAE, regularizer: "l2", architecture: raeNetworks() });
    case "two-stage":
      return likelihoodVae(device, { ...options, likelihood: "learned", architecture: resnetNetworks() });
  }
}
