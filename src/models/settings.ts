import { z } from "zod";
import { datasetNamed, type DatasetName } from "../data/known.ts";
import type { Reconstruction } from "./reconstruction.ts";

/** What a number may be that counts numbers in memory; more is refused before anything is allocated. */
export const length = () => z.int().positive().max(65536);

/** The weight of a term of the loss. */
export const weight = () => z.number().min(0);

// Settings that several models have. `description` and `value` are what --help shows.

export const latent = () =>
  length().optional().meta({ description: "length of the latent vector", value: "L" });

export const rank = () =>
  length().optional().meta({ description: "rank of the truncation; the length of the codes", value: "k" });

export const beta = () =>
  weight().optional().meta({ description: "weight of the KL term, summed over the batch", value: "weight" });

export const penalty = () =>
  weight()
    .default(1e-3)
    .meta({ description: "weight of the term that the model adds to the error", value: "weight" });

export const codePenalty = () =>
  weight()
    .optional()
    .meta({ description: "weight of half the squared length of a code (default 0.01)", value: "weight" });

export const published = () =>
  z.boolean().default(false).meta({
    description: "as in the code of the paper's baselines, where that is not what it is said to be",
  });

// Settings of the models whose codes are matched with a prior.

export const reconstruction = () =>
  z.enum(["mse", "bce", "relative"]).optional().meta({
    description:
      "how samples are compared with what becomes of them: squared or relative error, or cross-entropy",
  });

export const reduce = () =>
  z.enum(["mean", "sum"]).optional().meta({
    description: "whether the errors of the numbers of a sample are averaged or summed",
  });

export const kernel = () =>
  z.enum(["imq", "rbf"]).optional().meta({
    description: "kernel of the discrepancy: inverse multiquadratics, or Gaussians by the median",
  });

export const criticWidth = () =>
  length().optional().meta({ description: "units of each hidden layer of the critic", value: "units" });

export const criticLayers = () =>
  z.int().positive().max(32).optional().meta({ description: "hidden layers of the critic", value: "count" });

/** Widths of a critic's hidden layers: the model's own where nothing is chosen. */
export function criticWidthsOf(
  { criticWidth, criticLayers }: { criticWidth?: number | undefined; criticLayers?: number | undefined },
  width: number,
  layers: number,
): number[] {
  return Array<number>(criticLayers ?? layers).fill(criticWidth ?? width);
}

export const criticUpdates = () =>
  z.int().positive().max(1000).optional().meta({ description: "critic updates a step", value: "count" });

/** How long codes are where nothing is said: about as long as the data need. */
export const codeLengthFor = (data: DatasetName) => datasetNamed(data).codeLength;

/** A reconstruction by its two settings; the model's own where one is not given. */
export function reconstructionOf(
  {
    reconstruction: kind,
    reduce,
  }: { reconstruction?: Reconstruction["kind"] | undefined; reduce?: Reconstruction["reduce"] | undefined },
  own: Reconstruction,
): Reconstruction {
  return { kind: kind ?? own.kind, reduce: reduce ?? own.reduce };
}

/** Cross-entropy where samples are from 0 to 1, as it is for those. */
export const bceFor = (data: DatasetName): Reconstruction["kind"] =>
  datasetNamed(data).range === "auto" ? "mse" : "bce";

export const networkNames = ["house", "infogan", "wae", "resnet", "rae", "mlp"] as const;

/** Which networks a model has, and how large they are: settings of every model. */
export const networkSettings = () => ({
  network: z.enum(networkNames).optional().meta({
    description:
      "whose networks: this package's, or those of a paper, for images; mlp takes vectors too (default house, those of the first paper)",
  }),
  networkWidth: length().optional().meta({
    description:
      "channels of such a network next to the image (default 64 of infogan, 32 of resnet, 128 of wae and rae)",
    value: "channels",
  }),
  networkScales: z.int().positive().max(12).optional().meta({
    description: "sizes that resnet looks at, or halvings of wae (default 3)",
    value: "count",
  }),
  networkUnits: length().optional().meta({
    description: "units of the affine layers of infogan and mlp (default 1024), and of resnet (default 512)",
    value: "units",
  }),
  networkLayers: z.int().positive().max(32).optional().meta({
    description: "hidden layers of encoder and decoder of mlp (default 4)",
    value: "count",
  }),
  networkMomentum: z.number().positive().max(1).optional().meta({
    description:
      "what a batch weighs in the running moments of resnet, wae and rae (default 0.01: give more to runs of few steps)",
    value: "share",
  }),
});
