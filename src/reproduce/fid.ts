import { createHash } from "node:crypto";
import type { Dataset } from "../data/dataset.ts";
import { permutation } from "../data/random.ts";
import type { Device } from "../device/device.ts";
import { frechetDistance } from "../metrics/frechet.ts";
import { Inception } from "../metrics/inception.ts";
import { readGivenFile } from "../runs/files.node.ts";
import { parseSafetensors, type Safetensors } from "../data/safetensors.ts";
import { imagesCompared } from "./judge.ts";

/** A file with weights of Inception-v3, read once. */
export interface InceptionFile {
  path: string;
  tensors: Safetensors["tensors"];
  /** SHA-256 of the file: FIDs of other weights cannot be compared. */
  digest: string;
}

/** Reads the file. Throws ArgumentError where there is none, DataError for one that is no safetensors. */
export function readInceptionFile(path: string): InceptionFile {
  const bytes = readGivenFile(path);
  const { tensors } = parseSafetensors(bytes, path);
  return { path, tensors, digest: createHash("sha256").update(bytes).digest("hex") };
}

/**
 * The Fréchet distance of images to as many of the training set, on the features of Inception-v3 with the weights of a
 * file: the FID, where they are those that it was defined with.
 */
export class Fid {
  readonly #inception: Inception;
  readonly #reference: Float32Array;
  readonly #shape: readonly number[];

  private constructor(inception: Inception, reference: Float32Array, shape: readonly number[]) {
    this.#inception = inception;
    this.#reference = reference;
    this.#shape = shape;
  }

  /** Throws ArgumentError or DataError for weights that are not Inception-v3's, naming the tensor. */
  static async open(device: Device, { path, tensors }: InceptionFile, train: Dataset): Promise<Fid> {
    const inception = new Inception(device, tensors, path);
    try {
      const real = train.select(permutation(train.count, 0, 0).subarray(0, imagesCompared)).values();
      return new Fid(inception, await inception.features(real, train.shape), train.shape);
    } catch (error) {
      inception.dispose();
      throw error;
    }
  }

  /** The distance of images (N, H, W, C), from 0 to 1. */
  async compare(images: Float32Array): Promise<number> {
    const features = await this.#inception.features(images, this.#shape);
    return frechetDistance(this.#reference, features, this.#inception.featureSize);
  }

  dispose(): void {
    this.#inception.dispose();
  }
}
