import type { Device } from "../device/device.ts";
import { ArgumentError, LimitError, ShapeError } from "../device/errors.ts";
import type { Network } from "../nn/networks.ts";
import { ParameterArena } from "../optim/arena.ts";
import { randomNormal, RandomState } from "../ops/random.ts";
import { noGrad } from "../tensor/record.ts";
import { sameShape, show, type Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** The loss of a batch, and the parts that it is the sum of; tensors of one element. */
export type Losses = { loss: Tensor } & Record<string, Tensor>;

/**
 * What all autoencoders here have in common. `encode` gives the code of each sample, (N, codeSize);
 * `decode` the sample of each code. Both work sample by sample, and take no gradient.
 */
export abstract class Autoencoder {
  readonly device: Device;
  /** Shape of a sample, [H, W, C] for images. */
  readonly input: Shape;
  /** Numbers in a code: k for RRAE and VRRAE, the length of the latent vector otherwise. */
  abstract readonly codeSize: number;
  readonly arena: ParameterArena;
  readonly networks: Readonly<Record<string, Network>>;

  #noise: RandomState | undefined;

  constructor(device: Device, networks: Record<string, Network> & { encoder: Network; decoder: Network }) {
    const { encoder, decoder } = networks;
    if (!sameShape(encoder.inputShape, decoder.outputShape))
      throw new ShapeError(
        `the encoder takes samples of shape ${show(encoder.inputShape)}, ` +
          `the decoder gives ${show(decoder.outputShape)}`,
      );
    checkParameters(device, networks);
    this.device = device;
    this.input = encoder.inputShape;
    this.networks = networks;
    this.arena = new ParameterArena(
      device,
      Object.entries(networks).flatMap(([prefix, network]) =>
        network.parameters.map((spec) => ({ ...spec, name: `${prefix}.${spec.name}` })),
      ),
    );
  }

  /** The loss of the batch x (N, …input), with its graph on the tape. */
  abstract loss(x: Tensor, noise: RandomState): Losses;

  protected abstract codeOf(x: Tensor): Tensor;
  protected abstract sampleOf(code: Tensor): Tensor;

  /** The codes (N, codeSize) of samples (N, …input). */
  encode(x: Tensor): Tensor {
    checkBatch("encode", x.shape, this.input);
    return this.#quietly(() => this.codeOf(x));
  }

  /** The samples (N, …input) of codes (N, codeSize). */
  decode(code: Tensor): Tensor {
    checkBatch("decode", code.shape, [this.codeSize]);
    return this.#quietly(() => this.sampleOf(code));
  }

  /** What the model makes of samples (N, …input). */
  reconstruct(x: Tensor): Tensor {
    checkBatch("reconstruct", x.shape, this.input);
    return this.#quietly(() => this.sampleOf(this.codeOf(x)));
  }

  /**
   * `count` new samples (count, …input), decoded from codes drawn from N(0, I): the prior of VAE and
   * VRRAE. Each call draws others, unless a `noise` of your own says which.
   */
  sample(count: number, noise: RandomState = (this.#noise ??= new RandomState(this.device, 0, 1))): Tensor {
    return this.#quietly(() => this.sampleOf(randomNormal(noise, [count, this.codeSize])));
  }

  /** Runs one of the model's networks. */
  protected run(name: string, x: Tensor): Tensor {
    const network = this.networks[name];
    if (!network) throw new ArgumentError(`the model has no network named ${name}`);
    return network.apply(x, (parameter) => this.arena.get(`${name}.${parameter}`));
  }

  #quietly(body: () => Tensor): Tensor {
    return noGrad(this.device, () => this.device.scope(body));
  }
}

function checkBatch(op: string, shape: Shape, sample: Shape): void {
  if (shape.length === 0 || !sameShape(shape.slice(1), sample))
    throw new ShapeError(
      `${op}: expected a batch of ${show(sample)}, (N, ${sample.join(", ")}), not ${show(shape)}`,
    );
}

/** Refuses, before initial values are drawn, networks whose parameters do not fit one buffer of the device. */
function checkParameters({ gpu }: Device, networks: Readonly<Record<string, Network>>): void {
  const { maxBufferSize, maxStorageBufferBindingSize } = gpu.limits;
  const most = Math.floor(Math.min(maxBufferSize, maxStorageBufferBindingSize) / 4);
  const rows = Object.entries(networks).flatMap(([prefix, { layers }]) =>
    layers.map((row) => ({ ...row, name: `${prefix}.${row.name}` })),
  );
  const total = rows.reduce((sum, { parameterCount }) => sum + parameterCount, 0);
  if (total <= most) return;
  const { name, label, parameterCount } = rows.reduce((a, b) =>
    b.parameterCount > a.parameterCount ? b : a,
  );
  throw new LimitError(
    `the networks have ${total} parameters, this adapter holds at most ${most}; most of them, ${parameterCount}, ` +
      `are those of ${name} (${label}): lower the latent length, the size of the samples or the layer's width`,
  );
}
