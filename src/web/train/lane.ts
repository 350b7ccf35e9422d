import type { Dataset } from "../../data/dataset.ts";
import type { Device } from "../../device/device.ts";
import { principalDeviations } from "../../latent/principal.ts";
import { activeUnits, openUnits, variances } from "../../latent/spectrum.ts";
import type { Autoencoder } from "../../models/autoencoder.ts";
import { randomNormal, RandomState } from "../../ops/random.ts";
import { tensor, type Tensor } from "../../tensor/tensor.ts";
import { deviceBatches } from "../../train/batching.ts";
import { buildModel, optimizerSettings } from "../../train/build.ts";
import type { Config } from "../../train/config.ts";
import { relativeErrorOn } from "../../train/evaluate.ts";
import { codesOf, decodeCodes, fitSampler } from "../../train/generate.ts";
import { encodeSafetensors, type EncodableTensor, type StoredTensor } from "../../data/safetensors.ts";
import { describeFile } from "../../train/modelFile.ts";
import { readModel, readTrainer, restoreModel, restoreTrainer, type RunState } from "../../train/state.ts";
import { Trainer } from "../../train/trainer.ts";
import type { CodeStage, Draw, Look, Trace } from "./protocol.ts";

/** Samples that a basis is fitted on: few while the visitor watches, as many as Node takes for a file. */
const glance = 256;
const thorough = 4096;
/** Principal directions whose strength is shown. */
const shownDirections = 12;

/** Weights by name, as a `model.safetensors` holds them. */
type Weights = ReadonlyMap<string, StoredTensor>;

/** One model in training. */
export class Lane {
  #config: Config;
  readonly model: Autoencoder;
  readonly trainer: Trainer;
  readonly #data: Dataset;
  /** The step at which a file gave weights and basis: until the next one, the model is what the file says. */
  #givenAt: number | undefined;

  constructor(device: Device, config: Config, data: Dataset) {
    this.#config = config;
    this.#data = data;
    const { model, trainer } = assemble(device, config, data);
    this.model = model;
    this.trainer = trainer;
  }

  /**
   * The model of a file, which decodes as it did where it was saved until it is trained on.
   *
   * @throws DataError where `weights` are not those of such a model.
   */
  static loaded(
    device: Device,
    config: Config,
    data: Dataset,
    weights: Weights,
    file: string,
  ): Promise<Lane> {
    return filled(new Lane(device, config, data), (lane) => {
      restoreModel(lane.model, weights, file);
      if (lane.model.truncation?.basis) lane.#givenAt = lane.trainer.step;
    });
  }

  /** The same run on another device, as it was when `snapshot` was taken. */
  onto(device: Device, snapshot: RunState<EncodableTensor>): Promise<Lane> {
    return filled(new Lane(device, this.#config, this.#data), async (lane) => {
      lane.#givenAt = this.#givenAt;
      await restoreTrainer(lane.trainer, snapshot, (part) => `the snapshot's ${part}`);
      lane.setBeta(this.#config.beta); // it may have changed since
    });
  }

  /** What another lane needs to be in this one's place: the settings that it has now. */
  get config(): Config {
    return this.#config;
  }

  /**
   * The same run at another rank: a rank is a shape, so this is a new model, with a step of its own to record. It goes
   * on with all weights, the optimizer's moments, the noise, and what a step hands on to the next; where a dimension of
   * them grew, what is new is as it would be in a fresh run.
   */
  withRank(device: Device, rank: number): Promise<Lane> {
    return filled(new Lane(device, { ...this.config, rank }, this.#data), async (lane) => {
      const [fresh, before] = [await lane.snapshot(), await this.snapshot()];
      const grown = (part: "model" | "optimizer") =>
        new Map([...fresh[part]].map(([name, tensor]) => [name, overlaid(tensor, before[part].get(name))]));
      const merged = { model: grown("model"), optimizer: grown("optimizer"), state: before.state };
      await restoreTrainer(lane.trainer, merged, (part) => `the ${part} of the run before`);
    });
  }

  setBeta(beta: number): void {
    this.model.scalars.get("beta")?.write(beta);
    this.#config = { ...this.#config, beta };
  }

  /** Reconstructs `preview`, measures the error on `test`, and looks at the codes of `shown`. */
  async look(preview: Dataset, test: Dataset, shown: Dataset): Promise<Look> {
    const spectrum = await this.#fit(glance);
    const reading = this.#mask(); // comes with what is read next
    const codes = await codesOf(this.model, shown);
    const mask = await reading;
    const { codeSize } = this.model;
    using x = tensor(this.model.device, preview.values(), [preview.count, ...preview.shape]);
    using xHat = this.model.reconstruct(x);
    return {
      pictures: await xHat.read(),
      error: await relativeErrorOn(this.model, test, 64),
      spectrum,
      spread: Float32Array.from(variances(codes, codeSize), Math.sqrt),
      directions: Float32Array.from(principalDeviations(codes, codeSize)),
      trace: await this.#trace(x),
      isFoundAnew: this.model.truncation !== undefined,
      active: mask ? openUnits(mask) : activeUnits(codes, codeSize),
      codes,
      second: await this.#secondOf(codes),
      codeSize,
      mask,
      stage: this.trainer.stageIndex,
    };
  }

  /** What becomes of pictures on their way. */
  async #trace(x: Tensor): Promise<Trace> {
    const { model } = this;
    using codes = model.encode(x);
    using variances = model.knowsCodeVariance ? model.codeVariance(x) : undefined;
    using long = model.truncation?.latentVectors(x);
    const read = await codes.read();
    const deviations = (await variances?.read())?.map(Math.sqrt) ?? new Float32Array(read.length);
    return { codes: read, deviations, long: await long?.read() };
  }

