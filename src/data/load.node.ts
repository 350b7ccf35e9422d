import { join } from "node:path";
import { checkWhole, hint } from "../device/arguments.ts";
import { ArgumentError } from "../device/errors.ts";
import { loadArray, type ArrayOptions } from "./array.node.ts";
import { bumps } from "./bumps.ts";
import type { Dataset } from "./dataset.ts";
import { filesIn, isFolder } from "./files.node.ts";
import { load, named, type FolderOptions } from "./folder.node.ts";
import { classesOf, layoutOf, scan, splitOf, testNames, unwrapped } from "./folder-layout.node.ts";
import { datasetNamed, datasetNames, type DatasetName } from "./known.ts";
import { readPartition } from "./partition.node.ts";
import { loadCifar, loadMnist, type TrainAndTest } from "./standard.node.ts";
import { synthetic, type SyntheticOptions } from "./synthetic.ts";

/** Options of `loadDataset`; each data set takes those that concern it. */
export interface LoadOptions
  extends FolderOptions, ArrayOptions, Pick<SyntheticOptions, "intrinsic" | "ambient" | "count"> {
  /** Fixes map and points of synthetic, whatever `seed` is; 0 unless given. */
  dataSeed?: number | undefined;
  /** Folder of the files; for npy also a single file. Not needed for what is computed. */
  path?: string | undefined;
  /** Images in each of bumps' test sets; points in that of synthetic. */
  testCount?: number | undefined;
  /** Training samples, at most, of a folder with a split of its own: others are not even read. */
  limit?: number | undefined;
  /** Fixes bumps' test sets, and which samples are held out where no test set is given. */
  seed?: number | undefined;
}

/** What was loaded; `diagonal` is the bumps' second test set. */
export interface LoadedData extends TrainAndTest {
  diagonal?: Dataset;
}

/** The sets that were loaded. */
export const setsOf = ({ train, test, diagonal }: LoadedData): Dataset[] => [
  train,
  test,
  ...(diagonal ? [diagonal] : []),
];

/** Share of the samples that is held out where the data has no test set of its own. */
const heldOut = 0.1;

/**
 * Loads or makes a data set by name. A folder of pictures may hold folders `train` and `test`, or the split that CelebA
 * comes with (see `readPartition`), one of arrays the files `train.npy` and `test.npy`; in place of `test`, `val`, `valid`
 * or `validation`. Otherwise a tenth of the samples, drawn by `seed`, is the test set.
 * Throws ArgumentError when files are missing, DataError when one is damaged.
 */
export async function loadDataset(name: DatasetName, options: LoadOptions = {}): Promise<LoadedData> {
  const { path, seed = 0, limit } = options;
  if (limit !== undefined) checkWhole(`${name}: limit`, limit, 1);
  if (!datasetNames.includes(name))
    throw new ArgumentError(
      `data: no data set "${String(name)}"${hint(name, datasetNames)}; there are ${datasetNames.join(", ")}`,
    );
  if (path === undefined && datasetNamed(name).files !== "none")
    throw new ArgumentError(`${name}: a path to its files is needed`);
  return loaders[name](path ?? "", { ...options, seed });
}

type Loader = (path: string, options: LoadOptions & { seed: number }) => LoadedData | Promise<LoadedData>;

/** What makes or reads each of the data sets. */
const loaders: Readonly<Record<DatasetName, Loader>> = {
  bumps: (_path, options) => squareBumps(options),
  mnist: (path) => loadMnist("mnist", path),
  "fashion-mnist": (path) => loadMnist("fashion-mnist", path),
  cifar10: loadCifar,
  folder: loadPictures,
  npy: loadArrays,
  synthetic: (_path, { dataSeed: seed = 0, ...options }) => synthetic({ ...options, seed }),
};

function squareBumps({ size, seed, testCount }: LoadOptions & { seed: number }): LoadedData {
  const [side, width = side] = typeof size === "object" ? size : [size];
  if (side !== width) throw new ArgumentError("bumps: the images are square");
  return bumps({
    seed,
    ...(side !== undefined && { size: side }),
    ...(testCount !== undefined && { testCount }),
  });
}

async function loadPictures(
  path: string,
  { limit, seed, ...options }: LoadOptions & { seed: number },
): Promise<TrainAndTest> {
  const partition = await readPartition(path);
  if (partition) {
    const { folder, test } = partition;
    const names = partition.train.slice(0, limit);
    const layout = { ...named(folder, names), leftOut: partition.leftOut };
    const train = await load(folder, layout, { ...options, names });
    const more = { names: test, channels: train.shape[2] as 1 | 3 };
    return sameShape(train, await load(folder, named(folder, test), { ...options, ...more }));
  }
  const tree = unwrapped(await scan(path));
  const split = splitOf(tree);
  if (!split) return holdOut(await load(path, layoutOf(tree), options), seed);
  const classes = [...new Set([...classesOf(split.train), ...classesOf(split.test)])].sort();
  const layout = layoutOf(split.train, classes);
  const train = await load(
    split.train.path,
    { ...layout, leftOut: [...split.leftOut, ...layout.leftOut] },
    options,
  );
  const channels = train.shape[2] as 1 | 3;
  const test = await load(split.test.path, layoutOf(split.test, classes), { ...options, channels });
  return sameShape(train, test);
}

async function loadArrays(
  path: string,
  { seed, ...options }: ArrayOptions & { seed: number },
): Promise<TrainAndTest> {
  if (!(await isFolder(path))) return holdOut(await loadArray(path, options), seed);
  const present = await filesIn("npy", path);
  if (!present.includes("train.npy")) {
    throw new ArgumentError(`npy: ${path} lacks train.npy (looked for train.npy and test.npy)`);
  }
  const train = await loadArray(join(path, "train.npy"), options);
  const test = testNames.map((name) => `${name}.npy`).find((name) => present.includes(name));
  return test === undefined
    ? holdOut(train, seed)
    : sameShape(train, await loadArray(join(path, test), options));
}

function holdOut(all: Dataset, seed: number): TrainAndTest {
  if (all.count < 2)
    throw new ArgumentError(`${all.name}: one sample cannot be split into training and test data`);
  const [test, train] = all.split(Math.max(1, Math.round(all.count * heldOut)), seed);
  return { train, test };
}

function sameShape(train: Dataset, test: Dataset): TrainAndTest {
  if (train.shape.join() === test.shape.join()) return { train, test };
  const [a, b] = [test, train].map(({ shape }) => shape.join(", "));
  throw new ArgumentError(`${test.name}: samples of shape [${a}], but those of ${train.name} are [${b}]`);
}
