import { join } from "node:path";
import { ArgumentError, DataError } from "../device/errors.ts";
import { cifarShape, parseCifar } from "./cifar.ts";
import { Dataset } from "./dataset.ts";
import { filesIn, folderOrChild, isFolder, readBytes } from "./files.node.ts";
import { readIdx } from "./idx.ts";

const classes = 10;

/** A training and a test set. */
export interface TrainAndTest {
  train: Dataset;
  test: Dataset;
}

/** Where torchvision keeps the files. */
const rawFolders = { mnist: "MNIST/raw", "fashion-mnist": "FashionMNIST/raw" } as const;

/**
 * MNIST or Fashion-MNIST from their four IDX files, packed or not; images [28, 28, 1] in [0, 1]. The files are in `path`,
 * each perhaps in a folder of its own name, or where torchvision keeps them there.
 */
export async function loadMnist(name: "mnist" | "fashion-mnist", path: string): Promise<TrainAndTest> {
  const folder = await folderOrChild(path, rawFolders[name]);
  const stems = ["train", "t10k"].flatMap((part) => [
    `${part}-images-idx3-ubyte`,
    `${part}-labels-idx1-ubyte`,
  ]);
  const found: (string | undefined)[] = [];
  const present = new Set(await filesIn(name, folder));
  for (const stem of stems) {
    const dotted = stem.replace("-idx", ".idx");
    const names = [stem, `${stem}.gz`, dotted, `${dotted}.gz`];
    found.push(names.find((one) => present.has(one)) ?? (await inOwnFolder(name, folder, names)));
  }
  requireAll(
    name,
    folder,
    stems.map((stem) => `${stem}[.gz]`),
    found,
  );
  const [trainImages, trainLabels, testImages, testLabels] = found.map((entry) => join(folder, entry!));
  const train = await readPair(`${name} train`, trainImages!, trainLabels!);
  const test = await readPair(`${name} test`, testImages!, testLabels!);
  if (test.shape.join() !== train.shape.join()) {
    const [a, b] = [test, train].map(({ shape }) => shape.join(" × "));
    throw new DataError(testImages!, 8, `images of ${a}, but the training images are of ${b}`);
  }
  return { train, test };
}

/** The file of one of these names in a folder that has one of them too, as some archives are unpacked. */
async function inOwnFolder(what: string, folder: string, names: string[]): Promise<string | undefined> {
  for (const own of names) {
    if (!(await isFolder(join(folder, own)))) continue;
    const within = await filesIn(what, join(folder, own));
    const file = names.find((one) => within.includes(one));
    if (file !== undefined) return join(own, file);
  }
  return undefined;
}

async function readPair(name: string, imageFile: string, labelFile: string): Promise<Dataset> {
  const images = await readIdx(await readBytes(imageFile), imageFile, 3);
  const labels = await readIdx(await readBytes(labelFile), labelFile, 1);
  const [count, height, width] = images.shape as [number, number, number];
  if (labels.shape[0] !== count) {
    throw new DataError(labelFile, 4, `${labels.shape[0]} labels for the ${count} images of ${imageFile}`);
  }
  const wrong = labels.data.findIndex((label) => label >= classes);
  if (wrong >= 0)
    throw new DataError(labelFile, 8 + wrong, `label ${labels.data[wrong]} is not one of 0 … 9`);
  return new Dataset({
    name,
    shape: [height, width, 1],
    stored: images.data,
    scale: 1 / 255,
    labels: labels.data,
  });
}

/**
 * CIFAR-10 from the binary version's files in `path` or in the folder `cifar-10-batches-bin` there; images [32, 32, 3]
 * in [0, 1]. Files cut to their first records, named like `data_batch_1.first1000.bin`, stand in for whole ones.
 */
export async function loadCifar(path: string): Promise<TrainAndTest> {
  const folder = await folderOrChild(path, "cifar-10-batches-bin");
  const present = await filesIn("cifar10", folder);
  const stems = [1, 2, 3, 4, 5].map((batch) => `data_batch_${batch}`).concat("test_batch");
  const found = stems.map((stem) => pickBatch(present, stem));
  requireAll(
    "cifar10",
    folder,
    stems.map((stem) => `${stem}.bin`),
    found,
  );
  const files = found.map((entry) => join(folder, entry!));
  return {
    train: await readBatches("cifar10 train", files.slice(0, 5)),
    test: await readBatches("cifar10 test", files.slice(5)),
  };
}

/** The whole file, or else the longest cut one. */
function pickBatch(present: string[], stem: string): string | undefined {
  if (present.includes(`${stem}.bin`)) return `${stem}.bin`;
  const records = (entry: string) => Number(/\.first(\d+)\.bin$/.exec(entry)?.[1] ?? 0);
  const cut = present.filter((entry) => entry.startsWith(`${stem}.`) && records(entry) > 0);
  return cut.sort((a, b) => records(b) - records(a))[0];
}

async function readBatches(name: string, files: string[]): Promise<Dataset> {
  const batches = [];
  for (const file of files) batches.push(parseCifar(await readBytes(file), file));
  return new Dataset({
    name,
    shape: cifarShape,
    stored: concatenated(batches.map(({ pixels }) => pixels)),
    scale: 1 / 255,
    labels: concatenated(batches.map(({ labels }) => labels)),
  });
}

function concatenated(parts: Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function requireAll(name: string, folder: string, wanted: string[], found: (string | undefined)[]): void {
  const missing = wanted.filter((_, i) => found[i] === undefined);
  if (missing.length === 0) return;
  throw new ArgumentError(
    `${name}: ${folder} lacks ${missing.join(", ")} (looked for ${wanted.join(", ")}). ` +
      `To fetch the files: npx hestenes data download ${name}`,
  );
}
