import type { Dataset } from "../data/dataset.ts";
import type { DatasetSetting } from "../data/descriptor.ts";
import { loadDataset, type LoadedData, type LoadOptions } from "../data/load.node.ts";
import type { ReadingOptions } from "../data/picture-store.node.ts";
import { openDevice, type Device } from "../device/device.ts";
import type { Autoencoder } from "../models/autoencoder.ts";
import type { FittedBasis } from "../latent/basis.ts";
import { deviceParts } from "../train/batching.ts";
import { architectureFor } from "../train/architecture.ts";
import { buildModel, optimizerSettings } from "../train/build.ts";
import { dataSettings, type Config } from "../train/config.ts";
import { relativeErrorOn } from "../train/evaluate.ts";
import { beginFineTuning, readBasis } from "./fine-tune.node.ts";
import type { Lease } from "./lease.node.ts";
import type { HistoryLine, RunFolder } from "./run-folder.node.ts";
import { loadTrainer, saveTrainer } from "./snapshot.node.ts";
import { RankSearch } from "../train/rankSearch.ts";
import type { StepLosses } from "../train/losses.ts";
import { describeFile } from "../train/modelFile.ts";
import { Trainer } from "../train/trainer.ts";

/** How a run tells what it is doing, and is told to stop. */
export interface SessionHooks {
  /** Called once, when the device is open, the data loaded and the last checkpoint, if any, read. */
  onStart?: ((session: Session) => void) | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
  /** Called before `onStart`, while pictures are decoded. */
  onReading?: ReadingOptions["onProgress"] | undefined;
  /** Called after the first step and after every so many, and waited for. */
  every?: { steps: number; call: (session: Session) => Promise<void> } | undefined;
  /** A line worth a person's attention, for instance that a lost device is replaced. */
  onNotice?: ((notice: string) => void) | undefined;
  /** Ends the run after the step at hand, with a checkpoint; the reading of pictures at once, with what it was aborted with. */
  signal?: AbortSignal | undefined;
  /** Ends the run after this step, with a checkpoint, to go on another time. */
  until?: number | undefined;
  /** The lease of the folder, where whoever calls holds it, and will release it. */
  lease?: Lease | undefined;
}

export interface Progress {
  line: HistoryLine;
  steps: number;
  /** Names of the run's stages, in order. */
  stages: readonly string[];
  /** Since this process began, evaluations included; undefined while all it did was compile kernels. */
  stepsPerSecond: number | undefined;
}

/**
 * Seconds spent in each phase of a run; the first step, which compiles the kernels, belongs to `prepare`. Those of
 * `train` count from the run's beginning, the others from that of the process.
 */
export type Timings = Record<"prepare" | "train" | "evaluate" | "checkpoint", number>;

/** A run in progress, or at its end: the device, the data, the model and how far it is. */
export class Session {
  readonly folder: RunFolder;
  readonly config: Config;
  readonly device: Device;
  readonly data: LoadedData;
  readonly model: Autoencoder;
  readonly trainer: Trainer;
  readonly timings: Timings = { prepare: 0, train: 0, evaluate: 0, checkpoint: 0 };
  interrupted = false;
  /** Steps taken by this process; those before its checkpoint not counted. */
  stepsTaken = 0;

  #sought: StepLosses | undefined;
  readonly #lease: Lease | undefined;

  constructor(folder: RunFolder, config: Config, device: Device, data: LoadedData, lease?: Lease) {
    this.#lease = lease;
    this.folder = folder;
    this.config = config;
    this.device = device;
    this.data = data;
    this.model = buildModel(device, config, data.train.shape, architectureFor(config));
    const { batch, seed, steps } = config;
    const { truncation } = this.model;
    const isFineTuned = config.fineTune !== undefined && truncation !== undefined;
    const stages = isFineTuned ? [truncation.fineTuning(steps)] : this.model.stages(steps);
    this.trainer = new Trainer(this.model, data.train, {
      ...{ batch, seed, stages },
      optimizer: optimizerSettings(config),
    });
    if (config.adaptive) this.trainer.search = new RankSearch(this.trainer, config.adaptive);
  }

