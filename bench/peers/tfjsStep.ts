import type * as Tfjs from "@tensorflow/tfjs";
import { waitFor } from "#gpu";
import type { Inputs, Prepared } from "../engine.ts";
import { BETA, RAE, RATE } from "../hestenesStep.ts";
import { isOfPaper2, type StepTask } from "../tasks.ts";
import { affine, convolutional, rae, resnet } from "./tfjsNetworks.ts";

/**
 * Its products with a transposed second factor are wrong where it splits their sums, as the gradient of an affine map of
 * 2,048 numbers is (4.22.0, on both software adapters): there it has to take its packed products, elsewhere it chooses.
 */
const [CHOSEN, PACKED] = [-1, 3];

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
  tf.env().set("WEBGPU_MATMUL_PROGRAM_TYPE", isOfPaper2(task) ? PACKED : CHOSEN);
  if (model === "vrrae") throw new Error("TensorFlow.js has no SVD");
  const variables: Record<string, Tfjs.Variable> = {};
  const noise: Tfjs.Tensor2D[] = [];
  for (const [name, { data, shape }] of Object.entries(inputs)) {
    const values = tf.tensor(data, [...shape]);
    if (name.startsWith("noise")) noise.push(tf.keep(values) as Tfjs.Tensor2D);
    else if (name !== "x") variables[name] = tf.variable(values);
  }
  const x = tf.keep(tf.tensor4d(inputs.x!.data, [N, H, W, C]));
  const parameter = <T extends Tfjs.Tensor>(name: string) => variables[name] as unknown as T;
  const networks = (model === "rae-l2" ? rae : model === "two-stage" ? resnet : convolutional)(
    ...([tf, task, parameter] as const),
  );
  const meanSquare = (values: Tfjs.Tensor) => tf.div(tf.sum(tf.square(values)), N);
  const loss = (epsilon: Tfjs.Tensor2D | undefined): Tfjs.Scalar => {
    let z = networks.encode(x);
    let kl: Tfjs.Tensor = tf.scalar(0);
    const code = z;
    if (epsilon) {
      const [mean, logDeviation] = ["mean", "variance"].map((name) =>
        affine(tf, parameter, z, `${name}.linear`),
      ) as [Tfjs.Tensor2D, Tfjs.Tensor2D];
      const logVariance = model === "two-stage" ? tf.mul(logDeviation, 2) : logDeviation;
      z = tf.add(mean, tf.mul(epsilon, tf.exp(tf.mul(logVariance, 0.5))));
      const terms = tf.sub(tf.add(tf.sub(logVariance, tf.square(mean)), 1), tf.exp(logVariance));
      kl = tf.mul(tf.sum(terms), -0.5);
    }
    const difference = tf.sub(networks.decode(z), x);
    if (model === "rae-l2") {
      const weights = Object.keys(variables).filter((name) => /^decoder.*weight$/.test(name));
      const decayed = weights
        .map((name) => tf.sum(tf.square(variables[name]!)))
        .reduce((sum, one) => tf.add(sum, one));
      const penalties = tf.add(tf.mul(meanSquare(code), RAE.codePenalty / 2), tf.mul(decayed, RAE.penalty));
      return tf.add(meanSquare(difference), penalties);
    }
    if (model === "two-stage") {
      const logVariance = tf.mul(parameter<Tfjs.Tensor1D>("gamma"), 2);
      const ratio = tf.mul(tf.mean(tf.square(difference)), tf.exp(tf.neg(logVariance)));
      const error = tf.mul(tf.add(tf.add(ratio, logVariance), Math.log(2 * Math.PI)), (H * W * C) / 2);
      return tf.sum(tf.add(error, tf.div(kl, N)));
    }
    const error = tf.div(tf.norm(difference), tf.norm(x));
    return tf.add(tf.mul(error, 100), tf.mul(kl, BETA));
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
