import type * as Jax from "@jax-js/jax";
import { waitFor } from "#gpu";
import { readFirst, type Engine, type Inputs, type Prepared, type Values } from "../engine.ts";
import { isOfPaper2, type ConvolutionTask, type SvdTask, type Task } from "../tasks.ts";
import { prepareJaxStep } from "./jaxStep.ts";
import { transposedConvolution, type JaxModule, type JaxTools } from "./jaxTools.ts";
import { halfTurn, permute, transposedFilter } from "./permute.ts";

type JaxArray = Jax.Array;

/** jax-js on its WebGPU backend. Call `installGpu` first. */
export async function openJax(): Promise<Engine> {
  const jax = await import("@jax-js/jax");
  const ready = await jax.init("webgpu");
  if (!ready.includes("webgpu")) throw new Error("jax-js does not open its WebGPU backend");
  jax.defaultDevice("webgpu");
  return new JaxEngine(jax);
}

/** What a task computes, compiled by `jit`; it takes one reference of each operand. */
interface Work {
  operands: JaxArray[];
  compute: (...operands: JaxArray[]) => JaxArray[];
  /** The results in the layouts of hestenes. */
  restore: (results: Values[]) => Values[];
}

class JaxEngine implements Engine, JaxTools {
  readonly name = "jax-js";
  readonly jax: JaxModule;

  constructor(jax: JaxModule) {
    this.jax = jax;
  }

  /** The networks of the second paper are not written for it here. */
  takes(task: Task): boolean {
    return task.kind !== "step" || !isOfPaper2(task);
  }

  async prepare(task: Task, inputs: Inputs): Promise<Prepared> {
    if (task.kind === "step") return prepareJaxStep(this, task, inputs);
    const { operands, compute, restore } = this.#work(task, inputs);
    const compiled = this.jax.jit(compute);
    const once = () => compiled(...operands.map((operand) => operand.ref));
    await this.jax.blockUntilReady(operands);
    return {
      run: async () => {
        const results = once();
        await this.settle(results);
        for (const result of results) result.dispose();
      },
      answer: async () => {
        const values: Values[] = [];
        for (const result of once()) {
          const { shape } = result;
          values.push({ shape, data: (await waitFor(result.data())) as Float32Array<ArrayBuffer> });
        }
        return restore(values).map(({ data }) => data);
      },
      dispose: () => {
        for (const operand of operands) operand.dispose();
        compiled.dispose();
      },
    };
  }

  async settle(results: readonly JaxArray[]): Promise<void> {
    let first: GPUBuffer | undefined;
    for (const result of results) {
      const buffer = await result.ref.gpuBuffer();
      first ??= buffer;
    }
    await readFirst(this.jax.getWebGPUDevice(), first!);
  }

  upload({ data, shape }: Values): JaxArray {
    return this.jax.numpy.array(data, { shape: [...shape] });
  }

  close(): void {
    this.jax.getWebGPUDevice().destroy();
  }

  #work(task: Exclude<Task, { kind: "step" }>, inputs: Inputs): Work {
    if (task.kind === "svd") return this.#svd(task, inputs);
    if (task.kind !== "matmul") return this.#convolution(task, inputs);
    return {
      operands: [this.upload(inputs.a!), this.upload(inputs.b!)],
      compute: (a, b) => [this.jax.numpy.matmul(a, b)],
      restore: (results) => results,
    };
  }

  #svd(_: SvdTask, { a }: Inputs): Work {
    return {
      operands: [this.upload(a!)],
      compute: (matrix) => this.jax.numpy.linalg.svd(matrix, { fullMatrices: false }),
      restore: (results) => results,
    };
  }

  /** Images are (N,C,H,W), filters (K,C,R,S). */
  #convolution({ kind, op, shape }: ConvolutionTask, inputs: Inputs): Work {
    const { R, S, stride, pad, outputPad } = shape;
    const { jax } = this;
    const transposed = kind === "convTranspose2d";
    const forward = transposed
      ? transposedConvolution(jax, { R, S, stride, pad, outputPad })
      : (x: JaxArray, w: JaxArray) =>
          jax.lax.convGeneralDilated(
            x,
            w,
            [stride, stride],
            [
              [pad, pad],
              [pad, pad],
            ],
          );
    const compute = (x: JaxArray, w: JaxArray, dy: JaxArray): JaxArray[] => {
      const [y, back] = jax.vjp(forward, [x, w]);
      y.dispose();
      const [dx, dw] = back(dy);
      const [kept, dropped] = op === "dx" ? [dx, dw] : [dw, dx];
      dropped.dispose();
      back.dispose();
      return [kept];
    };
    const images = [0, 3, 1, 2];
    const operands = [
      permute(inputs.x!, images),
      transposed ? transposedFilter(inputs.w!) : permute(inputs.w!, [3, 2, 0, 1]),
    ];
    if (op !== "fwd") operands.push(permute(inputs.dy!, images));
    return {
      operands: operands.map((values) => this.upload(values)),
      compute: op === "fwd" ? (x, w) => [forward(x, w)] : (x, w, dy) => compute(x, w, dy),
      restore: ([result]) => {
        if (op !== "dw") return [permute(result!, [0, 2, 3, 1])];
        return [transposed ? permute(halfTurn(result!), [2, 3, 0, 1]) : permute(result!, [2, 3, 1, 0])];
      },
    };
  }
}
