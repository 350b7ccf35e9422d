import type * as Tfjs from "@tensorflow/tfjs";
import type { StepTask } from "../tasks.ts";

type Images = Tfjs.Tensor4D;
type Codes = Tfjs.Tensor2D;

/** The parameters of a step by their names in hestenes. */
export type Parameter = <T extends Tfjs.Tensor>(name: string) => T;

/** The networks of a step. */
export interface TfjsNetworks {
  /** Images → code, or features of it. */
  encode(x: Images): Codes;
  decode(z: Codes): Images;
}

/** h W + b. */
export function affine(tf: typeof Tfjs, parameter: Parameter, h: Codes, name: string): Codes {
  return tf.add(tf.matMul(h, parameter(`${name}.weight`)), parameter(`${name}.bias`));
}

/** The first paper's networks. */
export function convolutional(
  tf: typeof Tfjs,
  { shape: { H, N } }: StepTask,
  parameter: Parameter,
): TfjsNetworks {
  const small = Math.ceil(H / 16);
  const relu = (h: Images, name: string): Images => tf.relu(tf.add(h, parameter(`${name}.bias`)));
  return {
    encode(x) {
      let h = x;
      for (const name of ["encoder.conv1", "encoder.conv2"])
        h = relu(tf.conv2d(h, parameter<Images>(`${name}.weight`), 2, 1, "NHWC", 1, "floor"), name);
      return affine(tf, parameter, tf.reshape(h, [N, -1]), "encoder.linear");
    },
    decode(z) {
      let h: Images = tf.reshape(affine(tf, parameter, z, "decoder.linear"), [N, small, small, 32]);
      for (let i = 1; i <= 4; i++) {
        const name = `decoder.convTranspose${i}`;
        const w = parameter<Images>(`${name}.weight`);
        const side = small * 2 ** i;
        h = relu(tf.conv2dTranspose(h, w, [N, side, side, w.shape[2]], 2, 1), name);
      }
      return tf.add(
        tf.conv2d(h, parameter("decoder.conv.weight"), 1, "valid"),
        parameter("decoder.conv.bias"),
      );
    },
  };
}

/** What the networks of the second paper are made of, with the paddings of TensorFlow. */
function layers(tf: typeof Tfjs, parameter: Parameter) {
  const biased = (h: Images, name: string): Images => tf.add(h, parameter(`${name}.bias`));
  const conv = (h: Images, name: string, stride: number) =>
    biased(tf.conv2d(h, parameter<Images>(`${name}.weight`), stride, "same"), name);
  return {
    conv,
    up: (h: Images, name: string, stride: number): Images => {
      const w = parameter<Images>(`${name}.weight`);
      const [N, H, W] = h.shape;
      return biased(tf.conv2dTranspose(h, w, [N, H * stride, W * stride, w.shape[2]], stride, "same"), name);
    },
    /** Batch norm by the batch, with ε of Keras, and ReLU. */
    norm: (h: Images, name: string): Images => {
      const { mean, variance } = tf.moments(h, [0, 1, 2]);
      const [scale, shift] = ["scale", "shift"].map((part) => parameter<Tfjs.Tensor1D>(`${name}.${part}`));
      const moments = [mean as Tfjs.Tensor1D, variance as Tfjs.Tensor1D] as const;
      return tf.relu(tf.batchNorm(h, ...moments, shift, scale, 1e-3));
    },
  };
}

/** The networks of RAE, for images of up to 32 × 32. */
export function rae(tf: typeof Tfjs, { shape: { N } }: StepTask, parameter: Parameter): TfjsNetworks {
  const { conv, up, norm } = layers(tf, parameter);
  return {
    encode(x) {
      let h: Images = tf.sub(tf.mul(x, 2), 1);
      for (let i = 1; i <= 4; i++) h = norm(conv(h, `encoder.conv${i}`, 2), `encoder.norm${i}`);
      return affine(tf, parameter, tf.reshape(h, [N, -1]), "encoder.code.linear");
    },
    decode(z) {
      const channels = parameter("decoder.up1.weight").shape[3]!;
      const flat = affine(tf, parameter, z, "decoder.linear");
      const side = Math.sqrt(flat.shape[1] / channels);
      let h: Images = tf.reshape(flat, [N, side, side, channels]);
      for (let i = 1; i <= 2; i++) h = norm(up(h, `decoder.up${i}`, 2), `decoder.norm${i}`);
      return tf.sigmoid(up(h, "decoder.last", 1));
    },
  };
}

/** The residual networks, with three scales. */
export function resnet(tf: typeof Tfjs, { shape: { N } }: StepTask, parameter: Parameter): TfjsNetworks {
  const { conv, up, norm } = layers(tf, parameter);
  const block = (x: Images, name: string): Images => {
    let h = x;
    for (const i of [1, 2]) h = conv(norm(h, `${name}.main.norm${i}`), `${name}.main.conv${i}`, 1);
    return tf.add(h, conv(x, `${name}.shortcut.conv`, 1));
  };
  return {
    encode(x) {
      let h = block(conv(x, "encoder.conv", 1), "encoder.block1");
      for (const i of [1, 2]) h = block(conv(h, `encoder.down${i}`, 2), `encoder.block${i + 1}`);
      const features: Codes = tf.mean(h, [1, 2]);
      let main = features;
      for (const i of [1, 2]) main = affine(tf, parameter, tf.relu(main), `encoder.affine.main.linear${i}`);
      return tf.add(main, affine(tf, parameter, features, "encoder.affine.shortcut.linear"));
    },
    decode(z) {
      const channels = parameter("decoder.up1.weight").shape[3]!;
      let h: Images = tf.reshape(affine(tf, parameter, z, "decoder.linear"), [N, 2, 2, channels]);
      for (let i = 1; i <= 4; i++) h = block(up(h, `decoder.up${i}`, 2), `decoder.block${i}`);
      return tf.sigmoid(conv(h, "decoder.conv", 1));
    },
  };
}
