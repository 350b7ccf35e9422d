import { join } from "node:path";
import { ArgumentError, DataError } from "../device/errors.ts";
import { bumps } from "./bumps.ts";
import { Dataset } from "./dataset.ts";
import { isFolder, listFolder, readBytes } from "./files.ts";
import { loadFolder, type FolderOptions } from "./folder.ts";
import { readPartition } from "./partition.ts";
import { parseNpyHeader } from "./npy-header.ts";
import { parseNpy } from "./npy.ts";
import { loadCifar, loadMnist, type TrainAndTest } from "./standard.ts";

/** The data sets that `loadDataset` knows. */
export const datasetNames = ["bumps", "mnist", "fashion-mnist", "cifar10", "folder", "npy"] as const;
export type DatasetName = (typeof datasetNames)[number];

/** Options of `loadDataset`; each data set takes those that concern it. */
export interface LoadOptions extends FolderOptions {
  /** Folder of the files; for npy also a single file. Not needed for bumps. */
  path?: string;
  /** Images in each of bumps' test sets. */
  testCount?: number;
  /** Training samples, at most, of a folder with a split of its own: others are not even read. */
  limit?: number;
  /** Fixes bumps' test sets, and which samples are held out where no test set is given. */
  seed?: number;
}

/** What was loaded; `diagonal` is the bumps' second test set. */
export interface LoadedData extends TrainAndTest {
  diagonal?: Dataset;
}

/** Share of the samples that is held out where the data has no test set of its own. */
const heldOut = 0.1;

/**
 * Loads or makes a data set by name. A folder of pictures may hold folders `train` and `test`, or the split that CelebA
 * comes with (see `readPartition`), one of arrays the files `train.npy` and `test.npy`; otherwise a tenth of the samples, drawn by `seed`, is the test set.
 * Throws ArgumentError when files are missing, DataError when one is damaged.
 */
export async function loadDataset(name: DatasetName, options: LoadOptions = {}): Promise<LoadedData> {
  const { path, size, seed = 0, testCount } = options;
  if (name === "bumps") {
    const side = typeof size === "object" ? size[0] : size;
    if (typeof size === "object" && size[0] !== size[1])
      throw new ArgumentError("bumps: the images are square");
    return bumps({
      seed,
      ...(side !== undefined && { size: side }),
      ...(testCount !== undefined && { testCount }),
    });
  }
  if (!datasetNames.includes(name)) {
    throw new ArgumentError(`data: no data set "${String(name)}"; there are ${datasetNames.join(", ")}`);
  }
  if (path === undefined) throw new ArgumentError(`${name}: a path to its files is needed`);
  switch (name) {
    case "mnist":
    case "fashion-mnist":
      return loadMnist(name, path);
    case "cifar10":
      return loadCifar(path);
    case "folder":
      return loadPictures(path, options, seed);
    case "npy":
      return loadArrays(path, seed);
  }
}

async function loadPictures(
  path: string,
  { limit, ...options }: FolderOptions & { limit?: number },
  seed: number,
): Promise<TrainAndTest> {
  const partition = await readPartition(path);
  if (partition) {
    const names = partition.train.slice(0, limit);
    const train = await loadFolder(partition.folder, { ...options, names });
    const more = { names: partition.test, channels: train.shape[2] as 1 | 3 };
    return sameShape(train, await loadFolder(partition.folder, { ...options, ...more }));
  }
  const [trainFolder, testFolder] = [join(path, "train"), join(path, "test")];
  if (!((await isFolder(trainFolder)) && (await isFolder(testFolder))))
    return holdOut(await loadFolder(path, options), seed);
  const train = await loadFolder(trainFolder, options);
  const channels = train.shape[2] as 1 | 3;
  return sameShape(train, await loadFolder(testFolder, { ...options, channels }));
}

async function loadArrays(path: string, seed: number): Promise<TrainAndTest> {
  if (!(await isFolder(path))) return holdOut(await loadArray(path), seed);
  const present = await listFolder("npy", path);
  if (!present.includes("train.npy")) {
    throw new ArgumentError(`npy: ${path} lacks train.npy (looked for train.npy and test.npy)`);
  }
  const train = await loadArray(join(path, "train.npy"));
  return present.includes("test.npy")
    ? sameShape(train, await loadArray(join(path, "test.npy")))
    : holdOut(train, seed);
}

/**
 * Samples along the first axis of a `.npy` file: [N, D], [N, H, W] (one channel) or [N, H, W, C]. Bytes become [0, 1],
 * other numbers stay what they are. Throws DataError for a NaN or infinity.
 */
export async function loadArray(file: string): Promise<Dataset> {
  const bytes = await readBytes(file);
  const { shape, data } = parseNpy(bytes, file);
  if (shape.length < 2 || shape.length > 4 || data.length === 0) {
    throw new DataError(file, 10, `shape [${shape.join(", ")}]; expected [N, D], [N, H, W] or [N, H, W, C]`);
  }
  const sample = shape.length === 3 ? [...shape.slice(1), 1] : shape.slice(1);
  if (data instanceof Uint8Array)
    return new Dataset({ name: file, shape: sample, stored: data, scale: 1 / 255 });
  const stored = Float32Array.from(data);
  const wrong = stored.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) {
    const { start, fortran } = parseNpyHeader(bytes, file);
    const size = (bytes.length - start) / data.length;
    throw new DataError(
      file,
      fortran ? start : start + wrong * size,
      `element ${wrong} is ${data[wrong]}; only finite float32 values can be used`,
    );
  }
  return new Dataset({ name: file, shape: sample, stored });
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
