import type { DatasetName } from "../data/known.ts";
import type { Config, PartialConfig } from "../train/config.ts";
import type { RunFolder } from "../runs/run-folder.node.ts";
import type { Sampling } from "./columns.ts";
import type { Metric } from "./metrics.ts";
import type { Published } from "./published.ts";
import type { Scores } from "./score.ts";
import type { StripName } from "./strips.ts";
import type { Subject } from "./subject.ts";

/** What is computed in place of a training: numbers, and files that lie in the run's folder. */
export interface Computed {
  metrics: Partial<Record<Metric, number>>;
  files?: Readonly<Record<string, string | Uint8Array>>;
}

/** One line of a table: a model with its settings, and what the paper says of it. */
export interface Row extends Sampling {
  /** Also names the run's folder. */
  label: string;
  /** Its data set is the experiment's, unless it has one of its own. */
  config: PartialConfig;
  published: Partial<Record<Metric, Published>>;
  /** The row, further up, whose trained models this one measures in another way; their settings are that row's. */
  trained?: string;
  /** What takes the place of training and measuring; it is done once, whatever the seeds. */
  compute?: (config: Config) => Promise<Computed> | Computed;
  /** Rows of the same series have one colour in plots, and a line through them; its label unless given. */
  series?: string;
}

/** A chart of a run, by its file in the run's folder: of its report, or drawn once the run is measured. */
export interface Chart {
  file: string;
  title: string;
  lead: string;
  draw?: (subject: Subject) => Promise<string | Uint8Array>;
}

/** What an axis shows: a metric of the runs, or a number of a row, such as the length of its codes. */
export interface Axis {
  of: Metric | ((row: Row) => number);
  /** The metric's title unless given. */
  label?: string;
  log?: boolean;
}

/** A chart over all runs of an experiment. */
export interface Plot {
  /** The end of its file's name. */
  name: string;
  title: string;
  lead: string;
  /**
   * "runs": a dot for each run; "rows": the mean of each row with its deviation, and a line through those of a series;
   * "training": a line for each row through what was measured while it was trained, the mean of its seeds, over the steps.
   */
  shows: "runs" | "rows" | "training";
  /** The steps, through the training. */
  x?: Axis;
  y: Axis;
  /** A line where y is x. */
  diagonal?: boolean;
  /** A dashed line at this height. */
  level?: number;
}

/** A table or a figure of a paper, as runs. */
export interface Experiment {
  /** As it is asked for. */
  name: string;
  title: string;
  /** The data set of rows that have none of their own. */
  data: DatasetName;
  metrics: readonly Metric[];
  rows: readonly Row[];
  /** What a reader has to know to compare the two columns. */
  notes: readonly string[];
  /** What the runs show, a sentence each; which row is the least by the error of reconstruction, unless given. */
  findings?: (outcome: Outcome) => string[];
  /** Charts over all runs, which come before the table. */
  plots?: readonly Plot[];
  /** Runs have no reports of their own, which take longer than many small trainings. */
  isBrief?: boolean;
  /** What is measured every so many steps of each run, for plots through the training. */
  through?: { every: number; metrics: readonly Metric[] };
  /** Pictures of each row's first run, below each other; reconstructions, ways and samples, unless given. */
  strips?: readonly StripName[];
  /** A chart of each row's first run, side by side; latent space and singular values, unless given. */
  charts?: readonly Chart[];
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
        /** What its runs took for one seed at the quick scale on the first data set, two CPU cores with lavapipe. */
        minutes?: number;
        /** The rows of all data sets together are one experiment, unless a data set is asked for. */
        together?: boolean;
        build(data: DatasetName, scale: Scale): Omit<Experiment, "name" | "data">;
      }
    >
  >;
  /** What is measured in another way than by training, by its name: what it is about, and the minutes that it takes. */
  measured?: Readonly<Record<string, { about: string; minutes: number }>>;
  /** The experiment as the paper's text has it or as its code does, where the two disagree. */
  withReading?(experiment: Experiment, reading: Reading): Experiment;
}

/** One run among those of an experiment. */
export interface RunAt {
  row: Row;
  seed: number;
  folder: RunFolder;
  config: Config;
  /** Counted from 1. */
  number: number;
  of: number;
}

/** What is known of an experiment so far: the runs of each row that are done, first seed first. */
export interface Outcome {
  experiment: Experiment;
  scale: Scale;
  adapter: string;
  runs: { row: Row; seed: number; folder: RunFolder; config: Config; scores: Scores }[];
  /** Every run has been made. */
  complete: boolean;
}

/** The data sets of an experiment's rows. */
export function dataOf({ rows, data }: Experiment): DatasetName[] {
  return [...new Set(rows.map(({ config }) => config.data ?? data))];
}

/** The row's own name for files: small letters, digits and dashes. */
export function slugOf(label: string): string {
  return label
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, "-")
    .replace(/-$/, "");
}
