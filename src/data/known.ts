import * as catalogue from "./catalogue.ts";
import type { DatasetDescriptor, DatasetSetting } from "./descriptor.ts";

type Known = (typeof catalogue)[keyof typeof catalogue];
export type DatasetName = Known["name"];
/** The data sets whose files can be downloaded. */
export type DownloadName = Extract<Known, { files: "public" }>["name"];

const byName = new Map<string, DatasetDescriptor & { name: DatasetName }>(
  Object.values(catalogue).map((one) => [one.name, one]),
);

/** The data sets that `loadDataset` knows. */
export const datasetNames = [...byName.keys()].sort() as [DatasetName, ...DatasetName[]];

/** The data sets that `download` knows. */
export const downloadNames = datasetNames.filter(isPublic);

/** What is known of the data set of that name. */
export function datasetNamed(name: DatasetName): DatasetDescriptor & { name: DatasetName } {
  return byName.get(name)!;
}

/** Whether the files of what is called so can be downloaded. */
export function isPublic(name: string): name is DownloadName {
  return byName.get(name)?.files === "public";
}

/** The data sets that have that setting. */
export function datasetsWith(setting: DatasetSetting): DatasetName[] {
  return datasetNames.filter((name) => datasetNamed(name).settings.includes(setting));
}
