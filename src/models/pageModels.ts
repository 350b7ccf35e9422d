// What the pages say of the models that they offer: apart from what builds these, which only their workers load.

/** Of what kind a model is, as the pages put them together. */
export type PageFamily = "rank" | "baseline" | "likelihood" | "prior";

/** What the pages say of a model, and tell it. */
export interface PageFacts {
  family: PageFamily;
  /** What sets it apart, in a few words. */
  about: string;
  /** Where the model was published. */
  paper: string;
  /** Settings that are other ones there: so that a minute shows what takes hours elsewhere. */
  settings?: Readonly<Record<string, number>> | undefined;
}

const adversary = { criticWidth: 128 };

const arXiv = (number: string) => `https://arxiv.org/abs/${number}`;
const ofVrrae = arXiv("2505.09458");
const ofRae = arXiv("1903.12436");
const ofWae = arXiv("1711.01558");
const ofMaskAae = arXiv("2006.05838");
const hinton = "https://doi.org/10.1126/science.1127647";

export const aeFacts = {
  name: "ae",
  title: "AE",
  page: { family: "rank", about: "no SVD, no noise", paper: hinton },
} as const;

export const rraeFacts = {
  name: "rrae",
  title: "RRAE",
  page: { family: "rank", about: "SVD, no noise", paper: arXiv("2405.13980") },
  basis: true,
} as const;

export const vaeFacts = {
  name: "vae",
  title: "VAE",
  page: { family: "rank", about: "noise, no SVD", paper: arXiv("1312.6114") },
  prior: true,
} as const;

export const vrraeFacts = {
  name: "vrrae",
  title: "VRRAE",
  page: { family: "rank", about: "SVD and noise", paper: ofVrrae },
  prior: true,
  basis: true,
} as const;

export const likelihoodVaeFacts = {
  name: "likelihood-vae",
  title: "VAE by likelihood",
  page: { family: "likelihood", about: "the pull follows the error", paper: arXiv("1312.6114") },
  prior: true,
} as const;

export const twoStageFacts = {
  name: "two-stage",
  title: "Two-stage VAE",
  page: {
    family: "likelihood",
    about: "a second VAE learns the codes",
    paper: arXiv("1903.05789"),
    settings: { secondWidth: 256 },
  },
  prior: true,
} as const;

export const raeFacts = {
  name: "rae",
  title: "RAE",
  page: { family: "likelihood", about: "short codes, no noise", paper: ofRae },
} as const;

export const raeL2Facts = {
  name: "rae-l2",
  title: "RAE-L2",
  page: { family: "likelihood", about: "short codes, small weights", paper: ofRae },
} as const;

export const raeGpFacts = {
  name: "rae-gp",
  title: "RAE-GP",
  page: { family: "likelihood", about: "short codes, smooth drawing", paper: ofRae },
} as const;

export const raeSnFacts = {
  name: "rae-sn",
  title: "RAE-SN",
  page: { family: "likelihood", about: "short codes, bounded layers", paper: ofRae },
} as const;

export const waeMmdFacts = {
  name: "wae-mmd",
  title: "WAE-MMD",
  page: { family: "prior", about: "codes matched with a cloud by distances", paper: ofWae },
  prior: true,
} as const;

export const waeGanFacts = {
  name: "wae-gan",
  title: "WAE-GAN",
  page: {
    family: "prior",
    about: "codes matched with a cloud by a critic",
    paper: ofWae,
    settings: adversary,
  },
  prior: true,
} as const;

export const aaeFacts = {
  name: "aae",
  title: "AAE",
  page: {
    family: "prior",
    about: "redraws, then outwits a critic of codes",
    paper: arXiv("1511.05644"),
    settings: adversary,
  },
  prior: true,
} as const;

export const infoVaeFacts = {
  name: "info-vae",
  title: "InfoVAE",
  page: { family: "prior", about: "noise, and codes matched as a whole", paper: arXiv("1706.02262") },
  prior: true,
} as const;

export const factorVaeFacts = {
  name: "factor-vae",
  title: "FactorVAE",
  page: {
    family: "prior",
    about: "a critic keeps numbers independent",
    paper: arXiv("1802.05983"),
    settings: adversary,
  },
  prior: true,
} as const;

export const vaeFlowFacts = {
  name: "vae-flow",
  title: "VAE + flow",
  page: { family: "prior", about: "noise that a flow bends", paper: arXiv("1505.05770") },
  prior: true,
} as const;

export const maskAaeFacts = {
  name: "mask-aae",
  title: "MaskAAE",
  page: {
    family: "prior",
    about: "switches off numbers it can do without",
    paper: ofMaskAae,
    settings: { ...adversary, maskRate: 2e-2, period: 75 },
  },
  prior: true,
} as const;

export const flexAeFacts = {
  name: "flex-ae",
  title: "FlexAE",
  page: { family: "prior", about: "learns a cloud of its own", paper: ofMaskAae, settings: adversary },
  prior: true,
} as const;

export const flexAeSrFacts = {
  name: "flex-ae-sr",
  title: "FlexAE-SR",
  page: {
    family: "prior",
    about: "its own cloud, and smooth ways between",
    paper: ofMaskAae,
    settings: adversary,
  },
  prior: true,
} as const;

export const longAeFacts = {
  name: "long-ae",
  title: "Long AE",
  page: { family: "baseline", about: "a long code, nothing cut", paper: hinton },
} as const;

export const vaeIdentityFacts = {
  name: "vae-identity",
  title: "VAE (f = I)",
  page: { family: "baseline", about: "noise on the features themselves", paper: ofVrrae },
  prior: true,
} as const;

export const rraeVaeFacts = {
  name: "rrae-vae",
  title: "RRAE + VAE",
  page: { family: "baseline", about: "SVD, and means learned from it", paper: ofVrrae },
  prior: true,
  basis: true,
} as const;

export const irmaeFacts = {
  name: "irmae",
  title: "IRMAE",
  page: { family: "baseline", about: "linear maps that prefer low rank", paper: arXiv("2010.00679") },
} as const;

export const loraeFacts = {
  name: "lorae",
  title: "LoRAE",
  page: { family: "baseline", about: "a linear map, its rank penalised", paper: arXiv("2310.16194") },
} as const;

export const contractiveFacts = {
  name: "contractive",
  title: "Contractive AE",
  page: {
    family: "baseline",
    about: "codes that change little",
    paper: "https://icml.cc/2011/papers/455_icmlpaper.pdf",
  },
} as const;

export const sparseFacts = {
  name: "sparse",
  title: "Sparse AE",
  page: {
    family: "baseline",
    about: "few numbers active at a time",
    paper: "https://web.stanford.edu/class/cs294a/sparseAutoencoder.pdf",
  },
} as const;

/** All of them, in the order in which they are offered. */
export const offered = [
  ...[aeFacts, vaeFacts, rraeFacts, vrraeFacts],
  ...[likelihoodVaeFacts, twoStageFacts, raeFacts, raeL2Facts, raeGpFacts, raeSnFacts],
  ...[waeMmdFacts, waeGanFacts, aaeFacts, maskAaeFacts, flexAeFacts, flexAeSrFacts],
  ...[infoVaeFacts, factorVaeFacts, vaeFlowFacts],
  ...[longAeFacts, vaeIdentityFacts, rraeVaeFacts, irmaeFacts, loraeFacts, contractiveFacts, sparseFacts],
] as const;
