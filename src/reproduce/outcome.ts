import { datasetNamed, type DatasetName } from "../data/known.ts";
import type { RunFolder } from "../runs/run-folder.node.ts";
import type { Config, PartialConfig } from "../train/config.ts";
import type { Experiment, Row, Scale } from "./experiment.ts";
import type { Scores } from "./score.ts";

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

/** Less than the preset's steps would not tell the models apart, more would take more than minutes. */
export const quickSettings = { steps: 500 } as const satisfies PartialConfig;

/** Training steps of each run at a scale, where none are given. */
export function stepsAt(scale: Scale, data: DatasetName): number {
  return scale === "quick" ? quickSettings.steps : datasetNamed(data).presets.paper.steps;
}
