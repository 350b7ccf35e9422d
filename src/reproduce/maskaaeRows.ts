import { datasetNamed, type DatasetName } from "../data/known.ts";
import type { PartialConfig } from "../train/config.ts";
import type { Sampling } from "./columns.ts";
import type { Row, Scale } from "./experiment.ts";
import { publishedFid, publishedNac } from "./maskaaePublished.ts";

// What the experiments of MaskAAE and FlexAE train, and how long, at either scale.

/** Steps of the authors' code. */
const published = { mask: 500_000, flex: 130_001, other: 375_000 };

type Kind = "mask" | "flex" | "other";

/** What all models of a table share: networks, steps and batch. */
function shared(data: DatasetName, scale: Scale, kind: Kind): PartialConfig {
  if (scale === "paper") {
    const network = kind === "mask" || data === "synthetic" ? "mlp" : data === "folder" ? "wae" : "infogan";
    return { data, network, batch: kind === "flex" ? 128 : 64, steps: published[kind] };
  }
  const units = data === "synthetic" ? 96 : 256;
  const size = data === "folder" ? { size: 32 } : {};
  return { data, ...size, network: "mlp", networkUnits: units, networkLayers: 2, batch: 64, steps: 500 };
}

/** What the VAEs and the WAE-GAN share. */
function adam(data: DatasetName, scale: Scale, latent: number): PartialConfig {
  const rate = scale === "quick" ? 2e-3 : 1e-4;
  return { ...shared(data, scale, "other"), optimizer: "adam", rate, latent };
}

function twoStage(data: DatasetName, scale: Scale, latent: number): PartialConfig {
  const second = scale === "quick" ? { secondWidth: 128, secondSteps: 500 } : {};
  return { ...adam(data, scale, latent), model: "two-stage", likelihood: "learned", ...second };
}

/** Adversaries of a size and of rates with which 500 steps get somewhere. */
const quickCritic = { criticWidth: 96, criticLayers: 2, criticUpdates: 3 };

/** Steps of a MaskAAE, and of a WAE that stands beside it. */
const maskSteps = 1000;

function wae(data: DatasetName, scale: Scale, latent: number): PartialConfig {
  const rate = scale === "quick" ? 2e-3 : 1e-3;
  // λ goes with the size of the squared error, which is about 16 of a synthetic point and 40 of a digit at first
  const weight = data === "synthetic" ? { discrepancy: 5 } : {};
  return { ...shared(data, scale, "other"), model: "wae-mmd", latent, optimizer: "adam", rate, ...weight };
}

/** A WAE of as many steps as the MaskAAE that it is compared with. */
function waeBeside(data: DatasetName, scale: Scale, latent: number): PartialConfig {
  return { ...wae(data, scale, latent), ...(scale === "quick" ? { steps: maskSteps } : {}) };
}

/** Few steps ask for a mask that moves faster than the authors', is decided sooner, and starts where nothing closes at once. */
export function mask(data: DatasetName, scale: Scale, latent: number): PartialConfig {
  const rates = { rate: 2e-3, adversaryRate: 1e-3, maskRate: 2e-2 };
  // the squared error of a point is three times the entropy that an image's numbers take off
  const own = data === "synthetic" ? { maskReconstruction: 300, maskRate: 3e-2 } : {};
  const quick = { ...quickCritic, ...rates, period: 30, maskStart: 0.9, ...own, steps: maskSteps };
  return { ...shared(data, scale, "mask"), model: "mask-aae", latent, ...(scale === "quick" ? quick : {}) };
}

/** The image critic's phase moves encoder and decoder too: as fast as the first phase, it keeps them from learning at all. */
function flex(data: DatasetName, scale: Scale, latent: number, smooth = false): PartialConfig {
  const adversaries = smooth ? { adversaryScale: 2, imageCriticWidth: 8 } : { adversaryScale: 10 };
  const own = scale === "quick" ? { ...quickCritic, rate: 1e-3, ...adversaries } : {};
  return { ...shared(data, scale, "flex"), model: smooth ? "flex-ae-sr" : "flex-ae", latent, ...own };
}

/** Lengths of codes that are compared, on both sides of the n numbers that points are made from. */
const lengths = { 8: [4, 8, 16, 32], 16: [8, 16, 32, 64] } as const;
const imageLengths = [4, 16, 64] as const;

/** Where and how long: the data sets of a figure with the lengths that it compares. */
function settings(data: DatasetName) {
  if (data !== "synthetic") return [{ name: datasetNamed(data).title, own: {}, lengths: imageLengths }];
  return ([8, 16] as const).map((n) => ({
    name: `n = ${n}`,
    own: { intrinsic: n },
    lengths: lengths[n],
  }));
}

