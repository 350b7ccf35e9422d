import type * as Tfjs from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { waitFor } from "#gpu";
import { readFirst, type Engine, type Inputs, type Prepared } from "../engine.ts";
import { filterShape } from "../inputs.ts";
import type { ConvolutionTask, Task } from "../tasks.ts";
import { prepareTfjsStep, type TfjsTools } from "./tfjsStep.ts";

type Tf = typeof Tfjs;

/** TensorFlow.js on its WebGPU backend. Call `installGpu` first. */
export async function openTfjs(): Promise<Engine> {
  const loaded = (await import("@tensorflow/tfjs")) as unknown as { default?: Tf } & Tf;
  const tf = loaded.default ?? loaded; // the bundle of Node, which has all gradients registered
  await import("@tensorflow/tfjs-backend-webgpu"); // registers itself if it finds navigator.gpu
  if (!(await tf.setBackend("webgpu"))) throw new Error("TensorFlow.js does not open its WebGPU backend");
  await tf.ready();
  return new TfjsEngine(tf, tf.backend() as WebGPUBackend);
}

class TfjsEngine implements Engine, TfjsTools {
  readonly name = "tfjs-webgpu";
  readonly tf: Tf;
  readonly #backend: WebGPUBackend;

  constructor(tf: Tf, backend: WebGPUBackend) {
    this.tf = tf;
    this.#backend = backend;
  }

  prepare(task: Task, inputs: Inputs): Promise<Prepared> {
    if (task.kind === "svd") throw new Error("TensorFlow.js has no SVD");
    if (task.kind === "step") return prepareTfjsStep(this, task, inputs);
    const { tf } = this;
    const operands: Record<string, Tfjs.Tensor> = {};
    for (const [name, { data, shape }] of Object.entries(inputs))
      operands[name] = tf.keep(tf.tensor(data, [...shape]));
    const once = task.kind === "matmul" ? matmul(tf, operands) : convolution(tf, task, operands);
    return Promise.resolve({
      run: async () => {
        const y = tf.tidy(once);
        await this.settle(y);
        y.dispose();
      },
      answer: async () => {
        const y = tf.tidy(once);
        const values = await waitFor(y.data());
        y.dispose();
        return [values as Float32Array];
      },
      dispose: () => tf.dispose(operands),
    });
  }

  async settle(result: Tfjs.Tensor): Promise<void> {
    const backend = this.#backend;
    backend.endComputePassEncoder();
    backend.submitQueue();
    const buffer = backend.tensorMap.get(result.dataId).resource as GPUBuffer;
    await readFirst(backend.device, buffer);
  }

  close(): void {
    this.#backend.device.destroy();
  }
}

function matmul(tf: Tf, { a, b }: Record<string, Tfjs.Tensor>): () => Tfjs.Tensor {
  return () => tf.matMul(a!, b!);
}

function convolution(
  tf: Tf,
  task: ConvolutionTask,
  operands: Record<string, Tfjs.Tensor>,
): () => Tfjs.Tensor {
  const { kind, op, shape } = task;
  const { N, P, Q, K, H, W, C, stride, pad } = shape;
  const [x, w, dy] = [operands.x, operands.w, operands.dy] as Tfjs.Tensor4D[];
  const transposed = kind === "convTranspose2d";
  if (op === "fwd")
    return transposed
      ? () => tf.conv2dTranspose(x!, w!, [N, P, Q, K], stride, pad)
      : () => tf.conv2d(x!, w!, stride, pad, "NHWC", 1, "floor");
  if (op === "dx" && transposed) return () => tf.conv2d(dy!, w!, stride, pad, "NHWC", 1, "floor");
  const common = { strides: [stride, stride], pad, dataFormat: "NHWC", dimRoundingMode: "floor" };
  const run = (kernel: string, tensors: Record<string, Tfjs.Tensor>, shapes: object) =>
    tf.engine().runKernel<Tfjs.Tensor>(kernel, tensors, { ...common, ...shapes });
  if (op === "dx")
    return () => run("Conv2DBackpropInput", { dy: dy!, filter: w! }, { inputShape: [N, H, W, C] });
  const images = transposed ? { x: dy!, dy: x! } : { x: x!, dy: dy! };
  return () => run("Conv2DBackpropFilter", images, { filterShape: filterShape(task) });
}
