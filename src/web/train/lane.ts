import type { Dataset } from "../../data/dataset.ts";
import type { Device } from "../../device/device.ts";
import { Draws } from "../../latent/draws.ts";
import { fitMixture } from "../../latent/gmm.ts";
import { activeUnits } from "../../latent/spectrum.ts";
import type { Autoencoder } from "../../models/autoencoder.ts";
import { BasisAutoencoder } from "../../models/basisAutoencoder.ts";
import { Vae } from "../../models/vae.ts";
import { Vrrae } from "../../models/vrrae.ts";
import { svd } from "../../ops/svd.ts";
import type { Optimizer } from "../../optim/optimizer.ts";
import { tensor } from "../../tensor/tensor.ts";
import { deviceBatches } from "../../train/batching.ts";
import { buildModel, buildOptimizer } from "../../train/build.ts";
import type { Config } from "../../train/config.ts";
import { relativeErrorOn } from "../../train/evaluate.ts";
import { codesOf, decodeCodes } from "../../train/generate.ts";
import { encodeSafetensors, type EncodableTensor, type StoredTensor } from "../../train/safetensors.ts";
import { readModel, readTrainer, restoreModel, restoreTrainer, type RunState } from "../../train/state.ts";
import { Trainer } from "../../train/trainer.ts";
import type { Look } from "./protocol.ts";

/** Samples that a basis is fitted on: few while the visitor watches, as many as Node takes for a file. */
const glance = 256;
const thorough = 4096;
/** Principal directions whose strength is shown. */
const shownDirections = 12;

/** One model in training. */
export class Lane {
  #config: Config;
  readonly model: Autoencoder;
  readonly trainer: Trainer;
  readonly #optimizer: Optimizer;
  readonly #data: Dataset;