  /** The model's mask, where it has one. */
  async #mask(): Promise<Float32Array | undefined> {
    const { model } = this;
    if (!model.mask) return undefined;
    using mask = model.asConstant(() => model.device.scope(() => model.mask!()));
    return await mask.read();
  }

  /** The codes that a second stage has of `codes`, where there is one. */
  async #secondOf(codes: Float32Array): Promise<Float32Array | undefined> {
    const { secondStage } = this.model;
    return secondStage && this.#turned(codes, (z) => secondStage.encode(z));
  }

  /** What `body` makes of codes (N, codeSize), of the same shape. */
  async #turned(codes: Float32Array, body: (codes: Tensor) => Tensor): Promise<Float32Array> {
    const { device, codeSize } = this.model;
    using given = tensor(device, codes, [codes.length / codeSize, codeSize]);
    using turned = body(given);
    return await turned.read();
  }

  /** Fits the inference basis where the model has one to fit; gives the strengths of the latent directions then. */
  async #fit(count: number): Promise<Float32Array | undefined> {
    const { truncation } = this.model;
    if (!truncation || this.#givenAt === this.trainer.step) return undefined;
    const { batch, seed, basis } = this.config;
    const batches = deviceBatches(this.model, this.#data, batch, { count, seed });
    const { singularValues } = await truncation.fitBasis(batches, basis);
    const samples = Math.min(count, this.#data.count);
    return Float32Array.from(singularValues.subarray(0, shownDirections), (s) => s / Math.sqrt(samples));
  }

  async #needBasis(): Promise<void> {
    const { truncation } = this.model;
    if (truncation && !truncation.basis) await this.#fit(glance);
  }

  /** The pictures of codes (N, codeSize) of a stage. */
  async decode(codes: Float32Array, stage: CodeStage = 0): Promise<Float32Array> {
    const { secondStage } = this.model;
    await this.#needBasis();
    if (stage === 0 || !secondStage) return decodeCodes(this.model, codes);
    return decodeCodes(this.model, await this.#turned(codes, (u) => secondStage.decode(u)));
  }

  /** New codes, by what `data` have; those of the second stage's own prior are of N(0, I), and mixtures have at most 10 parts. */
  async sample({ from, count, seed, stage = 0, isRenormalised }: Draw, data: Dataset): Promise<Float32Array> {
    const { model } = this;
    const { codeSize, secondStage } = model;
    await this.#needBasis();
    const components = Math.max(1, Math.min(10, Math.floor(data.count / (4 * codeSize))));
    if (stage === 0 || !secondStage) {
      const { samplerOf } = await import("../../models/samplers.ts"); // not every visitor asks for new pictures
      const renormalise = isRenormalised ? {} : undefined;
      const sampler = await fitSampler(samplerOf(model, from, { components, renormalise }), model, data);
      return sampler.sample(count, seed);
    }
    if (from === "prior") {
      using noise = new RandomState(model.device, seed, 1);
      using codes = randomNormal(noise, [count, codeSize]);
      return await codes.read();
    }
    const { MixtureSampler } = await import("../../latent/mixtureSampler.ts");
    const sampler = new MixtureSampler(from, this.model.device, codeSize, { components });
    await sampler.fit((await this.#secondOf(await codesOf(model, data)))!);
    return sampler.sample(count, seed);
  }

  /** The bytes of `model.safetensors`, with the file's basis, or one fitted as `hestenes train` fits it; it says what it is. */
  async save(): Promise<Uint8Array<ArrayBuffer>> {
    await this.#fit(thorough);
    return encodeSafetensors(await readModel(this.model), describeFile(this.#config, this.#data.shape));
  }

  /** Everything that is needed to go on from here on another device. */
  snapshot(): Promise<RunState<EncodableTensor>> {
    return readTrainer(this.trainer);
  }

  dispose(): void {
    this.trainer.dispose();
    this.model.dispose();
  }
}

/** A model and its trainer; where one cannot be made, the model is freed. */
function assemble(device: Device, config: Config, data: Dataset) {
  const model = buildModel(device, config, data.shape);
  try {
    const { batch, seed } = config;
    const optimizer = optimizerSettings(config);
    const stages = model.stages(Infinity); // each goes on until the visitor ends it
    return { model, trainer: new Trainer(model, data, { batch, seed, optimizer, stages }) };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** `lane`, once `fill` is done with it; freed where that fails. */
async function filled(lane: Lane, fill: (lane: Lane) => void | Promise<void>): Promise<Lane> {
  try {
    await fill(lane);
    return lane;
  } catch (error) {
    lane.dispose();
    throw error;
  }
}

/** `below`, with the values of `above` wherever that has an element at the same indices. */
function overlaid(below: EncodableTensor, above: EncodableTensor | undefined): EncodableTensor {
  const rank = below.shape.length;
  if (above?.shape.length !== rank) return below;
  const data = below.data.slice();
  above.data.forEach((value, i) => {
    let [rest, to, stride] = [i, 0, 1];
    for (let axis = rank - 1; axis >= 0; axis--) {
      const index = rest % above.shape[axis]!;
      if (index >= below.shape[axis]!) return;
      rest = Math.floor(rest / above.shape[axis]!);
      to += index * stride;
      stride *= below.shape[axis]!;
    }
    data[to] = value;
  });
  return { ...below, data };
}
