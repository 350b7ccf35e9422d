import type { Dataset } from "../data/dataset.ts";
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

/**
 * Compares images with the training set, on the features of a classifier that it trains on that set; as in appendix
 * A.7 of the paper, but with a small network that starts from nothing.
 */
export class Judge {
  /** Share of the test set that the classifier puts into its class. */
  readonly accuracy: number;
  /** What real images that it never saw, and uniform noise, get: the floor and the ceiling of the distances. */
  readonly floor: Likeness;
  readonly ceiling: Likeness;
  readonly #classifier: Classifier;
  readonly #reference: Float32Array;

  private constructor(classifier: Classifier, reference: Float32Array, known: [number, Likeness, Likeness]) {
    this.#classifier = classifier;
    this.#reference = reference;
    [this.accuracy, this.floor, this.ceiling] = known;
  }

  static async train(
    device: Device,
    { train, test }: { train: Dataset; test: Dataset },
    { steps, onStep }: { steps: number; onStep?: (step: number) => void },
  ): Promise<Judge> {
    const classifier = await Classifier.train(device, train, { steps, ...(onStep ? { onStep } : {}) });
    try {
      const drawn = (set: Dataset) =>
        set.select(permutation(set.count, 0, 0).subarray(0, imagesCompared)).values();
      const reference = await classifier.features(drawn(train));
      const unseen = drawn(test);
      const noise = await uniformNoise(device, unseen.length);
      const likeness = async (images: Float32Array) =>
        compare(reference, await classifier.features(images), classifier.featureSize);
      const accuracy = await classifier.accuracy(test.take(2000));
      return new Judge(classifier, reference, [accuracy, await likeness(unseen), await likeness(noise)]);
    } catch (error) {
      classifier.dispose();
      throw error;
    }
  }

  /** Compares images (N, H, W, C), in the scale of the data, with the training set. */
  async compare(images: Float32Array): Promise<Likeness> {
    return compare(this.#reference, await this.#classifier.features(images), this.#classifier.featureSize);
  }

  /** What a table has to say of it. */
  get facts(): { accuracy: number; floor: number; ceiling: number } {
    return { accuracy: this.accuracy, floor: this.floor.frechet, ceiling: this.ceiling.frechet };
  }

  /** Frees the classifier. */
  dispose(): void {
    this.#classifier.dispose();
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