  constructor(device: Device, config: Config, data: Dataset) {
    this.#config = config;
    this.#data = data;
    this.model = buildModel(device, config, data.shape);
    this.#optimizer = buildOptimizer(this.model, config);
    const { batch, seed } = config;
    this.trainer = new Trainer(this.model, data, this.#optimizer, { batch, seed });
  }

  /** What another lane needs to be in this one's place: the settings that it has now. */
  get config(): Config {
    return this.#config;
  }

  /**
   * The same run at another rank: a rank is a shape, so this is a new model, with a step of its own to record. It goes
   * on with all weights; where a dimension of them grew, what is new is as it would be in a fresh model.
   */
  async withRank(device: Device, rank: number): Promise<Lane> {
    const lane = new Lane(device, { ...this.config, rank }, this.#data);
    const before = await readModel(this.model);
    const fresh = await readModel(lane.model);
    for (const [name, parameter] of lane.model.arena.parameters) {
      const [from, to] = [before.get(name), fresh.get(name)];
      if (from && to) parameter.write(overlaid(to, from));
    }
    lane.trainer.restore(this.trainer.state());
    return lane;
  }

  setBeta(beta: number): void {
    if (!(this.model instanceof Vae || this.model instanceof Vrrae)) return;
    this.model.beta = beta;
    this.#config = { ...this.#config, beta };
    this.trainer.rerecord();
  }

  /** Reconstructs `preview`, measures the error on `test`, and looks at the codes of `shown`. */
  async look(preview: Dataset, test: Dataset, shown: Dataset): Promise<Look> {
    const spectrum = await this.#fit(glance);
    const codes = await codesOf(this.model, shown);
    const { codeSize } = this.model;
    using x = tensor(this.model.device, preview.values(), [preview.count, ...preview.shape]);
    using xHat = this.model.reconstruct(x);
    return {
      pictures: await xHat.read(),
      error: await relativeErrorOn(this.model, test, 64),
      spectrum: spectrum ?? (await this.#spectrumOf(codes)),
      kept: codeSize,
      active: activeUnits(codes, codeSize),
      codes,
      codeSize,
    };
  }

  /** Fits the inference basis where the model has one; gives the strengths of the latent directions. */
  async #fit(count: number): Promise<Float32Array | undefined> {
    if (!(this.model instanceof BasisAutoencoder)) return undefined;
    const { batch, seed, basis } = this.config;
    const batches = deviceBatches(this.model, this.#data, batch, { count, seed });
    const { singularValues } = await this.model.fitBasis(batches, basis);
    const samples = Math.min(count, this.#data.count);
    return Float32Array.from(singularValues.subarray(0, shownDirections), (s) => s / Math.sqrt(samples));
  }

  async #spectrumOf(codes: Float32Array): Promise<Float32Array> {
    const { codeSize, device } = this.model;
    const count = codes.length / codeSize;
    const S = device.scope(() => svd(tensor(device, codes, [count, codeSize])).S);
    const values = await S.read();
    S.dispose();
    return values.slice(0, shownDirections).map((s) => s / Math.sqrt(count));
  }

  /** The pictures of codes (N, codeSize). */
  async decode(codes: Float32Array): Promise<Float32Array> {
    if (this.model instanceof BasisAutoencoder && !this.model.basis) await this.#fit(glance);
    return decodeCodes(this.model, codes);
  }

  /** `count` codes from the prior, or from a mixture of at most 10 normal distributions fitted to `data`'s codes. */
  async sample(from: "prior" | "mixture", count: number, seed: number, data: Dataset): Promise<Float32Array> {
    const { codeSize } = this.model;
    if (from === "prior") {
      const draws = new Draws(seed, 1);
      return Float32Array.from({ length: count * codeSize }, () => draws.normal());
    }
    if (this.model instanceof BasisAutoencoder && !this.model.basis) await this.#fit(glance);
    const codes = await codesOf(this.model, data);
    const components = Math.max(1, Math.min(10, Math.floor(data.count / (4 * codeSize))));
    return fitMixture(codes, codeSize, { components }).sample(count, seed);
  }

  /** The bytes of `model.safetensors`, with a basis fitted as `hestenes train` fits it. */
  async save(): Promise<Uint8Array<ArrayBuffer>> {
    await this.#fit(thorough);
    return encodeSafetensors(await readModel(this.model));
  }

  /** Takes over the weights of a file. */
  load(weights: ReadonlyMap<string, StoredTensor>, file: string): void {
    restoreModel(this.model, weights, file);
  }

  /** Everything that is needed to go on from here on another device. */
  snapshot(): Promise<RunState<EncodableTensor>> {
    return readTrainer(this.trainer);
  }

  restore(state: RunState<EncodableTensor>): Promise<void> {
    return restoreTrainer(this.trainer, state, (part) => `the snapshot's ${part}`);
  }

  dispose(): void {
    this.trainer.dispose();
    this.trainer.noise.dispose();
    this.#optimizer.dispose();
    this.model.arena.dispose();
    if (this.model instanceof BasisAutoencoder) this.model.basis?.dispose();
  }
}

/** The values of `below`, and those of `above` wherever it has an element at the same indices. */
function overlaid(below: EncodableTensor, above: EncodableTensor): Float32Array {
  const [base, values] = [below.data, above.data].map((data) => data as Float32Array) as [
    Float32Array,
    Float32Array,
  ];
  const out = base.slice();
  const rank = below.shape.length;
  if (above.shape.length !== rank) return out;
  values.forEach((value, i) => {
    let [rest, to, stride] = [i, 0, 1];
    for (let axis = rank - 1; axis >= 0; axis--) {
      const index = rest % above.shape[axis]!;
      if (index >= below.shape[axis]!) return;
      rest = Math.floor(rest / above.shape[axis]!);
      to += index * stride;
      stride *= below.shape[axis]!;
    }
    out[to] = value;
  });
  return out;
}

/** What `make` gives for each of `sources`; where one fails, those before it are freed. */
export async function allOrNone<T>(
  sources: readonly T[],
  make: (source: T) => Lane | Promise<Lane>,
): Promise<Lane[]> {
  const lanes: Lane[] = [];
  try {
    for (const source of sources) lanes.push(await make(source));
    return lanes;
  } catch (error) {
    for (const lane of lanes) lane.dispose();
    throw error;
  }
}
