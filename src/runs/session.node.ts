import type { Dataset } from "../data/dataset.ts";
import type { DatasetSetting } from "../data/descriptor.ts";
import { loadDataset, type LoadedData, type LoadOptions } from "../data/load.node.ts";
import type { ReadingOptions } from "../data/picture-store.node.ts";
import { openDevice, type Device } from "../device/device.ts";
import { ArgumentError, DeviceLostError, NumericalError } from "../device/errors.ts";
import type { Autoencoder } from "../models/autoencoder.ts";
import type { FittedBasis } from "../latent/basis.ts";
import { deviceParts } from "../train/batching.ts";
import { architectureFor } from "../train/architecture.ts";
import { buildModel, optimizerSettings } from "../train/build.ts";
import { dataSettings, type Config } from "../train/config.ts";
import { findFirstBadStep, findFirstBadTensor } from "../train/diagnose.ts";
import { adviceFor } from "../train/magnitude.ts";
import { relativeErrorOn } from "../train/evaluate.ts";
import { beginFineTuning, readBasis } from "./fine-tune.node.ts";
import type { Lease } from "./lease.node.ts";
import type { HistoryLine, RunFolder } from "./run-folder.node.ts";
import { loadTrainer, saveTrainer } from "./snapshot.node.ts";
import { RankSearch } from "../train/rankSearch.ts";
import { mainLoss, type StepLosses } from "../train/losses.ts";
import { describeFile } from "../train/modelFile.ts";
import { Trainer } from "../train/trainer.ts";
import { steps } from "../optim/steps.ts";

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
 * Trains the run in `folder` to its end, from its last checkpoint on if it has one. A device that is
 * lost is replaced, up to three times. A NaN stops the run and leaves the last good checkpoint.
 */
export async function runSession(
  folder: RunFolder,
  config: Config,
  hooks: SessionHooks = {},
): Promise<Session> {
  for (let lost = 0; ; lost++) {
    try {
      return await runOnce(folder, config, hooks);
    } catch (error) {
      if (!(error instanceof DeviceLostError) || lost >= 3) throw error;
      hooks.onNotice?.(`${error.message}. Trying again on a new device.`);
    }
  }
}

async function runOnce(folder: RunFolder, config: Config, hooks: SessionHooks): Promise<Session> {
  const lease = hooks.lease ? undefined : await folder.lease(hooks.onNotice && { onWait: hooks.onNotice });
  const session = await openSession(folder, config, lease, hooks);
  try {
    const { step, totalSteps } = session.trainer;
    if (step > totalSteps)
      throw new ArgumentError(
        `the run in ${folder.path} has taken ${step} steps, more than ${totalSteps}; for a shorter one, give another folder`,
      );
    folder.create(config);
    folder.rewind(session.trainer.step);
    hooks.onStart?.(session);
    await trainOn(session, hooks);
    return session;
  } catch (error) {
    try {
      throw error instanceof NumericalError ? await explain(error, session) : error;
    } finally {
      session.close();
    }
  }
}

/**
 * Opens the device, loads the data, builds the model and restores the last checkpoint, if there is one. A `lease` is
 * released when it is closed, or can not be opened.
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

async function trainOn(session: Session, hooks: SessionHooks): Promise<void> {
  const { trainer, config, folder, data, timings } = session;
  const { logEvery, evaluateEvery, checkpointEvery, evaluateCount } = config;
  const held = data.test.take(evaluateCount);
  timings.train = folder.history().at(-1)?.seconds ?? 0;
  const isTime = (every: number) => trainer.step % every === 0 || trainer.step === trainer.totalSteps;
  if (trainer.step === 0) await session.save();
  const loop = steps(trainer, { signal: hooks.signal, until: hooks.until ?? Infinity });
  let compiled = performance.now();
  let stage = trainer.step === 0 ? -1 : trainer.stageIndex;
  const step = async () => {
    const { done } = await loop.next();
    if (!done) await session.taken();
    return !done;
  };
  while (await session.timed(session.stepsTaken === 0 ? "prepare" : "train", step)) {
    if (session.stepsTaken === 1) compiled = performance.now();
    const isFirst = stage !== trainer.stageIndex; // of its stage
    stage = trainer.stageIndex;
    if (isFirst || isTime(logEvery) || isTime(evaluateEvery)) {
      const { step, epoch, losses } = await session.timed("train", () => session.losses());
      const { loss = mainLoss(losses), ...parts } = losses;
      const line: HistoryLine = { step, epoch, loss, parts, seconds: timings.train };
      if (trainer.stages.length > 1) line.stage = trainer.stage.name;
      if (isTime(evaluateEvery))
        line.testError = await session.timed("evaluate", () => session.errorOn(held, 8 * config.batch));
      folder.log(line);
      const rate = (session.stepsTaken - 1) / ((performance.now() - compiled) / 1000);
      const stages = trainer.stages.map(({ name }) => name);
      const stepsPerSecond = rate > 0 ? rate : undefined;
      hooks.onProgress?.({ line, steps: trainer.totalSteps, stages, stepsPerSecond });
    }
    const { every } = hooks;
    if (every && (trainer.step === 1 || isTime(every.steps)))
      await session.timed("evaluate", () => every.call(session));
    await session.adapt();
    if (isTime(checkpointEvery)) {
      if (!trainer.search) await trainer.losses();
      await session.save();
    }
  }
  session.interrupted = !session.isDone;
  if (trainer.step >= trainer.totalSteps) return;
  if (session.isDone) await session.fitBasis(config.basisCount); // the rank is found; what is kept is of an earlier step
  await session.save();
}

/** Names the tensor in which a NaN first showed, by taking the steps since the last checkpoint again. */
async function explain(error: NumericalError, { folder, trainer, data }: Session): Promise<NumericalError> {
  const failed = trainer.step;
  await loadTrainer(folder.path, trainer);
  const from = trainer.step;
  const bad = await findFirstBadStep(trainer, failed + 1); // weights that blew up in a step show in the next one
  await loadTrainer(folder.path, trainer);
  for await (const _ of steps(trainer, { until: bad - 2 })); // a gradient's NaN shows in the loss one step later
  const found = await findFirstBadTensor(trainer, bad - trainer.step);
  return new NumericalError(
    `${error.message}.${found === undefined ? "" : ` First seen: ${found}.`} ` +
      `The checkpoint of step ${from} is kept. Train anew in another folder ${adviceFor(data.train)}`,
    { cause: error },
  );
}
