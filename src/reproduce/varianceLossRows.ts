import type { DatasetName } from "../data/known.ts";
import type { SamplerOptions } from "../models/samplers.ts";
import { loadData } from "../runs/session.node.ts";
import type { Config, PartialConfig } from "../train/config.ts";
import type { Row, Scale } from "./experiment.ts";
import { pcaLosses } from "./varianceLossComputed.ts";
import { computedLabel } from "./varianceLossFindings.ts";
import type { publishedTables } from "./varianceLossPublished.ts";

// What the experiments of "Variance Loss in Variational Autoencoders" train: one row, or what several have in common.

interface NamedNetwork {
  label: string;
  series: string;
  config: PartialConfig;
}

/** Twelve networks of three kinds: of several sizes and lengths of the code. */
export function networks(scale: Scale): NamedNetwork[] {
  const small = scale === "quick";
  const mlp = (networkUnits: number, networkLayers: number, latent: number): NamedNetwork => ({
    label: `dense ${networkUnits} × ${networkLayers}, code of ${latent}`,
    series: "dense",
    config: { network: "mlp", networkUnits, networkLayers, latent },
  });
  const conv = (network: "wae" | "rae", width: number, latent: number): NamedNetwork => {
    const networkWidth = small ? width / 8 : width;
    return {
      label: `${network.toUpperCase()}'s convolutions ${networkWidth}, code of ${latent}`,
      series: "convolutional",
      config: { network, networkWidth, latent, ...soon(scale) },
    };
  };
  const resnet = (width: number, networkScales: number, latent: number): NamedNetwork => {
    const networkWidth = small ? width / 4 : width;
    return {
      label: `ResNet ${networkWidth} × ${networkScales}, code of ${latent}`,
      series: "ResNet",
      config: {
        network: "resnet",
        networkWidth,
        networkScales,
        latent,
        ...(small ? { networkUnits: 64 } : {}),
        ...soon(scale),
      },
    };
  };
  return [
    ...[mlp(128, 1, 4), mlp(256, 2, 8), mlp(256, 2, 32), mlp(512, 2, 16)],
    ...[conv("rae", 64, 8), conv("rae", 64, 32), conv("rae", 128, 16), conv("wae", 64, 16)],
    ...[resnet(16, 2, 8), resnet(16, 2, 32), resnet(16, 3, 16), resnet(32, 2, 16)],
  ];
}

/** Running moments that have forgotten after some hundred steps what they started with. */
const soon = (scale: Scale): PartialConfig => (scale === "quick" ? { networkMomentum: 0.05 } : {});

export function networkRow({ label, series, config }: NamedNetwork, scale: Scale): Row {
  const training: PartialConfig =
    scale === "quick"
      ? { steps: 200, batch: 16, rate: 1e-3, optimizer: "adam" }
      : { steps: 60_000, batch: 100, rate: 1e-4, optimizer: "adam" };
  return {
    ...{ label, series, published: {} },
    config: {
      model: "likelihood-vae",
      likelihood: "computed",
      ...config,
      ...training,
      ...unwatched(training),
    },
  };
}

/** Nothing is measured before the end. */
const unwatched = ({ steps = 1 }: PartialConfig): PartialConfig => ({
  evaluateEvery: steps,
  checkpointEvery: Math.max(1, Math.round(steps / 2)),
});

export function pcaRow(k: number, data: DatasetName): Row {
  return {
    ...{ label: `PCA of ${k}`, series: "PCA", published: {}, config: { data } },
    compute: async (config: Config) => pcaLosses((await loadData(config)).test, k),
  };
}

/** Dense networks, small ones at the quick scale. */
export function dense(scale: Scale): PartialConfig {
  const small: PartialConfig = {
    ...{ network: "mlp", networkUnits: 256, networkLayers: 2, latent: 16 },
    ...{ steps: 400, batch: 50, rate: 1e-3, optimizer: "adam" },
  };
  const whole: PartialConfig = {
    ...{ network: "mlp", networkUnits: 1024, networkLayers: 3, latent: 16 },
    ...{ steps: 30_000, batch: 100, rate: 1e-4, optimizer: "adam" },
  };
  const config = scale === "quick" ? small : whole;
  return { ...config, ...unwatched(config) };
}

export function balanceRow(
  likelihood: "fixed" | "learned" | "computed",
  scale: Scale,
  deviation?: number,
): Row {
  return {
    label: deviation === undefined ? `γ ${likelihood}` : `γ = ${deviation}`,
    config: {
      ...{ model: "likelihood-vae", likelihood, ...(deviation === undefined ? {} : { deviation }) },
      ...dense(scale),
    },
    published: {},
  };
}

/** Where new images of a two-stage VAE come from. */
export const stages = { sources: { gen1: "prior", gen2: "second-stage" } } as const;

/** The networks with computed γ again, with another sampler; where that renormalises codes, reconstructions are too. */
export function again(label: string, sampler: SamplerOptions): Row {
  return { label, config: {}, published: {}, trained: computedLabel, ...stages, sampler };
}

/** The two-stage VAE of the paper; the learned γ is that of Dai and Wipf. */
export function twoStage(likelihood: "learned" | "computed", scale: Scale): PartialConfig {
  const small: PartialConfig = {
    ...{ network: "resnet", networkWidth: 4, networkScales: 2, networkUnits: 64, latent: 16 },
    ...{ secondWidth: 128, steps: 300, secondSteps: 600, batch: 32, rate: 1e-3, optimizer: "adam" },
  };
  const whole: PartialConfig = {
    ...{ network: "resnet", networkWidth: 32, networkScales: 3, networkUnits: 512, latent: 64 },
    ...{ secondWidth: 2048, steps: 350_000, secondSteps: 700_000, batch: 100, rate: 1e-4, optimizer: "adam" },
    schedule: { kind: "steps", milestones: [125_000, 250_000], factor: 0.5 },
  };
  const config = scale === "quick" ? small : whole;
  return { model: "two-stage", likelihood, ...config, ...unwatched(config) };
}

/** RAE-L2 of table 1, RAE-SN of table 2, whose weights are those of its code for sums over a sample. */
export function raeRow(table: keyof typeof publishedTables, scale: Scale, published: Row["published"]): Row {
  const isSpectral = table === "table 2";
  const latent = isSpectral ? 64 : 128;
  const P = isSpectral ? 64 * 64 * 3 : 32 * 32 * 3;
  const codePenalty = (2 * (isSpectral ? 2.4e-3 : 1e-3) * P) / latent;
  const small: PartialConfig = {
    ...{ network: "rae", networkWidth: 8, latent: 16, codePenalty },
    ...{ steps: 300, batch: 32, rate: 1e-3, optimizer: "adam" },
  };
  const whole: PartialConfig = {
    ...{ network: "rae", latent, codePenalty },
    ...{ steps: 45_000, batch: 100, rate: isSpectral ? 1e-3 : 5e-4, optimizer: "adam" },
  };
  const config = scale === "quick" ? small : whole;
  return {
    label: isSpectral ? "RAE-SN" : "RAE-L2",
    config: {
      ...(isSpectral ? { model: "rae-sn" } : { model: "rae-l2", penalty: 1e-6 * P }),
      ...config,
      ...unwatched(config),
    },
    published,
    sources: { gen1: "gaussian", gen2: "mixture-10" },
  };
}