/** Quality against the length of the codes; of the masked model from lengths on that leave something to close. */
export function byLength(data: DatasetName, scale: Scale, models: readonly ("WAE" | "MaskAAE")[]): Row[] {
  return settings(data).flatMap(({ name, own, lengths }) =>
    models.flatMap((model) =>
      lengths.slice(model === "WAE" ? 0 : 1).map((latent) => ({
        label: `${model}, ${name}, ${latent} numbers`,
        series: `${model}, ${name}`,
        config: { ...(model === "WAE" ? waeBeside : mask)(data, scale, latent), ...own },
        published: {},
      })),
    ),
  );
}

const kinds = [
  ["cross-entr.", "bce"],
  ["fixed variance", "fixed"],
  ["learned variance", "learned"],
  ["computed variance", "computed"],
] as const;

/** The models of table 1, with codes of one length where no mask chooses it. */
export function generation(data: DatasetName, scale: Scale): Row[] {
  const isQuick = scale === "quick";
  const latent = isQuick ? 16 : 64;
  const other = adam(data, scale, latent);
  const row = (
    label: string,
    config: PartialConfig,
    sources: NonNullable<Sampling["sources"]> = {},
  ): Row => ({
    ...{ label, config, sources, published: publishedFid(label, data) },
  });
  return [
    ...kinds.map(([name, likelihood]) =>
      row(`VAE (${name})`, { ...other, model: "likelihood-vae", likelihood }),
    ),
    row("VAE + Flow", { ...other, model: "vae-flow" }),
    row("WAE-MMD", wae(data, scale, latent)),
    row("WAE-GAN", {
      ...other,
      model: "wae-gan",
      // with the published weight the first thousand steps make codes that lie as the prior does and mean nothing
      ...(isQuick ? { criticWidth: 96, criticLayers: 2, adversary: 2 } : {}),
    }),
    row("2-Stage VAE", twoStage(data, scale, latent), { prior: "second-stage" }),
    row("MaskAAE", mask(data, scale, 2 * latent)),
    row("FlexAE", flex(data, scale, latent)),
    row("FlexAE-SR", flex(data, scale, latent, true)),
  ];
}

/** The same decoder's samples from codes of other distributions. */
export function priors(data: DatasetName, scale: Scale): Row[] {
  const latent = scale === "quick" ? 16 : 64;
  const stages = twoStage(data, scale, latent);
  const first = "VAE, N(0, I)";
  const free = "FlexAE, learned generator";
  const flexible = flex(data, scale, latent);
  const row = (
    label: string,
    config: PartialConfig,
    sources: NonNullable<Sampling["sources"]>,
    trained?: string,
  ): Row => ({
    ...{ label, config, sources, published: {} },
    ...(trained === undefined ? {} : { trained }),
  });
  return [
    row(first, stages, {}),
    row("VAE, Gaussian after training", stages, { prior: "gaussian" }, first),
    row("VAE, mixture after training", stages, { prior: "mixture-10" }, first),
    row("VAE, second stage", stages, { prior: "second-stage" }, first),
    row(free, flexible, {}),
    row("FlexAE, Gaussian after training", flexible, { prior: "gaussian" }, free),
    row("FlexAE, mixture after training", flexible, { prior: "mixture-10" }, free),
    row("WAE-MMD, N(0, I)", wae(data, scale, latent), {}),
  ];
}

/** A WAE beside a MaskAAE, as long as the paper has them, or half as long as that takes too long. */
const capacities: Partial<Record<DatasetName, Record<Scale, number>>> = {
  synthetic: { quick: 16, paper: 16 },
  mnist: { quick: 64, paper: 64 },
  "fashion-mnist": { quick: 64, paper: 128 },
  cifar10: { quick: 64, paper: 256 },
  folder: { quick: 64, paper: 256 },
};

export function pair(data: DatasetName, scale: Scale): Row[] {
  const sets = data === "synthetic" ? ([8, 16] as const) : [undefined];
  return sets.flatMap((n) => {
    const latent = n === undefined ? capacities[data]![scale] : 2 * n;
    const own = n === undefined ? {} : { intrinsic: n };
    const name = n === undefined ? "" : `, n = ${n}`;
    return (["WAE", "MaskAAE"] as const).map((model) => ({
      label: `${model}${name}`,
      config: { ...(model === "WAE" ? waeBeside : mask)(data, scale, latent), ...own },
      published: publishedNac(model, data, n),
    }));
  });
}
