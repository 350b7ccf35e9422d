import type { ModelName } from "./protocol.ts";

/** What the page says of each model. */
export const models: Record<ModelName, { name: string; about: string; isVariational: boolean }> = {
  vrrae: { name: "VRRAE", about: "SVD and noise", isVariational: true },
  vae: { name: "VAE", about: "noise, no SVD", isVariational: true },
  rrae: { name: "RRAE", about: "SVD, no noise", isVariational: false },
  ae: { name: "AE", about: "no SVD, no noise", isVariational: false },
};

export const modelNames = Object.keys(models) as ModelName[];
