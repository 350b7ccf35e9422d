/** A setting that only some data sets have; what may be given for each stands in the schema of configurations. */
export type DatasetSetting = "size" | "divideBy" | "layout" | "intrinsic" | "ambient" | "count" | "dataSeed";

/** What is known of a training on a data set where nothing else is said. */
export interface PresetSettings {
  size?: number | undefined;
  intrinsic?: number | undefined;
  ambient?: number | undefined;
  count?: number | undefined;
  latent: number;
  rank: number;
  beta: number;
  steps: number;
  batch: number;
  rate: number;
}

export const presetNames = ["quick", "paper"] as const;
export type PresetName = (typeof presetNames)[number];

/** What the command line, the pages, the models and the reports know of a data set; they find it in `known.ts`. */
export interface DatasetDescriptor {
  /** As it is asked for: `--data NAME`. */
  name: string;
  /** As in the title of a table. */
  title: string;
  /** Whether it is computed, or read from files: a person's own, or those that its authors offer for download. */
  files: "none" | "own" | "public";
  /** What black and white stand for in its pictures: "auto" where that is for the numbers themselves to say. */
  range: readonly [low: number, high: number] | "auto";
  /** Colours of pictures of one channel. */
  colormap: "grey" | "viridis";
  settings: readonly DatasetSetting[];
  /** The least that its size may be; 1 unless given. */
  leastSize?: number | undefined;
  /** How long the codes are of models that take no more than the data need. */
  codeLength: number;
  /** `paper` is what a paper took; `quick` shows the same behaviour in a minute on a CPU. */
  presets: Readonly<Record<PresetName, PresetSettings>>;
}

/** The descriptor as it is, with its types. */
export function describeDataset<const D extends DatasetDescriptor>(descriptor: D): D {
  return descriptor;
}
