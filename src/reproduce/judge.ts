import type { Dataset } from "../data/dataset.ts";
import type { TrainAndTest } from "../data/standard.node.ts";
import { permutation } from "../data/random.ts";
import type { Device } from "../device/device.ts";
import { Classifier } from "../metrics/classifier.ts";
import { frechetDistance } from "../metrics/frechet.ts";
import { kernelDistance } from "../metrics/kernelDistance.ts";
import { overlap, type Overlap } from "../metrics/manifold.ts";
import { slicedWasserstein } from "../metrics/slicedWasserstein.ts";
import { RandomState, randomUniform } from "../ops/random.ts";

/** How near a set of images is to real ones, on the features of a `Judge`'s classifier. */
export interface Likeness extends Overlap {
  /** Fréchet distance (the "cFD" of the tables). */
  frechet: number;
  /** Kernel distance. */
  kernel: number;
  /** Sliced Wasserstein distance. */
  sliced: number;
}

/** Images in every comparison: those of the paper's section 4.2. Distances depend on how many there are. */
export const imagesCompared = 1250;

/** What samples are compared by: their features, `size` numbers each. */
interface Features {
  size: number;
  of(samples: Float32Array): Promise<Float32Array> | Float32Array;
  dispose(): void;
}

/**
 * Compares images with the training set, on the features of a classifier that it trains on that set; as in appendix
 * A.7 of the VRRAE paper, but with a small network that starts from nothing. Vectors are compared as they are.
 */
export class Judge {
  /** Share of the test set that the classifier puts into its class; of vectors none. */
  readonly accuracy: number | undefined;
  /** What real samples that it never saw, and uniform noise, get: the floor and the ceiling of the distances. */
  readonly floor: Likeness;
  readonly ceiling: Likeness;
  readonly #features: Features;
  readonly #reference: Float32Array;

  private constructor(
    features: Features,
    reference: Float32Array,
    floor: Likeness,
    ceiling: Likeness,
    accuracy?: number,
  ) {
    this.#features = features;
    this.#reference = reference;
    this.floor = floor;
    this.ceiling = ceiling;
    this.accuracy = accuracy;
  }

  static async train(
    device: Device,
    { train, test }: TrainAndTest,
    { steps, onStep }: { steps: number; onStep?: (step: number) => void },
  ): Promise<Judge> {
    const classifier = await Classifier.train(device, train, { steps, ...(onStep ? { onStep } : {}) });
    try {
      const features = {
        size: classifier.featureSize,
        of: (images: Float32Array) => classifier.features(images),
        dispose: () => classifier.dispose(),
      };
      const accuracy = await classifier.accuracy(test.take(2000));
      return await Judge.#by(device, features, { train, test }, accuracy);
    } catch (error) {
      classifier.dispose();
      throw error;
    }
  }

  /** Compares vectors as they are. */
  static ofVectors(device: Device, data: TrainAndTest): Promise<Judge> {
    const features = { size: data.train.size, of: (vectors: Float32Array) => vectors, dispose: () => {} };
    return Judge.#by(device, features, data);
  }

  static async #by(device: Device, features: Features, { train, test }: TrainAndTest, accuracy?: number) {
    const drawn = (set: Dataset) =>
      set.select(permutation(set.count, 0, 0).subarray(0, imagesCompared)).values();
    const reference = await features.of(drawn(train));
    const unseen = drawn(test);
    const noise = await uniformNoise(device, unseen.length);
    const likeness = async (samples: Float32Array) =>
      compare(reference, await features.of(samples), features.size);
    return new Judge(features, reference, await likeness(unseen), await likeness(noise), accuracy);
  }

  /** Compares samples (N, …), in the scale of the data, with the training set. */
  async compare(samples: Float32Array): Promise<Likeness> {
    return compare(this.#reference, await this.#features.of(samples), this.#features.size);
  }

  /** What a table has to say of it. */
  get facts(): { accuracy?: number; floor: number; ceiling: number } {
    const { accuracy, floor, ceiling } = this;
    const known = accuracy === undefined ? {} : { accuracy };
    return { ...known, floor: floor.frechet, ceiling: ceiling.frechet };
  }

  /** Frees the classifier. */
  dispose(): void {
    this.#features.dispose();
  }
}

/** `count` numbers evenly spread over [0, 1), the same each time. */
async function uniformNoise(device: Device, count: number): Promise<Float32Array> {
  const state = new RandomState(device, 0);
  try {
    using noise = randomUniform(state, [count]);
    return await noise.read();
  } finally {
    state.dispose();
  }
}

function compare(real: Float32Array, generated: Float32Array, dimension: number): Likeness {
  const most = Math.min(real.length, generated.length);
  return {
    frechet: frechetDistance(real, generated, dimension),
    kernel: kernelDistance(real, generated, dimension),
    sliced: slicedWasserstein(real.subarray(0, most), generated.subarray(0, most), dimension),
    ...overlap(real, generated, dimension),
  };
}
