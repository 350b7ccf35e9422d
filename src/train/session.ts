import type { Dataset } from "../data/dataset.ts";
import { loadDataset, type LoadedData } from "../data/load.ts";
import { openDevice, type Device } from "../device/device.ts";
import { DeviceLostError, NumericalError } from "../device/errors.ts";
import type { Autoencoder } from "../models/autoencoder.ts";
import { BasisAutoencoder } from "../models/basisAutoencoder.ts";
import { deviceBatches } from "./batching.ts";
import { buildModel, buildOptimizer } from "./build.ts";
import type { Config } from "./config.ts";
import { findFirstBadTensor } from "./diagnose.ts";
import { relativeErrorOn } from "./evaluate.ts";
import type { HistoryLine, RunFolder } from "./run-folder.ts";
import { loadCheckpoint, saveCheckpoint } from "./snapshot.ts";
import { Trainer } from "./trainer.ts";

/** How a run tells what it is doing, and is told to stop. */
export interface SessionHooks {
  /** Called once, when the device is open, the data loaded and the last checkpoint, if any, read. */
  onStart?: (session: Session) => void;
  onProgress?: (progress: Progress) => void;
  /** A line worth a person's attention, for instance that a lost device is replaced. */
  onNotice?: (notice: string) => void;
  /** Ends the run after the step at hand, with a checkpoint. */
  signal?: AbortSignal;
}

export interface Progress {
  line: HistoryLine;
  steps: number;
  stepsPerSecond: number;
  /** Seconds that the rest of the steps will take. */
  secondsLeft: number;
}

/** Seconds spent in each phase of a run. */
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

  constructor(folder: RunFolder, config: Config, device: Device, data: LoadedData) {
    this.folder = folder;
    this.config = config;
    this.device = device;
    this.data = data;
    this.model = buildModel(device, config, data.train.shape);
    const { batch, seed } = config;
    this.trainer = new Trainer(this.model, data.train, buildOptimizer(this.model, config), { batch, seed });
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

  /** Saves weights, optimizer, random numbers and position, to go on from exactly here. */
  async save(): Promise<void> {
    await this.timed("checkpoint", () => saveCheckpoint(this.folder.path, this.trainer));
  }

  /** The part of the training data that bases are fitted on. */
  trainingBatches(count: number) {
    const { batch, seed } = this.config;
    return deviceBatches(this.model, this.data.train, batch, { count, seed });
  }

  /** The error on `data` in percent, by the inference path; RRAE and VRRAE get their basis first. */
  async errorOn(data: Dataset, basisCount: number): Promise<number> {
    if (this.model instanceof BasisAutoencoder)
      await this.model.fitBasis(this.trainingBatches(basisCount), this.config.basis);
    return relativeErrorOn(this.model, data, this.config.batch);
  }

  close(): void {
    this.device.close();
  }
}

/**
 * Trains the run in `folder` to its end, from its last checkpoint on if it has one. A device that is
 * lost is replaced, up to three times. A NaN stops the run and leaves the last good checkpoint.
 */
export async function runSession(folder: RunFolder, config: Config, hooks: SessionHooks = {}): Promise<Session> {
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
  const session = await openSession(folder, config);
  try {
    hooks.onStart?.(session);
    await trainOn(session, hooks);
    return session;
  } catch (error) {
    if (error instanceof NumericalError) throw await explain(error, session);
    throw error;
  }
}

/**
 * Opens the device, loads the data, builds the model and restores the last checkpoint, if there is one.
 * Unless `readOnly`, what the history says of later steps is forgotten.
 */
export async function openSession(
  folder: RunFolder,
  config: Config,
  { readOnly = false } = {},
): Promise<Session> {
  const start = performance.now();
  const data = await loadData(config);
  const device = await openDevice({ adapter: config.adapter });
  const session = new Session(folder, config, device, data);
  await loadCheckpoint(folder.path, session.trainer);
  if (!readOnly) folder.rewind(session.trainer.step);
  session.timings.prepare = (performance.now() - start) / 1000;
  return session;
}

/** The data that a configuration names. */
export async function loadData({ data, path, size, seed, limit }: Config): Promise<LoadedData> {
  const loaded = await loadDataset(data, {
    seed,
    ...(path === undefined ? {} : { path }),
    ...(size === undefined ? {} : { size }),
  });
  return limit === undefined ? loaded : { ...loaded, train: loaded.train.take(limit) };
}

async function trainOn(session: Session, hooks: SessionHooks): Promise<void> {
  const { trainer, config, folder, data } = session;
  const { steps, logEvery, evaluateEvery, checkpointEvery, evaluateCount } = config;
  const held = data.test.take(evaluateCount);
  const clock = performance.now();
  const isTime = (every: number) => trainer.step % every === 0 || trainer.step === steps;
  if (trainer.step === 0) await session.save();
  while (trainer.step < steps && !hooks.signal?.aborted) {
    await session.timed("train", async () => {
      trainer.advance();
      session.stepsTaken++;
      if (trainer.step % 4 === 0) await session.device.finish();
    });
    if (trainer.step === 1 || isTime(logEvery)) {
      const { step, epoch, losses } = await session.timed("train", () => trainer.losses());
      const { loss, ...parts } = losses;
      const line: HistoryLine = { step, epoch, loss: loss!, parts, seconds: session.timings.train };
      if (isTime(evaluateEvery))
        line.testError = await session.timed("evaluate", () => session.errorOn(held, 8 * config.batch));
      folder.log(line);
      const seconds = (performance.now() - clock) / 1000;
      const stepsPerSecond = session.stepsTaken / seconds;
      hooks.onProgress?.({ line, steps, stepsPerSecond, secondsLeft: (steps - step) / stepsPerSecond });
    }
    if (isTime(checkpointEvery)) {
      await trainer.losses();
      await session.save();
    }
  }
  session.interrupted = trainer.step < steps;
  if (session.interrupted) await session.save();
}

/** Names the tensor in which a NaN first showed, by taking the steps since the last checkpoint again. */
async function explain(error: NumericalError, { folder, config, trainer, device }: Session): Promise<Error> {
  const failed = trainer.step;
  device.close();
  const again = await openSession(folder, config);
  const from = again.trainer.step;
  const found = await findFirstBadTensor(again.trainer, failed - from);
  again.close();
  return new NumericalError(
    `${error.message}. First seen: ${found ?? "not again when the steps were repeated"}. ` +
      `The checkpoint of step ${from} is kept; try a lower rate, or --clip`,
    { cause: error },
  );
}
