/** Numbers of a sampler, row-major, in float64: they come back from a file exactly. */
export interface SamplerTensor {
  shape: readonly number[];
  values: Float64Array<ArrayBuffer>;
}

/** A sampler in plain values: what kind it is and what it was told, and what it learned. */
export interface SavedSampler {
  about: { kind: string } & Readonly<Record<string, unknown>>;
  tensors: ReadonlyMap<string, SamplerTensor>;
}

/**
 * Where new codes come from: it is fitted to the codes of training samples, and then draws codes for the decoder. One that
 * changes the codes of another, or learns from them, is a sampler too that holds that one.
 */
export interface Sampler {
  /** As it is asked for: `hestenes sample --from KIND`. */
  readonly kind: string;
  /** D: numbers in a code. */
  readonly dimension: number;
  /** What `fit` has to be given: nothing, codes, or codes and the variances that they are drawn with. */
  readonly fitsTo: "nothing" | "codes" | "distributions";
  /**
   * Learns from codes (N, D), which are the means where the encoder gives a normal distribution for each sample, with its
   * variances (N, D). Throws ShapeError or NumericalError for codes that are not whole or not finite, ArgumentError for
   * fewer than it needs.
   */
  fit(codes: Float32Array, variances?: Float32Array): void | Promise<void>;
  /** `count` codes (count, D), a pure function of `seed`. Throws ArgumentError before `fit`, where it has to be fitted. */
  sample(count: number, seed: number): Float32Array | Promise<Float32Array>;
  /** What `parseSampler` makes the same sampler of. Throws as `sample` does. */
  save(): SavedSampler;
}
