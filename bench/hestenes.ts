import type { Device } from "../src/device/device.ts";
import { conv2d } from "../src/ops/conv2d.ts";
import { convTranspose2d } from "../src/ops/convTranspose2d.ts";
import { matmul } from "../src/ops/matmul.ts";
import { svd } from "../src/ops/svd.ts";
import { record } from "../src/tensor/record.ts";
import { empty, tensor, type Tensor } from "../src/tensor/tensor.ts";
import type { Engine, Inputs, Prepared } from "./engine.ts";
import { prepareStep } from "./hestenesStep.ts";
import type { Task } from "./tasks.ts";

/** hestenes itself: every task is recorded once and replayed, as a training step is. */
export class HestenesEngine implements Engine {
  readonly name = "hestenes";
  readonly device: Device;

  constructor(device: Device) {
    this.device = device;
  }

  async prepare(task: Task, inputs: Inputs): Promise<Prepared> {
    const { device } = this;
    if (task.kind === "step") return prepareStep(device, task, inputs);
    const operands: Record<string, Tensor> = {};
    for (const [name, { data, shape }] of Object.entries(inputs))
      operands[name] = tensor(device, data, shape);
    const { program, result } = record(device, operation(task, operands));
    await device.finish();
    const first = result[0]!.view([1]);
    return {
      async run() {
        program.run();
        await first.read();
      },
      answer: () => Promise.all(result.map((output) => output.read())),
      dispose() {
        for (const owned of [first, ...result, ...Object.values(operands)]) owned.dispose();
        program.dispose();
      },
    };
  }

  close(): void {
    this.device.close();
  }
}

/** What the task computes. Of a convolution's gradients, only the one that is asked for. */
function operation(task: Exclude<Task, { kind: "step" }>, operands: Record<string, Tensor>): () => Tensor[] {
  const [a, b, x, w, dy] = ["a", "b", "x", "w", "dy"].map((name) => operands[name]!) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  if (task.kind === "matmul") return () => [matmul(a, b)];
  if (task.kind === "svd")
    return () => {
      const { U, S, Vt } = svd(a);
      return [U, S, Vt];
    };
  const { stride, pad, outputPad } = task.shape;
  const options = { stride, padding: pad };
  const forward = () =>
    task.kind === "conv2d"
      ? conv2d(x, w, options)
      : convTranspose2d(x, w, { ...options, outputPadding: outputPad });
  if (task.op === "fwd") return () => [forward()];
  const wanted = task.op === "dx" ? 0 : 1;
  const input = [x, w][wanted]!;
  input.requiresGrad = true;
  const y = forward();
  operands.y = y;
  const { rule } = y.node!;
  const gradients = { wanted: (i: number) => i === wanted, empty: () => empty(input.device, input.shape) };
  return () => input.device.noGrad(() => [rule([dy], gradients)[wanted]!]);
}
