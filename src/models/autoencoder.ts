import type { Device } from "../device/device.ts";
import { ArgumentError, LimitError, ShapeError } from "../device/errors.ts";
import type { Network } from "../nn/networks.ts";
import { ParameterArena } from "../optim/arena.ts";
import { relativeError } from "../ops/losses.ts";
import { randomNormal, RandomState } from "../ops/random.ts";
import { noGrad } from "../tensor/record.ts";
import { sameShape, show, type Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { applyInParts, errorInParts, largestTensor, partsOf, type Batch } from "./parts.ts";

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

  /**
   * Samples that the networks take at once while they train; a larger batch goes through them in parts, see `applyInParts`.
   * As many as leave every tensor within what a binding of the adapter may hold, unless set to fewer.
   */
  atOnce: number;

  /** Tensors that a step of training hands on to the next beside the weights, by name: part of a checkpoint, not of a model's file. */
  readonly carried: ReadonlyMap<string, Tensor> = new Map();

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
    const most = Math.floor(device.largestBinding / 4 / largestTensor(Object.values(networks)));
    this.atOnce = Math.max(1, most);
    this.arena = new ParameterArena(
      device,
      Object.entries(networks).flatMap(([prefix, network]) =>
        network.parameters.map((spec) => ({ ...spec, name: `${prefix}.${spec.name}` })),
      ),
    );
  }

  /** The loss of the batch x (N, …input), in one tensor or several, with its graph on the tape. */
  abstract loss(x: Batch, noise: RandomState): Losses;

  protected abstract codeOf(x: Batch): Tensor;
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

  /** Frees its parameters and whatever else it keeps on the device. */
  dispose(): void {
    this.arena.dispose();
    for (const tensor of this.carried.values()) tensor.dispose();
  }

  /** Runs one of the model's networks on a batch, whose parts, if it comes in such, it puts together. */
  protected run(name: string, x: Batch): Tensor {
    const { network, parameter } = this.#network(name);
    const [first, ...more] = partsOf(x);
    return more.length > 0
      ? applyInParts(network, [first, ...more], parameter)
      : network.apply(first, parameter);
  }

  /** The relative error, in percent, of what the decoder makes of `code`, which is what it takes, beside the batch x. */
  protected errorOf(code: Tensor, x: Batch): Tensor {
    const [first, ...more] = partsOf(x);
    if (more.length === 0) return relativeError(this.run("decoder", code), first);
    const { network, parameter } = this.#network("decoder");
    return errorInParts(network, code, [first, ...more], parameter);
  }

  #network(name: string) {
    const network = this.networks[name];
    if (!network) throw new ArgumentError(`the model has no network named ${name}`);
    return { network, parameter: (own: string) => this.arena.get(`${name}.${own}`) };
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
function checkParameters(device: Device, networks: Readonly<Record<string, Network>>): void {
  const most = Math.floor(device.gpu.limits.maxBufferSize / 4);
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
