import { datasetNamed, type DatasetName } from "../data/known.ts";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import type { Dataset } from "../data/dataset.ts";
import { varianceLoss as lossOf } from "../metrics/varianceLoss.ts";
import type { SamplerOptions } from "../models/samplers.ts";
import { pointsChart } from "../report/points.ts";
import { loadData } from "../runs/session.node.ts";
import type { Config, PartialConfig } from "../train/config.ts";
import type { Computed, Outcome, Paper, Row, Scale } from "./experiment.ts";
import { claimed, found } from "./findings.ts";
import type { Metric } from "./metrics.ts";
import type { Published } from "./published.ts";
import { figure, oursOf } from "./table.ts";

const images = ["mnist", "fashion-mnist", "cifar10"] as const;

/** "Variance Loss in Variational Autoencoders" (Asperti, 2020). */
export const varianceLoss: Paper = {
  name: "variance-loss",
  title: "Variance Loss in Variational Autoencoders",
  experiments: {
    figure3: {
      about: "mse and variance loss of a line and its moving average (figure 3)",
      data: ["bumps"],
      build: () => ({
        title: "Figure 3: a line and a smoother one",
        metrics: ["mse", "varianceLoss", "varianceRatio"],
        rows: [3, 7, smoothed.window, 15, 25].map((window) => ({
          label: `mean of ${window} points`,
          config: {},
          published:
            window === smoothed.window
              ? { mse: [smoothed.mse] as Published, varianceLoss: [smoothed.loss] as Published }
              : {},
          compute: () => movingAverage(window),
        })),
        notes: figure3Notes,
        findings: (outcome) => {
          const ours = found(outcome, `mean of ${smoothed.window} points`, "mse")?.mean;
          const loss = found(outcome, `mean of ${smoothed.window} points`, "varianceLoss")?.mean;
          return [
            `Over ${smoothed.window} points the mse is ${ours?.toFixed(4)} and the variance loss ${loss?.toFixed(4)}; the paper's ` +
              `figures are ${smoothed.mse} and ${smoothed.loss}.`,
          ];
        },
        charts: [
          { file: "line.svg", title: "The lines", lead: "The line, and the mean of its neighbourhood." },
        ],
      }),
    },
    figure4: {
      about: "variance loss beside mse of twelve networks on each data set, and PCA (figure 4)",
      data: images,
      together: true,
      build: (data, scale) => ({
        title: "Figure 4: variance loss and mse of many networks",
        metrics: ["mse", "varianceLoss", "varianceRatio", "drawnRatio"],
        rows: [
          ...networks(scale).map((one) => networkRow(one, scale)),
          ...[4, 16].map((k) => pcaRow(k, data)),
        ],
        notes: figure4Notes,
        findings: figure4Findings,
        plots: [
          {
            ...{ name: "losses", title: "Variance loss and mse", shows: "runs", diagonal: true },
            lead: "A point for each network and seed, of 1,000 held-out images; on the dashed line the two are equal.",
            x: { of: "mse" },
            y: { of: "varianceLoss" },
          },
        ],
        ...quiet,
      }),
    },
    law: {
      about: "the variance law through training, for β from 1e-4 to 10",
      data: ["mnist", "fashion-mnist", "cifar10"],
      build: (data, scale) => ({
        title: `The variance law on ${titleOf(data)}`,
        metrics: ["varianceLaw", "usedUnits", "mse"],
        rows: [1e-4, 1e-3, 1e-2, 0.1, 1, 10].map((beta) => ({
          label: `β = ${beta}`,
          config: {
            ...{ model: "likelihood-vae", likelihood: "fixed", deviation: Math.SQRT1_2, klWeight: beta },
            ...dense(scale),
          },
          published: {},
        })),
        notes: lawNotes,
        findings: lawFindings,
        through: { every: scale === "quick" ? 20 : 500, metrics: ["varianceLaw"] },
        plots: [
          {
            ...{ name: "law", title: "The variance law through training", shows: "training", level: 1 },
            lead: "Mean over the coordinates of E μ² + E σ², of 1,000 training images; the mean of the seeds.",
            y: { of: "varianceLaw", log: true },
          },
        ],
        ...quiet,
      }),
    },
    balance: {
      about: "reconstruction beside generation for fixed, learned and computed γ",
      data: ["mnist", "fashion-mnist", "cifar10"],
      build: (data, scale) => ({
        title: `Fixed, learned and computed γ on ${titleOf(data)}`,
        metrics: ["mse", "recFd", "gen1Fd", "varianceLaw", "usedUnits"],
        rows: [
          ...[1, 0.3, 0.1].map((deviation) => balanceRow("fixed", scale, deviation)),
          balanceRow("learned", scale),
          balanceRow("computed", scale),
        ],
        notes: [cfdNote, ...balanceNotes],
        findings: balanceFindings,
        plots: [
          {
            ...{ name: "balance", title: "Reconstruction and generation", shows: "runs" },
            lead: "A point for each run: cFD of reconstructions, and of images decoded from N(0, I).",
            x: { of: "recFd" },
            y: { of: "gen1Fd" },
          },
        ],
        strips: ["reconstructions", "gen1"],
        isBrief: true,
        charts: [],
      }),
    },
    table1: generation("table 1", ["cifar10", "mnist", "fashion-mnist"]),
    table2: generation("table 2", ["folder"]),
    figure5: {
      about: "generated images of the second stage (figure 5)",
      data: ["folder", "cifar10", "fashion-mnist", "mnist"],
      build: (data, scale) => ({
        title: `Figure 5: generated images on ${titleOf(data)}`,
        metrics: ["secondSpread", "varianceLaw"],
        rows: [
          { label: computedLabel, config: twoStage("computed", scale), published: {}, ...stages },
          normalised({}),
        ],
        notes: [figure5Note],
        findings: picturesAlone,
        strips: ["reconstructions", "gen2"],
        isBrief: true,
        charts: [],
      }),
    },
    figure6: {
      about: "the same seeds with and without renormalisation of the second stage's codes (figure 6)",
      data: ["folder", "cifar10", "fashion-mnist", "mnist"],
      build: (data, scale) => ({
        title: `Figure 6: with and without renormalisation on ${titleOf(data)}`,
        metrics: ["secondSpread", "varianceLaw"],
        rows: [
          { label: computedLabel, config: twoStage("computed", scale), published: {}, ...stages },
          ...[normalised({}), normalised("paper")],
        ],
        notes: [figure5Note, ...normalisationNotes],
        findings: picturesAlone,
        strips: ["gen2"],
        isBrief: true,
        charts: [],
      }),
    },
  },
};

