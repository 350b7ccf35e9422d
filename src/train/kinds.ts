/** What the models of the paper are called, and what sort each is. */
export interface ModelFacts {
  /** As in the paper's tables. */
  title: string;
  /** Its codes are sampled from a distribution that training pulls towards N(0, I). */
  variational?: boolean;
  /** It cuts its latent batch to rank k by an SVD. */
  truncated?: boolean;
  /** Its codes are as long as the latent vector of RRAE and VRRAE, L, in place of k. */
  long?: boolean;
}

export const modelNames = [
  "ae",
  "long-ae",
  "vae",
  "vae-identity",
  "rrae",
  "vrrae",
  "rrae-vae",
  "irmae",
  "lorae",
  "contractive",
  "sparse",
] as const;
export type ModelName = (typeof modelNames)[number];

export const modelFacts: Readonly<Record<ModelName, ModelFacts>> = {
  ae: { title: "AE" },
  "long-ae": { title: "Long AE", long: true },
  vae: { title: "VAE", variational: true },
  "vae-identity": { title: "VAE (f = I)", variational: true },
  rrae: { title: "RRAE", truncated: true },
  vrrae: { title: "VRRAE", variational: true, truncated: true },
  "rrae-vae": { title: "RRAE + VAE", variational: true, truncated: true },
  irmae: { title: "IRMAE", long: true },
  lorae: { title: "LoRAE", long: true },
  contractive: { title: "Contractive AE", long: true },
  sparse: { title: "Sparse AE", long: true },
};

const isLong = (model: ModelName) => modelFacts[model].long === true;
const isTruncated = (model: ModelName) => modelFacts[model].truncated === true;
const isVariational = (model: ModelName) => modelFacts[model].variational === true;

/** Settings that only some models have, and which do; all others are for every model. */
const special: Readonly<Record<string, (model: ModelName) => boolean>> = {
  latent: (model) => isLong(model) || isTruncated(model),
  rank: (model) => !isLong(model),
  beta: isVariational,
  gauge: (model) => isTruncated(model) && isVariational(model),
  basis: isTruncated,
  basisFile: isTruncated,
  fineTune: isTruncated,
  adaptive: isTruncated,
  layers: (model) => model === "irmae",
  penalty: (model) => ["lorae", "contractive", "sparse"].includes(model),
  published: (model) => ["irmae", "lorae", "sparse"].includes(model),
  contraction: (model) => model === "contractive",
  sparsity: (model) => model === "sparse",
};

/** Whether the setting of that name in a configuration makes a difference to `model`. */
export function isSettingOf(model: ModelName, name: string): boolean {
  return special[name]?.(model) ?? true;
}

/** The models that the setting of that name makes a difference to. */
export function modelsWith(name: string): ModelName[] {
  return modelNames.filter((model) => isSettingOf(model, name));
}

const partTitles: ReadonlyMap<string, string> = new Map([
  ["betaKl", "β·KL"],
  ["nuclearNorm", "nuclear norm"],
]);

/** What people are shown for the part of a loss that files call `name`. */
export function partTitle(name: string): string {
  return partTitles.get(name) ?? name;
}
