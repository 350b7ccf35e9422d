import type { DatasetName } from "../data/known.ts";
import type { Row } from "./experiment.ts";

const columns: Partial<Record<DatasetName, number>> = { mnist: 0, "fashion-mnist": 1, cifar10: 2, folder: 3 };

/** Table 1: FID of generated images, on MNIST, Fashion-MNIST, CIFAR-10 and CelebA. All rows but the last are Dai and Wipf's. */
const fids: Readonly<Record<string, readonly [number, number, number, number]>> = {
  "VAE (cross-entr.)": [16.6, 43.6, 106, 53.3],
  "VAE (fixed variance)": [52, 84.6, 160.5, 55.9],
  "VAE (learned variance)": [54.5, 60, 76.7, 60.5],
  "VAE + Flow": [54.8, 62.1, 81.2, 65.7],
  "WAE-MMD": [115, 101.7, 80.9, 62.9],
  "WAE-GAN": [12.4, 31.5, 93.1, 66.5],
  "2-Stage VAE": [12.6, 29.3, 72.9, 44.4],
  MaskAAE: [10.5, 28.4, 71.9, 40.5],
};

/** The FID of table 1 for a row; nothing where the table has none. */
export function publishedFid(label: string, data: DatasetName): Row["published"] {
  const fid = fids[label]?.[columns[data] ?? -1];
  return fid === undefined ? {} : { priorFd: [fid] };
}

/** Table 2: the NAC of a WAE, and open dimensions and NAC of a MaskAAE. */
const nacs: Readonly<Record<string, readonly [wae: number, open: number, nac: number]>> = {
  "synthetic 8": [0.04, 9, 0.03],
  "synthetic 16": [0.031, 16, 0.013],
  mnist: [0.027, 13, 0.02],
  "fashion-mnist": [0.025, 40, 0.019],
  cifar10: [0.0177, 120, 0.013],
  folder: [0.046, 77, 0.039],
};

/** What table 2 has of a model on a data set, synthetic ones by their number n of dimensions. */
export function publishedNac(
  model: "WAE" | "MaskAAE",
  data: DatasetName,
  n: number | undefined,
): Row["published"] {
  const [wae, open, nac] = nacs[n === undefined ? data : `${data} ${n}`]!;
  return model === "WAE" ? { nac: [wae] } : { nac: [nac], openDimensions: [open] };
}