const quiet = { isBrief: true, strips: [], charts: [] } as const;
const titleOf = (data: DatasetName) => datasetNamed(data).title;

const cfdNote =
  "cFD is the Fréchet distance on the features of a small classifier trained here on the same data: another scale than " +
  "the paper's FID, so that only the order of the rows can be compared. 1,250 images in each comparison.";

// Figure 3

/** The published figures of the two lines, and the number of neighbours, itself among them, that ours is averaged over. */
const smoothed = { window: 11, mse: 0.546, loss: 2.648, count: 240, waves: [3, 11] } as const;

const figure3Notes = [
  "Both figures by their definitions, in float64: mse = mean (x − x̂)², variance loss = Var x − Var x̂. The average goes round " +
    "at the ends, so that both lines have the same mean.",
  `The paper does not say what its line is. Ours is the sum of two waves, of ${smoothed.waves.join(" and ")} periods in ` +
    `${smoothed.count} points, which a moving average multiplies by known numbers g: mse = Σ ½ a² (1 − g)², variance loss = ` +
    `Σ ½ a² (1 − g²). Their amplitudes a are chosen so that an average over ${smoothed.window} points has the paper's two figures; ` +
    "the other rows are what else that line gives.",
  "As (1 − g²) = (1 − g)² + 2 g (1 − g), the variance loss is the greater one where all g lie between 0 and 1; over 25 points one does " +
    "not. Nothing in a moving average makes the two equal: they are for averages that are the best guess of x, as PCA is.",
];

/** What the mean over `window` neighbours multiplies a wave of k periods with. */
function gain(window: number, k: number): number {
  const half = (Math.PI * k) / smoothed.count;
  return Math.sin(window * half) / (window * Math.sin(half));
}

/** The line: amplitudes by two linear equations in ½ a². */
export function figure3Line(): Float64Array {
  const { window, mse, loss, count, waves } = smoothed;
  const [g, h] = waves.map((k) => gain(window, k)) as [number, number];
  const [a, b, c, d] = [(1 - g) ** 2, (1 - h) ** 2, 1 - g * g, 1 - h * h];
  const det = a * d - b * c;
  const powers = [(mse * d - b * loss) / det, (a * loss - c * mse) / det];
  return Float64Array.from({ length: count }, (_, n) =>
    waves.reduce<number>(
      (sum, k, i) => sum + Math.sqrt(2 * powers[i]!) * Math.sin((2 * Math.PI * k * n) / count),
      0,
    ),
  );
}

