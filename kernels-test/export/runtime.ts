import * as ort from "onnxruntime-web/wasm";
import type { Shape } from "../../src/tensor/shape.ts";

ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";

/** Values of an ONNX graph by name. */
export type Values = Record<string, { values: Float32Array; shape: Shape }>;

/** What ONNX Runtime's wasm build makes of a file. */
export async function runOnnx(file: Uint8Array, inputs: Values): Promise<Values> {
  const session = await ort.InferenceSession.create(file);
  const given = Object.entries(inputs).map(([name, { values, shape }]) => [
    name,
    new ort.Tensor("float32", values, shape),
  ]);
  const made = await session.run(Object.fromEntries(given) as Record<string, ort.Tensor>);
  const outputs = Object.entries(made).map(([name, { data, dims }]) => [
    name,
    { values: data as Float32Array, shape: dims },
  ]);
  await session.release();
  return Object.fromEntries(outputs) as Values;
}

/** Images (N, H, W, C) as (N, C, H, W), or back from these: `shape` is that of `values`. */
export function channelsFirst(values: Float32Array, [N, H, W, C]: Shape): Float32Array {
  return moved(values, [N!, H!, W!, C!], [0, 3, 1, 2]);
}

export function channelsLast(values: Float32Array, [N, C, H, W]: Shape): Float32Array {
  return moved(values, [N!, C!, H!, W!], [0, 2, 3, 1]);
}

function moved(values: Float32Array, shape: Shape, axes: readonly number[]): Float32Array {
  const out: number[] = [];
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const [a, b, c, d] = axes.map((axis) => [shape[axis]!, strides[axis]!] as const);
  for (let i = 0; i < a![0]; i++)
    for (let j = 0; j < b![0]; j++)
      for (let k = 0; k < c![0]; k++)
        for (let l = 0; l < d![0]; l++) out.push(values[i * a![1] + j * b![1] + k * c![1] + l * d![1]]!);
  return Float32Array.from(out);
}
