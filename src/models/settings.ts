import { z } from "zod";

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

export const published = () =>
  z.boolean().default(false).meta({
    description: "as in the code of the paper's baselines, where that is not what it is said to be",
  });
