import type { LoadedData } from "../data/load.node.ts";
import type { DatasetSetting } from "../data/descriptor.ts";
import { datasetNamed } from "../data/known.ts";
import { openDevice, type Device } from "../device/device.ts";
import { dataSettings, type Config } from "../train/config.ts";
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

/** Compares samples of an experiment's runs with real ones. What that needs is made when a data set first needs it. */
export class Comparison {
  readonly #options: ComparisonOptions;
  #device: Device | undefined;
  readonly #data = new Map<string, Promise<LoadedData>>();
  readonly #judges = new Map<string, Promise<Judge | undefined>>();
  readonly #fids = new Map<string, Promise<Fid>>();

  constructor(options: ComparisonOptions) {
    this.#options = options;
  }

  /**
   * Compares by a classifier trained on the data of `config`, vectors as they are; undefined, with a notice, where
   * images have no classes.
   */
  judge(config: Config): Promise<Judge | undefined> {
    return once(this.#judges, config, async () => {
      const { scale, onPhase, onNotice } = this.#options;
      const data = await this.#load(config);
      if (data.train.shape.length === 1) return Judge.ofVectors(await this.#open(config), data);
      if (!data.train.labels) {
        onNotice?.("These images have no classes to train a classifier on: the cFDs are left out.");
        return undefined;
      }
      const device = await this.#open(config);
      const { title } = datasetNamed(config.data);
      onPhase?.(`Training the classifier that images are compared by, on ${title}.`);
      return Judge.train(device, data, { steps: classifierSteps[scale] });
    });
  }

  /** The given network; undefined where none is given. */
  async fid(config: Config): Promise<Fid | undefined> {
    const { inception, onPhase } = this.#options;
    if (!inception) return undefined;
    return once(this.#fids, config, async () => {
      const { train } = await this.#load(config);
      const device = await this.#open(config);
      onPhase?.("Taking Inception features of training images.");
      return Fid.open(device, inception, train);
    });
  }

  #load(config: Config): Promise<LoadedData> {
    return once(this.#data, config, () => loadData(config));
  }

  async #open({ adapter }: Config): Promise<Device> {
    return (this.#device ??= await openDevice({ adapter }));
  }

  async dispose(): Promise<void> {
    for (const one of [...this.#judges.values(), ...this.#fids.values()])
      (await one.catch(() => undefined))?.dispose();
    this.#device?.close();
  }
}

/** What `body` makes for the data set of a configuration, once for each. */
function once<T>(made: Map<string, Promise<T>>, config: Config, body: () => Promise<T>): Promise<T> {
  const settings = Object.keys(dataSettings) as DatasetSetting[];
  const key = JSON.stringify([
    config.data,
    config.path,
    config.limit,
    ...settings.map((name) => config[name]),
  ]);
  const found = made.get(key) ?? body();
  made.set(key, found);
  return found;
}
