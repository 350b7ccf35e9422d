// What the pages say of the models that they offer: apart from what builds these, which only their workers load.

export const aeFacts = {
  name: "ae",
  title: "AE",
  page: "no SVD, no noise",
} as const;

export const rraeFacts = {
  name: "rrae",
  title: "RRAE",
  page: "SVD, no noise",
  basis: true,
} as const;

export const vaeFacts = {
  name: "vae",
  title: "VAE",
  page: "noise, no SVD",
  prior: true,
} as const;

export const vrraeFacts = {
  name: "vrrae",
  title: "VRRAE",
  page: "SVD and noise",
  prior: true,
  basis: true,
} as const;
