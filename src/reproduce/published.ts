import type { DatasetName } from "../data/known.ts";
import type { Metric } from "./metrics.ts";

/** A figure of the paper: a mean over five seeds, with its standard deviation where there is one. */
export type Published = readonly [mean: number, deviation?: number];

type Line = Partial<Record<Metric, Published>>;
type Table<Names extends string> = Partial<Record<DatasetName, Record<Names, Line>>>;

/** Interpolation and random generation (FID), and the error of the reconstructions, in percent. */
const line = (interpolation: number, random: number, test: number): Line => ({
  interpolationFd: [interpolation],
  randomFd: [random],
  test: [test],
});

const random = (fid: number): Line => ({ randomFd: [fid] });

const bumps = (diagonal: Published, generation: Published): Line => ({ diagonal, generation });

const table2: Table<"ae" | "vae" | "rrae" | "vrrae"> = {
  mnist: {
    ae: line(7.31, 40.12, 27.31),
    vae: line(11.95, 30.63, 32.602),
    rrae: line(6.68, 45.46, 27.9),
    vrrae: line(5.89, 38.77, 26),
  },
  cifar10: {
    ae: line(143.31, 140.35, 18.39),
    vae: line(137.74, 135.77, 17.86),
    rrae: line(140.91, 136.94, 17.99),
    vrrae: line(129.68, 129.89, 17.04),
  },
  folder: {
    ae: line(15.24, 15.88, 18.82),
    vae: line(8.94, 9.66, 16.55),
    rrae: line(13.27, 13.7, 17.52),
    vrrae: line(7.06, 7.6, 15.03),
  },
};

const table3: Table<"rrae-vae" | "vae-identity" | "vrrae-0" | "vrrae"> = {
  mnist: {
    "rrae-vae": line(20.07, 71.96, 44.81),
    "vae-identity": line(147.573, 140.908, 94.95),
    "vrrae-0": line(5.37, 38.47, 26.17),
    vrrae: line(4.89, 38.77, 26),
  },
  cifar10: {
    "rrae-vae": line(160.23, 158.36, 29.35),
    "vae-identity": line(164.72, 157, 58.68),
    "vrrae-0": line(129.68, 129.89, 17.04),
    vrrae: line(129.68, 129.89, 17.04),
  },
  folder: {
    "rrae-vae": line(12.71, 17.5, 32.8),
    "vae-identity": line(22.32, 22.18, 54.29),
    "vrrae-0": line(7.68, 14.23, 15.21),
    vrrae: line(7.06, 7.6, 15.03),
  },
};

const baselines: Partial<Record<DatasetName, Partial<Record<string, Line>>>> = {
  mnist: {
    "long-ae": line(10.16, 86.5, 35.21),
    irmae: line(8.09, 42.58, 23.2),
    contractive: line(30.5, 90.5, 27.51),
    sparse: line(6.1, 57.67, 61.32),
  },
  folder: {
    "long-ae": line(67.13, 16.53, 17.23),
    irmae: line(43.62, 15.79, 15.47),
    contractive: line(55.32, 16.74, 17.36),
    sparse: line(87.2, 16.91, 16.57),
  },
};

const beta: Partial<Record<DatasetName, Record<"vae" | "vrrae", Record<number, Line>>>> = {
  mnist: {
    vae: {
      0: random(40.8),
      1e-6: random(39.46),
      1e-4: random(35.21),
      1e-3: random(30.63),
      1e-2: random(40.1),
    },
    vrrae: {
      0: random(38.47),
      1e-6: random(38.77),
      1e-4: random(37.63),
      1e-3: random(34.37),
      1e-2: random(38.9),
    },
  },
  cifar10: {
    vae: { 0: random(135.55), 1e-5: random(135.77), 1e-4: random(153.11) },
    vrrae: { 0: random(129.89), 1e-5: random(130.62), 1e-4: random(145.29) },
  },
};

/** The figures of "Variational Rank Reduction Autoencoders" (Mounayer et al.); the pictures of a folder stand for CelebA. */
export const published = {
  table1: {
    ae: bumps([23.24, 11.26], [21.28, 11.32]),
    vae: bumps([26.31, 22.07], [9.47, 5.76]),
    rrae: bumps([56.05, 30.21], [40.58, 18.51]),
    vrrae: bumps([10.03, 8.96], [5.88, 2.94]),
  },
  table2,
  table3,
  baselines,
  beta,
  batchSize: {
    8: { diagonal: [10.03, 8.96] },
    16: { diagonal: [9.45, 2.13] },
    32: { diagonal: [8.47, 3.6] },
    64: { diagonal: [12.07, 4.1] },
  } as Record<number, Line>,
};
