import type * as Tfjs from "@tensorflow/tfjs";
import { waitFor } from "#gpu";
import type { Inputs, Prepared } from "../engine.ts";
import { BETA, RATE } from "../hestenesStep.ts";
import type { StepTask } from "../tasks.ts";

/** TensorFlow.js, and how its results are waited for. */
export interface TfjsTools {
  readonly tf: typeof Tfjs;
  /** Sends what TensorFlow.js still holds back, and waits until it is done by reading from `result`. */
  settle(result: Tfjs.Tensor): Promise<void>;
}

/** The same step of training, written as a user of TensorFlow.js would; its noise waits on the device. */
export async function prepareTfjsStep(engine: TfjsTools, task: StepTask, inputs: Inputs): Promise<Prepared> {
  const { tf } = engine;
  const { model, N, H, W, C } = task.shape;
  if (model === "vrrae") throw new Error("TensorFlow.js has no SVD");
  const small = Math.ceil(H / 16);
  const variables: Record<string, Tfjs.Variable> = {};
  const noise: Tfjs.Tensor2D[] = [];
  for (const [name, { data, shape }] of Object.entries(inputs)) {
    const values = tf.tensor(data, [...shape]);
    if (name.startsWith("noise")) noise.push(tf.keep(values) as Tfjs.Tensor2D);
    else if (name !== "x") variables[name] = tf.variable(values);
  }
  const x = tf.keep(tf.tensor4d(inputs.x!.data, [N, H, W, C]));
  const parameter = <T extends Tfjs.Tensor>(name: string) => variables[name] as unknown as T;
  const affine = (h: Tfjs.Tensor2D, name: string): Tfjs.Tensor2D =>
    tf.add(tf.matMul(h, parameter(`${name}.weight`)), parameter(`${name}.bias`));
  const relu = (h: Tfjs.Tensor4D, name: string): Tfjs.Tensor4D =>
    tf.relu(tf.add(h, parameter(`${name}.bias`)));

  const encode = () => {
    let h = x;
    for (const name of ["encoder.conv1", "encoder.conv2"])
      h = relu(tf.conv2d(h, parameter<Tfjs.Tensor4D>(`${name}.weight`), 2, 1, "NHWC", 1, "floor"), name);
    return affine(tf.reshape(h, [N, -1]), "encoder.linear");
  };
  const decode = (z: Tfjs.Tensor2D) => {
    let h: Tfjs.Tensor4D = tf.reshape(affine(z, "decoder.linear"), [N, small, small, 32]);
    for (let i = 1; i <= 4; i++) {
      const name = `decoder.convTranspose${i}`;
      const w = parameter<Tfjs.Tensor4D>(`${name}.weight`);
      const side = small * 2 ** i;
      h = relu(tf.conv2dTranspose(h, w, [N, side, side, w.shape[2]], 2, 1), name);
    }
    return tf.add(tf.conv2d(h, parameter("decoder.conv.weight"), 1, "valid"), parameter("decoder.conv.bias"));
  };
  const loss = (epsilon: Tfjs.Tensor2D | undefined): Tfjs.Scalar => {
    let z = encode();
    let kl: Tfjs.Tensor = tf.scalar(0);
    if (epsilon) {
      const [mean, logVariance] = [affine(z, "mean.linear"), affine(z, "variance.linear")];
      z = tf.add(mean, tf.mul(epsilon, tf.exp(tf.mul(logVariance, 0.5))));
      const terms = tf.sub(tf.add(tf.sub(logVariance, tf.square(mean)), 1), tf.exp(logVariance));
      kl = tf.mul(tf.sum(terms), -0.5 * BETA);
    }
    const error = tf.div(tf.norm(tf.sub(decode(z), x)), tf.norm(x));
    return tf.add(tf.mul(error, 100), kl);
  };

  const optimizer = tf.train.adam(RATE, 0.9, 0.999, 1e-8);
  let steps = 0;
  const step = () => optimizer.minimize(() => loss(noise[steps++ % 3]), true)!;
  const first: number[] = [];
  while (first.length < 3) {
    const value = step();
    first.push((await waitFor(value.data()))[0]!);
    value.dispose();
  }
  return {
    async run() {
      const value = step();
      await engine.settle(value);
      value.dispose();
    },
    answer: () => Promise.resolve([Float32Array.from(first)]),
    dispose() {
      tf.dispose([x, ...noise, ...Object.values(variables)]);
      optimizer.dispose();
    },
  };
}
