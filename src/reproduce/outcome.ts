import { datasetNamed, type DatasetName } from "../data/known.ts";
import type { PartialConfig } from "../train/config.ts";
import { slugOf, type Row, type Scale } from "./experiment.ts";

/** What a row measures lies under that name in its run's folder, which it may share with the row that is trained. */
export function ownName(row: Row, name: string): string {
  if (row.trained === undefined) return name;
  const [, stem, ending] = /^(.*?)(\.[a-z]+)?$/.exec(name)!;
  return `${stem}-${slugOf(row.label)}${ending ?? ""}`;
}

/** Less than the preset's steps would not tell the models apart, more would take more than minutes. */
export const quickSettings = { steps: 500 } as const satisfies PartialConfig;

/** Training steps of each run at a scale, where none are given. */
export function stepsAt(scale: Scale, data: DatasetName): number {
  return scale === "quick" ? quickSettings.steps : datasetNamed(data).presets.paper.steps;
}
