import { z } from "zod";
import given from "./cases.json" with { type: "json" };

const extent = z.int().positive();
const common = { name: z.string(), heavy: z.boolean().default(false) };
const image = { N: extent, H: extent, W: extent, C: extent };
const filter = { K: extent, R: extent, S: extent, stride: extent, pad: z.int().nonnegative() };

const schema = z.object({
  comment: z.string().optional(),
  matmul: z.array(z.strictObject({ ...common, M: extent, K: extent, N: extent })),
  conv2d: z.array(z.strictObject({ ...common, ...image, ...filter })),
  conv_transpose2d: z.array(
    z.strictObject({ ...common, ...image, ...filter, outputPad: z.int().nonnegative() }),
  ),
  svd: z.array(z.strictObject({ ...common, rows: extent, cols: extent, batch: extent })),
  step: z.array(
    z.strictObject({
      ...common,
      ...image,
      /** The second paper's: RAE-L2 with its networks, and the first stage of a two-stage VAE with the residual ones. */
      model: z.enum(["ae", "vae", "vrrae", "rae-l2", "two-stage"]),
      latent: extent,
      rank: extent.optional(),
    }),
  ),
});
type Cases = z.infer<typeof schema>;

/** The operations of a case: forward, gradient of the input, gradient of the filter, a whole training step. */
export type Op = "fwd" | "dx" | "dw" | "step";

interface TaskOf<Kind, Case> {
  kind: Kind;
  name: string;
  op: Op;
  /** Floating-point operations, where the number is the same for every method. */
  flops?: number;
  shape: Case;
}

/** The extents of a convolution or transposed convolution: x (N,H,W,C) → y (N,P,Q,K). */
export interface ConvolutionShape {
  N: number;
  H: number;
  W: number;
  C: number;
  K: number;
  R: number;
  S: number;
  P: number;
  Q: number;
  stride: number;
  pad: number;
  outputPad: number;
}

export type MatmulTask = TaskOf<"matmul", { M: number; K: number; N: number }>;
/** Filters are (R,S,C,K); those of a transposed convolution (R,S,K,C), as in the convolution that it transposes. */
export type ConvolutionTask = TaskOf<"conv2d" | "convTranspose2d", ConvolutionShape>;
export type SvdTask = TaskOf<"svd", { rows: number; cols: number; batch: number }>;
export type StepTask = TaskOf<"step", Cases["step"][number]>;
export type Task = MatmulTask | ConvolutionTask | SvdTask | StepTask;

/** Whether a step is one of the second paper's models, with its networks. */
export function isOfPaper2({ shape: { model } }: StepTask): boolean {
  return model === "rae-l2" || model === "two-stage";
}

/** Every operation of every case of `bench/cases.json` whose name and operation contain `only`. */
export function tasks({ heavy = false, only = "" } = {}): Task[] {
  const cases = schema.parse(given);
  const wanted = <Case extends { heavy: boolean }>(list: Case[]) => list.filter((one) => heavy || !one.heavy);
  const all = [
    ...wanted(cases.matmul).map(matmulTask),
    ...wanted(cases.conv2d).flatMap(convolutionTasks),
    ...wanted(cases.conv_transpose2d).flatMap(transposedTasks),
    ...wanted(cases.svd).map((shape): SvdTask => ({ kind: "svd", name: shape.name, op: "fwd", shape })),
    ...wanted(cases.step).map((shape): StepTask => ({ kind: "step", name: shape.name, op: "step", shape })),
  ];
  return all.filter(({ name, op }) => `${name} ${op}`.includes(only));
}

function matmulTask(shape: Cases["matmul"][number]): MatmulTask {
  return { kind: "matmul", name: shape.name, op: "fwd", flops: 2 * shape.M * shape.K * shape.N, shape };
}

const directions = ["fwd", "dx", "dw"] as const;

function convolutionTasks({ name, ...given }: Cases["conv2d"][number]): ConvolutionTask[] {
  const { N, H, W, C, K, R, S, stride, pad } = given;
  const P = Math.floor((H + 2 * pad - R) / stride) + 1;
  const Q = Math.floor((W + 2 * pad - S) / stride) + 1;
  const flops = 2 * N * P * Q * K * R * S * C;
  const shape = { ...given, P, Q, outputPad: 0 };
  return directions.map((op) => ({ kind: "conv2d", name, op, flops, shape }));
}

function transposedTasks({ name, ...given }: Cases["conv_transpose2d"][number]): ConvolutionTask[] {
  const { N, H, W, C, K, R, S, stride, pad, outputPad } = given;
  const P = (H - 1) * stride - 2 * pad + R + outputPad;
  const Q = (W - 1) * stride - 2 * pad + S + outputPad;
  const flops = 2 * N * H * W * K * R * S * C;
  const shape = { ...given, P, Q };
  return directions.map((op) => ({ kind: "convTranspose2d", name, op, flops, shape }));
}
