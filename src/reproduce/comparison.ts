import type { LoadedData } from "../data/load.node.ts";
import { openDevice, type Device } from "../device/device.ts";
import type { Config } from "../train/config.ts";
import { loadData } from "../runs/session.node.ts";
import type { Scale } from "./experiment.ts";
import { Fid, type InceptionFile } from "./fid.ts";
import { Judge } from "./judge.ts";

/** Training steps of the classifier. Images are compared by its features. */
const classifierSteps = { quick: 600, paper: 4000 } as const;

export interface ComparisonOptions {
  scale: Scale;
  /** Weights that the FID is measured with; without them it is not. */
  inception?: InceptionFile | undefined;
  /** Called with what takes its time. */
  onPhase?: ((phase: string) => void) | undefined;
  onNotice?: ((notice: string) => void) | undefined;
}

/** Compares images of an experiment's runs with real ones. Classifier and network are made when they are first needed. */
export class Comparison {
  readonly #options: ComparisonOptions;
  #device: Device | undefined;
  #data: LoadedData | undefined;
  #judge: Judge | undefined;
  #fid: Fid | undefined;
  #isTold = false;

  constructor(options: ComparisonOptions) {
    this.#options = options;
  }

  /** A classifier trained on the data of `config`; undefined, with a notice, where these have no classes. */
  async judge(config: Config): Promise<Judge | undefined> {
    const { scale, onPhase, onNotice } = this.#options;
    if (this.#judge || this.#isTold) return this.#judge;
    const data = await this.#load(config);
    if (!data.train.labels) {
      this.#isTold = true;
      onNotice?.("These images have no classes to train a classifier on: the cFDs are left out.");
      return undefined;
    }
    const device = await this.#open(config);
    onPhase?.("Training the classifier that images are compared by.");
    this.#judge = await Judge.train(device, data, { steps: classifierSteps[scale] });
    return this.#judge;
  }

  /** The given network; undefined where none is given. */
  async fid(config: Config): Promise<Fid | undefined> {
    const { inception, onPhase } = this.#options;
    if (this.#fid || !inception) return this.#fid;
    const { train } = await this.#load(config);
    const device = await this.#open(config);
    onPhase?.("Taking Inception features of training images.");
    this.#fid = await Fid.open(device, inception, train);
    return this.#fid;
  }

  async #load(config: Config): Promise<LoadedData> {
    return (this.#data ??= await loadData(config));
  }

  async #open({ adapter }: Config): Promise<Device> {
    return (this.#device ??= await openDevice({ adapter }));
  }

  dispose(): void {
    this.#judge?.dispose();
    this.#fid?.dispose();
    this.#device?.close();
  }
}
