import { existsSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { datasetNamed, type DatasetName } from "../data/known.ts";
import { ArgumentError } from "../device/errors.ts";
import type { Config } from "../train/config.ts";

/** Where this machine has a data set by its name, in the folder that HESTENES_DATA names; undefined where it has not. */
export function dataFolder(data: DatasetName): string | undefined {
  const root = process.env.HESTENES_DATA;
  const found = root === undefined || datasetNamed(data).files === "none" ? undefined : join(root, data);
  return found !== undefined && existsSync(found) ? found : undefined;
}

/**
 * The configuration with the place of its data on this machine: `path` as it is, where that is there, else in the folder
 * that HESTENES_DATA names; without a path, the folder of the data set's name there. Throws ArgumentError where it is not.
 */
export function located(config: Config): Config {
  const { data, path } = config;
  if (datasetNamed(data).files === "none") return config;
  if (path !== undefined && (isAbsolute(path) || existsSync(path))) return config;
  const root = process.env.HESTENES_DATA;
  const found = root === undefined ? undefined : join(root, path ?? data);
  if (found !== undefined && existsSync(found)) return { ...config, path: found };
  throw new ArgumentError(
    `${data}: ${found ?? path ?? "no path"} is not there; give path, or set HESTENES_DATA to the folder that has ` +
      `${path ?? data} on this machine`,
  );
}
