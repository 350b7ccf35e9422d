import { Batches } from "../data/batches.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Device } from "../device/device.ts";
import { checkPositive, checkSeed, checkWhole } from "../device/arguments.ts";
import { ArgumentError, ShapeError } from "../device/errors.ts";
import { requireFinite } from "../latent/points.ts";
import type { Layer } from "../nn/layer.ts";
import { conv2d, flatten, linear } from "../nn/layers.ts";
import { sequential, type Network } from "../nn/sequential.ts";
import { adam } from "../optim/optimizer.ts";
import { ParameterArena } from "../optim/arena.ts";
import { steps as take } from "../optim/steps.ts";
import { crossEntropy } from "../ops/softmax.ts";
import { noGrad, record, type Program } from "../tensor/record.ts";
import type { Shape } from "../tensor/shape.ts";
import { backward } from "../tensor/tape.ts";
import { empty, tensor } from "../tensor/tensor.ts";

export interface ClassifierOptions {
  /** Training steps; 600 by default. */
  steps?: number | undefined;
  /** Samples a step; 64 by default. */
  batch?: number | undefined;
  /** Learning rate of Adam; 1e-3 by default. */
  rate?: number | undefined;
  /** Length of the features, the layer before the classes; 64 by default. */
  features?: number | undefined;
  /** Fixes the weights and the order of the samples; 0 by default. */
  seed?: number | undefined;
  /** Called after each step with its number. */
  onStep?: ((step: number) => void) | undefined;
}

/** Samples that are encoded at once. */
const BATCH = 128;

/**
 * A small convolutional classifier, whose last layer but one gives features that images are compared by: what the
 * VRRAE paper does with a pretrained Inception network (appendix A.7), without one. Distances of such features are
 * not the FID, and can only be compared where the same classifier gave them.
 *
 *     x (N, H, W, C) → conv 32 → conv 64 → features (N, F) → logits (N, classes)
 */
export class Classifier {
  readonly featureSize: number;
  readonly classes: number;
  readonly #device: Device;
  readonly #trunk: Network;
  readonly #head: Network;
  readonly #arena: ParameterArena;

