import { gaussianNetworks } from "../src/models/gaussianAutoencoder.ts";
import { networksFor } from "../src/models/networks.ts";
import { linearNetwork, convolutionalNetworks, type Network } from "../src/nn/networks.ts";
import { raeNetworks } from "../src/nn/raeNetworks.ts";
import { resnetNetworks } from "../src/nn/resnetNetworks.ts";
import { sizeOf, type Shape } from "../src/tensor/shape.ts";
import type { Inputs, Values } from "./engine.ts";
import type { ConvolutionTask, StepTask, Task } from "./tasks.ts";

/** The inputs of a task, the same for every engine and every time. */
export function inputsOf(task: Task): Inputs {
  switch (task.kind) {
    case "matmul": {
      const { M, K, N } = task.shape;
      return { a: normal([M, K], 1), b: normal([K, N], 2) };
    }
    case "conv2d":
    case "convTranspose2d": {
      const { N, H, W, C, P, Q, K } = task.shape;
      return { x: normal([N, H, W, C], 3), w: normal(filterShape(task), 4), dy: normal([N, P, Q, K], 5) };
    }
    case "svd": {
      const { rows, cols, batch } = task.shape;
      return { a: normal(batch === 1 ? [rows, cols] : [batch, rows, cols], 6) };
    }
    case "step": {
      const { N, H, W, C } = task.shape;
      return { x: images([N, H, W, C], 7), ...parametersOf(task) };
    }
  }
}

/** (R,S,C,K), or (R,S,K,C) for a transposed convolution. */
export function filterShape({ kind, shape: { R, S, C, K } }: ConvolutionTask): Shape {
  return kind === "conv2d" ? [R, S, C, K] : [R, S, K, C];
}

/** The seed of the initial weights and of the noise of a training step. */
export const STEP_SEED = 7;

/** The length of what is sampled: the coefficients of a VRRAE, the latent vector of a VAE. */
export function codeSize({ shape: { model, latent, rank = latent } }: StepTask): number {
  return model === "vrrae" ? rank : latent;
}

/** The initial weights of a training step by name, as the model of hestenes starts with. */
function parametersOf(task: StepTask): Record<string, Values> {
  const parameters: Record<string, Values> = {};
  for (const [prefix, network] of Object.entries(networksOf(task)))
    for (const { name, shape, values } of network.parameters)
      parameters[`${prefix}.${name}`] = { shape, data: values as Float32Array<ArrayBuffer> };
  if (task.shape.model === "two-stage") parameters.gamma = { shape: [1], data: new Float32Array(1) };
  return parameters;
}

function networksOf(task: StepTask): Record<string, Network> {
  const { H, W, C, latent, model } = task.shape;
  const given = { input: [H, W, C], latent, seed: STEP_SEED };
  if (model === "rae-l2") return networksFor({ ...given, architecture: raeNetworks() }, latent);
  if (model === "two-stage") return gaussianNetworks({ ...given, architecture: resnetNetworks() });
  const networks: Record<string, Network> = { ...convolutionalNetworks(given) };
  const [k, seed] = [codeSize(task), STEP_SEED];
  if (model === "vae") networks.mean = linearNetwork(k, k, { seed, stream: "mean" });
  if (model !== "ae") networks.variance = linearNetwork(k, k, { seed, stream: "variance" });
  return networks;
}

/** Numbers in [0, 1): a soft spot in each image, at another place in each. */
function images([N, H, W, C]: readonly [number, number, number, number], seed: number): Values {
  const data = new Float32Array(N * H * W * C);
  const random = generator(seed);
  for (let n = 0, i = 0; n < N; n++) {
    const [row, column] = [H * random(), W * random()];
    for (let h = 0; h < H; h++)
      for (let w = 0; w < W; w++)
        for (let c = 0; c < C; c++) data[i++] = Math.exp(-((h - row) ** 2 + (w - column) ** 2) / (2 + c) / H);
  }
  return { shape: [N, H, W, C], data };
}

/** Numbers from N(0, 1), by the method of Box and Muller. */
function normal(shape: Shape, seed: number): Values {
  const random = generator(seed);
  const data = new Float32Array(sizeOf(shape));
  for (let i = 0; i < data.length; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    data[i] = radius * Math.cos(angle);
    if (i + 1 < data.length) data[i + 1] = radius * Math.sin(angle);
  }
  return { shape, data };
}

/** Uniform numbers in [0, 1): SplitMix32 (Steele, Lea and Flood 2014, in 32 bits). */
function generator(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b9);
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let word = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
    return ((word ^ (word >>> 16)) >>> 0) / 2 ** 32;
  };
}
