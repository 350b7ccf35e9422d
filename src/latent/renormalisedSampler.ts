import { z } from "zod";
import { checkWhole } from "../device/arguments.ts";
import { ArgumentError, ShapeError } from "../device/errors.ts";
import { countPoints, requireFinite } from "./points.ts";
import type { Sampler, SavedSampler } from "./sampler.ts";
import { deviationOf, variances as spreadOf } from "./spectrum.ts";

/** How codes are brought to the spread that they are expected to have. */
export interface Renormalisation {
  /**
   * The deviation that codes are to have. "law": the root of Var μ + E σ² of training codes, which is 1 where the variance law
   * holds, as it does in a trained VAE; "one": 1; "published": the root of Var μ + E σ, as the paper's code computes it. "law" unless given.
   */
  target?: "law" | "one" | "published" | undefined;
  /** One factor for all coordinates, or one for each; "scalar" unless given. */
  per?: "scalar" | "dimension" | undefined;
  /** Whether the sampler's own deviation is that of 10,000 codes, once, or of each batch; "global" unless given. */
  scope?: "global" | "batch" | undefined;
  /** Codes in a batch; 100 unless given. */
  batch?: number | undefined;
  /** One deviation for all coordinates: the root of the mean of their variances, or the mean of their deviations; "variance" unless given. */
  average?: "variance" | "deviation" | undefined;
  /** The sampler's own deviation, for codes that are taken to have one; it is measured unless given. */
  own?: number | undefined;
  /** Codes stay as they are unless more than this share of the error that the sampler makes of codes is lost variance. */
  least?: number | undefined;
}

/** What the code of the paper does to codes of a second stage, which have no noise of γ added. */
export const PUBLISHED = {
  ...{ target: "published", per: "scalar", scope: "batch", batch: 100, average: "deviation", least: 0.25 },
} as const satisfies Renormalisation;

const ruleSchema = z.strictObject({
  target: z.enum(["law", "one", "published"]).exactOptional(),
  per: z.enum(["scalar", "dimension"]).exactOptional(),
  scope: z.enum(["global", "batch"]).exactOptional(),
  batch: z.int().min(2).exactOptional(),
  average: z.enum(["variance", "deviation"]).exactOptional(),
  own: z.number().positive().exactOptional(),
  least: z.number().exactOptional(),
});
const savedSchema = z.object({ rule: ruleSchema, inner: z.looseObject({ kind: z.string() }) });

/** Codes that the sampler's own deviation is measured from, and what draws them. */
const [REFERENCE, SEED] = [10_000, 0x7e_40_12];

/**
 * The codes of another sampler, multiplied so that they have the spread of the codes that the decoder has learned from: a
 * second VAE gives codes of less variance than it was given (Asperti, "Variance loss in variational autoencoders", 2020,
 * section 4). Means are multiplied too; nothing is added. A coordinate without spread stays as it is.
 */
export class RenormalisedSampler implements Sampler {
  readonly kind = "renormalised";
  readonly inner: Sampler;
  readonly #rule: Renormalisation;
  readonly #lostShare: ((codes: Float32Array) => number | Promise<number>) | undefined;
  /** The wanted deviation of each coordinate or all; and the factors, where they are the same for all batches. */
  #learned: { target: Float64Array<ArrayBuffer>; factor: Float64Array<ArrayBuffer> | undefined } | undefined;

  /** `lostShare` says how much of the error that the sampler makes of given codes (N, D) is lost variance, for `least`. */
  constructor(
    inner: Sampler,
    rule: Renormalisation = {},
    lostShare?: (codes: Float32Array) => number | Promise<number>,
  ) {
    this.inner = inner;
    this.#rule = checkRule(rule);
    this.#lostShare = lostShare;
  }

  get dimension(): number {
    return this.inner.dimension;
  }

  get fitsTo(): "codes" | "distributions" {
    const { target = "law" } = this.#rule;
    return target !== "one" || this.inner.fitsTo === "distributions" ? "distributions" : "codes";
  }

  /** What codes are multiplied with, one factor or one for each coordinate; undefined where each batch has its own. */
  get factor(): Float64Array | undefined {
    return this.#fitted().factor?.slice();
  }

  async fit(codes: Float32Array, variances?: Float32Array): Promise<void> {
    await this.inner.fit(codes, variances);
    const { scope = "global", own, least } = this.#rule;
    const target = this.#target(codes, variances);
    const isLeftAlone = least !== undefined && this.#lostShare && !((await this.#lostShare(codes)) > least);
    if (isLeftAlone) this.#learned = { target, factor: target.map(() => 1) };
    else if (own !== undefined) this.#learned = { target, factor: target.map((wanted) => wanted / own) };
    else if (scope === "batch") this.#learned = { target, factor: undefined };
    else {
      const drawn = await this.inner.sample(REFERENCE, SEED);
      this.#learned = { target, factor: this.#factorOf(target, drawn) };
    }
  }