/** The line and its moving average, measured by the definitions. */
export function movingAverage(window: number): Computed {
  const line = figure3Line();
  const n = line.length;
  const smooth = line.map((_, at) => {
    let sum = 0;
    for (let i = -(window - 1) / 2; i <= (window - 1) / 2; i++) sum += line[(at + i + n) % n]!;
    return sum / window;
  });
  const { mse, loss, ratio } = lossOf(smooth, line, 1);
  const points = (values: Float64Array) => Array.from(values, (y, x) => ({ x, y }));
  const drawn = pointsChart({
    series: [
      { label: "line", points: points(line), isLine: true, isBare: true },
      { label: `mean of ${window} points`, points: points(smooth), isLine: true, isBare: true },
    ],
    x: { label: "point" },
    y: { label: "value" },
  });
  return {
    metrics: { mse, varianceLoss: loss, varianceRatio: ratio },
    files: { "line.svg": drawn },
  };
}

// Figure 4

interface NamedNetwork {
  label: string;
  series: string;
  config: PartialConfig;
}

/** Twelve networks of three kinds: of several sizes and lengths of the code. */
function networks(scale: Scale): NamedNetwork[] {
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
      config: { network, networkWidth, latent },
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
      },
    };
  };
  return [
    ...[mlp(128, 1, 4), mlp(256, 2, 8), mlp(256, 2, 32), mlp(512, 2, 16)],
    ...[conv("rae", 64, 8), conv("rae", 64, 32), conv("rae", 128, 16), conv("wae", 64, 16)],
    ...[resnet(16, 2, 8), resnet(16, 2, 32), resnet(16, 3, 16), resnet(32, 2, 16)],
  ];
}