  private constructor(device: Device, trunk: Network, head: Network) {
    this.#device = device;
    this.#trunk = trunk;
    this.#head = head;
    this.#arena = new ParameterArena(
      device,
      Object.entries({ trunk, head }).flatMap(([prefix, { parameters }]) =>
        parameters.map((spec) => ({ ...spec, name: `${prefix}.${spec.name}` })),
      ),
    );
    this.featureSize = trunk.outputShape[0]!;
    this.classes = head.outputShape[0]!;
  }

  /**
   * Trains a classifier on labelled images.
   *
   * @throws ArgumentError for data without labels or of a single class and for options outside of their range,
   * NumericalError for data that is not finite.
   */
  static async train(device: Device, data: Dataset, options: ClassifierOptions = {}): Promise<Classifier> {
    const { steps = 600, rate = 1e-3, features = 64, seed = 0, onStep } = options;
    for (const [name, value] of Object.entries({ steps, features, batch: options.batch ?? 64 }))
      checkWhole(`classifier: ${name}`, value, 1);
    checkPositive("classifier: rate", rate);
    checkSeed("classifier: seed", seed);
    const batch = Math.min(options.batch ?? 64, data.count);
    const { labels } = data;
    if (!labels) throw new ArgumentError(`classifier: ${data.name} has no labels to learn from`);
    const classes = 1 + labels.reduce((most, label) => Math.max(most, label), 0);
    if (classes < 2) throw new ArgumentError(`classifier: all samples of ${data.name} are of one class`);
    if (data.stored instanceof Float32Array)
      requireFinite(`classifier: ${data.name}`, data.stored, data.size);

    const trunk = trunkFor(data.shape, features, seed);
    const head = sequential([features], { linear: linear(features, classes) }, { seed, stream: "head" });
    const model = new Classifier(device, trunk, head);
    const owned: { dispose(): void }[] = [];
    try {
      const optimizer = adam(model.#arena, { rate });
      owned.push(optimizer);
      const batches = new Batches(data, { batch, seed });
      const samples = new Float32Array(batch * data.size);
      const x = empty(device, [batch, ...data.shape]).keep();
      const y = empty(device, [batch]).keep();
      owned.push(x, y);
      const fill = () => {
        const indices = batches.next(samples);
        x.write(samples);
        y.write(Float32Array.from(indices, (index) => labels[index]!));
      };
      let program: Program | undefined;
      const learner = {
        device,
        step: 0,
        advance() {
          fill();
          this.step++;
          if (program) return program.run();
          ({ program } = record(device, () => {
            backward(crossEntropy(model.#apply("head", model.#apply("trunk", x)), y));
            optimizer.step();
          }));
          owned.unshift(program);
        },
      };
      for await (const step of take(learner, { until: steps })) onStep?.(step);
      return model;
    } catch (error) {
      model.dispose();
      throw error;
    } finally {
      for (const each of owned) each.dispose();
    }
  }

  /** The features (N, featureSize) of images (N, …shape), one after the other. Throws ShapeError for values that are no images. */
  async features(images: Float32Array): Promise<Float32Array> {
    return this.#inBatches(images, "trunk");
  }

  /** The share of samples that are put into their class, from 0 to 1. Throws ArgumentError for data without labels. */
  async accuracy(data: Dataset): Promise<number> {
    const { labels } = data;
    if (!labels) throw new ArgumentError(`classifier: ${data.name} has no labels to compare with`);
    const logits = await this.#inBatches(data.values(), "head");
    let right = 0;
    for (let n = 0; n < data.count; n++) {
      const row = logits.subarray(n * this.classes, (n + 1) * this.classes);
      if (row.indexOf(Math.max(...row)) === labels[n]) right++;
    }
    return right / data.count;
  }

  /** Frees its memory. */
  dispose(): void {
    this.#arena.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  async #inBatches(images: Float32Array, last: "trunk" | "head"): Promise<Float32Array> {
    const shape = this.#trunk.inputShape;
    const size = shape.reduce((a, b) => a * b, 1);
    const N = images.length / size;
    if (!Number.isInteger(N) || N === 0)
      throw new ShapeError(
        `classifier: ${images.length} values are no images of shape [${shape.join(", ")}]`,
      );
    const width = last === "trunk" ? this.featureSize : this.classes;
    const out = new Float32Array(N * width);
    for (let from = 0; from < N; from += BATCH) {
      const part = images.subarray(from * size, Math.min(from + BATCH, N) * size);
      using x = tensor(this.#device, part, [part.length / size, ...shape]);
      using y = noGrad(this.#device, () =>
        this.#device.scope(() => {
          const features = this.#apply("trunk", x);
          return last === "trunk" ? features : this.#apply("head", features);
        }),
      );
      out.set(await y.read(), from * width);
    }
    return out;
  }

  #apply(which: "trunk" | "head", x: ReturnType<typeof empty>) {
    const network = which === "trunk" ? this.#trunk : this.#head;
    return network.apply(x, (name) => this.#arena.get(`${which}.${name}`));
  }
}

/** Two convolutions that halve the image, and an affine map to the features. */
function trunkFor(shape: Shape, features: number, seed: number): Network {
  const [H, W, C] = shape;
  if (shape.length !== 3)
    throw new ArgumentError(`classifier: takes images [H, W, C], not samples of shape [${shape.join(", ")}]`);
  const quarter = Math.ceil(Math.ceil(H! / 2) / 2) * Math.ceil(Math.ceil(W! / 2) / 2);
  const halving = { kernel: 3, stride: 2, padding: 1, activation: "relu" } as const;
  const layers: Record<string, Layer> = {
    conv1: conv2d(C!, 32, halving),
    conv2: conv2d(32, 64, halving),
    flatten: flatten(),
    linear: linear(64 * quarter, features, { activation: "relu" }),
  };
  return sequential(shape, layers, { seed, stream: "trunk" });
}
