// What the pages say of the models that they offer: apart from what builds these, which only their workers load.

/** Of what kind a model is, as the pages put them together. */
export type PageFamily = "rank" | "likelihood" | "prior";

/** What the pages say of a model, and tell it. */
export interface PageFacts {
  family: PageFamily;
  /** What sets it apart, in a few words. */
  about: string;
  /** Settings that are other ones there: so that a minute shows what takes hours elsewhere. */
  settings?: Readonly<Record<string, number>> | undefined;
}

const adversary = { criticWidth: 128 };

export const aeFacts = {
  name: "ae",
  title: "AE",
  page: { family: "rank", about: "no SVD, no noise" },
} as const;

export const rraeFacts = {
  name: "rrae",
  title: "RRAE",
  page: { family: "rank", about: "SVD, no noise" },
  basis: true,
} as const;

export const vaeFacts = {
  name: "vae",
  title: "VAE",
  page: { family: "rank", about: "noise, no SVD" },
  prior: true,
} as const;

export const vrraeFacts = {
  name: "vrrae",
  title: "VRRAE",
  page: { family: "rank", about: "SVD and noise" },
  prior: true,
  basis: true,
} as const;

export const likelihoodVaeFacts = {
  name: "likelihood-vae",
  title: "VAE by likelihood",
  page: { family: "likelihood", about: "the pull follows the error" },
  prior: true,
} as const;

export const twoStageFacts = {
  name: "two-stage",
  title: "Two-stage VAE",
  page: { family: "likelihood", about: "a second VAE learns the codes", settings: { secondWidth: 256 } },
  prior: true,
} as const;

export const raeFacts = {
  name: "rae",
  title: "RAE",
  page: { family: "likelihood", about: "short codes, no noise" },
} as const;

export const raeL2Facts = {
  name: "rae-l2",
  title: "RAE-L2",
  page: { family: "likelihood", about: "short codes, small weights" },
} as const;

export const raeGpFacts = {
  name: "rae-gp",
  title: "RAE-GP",
  page: { family: "likelihood", about: "short codes, smooth drawing" },
} as const;

export const raeSnFacts = {
  name: "rae-sn",
  title: "RAE-SN",
  page: { family: "likelihood", about: "short codes, bounded layers" },
} as const;

export const waeMmdFacts = {
  name: "wae-mmd",
  title: "WAE-MMD",
  page: { family: "prior", about: "codes matched with a cloud by distances" },
  prior: true,
} as const;

export const waeGanFacts = {
  name: "wae-gan",
  title: "WAE-GAN",
  page: { family: "prior", about: "codes matched with a cloud by a critic", settings: adversary },
  prior: true,
} as const;

export const aaeFacts = {
  name: "aae",
  title: "AAE",
  page: { family: "prior", about: "redraws, then outwits a critic of codes", settings: adversary },
  prior: true,
} as const;

export const infoVaeFacts = {
  name: "info-vae",
  title: "InfoVAE",
  page: { family: "prior", about: "noise, and codes matched as a whole" },
  prior: true,
} as const;

export const factorVaeFacts = {
  name: "factor-vae",
  title: "FactorVAE",
  page: { family: "prior", about: "a critic keeps numbers independent", settings: adversary },
  prior: true,
} as const;

export const vaeFlowFacts = {
  name: "vae-flow",
  title: "VAE + flow",
  page: { family: "prior", about: "noise that a flow bends" },
  prior: true,
} as const;

export const maskAaeFacts = {
  name: "mask-aae",
  title: "MaskAAE",
  page: {
    family: "prior",
    about: "switches off numbers it can do without",
    settings: { ...adversary, maskRate: 2e-2, period: 75 },
  },
  prior: true,
} as const;

export const flexAeFacts = {
  name: "flex-ae",
  title: "FlexAE",
  page: { family: "prior", about: "learns a cloud of its own", settings: adversary },
  prior: true,
} as const;

export const flexAeSrFacts = {
  name: "flex-ae-sr",
  title: "FlexAE-SR",
  page: { family: "prior", about: "its own cloud, and smooth ways between", settings: adversary },
  prior: true,
} as const;

/** All of them, in the order in which they are offered. */
export const offered = [
  ...[aeFacts, vaeFacts, rraeFacts, vrraeFacts],
  ...[likelihoodVaeFacts, twoStageFacts, raeFacts, raeL2Facts, raeGpFacts, raeSnFacts],
  ...[waeMmdFacts, waeGanFacts, aaeFacts, maskAaeFacts, flexAeFacts, flexAeSrFacts],
  ...[infoVaeFacts, factorVaeFacts, vaeFlowFacts],
] as const;
