import type { DatasetName } from "../data/known.ts";
import type { PartialConfig } from "../train/config.ts";
import type { Metric } from "./metrics.ts";
import type { Published } from "./published.ts";

/** One line of a table: a model with its settings, and what the paper says of it. */
export interface Row {
  /** Also names the run's folder. */
  label: string;
  config: PartialConfig;
  published: Partial<Record<Metric, Published>>;
}

/** A table of a paper, as runs. */
export interface Experiment {
  /** As it is asked for. */
  name: string;
  title: string;
  data: DatasetName;
  metrics: readonly Metric[];
  rows: readonly Row[];
  /** What a reader has to know to compare the two columns. */
  notes: readonly string[];
  /** The latent space of every run comes first on the page, in place of that of each row's first run after the images. */
  isScatter?: boolean;
  /** Whether settings are those of the paper's text or of its code, where somebody wants to know; see `withReading`. */
  reading?: Reading;
}

/** What is followed where the paper's text and its authors' code disagree. */
export type Reading = "text" | "code";

/** How much of the paper's work is done: its own settings, or fewer steps and smaller batches. */
export type Scale = "quick" | "paper";

/** A paper whose tables can be run again; `papers.ts` lists them. */
export interface Paper {
  /** As it is asked for: `hestenes reproduce NAME/EXPERIMENT`. */
  name: string;
  title: string;
  /** By their names: what each is about, and the data sets that it knows, of which the first is the default. */
  experiments: Readonly<
    Record<
      string,
      {
        about: string;
        data: readonly DatasetName[];
        build(data: DatasetName, scale: Scale): Omit<Experiment, "name" | "data">;
      }
    >
  >;
  /** What is measured in another way than by training, by its name: what it is about. */
  measured?: Readonly<Record<string, string>>;
  /** The experiment as the paper's text has it or as its code does, where the two disagree. */
  withReading?(experiment: Experiment, reading: Reading): Experiment;
}
