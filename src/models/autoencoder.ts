import type { Device } from "../device/device.ts";
import { ShapeError } from "../device/errors.ts";
import type { Network } from "../nn/networks.ts";
import { relativeError } from "../ops/losses.ts";
import { randomNormal, RandomState } from "../ops/random.ts";
import { sameShape, show, type Shape } from "../tensor/shape.ts";
import { checkTensors, zeros, type Tensor } from "../tensor/tensor.ts";
import { Model, type ModelParts } from "./model.ts";
import { errorInParts, partsOf, type Batch } from "./parts.ts";
import type { Losses, Phase } from "./phase.ts";

/** A model of codes: codes (N, codeSize) of codes, with the variances that training draws them with, and back; without a gradient. */
export interface CodeModel {
  encode(z: Tensor): Tensor;
  variance(z: Tensor): Tensor;
  decode(u: Tensor): Tensor;
}

/**
 * What all autoencoders here have in common. `encode` gives the code of each sample, (N, codeSize);
 * `decode` the sample of each code. Both work sample by sample, and take no gradient.
 */
export abstract class Autoencoder extends Model {
  /** Numbers in a code: k for RRAE and VRRAE, the length of the latent vector otherwise. */
  abstract readonly codeSize: number;

  #prior: RandomState | undefined;

  constructor(
    device: Device,
    networks: Record<string, Network> & { encoder: Network; decoder: Network },
    parts: Omit<ModelParts, "input"> = {},
  ) {
    const { encoder, decoder } = networks;
    if (!sameShape(encoder.inputShape, decoder.outputShape))
      throw new ShapeError(
        `the encoder takes samples of shape ${show(encoder.inputShape)}, ` +
          `the decoder gives ${show(decoder.outputShape)}`,
      );
    super(device, networks, { ...parts, input: encoder.inputShape });
  }

  /** The loss of the batch x (N, …input), in one tensor or several, with its graph on the tape; that of the first phase. */
  abstract loss(x: Batch, noise: RandomState): Losses;

  /** One phase that moves everything. */
  phases(): readonly Phase[] {
    return [{ name: "train", moves: [...this.groups.keys()], loss: (x, noise) => this.loss(x, noise) }];
  }

  protected abstract codeOf(x: Batch): Tensor;

  /** The samples of codes, which are what the decoder takes, unless the model says otherwise. */
  protected sampleOf(code: Tensor): Tensor {
    return this.run("decoder", code);
  }

  /** Codes (count, codeSize) drawn from the model's prior. */
  protected priorCodes(count: number, noise: RandomState): Tensor {
    return randomNormal(noise, [count, this.codeSize]);
  }

  /** Codes (count, codeSize) that `sample` decodes: those of the prior, unless the model has learned better ones. */
  protected newCodes(count: number, noise: RandomState): Tensor {
    return this.priorCodes(count, noise);
  }

  /**
   * `count` codes (count, codeSize) from a second stage, where it is a model that has one; with noise of its γ, or without,
   * as the model has it unless given.
   */
  drawSecondStage?(count: number, noise: RandomState, gammaNoise?: boolean): Tensor;

  /** What a second stage makes of codes (N, codeSize), where it is a model that has one. */
  reconstructSecondStage?(codes: Tensor): Tensor;

  /** The codes (N, codeSize) of samples (N, …input). */
  encode(x: Tensor): Tensor {
    checkBatch("encode", x, this.input);
    return this.quietly(() => this.codeOf(x));
  }

  /** The samples (N, …input) of codes (N, codeSize). */
  decode(code: Tensor): Tensor {
    checkBatch("decode", code, [this.codeSize]);
    return this.quietly(() => this.sampleOf(code));
  }

  /** What the model makes of samples (N, …input). */
  override reconstruct(x: Tensor): Tensor {
    checkBatch("reconstruct", x, this.input);
    return this.quietly(() => this.sampleOf(this.codeOf(x)));
  }

  /**
   * `count` new samples (count, …input), decoded from codes of its prior, N(0, I), unless the model says otherwise. Each
   * call draws others, unless a `noise` of your own says which.
   */
  sample(count: number, noise: RandomState = (this.#prior ??= new RandomState(this.device, 0, 1))): Tensor {
    return this.quietly(() => this.sampleOf(this.newCodes(count, noise)));
  }

  /** `count` codes (count, codeSize) drawn from its prior. */
  drawPrior(count: number, noise: RandomState): Tensor {
    return this.quietly(() => this.priorCodes(count, noise));
  }

  /** How much it lets through of each number of its codes, from 0 to 1, (codeSize), where it learns that. */
  mask?(): Tensor;

  /** What a second stage of training makes of its codes, where it has one. */
  get secondStage(): CodeModel | undefined {
    return undefined;
  }

  /** Codes of a batch, drawn from what the model says of each sample, (N, codeSize); its code where that is one. */
  draw(x: Batch, _noise: RandomState): Tensor {
    return this.quietly(() => this.codeOf(x));
  }

  /** Whether `codeVariance` knows the variance that codes are drawn with: not so where what is drawn is bent afterwards. */
  get knowsCodeVariance(): boolean {
    return true;
  }

  /** σ² of the normal distribution that training draws each sample's code from, (N, codeSize); zeros where it draws none. */
  codeVariance(x: Tensor): Tensor {
    checkBatch("codeVariance", x, this.input);
    return this.quietly(() => this.varianceOf(x) ?? zeros(this.device, [x.shape[0]!, this.codeSize]));
  }

  /** What `codeVariance` gives; undefined where codes are not drawn. */
  protected varianceOf(_x: Batch): Tensor | undefined {
    return undefined;
  }

  override dispose(): void {
    super.dispose();
    this.#prior?.dispose();
  }

  /** The relative error, in percent, of what the decoder makes of `code`, which is what it takes, beside the batch x. */
  protected errorOf(code: Tensor, x: Batch): Tensor {
    const [first, ...more] = partsOf(x);
    if (more.length === 0) return relativeError(this.run("decoder", code), first);
    const { network, parameter, context } = this.network("decoder");
    return errorInParts(network, code, [first, ...more], parameter, context);
  }

  /** What `body` gives, by the inference path and without a gradient; frees what it made on the way. */
  protected quietly(body: () => Tensor): Tensor {
    return this.asConstant(() => this.device.scope(body));
  }
}

/** @throws ShapeError unless `batch` is of samples of that shape. */
export function checkBatch(op: string, batch: Tensor, sample: Shape): void {
  checkTensors(op, batch);
  const { shape } = batch;
  if (shape.length === 0 || !sameShape(shape.slice(1), sample))
    throw new ShapeError(
      `${op}: expected a batch of ${show(sample)}, (N, ${sample.join(", ")}), not ${show(shape)}`,
    );
}