function networkRow({ label, series, config }: NamedNetwork, scale: Scale): Row {
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

const figure4Notes = [
  "Held-out images and what each network makes of their codes, the means of the encoder's distributions. “Of drawn codes” is of " +
    "codes as they are drawn in training: the decoder's best answer to those is the mean of the images that they stand for, and " +
    "the two losses of such means are equal. A mean code lies nearer to the origin than its draws: its image loses less than that.",
  "γ is computed. PCA is by the first components of 300 held-out images themselves, in float64.",
  "The paper's networks are not given one by one; the iterative ones (yellow) are left out.",
];

/** What is to be said of the distance from the diagonal. */
function figure4Findings(outcome: Outcome): string[] {
  const ratios = (isWanted: (run: Outcome["runs"][number]) => boolean, metric: Metric) =>
    outcome.runs.filter(isWanted).flatMap(({ scores }) => scores.metrics[metric] ?? []);
  const isNetwork = ({ row }: Outcome["runs"][number]) => !row.compute;
  const sentences = (["varianceRatio", "drawnRatio"] as const).flatMap((metric) => {
    const all = ratios(isNetwork, metric);
    if (all.length === 0) return [];
    const mean = all.reduce((sum, one) => sum + one, 0) / all.length;
    const deviation = Math.sqrt(all.reduce((sum, one) => sum + (one - mean) ** 2, 0) / all.length);
    const of =
      metric === "varianceRatio"
        ? `Over ${all.length} networks the variance loss is`
        : "For drawn codes it is";
    return [
      `${of} ${figure(mean)} ± ${figure(deviation)} times the mse (${figure(Math.min(...all))} to ${figure(Math.max(...all))}).`,
    ];
  });
  const pca = ratios(({ row }) => row.compute !== undefined, "varianceRatio");
  const worst = Math.max(0, ...pca.map((ratio) => Math.abs(ratio - 1)));
  return [
    ...sentences,
    ...(pca.length > 0 ? [`PCA lies on the diagonal to ${worst.toExponential(0)}.`] : []),
  ];
}

function pcaRow(k: number, data: DatasetName): Row {
  return {
    ...{ label: `PCA of ${k}`, series: "PCA", published: {}, config: { data } },
    compute: async (config: Config) => pcaLosses((await loadData(config)).test, k),
  };
}

/** mse and variance loss of images cut to their first k principal components, over all of them. */
export function pcaLosses(data: Dataset, k: number, most = 300): Computed {
  const chosen = data.take(most);
  const x = new Matrix(chosen.count, data.size);
  const values = chosen.values();
  for (let i = 0; i < values.length; i++) x.set(Math.floor(i / data.size), i % data.size, values[i]!);
  const mean = x.mean("column");
  x.subRowVector(mean);
  const { eigenvectorMatrix, realEigenvalues } = new EigenvalueDecomposition(x.mmul(x.transpose()), {
    assumeSymmetric: true,
  });
  const order = realEigenvalues.map((_, i) => i).sort((a, b) => realEigenvalues[b]! - realEigenvalues[a]!);
  const U = eigenvectorMatrix.subMatrixColumn(order.slice(0, k));
  const made = U.mmul(U.transpose().mmul(x));
  const { mse, loss, ratio } = lossOf(made.to1DArray(), x.to1DArray(), data.size);
  return { metrics: { mse, varianceLoss: loss, varianceRatio: ratio } };
}

// The variance law, and the balance of the two terms

/** Dense networks, small ones at the quick scale. */
function dense(scale: Scale): PartialConfig {
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

const lawNotes = [
  "The law: E μ² + E σ² = 1 in each coordinate, the mean over the samples, in a VAE whose training has come to rest (equation 4).",
  "The loss is the squared error summed over a sample and β times the KL term: γ² = ½, which stays.",
  "The law follows from the weight of the KL term being anything but 0: at rest, the codes could be scaled by any number without a " +
    "loss to the reconstruction. How soon it holds depends on β: a small one pulls weakly.",
];

function lawFindings(outcome: Outcome): string[] {
  const known = outcome.experiment.rows.flatMap(({ label }) => {
    const cell = found(outcome, label, "varianceLaw");
    return cell ? [{ label, cell }] : [];
  });
  const holds = known.filter(({ cell }) => Math.abs(cell.mean! - 1) <= 0.05).map(({ label }) => label);
  return [
    `In the end the mean law is ${known.map(({ label, cell }) => `${oursOf(cell)} for ${label}`).join(", ")}.`,
    holds.length > 0
      ? `It holds to 0.05 for ${holds.join(", ")}.`
      : "It holds to 0.05 for none of them after so few steps.",
  ];
}

function balanceRow(likelihood: "fixed" | "learned" | "computed", scale: Scale, deviation?: number): Row {
  return {
    label: deviation === undefined ? `γ ${likelihood}` : `γ = ${deviation}`,
    config: {
      ...{ model: "likelihood-vae", likelihood, ...(deviation === undefined ? {} : { deviation }) },
      ...dense(scale),
    },
    published: {},
  };
}

const balanceNotes = [
  "The KL term weighs 2 γ² beside the summed squared error: a large γ gives up reconstruction for codes that lie as N(0, I) does.",
  "The paper has no such table; that of Asperti and Trentin (2020), where computed γ comes from, compares it with a learned one.",
];

function balanceFindings(outcome: Outcome): string[] {
  return [
    claimed(
      outcome,
      "Computed γ has less error of reconstruction than γ = 1",
      ["γ computed", "mse"],
      ["γ = 1", "mse"],
    ),
    claimed(
      outcome,
      "Computed γ generates nearer to the data than γ = 0.1",
      ["γ computed", "gen1Fd"],
      ["γ = 0.1", "gen1Fd"],
    ),
    claimed(
      outcome,
      "Computed γ generates nearer to the data than a learned one",
      ["γ computed", "gen1Fd"],
      ["γ learned", "gen1Fd"],
    ),
  ];
}

// Tables 1 and 2

const computedLabel = "2S-VAE, computed γ";
const learnedLabel = "2S-VAE, learned γ";

/** Published FIDs: REC, GEN-1 and GEN-2. */
const line = (rec: Published | undefined, gen1: Published, gen2: Published): Row["published"] => ({
  ...(rec ? { recFd: rec } : {}),
  gen1Fd: gen1,
  gen2Fd: gen2,
});

const publishedTables = {
  "table 1": {
    rae: line([32.24], [80.8], [74.2]),
    learned: line(undefined, [76.7, 0.8], [72.9, 0.9]),
    computed: line([53.8, 0.9], [80.2, 1.3], [69.8, 1.1]),
    normalised: line([53.5, 0.9], [78.6, 1.2], [69.4, 1]),
  },
  "table 2": {
    rae: line([36], [44.7], [40.9]),
    learned: line(undefined, [60.5, 0.6], [44.4, 0.7]),
    computed: line([33.9, 0.8], [43.6, 1.3], [42.7, 1]),
    normalised: line([33.7, 0.8], [42.7, 1.2], [38.6, 1]),
  },
} as const;

function generation(
  table: keyof typeof publishedTables,
  data: readonly DatasetName[],
): Paper["experiments"][string] {
  return {
    about: `reconstruction and generation of RAE and of two-stage VAEs, with normalisation and without (${table})`,
    data,
    build: (chosen, scale) => {
      const known = publishedTables[table];
      const isPapers = chosen === data[0];
      const shown = (one: Row["published"]) => (isPapers ? one : {});
      return {
        title: `${table[0]!.toUpperCase()}${table.slice(1)}: ${titleOf(chosen)}`,
        metrics: ["recFd", "gen1Fd", "gen2Fd", "gen2Kd", "secondSpread", "varianceRatio"],
        rows: [
          raeRow(table, scale, shown(known.rae)),
          {
            label: learnedLabel,
            config: twoStage("learned", scale),
            published: shown(known.learned),
            ...stages,
          },
          {
            label: computedLabel,
            config: twoStage("computed", scale),
            published: shown(known.computed),
            ...stages,
          },
          normalised({}),
          { ...normalised("paper"), published: shown(known.normalised) },
        ],
        notes: [cfdNote, ...generationNotes, ...normalisationNotes],
        findings: generationFindings,
        strips: ["reconstructions", "gen1", "gen2"],
        isBrief: true,
        charts: [],
      };
    },
  };
}

/** Where new images of a two-stage VAE come from. */
const stages = { sources: { gen1: "prior", gen2: "second-stage" } } as const;

const normalisedLabel = "with normalisation";
const publishedLabel = "with normalisation, as published";

/** The networks with computed γ again, whose codes and reconstructions are renormalised. */
function normalised(renormalise: Exclude<SamplerOptions["renormalise"], undefined>): Row {
  return {
    label: renormalise === "paper" ? publishedLabel : normalisedLabel,
    config: {},
    published: {},
    trained: computedLabel,
    ...stages,
    sampler: { renormalise },
  };
}

const normalisationNotes = [
  "With normalisation: codes of the second stage, with noise of its γ, are multiplied by one factor, so that their variances have the " +
    "mean of Var μ + E σ² over training images; those of N(0, I) likewise. Reconstructions get the spread of the images.",
  "As published: what the authors' code does. It takes E σ for E σ², so that the wanted spread is too large where σ is small; takes no " +
    "noise of γ; looks at batches of 100; averages deviations, not variances; and does nothing unless a quarter of the second stage's error is " +
    "lost variance. Its rescaling of generated images is never reached.",
];

const picturesAlone = (outcome: Outcome) => {
  const spread = found(outcome, computedLabel, "secondSpread");
  return [
    "Pictures of the same seed; tables 1 and 2 have the distances.",
    ...(spread
      ? [
          `Without renormalisation the second stage's codes have ${oursOf(spread)} of the spread of the codes.`,
        ]
      : []),
  ];
};

/** The two-stage VAE of the paper; the learned γ is that of Dai and Wipf. */
function twoStage(likelihood: "learned" | "computed", scale: Scale): PartialConfig {
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
function raeRow(table: keyof typeof publishedTables, scale: Scale, published: Row["published"]): Row {
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

const generationNotes = [
  "REC: reconstructions of held-out images. GEN-1: decoded from N(0, I), of an RAE from one Gaussian fitted to its codes. GEN-2: from the " +
    "second stage, of an RAE from a mixture of ten.",
  "The paper's “RAE-12” is RAE-L2 of Ghosh et al. (2020), who give these figures without deviations.",
  "Dai and Wipf stretch each generated image to its own minimum and maximum before the FID, and change its value by saving images as JPEG; " +
    "here images are cut to 0 … 1 and never saved.",
];

const figure5Note = "The paper shows faces (CelebA) of its networks of 64 × 64; --data folder takes them.";

function generationFindings(outcome: Outcome): string[] {
  return [
    ...outcome.experiment.rows.map(({ label }) =>
      claimed(outcome, `GEN-2 below GEN-1 of ${label}`, [label, "gen2Fd"], [label, "gen1Fd"]),
    ),
    ...[normalisedLabel, publishedLabel].map((label) =>
      claimed(outcome, `GEN-2 ${label} below that without`, [label, "gen2Fd"], [computedLabel, "gen2Fd"]),
    ),
  ];
}
