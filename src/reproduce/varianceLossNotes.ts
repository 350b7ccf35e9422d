import { varianceLossDifferences, type Difference } from "./differences.ts";
import type { Scale } from "./experiment.ts";
import { smoothed } from "./varianceLossComputed.ts";

export const cfdNote =
  "cFD is the Fréchet distance on the features of a small classifier trained here on the same data: another scale than " +
  "the paper's FID, so that only the order of the rows can be compared. 1,250 images in each comparison.";

export const figure3Notes = [
  "Both figures by their definitions, in float64: mse = mean (x − x̂)², variance loss = Var x − Var x̂. The average goes round " +
    "at the ends, so that both lines have the same mean.",
  `The paper does not say what its line is. Ours is the sum of two waves, of ${smoothed.waves.join(" and ")} periods in ` +
    `${smoothed.count} points, which a moving average multiplies by known numbers g: mse = Σ ½ a² (1 − g)², variance loss = ` +
    `Σ ½ a² (1 − g²). Their amplitudes a are chosen so that an average over ${smoothed.window} points has the paper's two figures; ` +
    "the other rows are what else that line gives.",
  "As (1 − g²) = (1 − g)² + 2 g (1 − g), the variance loss is the greater one where all g lie between 0 and 1; over 25 points one does " +
    "not. Nothing in a moving average makes the two equal: they are for averages that are the best guess of x, as PCA is.",
];

/** What is not the paper's in small networks that are trained shortly. */
const quickNotes = (scale: Scale) =>
  scale === "quick"
    ? [
        "Running moments of batch norm take 5 % of each batch, not 1 % as the paper's: after so few steps those would still hold a part of what they started with.",
      ]
    : [];

export const figure4Notes = (scale: Scale) => [
  "Held-out images and what each network makes of their codes, the means of the encoder's distributions. “Of drawn codes” is of " +
    "codes as they are drawn in training: the decoder's best answer to those is the mean of the images that they stand for, and " +
    "the two losses of such means are equal. A mean code lies nearer to the origin than its draws: its image loses less than that.",
  "γ is computed. PCA is by the first components of 300 held-out images themselves, in float64.",
  "The paper's networks are not given one by one; the iterative ones (yellow) are left out.",
  ...quickNotes(scale),
];

export const lawNotes = [
  "The law: E μ² + E σ² = 1 in each coordinate, the mean over the samples, in a VAE whose training has come to rest (equation 4).",
  "The loss is the squared error summed over a sample and β times the KL term: γ² = ½, which stays.",
  "The law follows from the weight of the KL term being anything but 0: at rest, the codes could be scaled by any number without a " +
    "loss to the reconstruction. How soon it holds depends on β: a small one pulls weakly.",
];

export const balanceNotes = [
  "The KL term weighs 2 γ² beside the summed squared error: a large γ gives up reconstruction for codes that lie as N(0, I) does.",
  "The paper has no such table; that of Asperti and Trentin (2020), where computed γ comes from, compares it with a learned one.",
];

/** Where text and code disagree, in the words of the page on that. */
const noted = (topic: Difference["topic"]) =>
  varianceLossDifferences
    .filter((one) => one.topic === topic)
    .map(({ about, code }) => `${about}, in their code: ${code}`);

export const normalisationNotes = [
  "With normalisation: codes of the second stage, with noise of its γ, are multiplied by one factor, so that their variances have the " +
    "mean of Var μ + E σ² over training images; those of N(0, I) likewise. Reconstructions get the spread of the images.",
  "The noise of γ, which Dai and Wipf add to codes of the second stage and the paper does not, gives them back most of the spread that the second stage takes. So " +
    "the paper's rows without and with normalisation are those without noise.",
  "As published: with what the authors' code does otherwise than the text says.",
  ...noted("normalisation"),
];

export const generationNotes = [
  "REC: reconstructions of held-out images. GEN-1: decoded from N(0, I), of an RAE from one Gaussian fitted to its codes. GEN-2: from the " +
    "second stage, of an RAE from a mixture of ten.",
  "The paper's “RAE-12” is RAE-L2 of Ghosh et al. (2020), who give these figures without deviations.",
  ...noted("images"),
];

export const figure5Note =
  "The paper shows faces (CelebA) of its networks of 64 × 64; --data folder takes them.";