  /** Runs `body` and adds its time to `phase`. */
  async timed<T>(phase: keyof Timings, body: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await body();
    } finally {
      this.timings[phase] += (performance.now() - start) / 1000;
    }
  }

  /** Called after each step that was launched: looks at its losses where the rank is sought. */
  async taken(): Promise<void> {
    this.stepsTaken++;
    if (this.trainer.search) this.#sought = await this.trainer.losses();
    else if (this.stepsTaken === 1) await this.device.finish(); // its kernels are compiled now
  }

  /** The losses of the last step. */
  async losses(): Promise<StepLosses> {
    return this.#sought ?? (await this.trainer.losses());
  }

  /** Lets the search for a rank, if there is one, draw its conclusions; after this the step's losses are gone. */
  async adapt(): Promise<void> {
    if (this.#sought) await this.trainer.search?.afterStep(this.#sought);
    this.#sought = undefined;
  }

  /** Part of the time of a step for which it waits for its batch, by what this process has taken; NaN before two steps. */
  get waiting(): number {
    const { trainer, timings } = this;
    return trainer.waitedPerStep / ((1000 * timings.train) / (trainer.step - 1));
  }

  /** Whether all steps are taken, or the rank is found. */
  get isDone(): boolean {
    return this.trainer.isOver;
  }

  /** Saves weights, optimizer, random numbers and position, to go on from exactly here; in the run's folder unless given. */
  async save(path = this.folder.path): Promise<void> {
    const { config, model, data, trainer } = this;
    const rank = model.truncation ? model.codeSize : config.rank; // it may have been lowered
    const about = describeFile({ ...config, rank }, data.train.shape);
    await this.timed("checkpoint", () => saveTrainer(path, trainer, about));
  }

  /** The part of the training data that bases are fitted on. */
  trainingBatches(count: number) {
    const { batch, seed } = this.config;
    return deviceParts(this.model, this.data.train, batch, { count, seed });
  }

  /**
   * Gives RRAE and VRRAE their basis, found from so many training samples, or the one that is given, or is fixed by now;
   * and says what was found. Undefined for other models.
   */
  async fitBasis(count: number): Promise<FittedBasis | undefined> {
    const { config } = this;
    const { truncation } = this.model;
    if (!truncation) return undefined;
    const isFixed = config.basisFile !== undefined || config.fineTune !== undefined;
    const fixed = isFixed ? await truncation.basis?.read() : undefined;
    const fitted = await truncation.fitBasis(this.trainingBatches(count), config.basis);
    if (fixed) truncation.setBasis(fixed);
    return fitted;
  }

  /** The error on `data` in percent, by the inference path; RRAE and VRRAE get their basis first. */
  async errorOn(data: Dataset, basisCount: number): Promise<number> {
    await this.fitBasis(basisCount);
    return relativeErrorOn(this.model, data, this.config.batch);
  }

  /** Closes the device, and lets other processes write in the folder. */
  close(): void {
    this.device.close();
    this.#lease?.release();
  }
}

/**
 * Opens the device, loads the data, builds the model and restores the last checkpoint, if there is one. A `lease` is
 * released when it is closed, or cannot be opened.
 */
export async function openSession(
  folder: RunFolder,
  config: Config,
  lease?: Lease,
  { onReading: onProgress, onNotice, signal }: SessionHooks = {},
): Promise<Session> {
  const start = performance.now();
  let device: Device | undefined;
  try {
    const data = await loadData(config, { onProgress, onNotice, signal });
    device = await openDevice({ adapter: config.adapter });
    const session = new Session(folder, config, device, data, lease);
    const isBegun = await loadTrainer(folder.path, session.trainer);
    if (!isBegun && config.fineTune !== undefined) await beginFineTuning(session);
    const { truncation } = session.model;
    if (truncation && config.basisFile !== undefined && !(isBegun && truncation.basis))
      truncation.setBasis(readBasis(config.basisFile, [truncation.latentSize, truncation.codeSize])); // from then on in checkpoints
    session.timings.prepare = (performance.now() - start) / 1000;
    return session;
  } catch (error) {
    device?.close();
    lease?.release();
    throw error;
  }
}

/** The data that a configuration names. */
export async function loadData(config: Config, reading: ReadingOptions = {}): Promise<LoadedData> {
  const { data, seed, limit } = config;
  const names = ["path", "limit", ...(Object.keys(dataSettings) as DatasetSetting[])] as const;
  const given = names.filter((name) => config[name] !== undefined).map((name) => [name, config[name]]);
  const loaded = await loadDataset(data, { ...reading, seed, ...(Object.fromEntries(given) as LoadOptions) });
  return limit === undefined ? loaded : { ...loaded, train: loaded.train.take(limit) };
}
