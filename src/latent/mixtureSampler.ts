import type { Device } from "../device/device.ts";
import { ArgumentError } from "../device/errors.ts";
import { fitMixture, type MixtureOptions } from "./gmm.ts";
import { Gaussian } from "./gaussian.ts";
import { Mixture } from "./mixture.ts";
import type { Sampler, SavedSampler } from "./sampler.ts";

/** Codes from a mixture of normal distributions with full covariances that is fitted to codes; of one, a Gaussian. */
export class MixtureSampler implements Sampler {
  readonly kind: string;
  readonly dimension: number;
  readonly fitsTo = "codes";
  readonly #device: Device;
  readonly #options: MixtureOptions;
  #mixture: Mixture | undefined;

  /** `kind` names it in files and messages; it is fitted on the device. */
  constructor(kind: string, device: Device, dimension: number, options: MixtureOptions = {}) {
    this.kind = kind;
    this.#device = device;
    this.dimension = dimension;
    this.#options = options;
  }

  /** What was fitted. Throws ArgumentError before that. */
  get mixture(): Mixture {
    if (!this.#mixture) throw new ArgumentError(`${this.kind}: call fit before sample or save`);
    return this.#mixture;
  }

  async fit(codes: Float32Array): Promise<void> {
    this.#mixture = await fitMixture(this.#device, codes, this.dimension, this.#options);
  }

  sample(count: number, seed: number): Float32Array {
    return this.mixture.sample(count, seed);
  }

  save(): SavedSampler {
    const { weights, means, covariances } = this.mixture;
    const [K, D] = [weights.length, this.dimension];
    return {
      about: { kind: this.kind },
      tensors: new Map([
        ["weights", { shape: [K], values: weights }],
        ["means", { shape: [K, D], values: means }],
        ["covariances", { shape: [K, D, D], values: covariances }],
      ]),
    };
  }

  /** The sampler that `save` gave. Throws ArgumentError for tensors that make no mixture of that dimension. */
  static restored(device: Device, D: number, { about, tensors }: SavedSampler): MixtureSampler {
    const values = (name: string) => tensors.get(name)?.values ?? new Float64Array();
    const [weights, means, covariances] = [values("weights"), values("means"), values("covariances")];
    if (means.length !== weights.length * D)
      throw new ArgumentError(
        `${about.kind}: ${weights.length} weights and ${means.length} means do not make a mixture of dimension ${D}`,
      );
    const sampler = new MixtureSampler(about.kind, device, D);
    const components = Array.from(
      weights,
      (_, k) => new Gaussian(means.slice(k * D, (k + 1) * D), covariances.slice(k * D * D, (k + 1) * D * D)),
    );
    sampler.#mixture = new Mixture(weights, components);
    return sampler;
  }
}