  async sample(count: number, seed: number): Promise<Float32Array> {
    checkWhole(`${this.kind}: count`, count, 0);
    const { target, factor } = this.#fitted();
    const { batch = 100 } = this.#rule;
    const D = this.dimension;
    const whole = factor ? count : Math.ceil(count / batch) * batch;
    const codes = Float32Array.from(await this.inner.sample(whole, seed));
    const size = factor ? codes.length : batch * D;
    for (let from = 0; from < codes.length; from += size) {
      const part = codes.subarray(from, from + size);
      const own = factor ?? this.#factorOf(target, part);
      for (let i = 0; i < part.length; i++) part[i]! *= own[own.length === 1 ? 0 : i % D]!;
    }
    return codes.slice(0, count * D);
  }

  save(): SavedSampler {
    const { target, factor } = this.#fitted();
    const inner = this.inner.save();
    const tensors = [...inner.tensors].map(([name, tensor]) => [`inner.${name}`, tensor] as const);
    const own = [["target", target], ...(factor ? [["factor", factor] as const] : [])] as const;
    return {
      about: { kind: this.kind, rule: this.#rule, inner: inner.about },
      tensors: new Map([
        ...tensors,
        ...own.map(([name, values]) => [name, { shape: [values.length], values }] as const),
      ]),
    };
  }

  /** The sampler that `save` gave, around the one that `restore` makes of its own. Throws ArgumentError for other values. */
  static restored(
    { about, tensors }: SavedSampler,
    restore: (inner: SavedSampler) => Sampler,
  ): RenormalisedSampler {
    const parsed = savedSchema.safeParse(about);
    if (!parsed.success) throw new ArgumentError(`renormalised: ${z.prettifyError(parsed.error)}`);
    const prefix = "inner.";
    const ofInner = [...tensors].filter(([name]) => name.startsWith(prefix));
    const inner = restore({
      about: parsed.data.inner,
      tensors: new Map(ofInner.map(([name, tensor]) => [name.slice(prefix.length), tensor])),
    });
    const sampler = new RenormalisedSampler(inner, parsed.data.rule);
    const [target, factor] = [tensors.get("target")?.values, tensors.get("factor")?.values];
    const isWhole = (values: Float64Array) =>
      [1, inner.dimension].includes(values.length) && values.every(Number.isFinite);
    if (!target || !isWhole(target) || (factor && !isWhole(factor)))
      throw new ArgumentError(`renormalised: expected finite factors, one or ${inner.dimension}`);
    sampler.#learned = { target, factor };
    return sampler;
  }

  #fitted() {
    if (!this.#learned) throw new ArgumentError(`${this.kind}: call fit before sample or save`);
    return this.#learned;
  }

  #target(codes: Float32Array, variances: Float32Array | undefined): Float64Array<ArrayBuffer> {
    const { target = "law", per = "scalar" } = this.#rule;
    const D = this.dimension;
    if (target === "one") return new Float64Array(per === "scalar" ? 1 : D).fill(1);
    const N = countPoints(this.kind, codes, D);
    if (variances?.length !== codes.length)
      throw new ShapeError(
        `${this.kind}: expected ${codes.length} variances, got ${variances?.length ?? "none"}`,
      );
    requireFinite(this.kind, codes, D);
    const law = spreadOf(codes, D);
    for (let i = 0; i < codes.length; i++)
      law[i % D]! += (target === "law" ? variances[i]! : Math.sqrt(variances[i]!)) / N;
    return per === "scalar" ? Float64Array.of(deviationOf(law, "variance")) : law.map(Math.sqrt);
  }

  #factorOf(target: Float64Array, codes: Float32Array): Float64Array<ArrayBuffer> {
    const own = spreadOf(codes, this.dimension);
    const { per = "scalar", average = "variance" } = this.#rule;
    const deviations = per === "dimension" ? own.map(Math.sqrt) : Float64Array.of(deviationOf(own, average));
    return deviations.map((deviation, i) => (deviation > 0 ? target[i]! / deviation : 1));
  }
}

/** Throws ArgumentError for what is no rule. */
function checkRule(rule: unknown): Renormalisation {
  const parsed = ruleSchema.safeParse(rule);
  if (!parsed.success) throw new ArgumentError(`renormalised: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
