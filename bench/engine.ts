import { waitFor } from "#gpu";
import type { Task } from "./tasks.ts";

/** JavaScript libraries that decompose matrices of 64-bit floats on one CPU core. */
export type SvdLibrary = "ml-matrix" | "svd-js" | "numeric";

/** Who takes part in the benchmark; "torch" also as rows of a file. */
export type EngineName = "hestenes" | "tfjs-webgpu" | "jax-js" | SvdLibrary | "torch";

/** The inputs of a task by name, in the layouts that `Task` states; of a training step also the parameters. */
export type Inputs = Readonly<Record<string, Values>>;

export interface Values {
  shape: readonly number[];
  data: Float32Array<ArrayBuffer>;
}

/** A task that an engine is ready to run again and again. */
export interface Prepared {
  /** Runs the task once and waits for its end by reading from the result. */
  run(): Promise<void>;
  /** The result, in the layouts of hestenes; of a training step the losses of the first three steps. */
  answer(): Promise<Float32Array[]>;
  /** Frees what the task holds. */
  dispose(): void;
}

export interface Engine {
  readonly name: EngineName;
  /** Whether it takes part in a task; in every one unless given. */
  takes?(task: Task): boolean;
  /** Uploads the inputs and compiles. Throws what the engine throws where it cannot do the task. */
  prepare(task: Task, inputs: Inputs): Promise<Prepared>;
  close(): void;
}

const staging = new WeakMap<GPUDevice, GPUBuffer>();

/** Waits for all that was submitted before, by reading the first number of `buffer`: the same for every engine. */
export async function readFirst(device: GPUDevice, buffer: GPUBuffer): Promise<void> {
  const copy = staging.get(device) ?? device.createBuffer({ size: 4, usage: 0x1 | 0x8 }); // MAP_READ | COPY_DST
  staging.set(device, copy);
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 0, copy, 0, 4);
  device.queue.submit([encoder.finish()]);
  await waitFor(copy.mapAsync(0x1));
  copy.unmap();
}
