import type { DatasetName } from "../data/known.ts";
import type { Scale } from "./experiment.ts";

const cfdNote =
  "cFD is the Fréchet distance on the features of a small classifier trained here on the same data; the paper's FID is on those of " +
  "Inception, another scale: only the order of the rows can be compared. Of synthetic points it is on the points themselves.";

export const figureNotes = (data: DatasetName) => [
  cfdNote,
  "The paper scales the FIDs of its figures and prints no numbers.",
  ...(data === "synthetic"
    ? [
        "Points are 32 numbers, made from n by a smooth map whose lower Lipschitz bound is 1 (assumption A1); the paper does not say how its own were made.",
        "The WAE is WAE-MMD with inverse multiquadratics; λ is 5 beside the squared error summed over a point.",
      ]
    : ["The WAE is WAE-MMD with inverse multiquadratics and the weights of its authors for MNIST."]),
];

export const maskNotes = (scale: Scale, data: DatasetName) => [
  "A dimension is open where its α is 0.1 or more, as in the authors' code; a value of the mask is undecided between 0.05 and 0.95.",
  "The mask of the authors starts from m drawn evenly between 0 and 5. Where α starts below about 0.6 the penalty on the spread of masked codes makes them " +
    "constant, and none opens again: about a fifth of the dimensions close by this alone.",
  ...(scale === "quick"
    ? [
        "Here m starts between 0.9 and 5, so that none closes so, and codes of no more numbers than the data need keep theirs.",
        `The authors take 500,000 steps, here it is 1,000, of the WAE beside it too. The rates of autoencoder, of critic and generator, and of the mask are 4, 10 and ${data === "synthetic" ? 60 : 40} ` +
          "times theirs, and the weight of the polarisation doubles every 120 steps.",
        ...(data === "synthetic"
          ? [
              "In the mask's loss the squared error weighs 300, where the authors' cross-entropy weighs 1,000: a dimension takes about 0.06 off the one, of a point, and 0.01 off the other, of a digit.",
            ]
          : []),
      ]
    : []),
];

export const nacNotes = [
  cfdNote,
  "The paper gives no formula of its NAC. Here it is the mean magnitude of the correlations of different dimensions, of the open ones where there is a mask, " +
    "over the codes of 2,000 held-out samples; independent codes would get what its own column says. Beside it is the same of covariances.",
  "p is that of a permutation test of the energy distance of 300 codes and as many draws of the prior: 0.005 is the least that it can be.",
];

export const tableNotes = (scale: Scale) => [
  cfdNote,
  "The paper's first seven rows are those of Dai and Wipf (ICLR 2019); it gives no numbers of FlexAE. A VAE whose variance is computed is ours.",
  "The authors' scripts stretch each generated image to the whole range of grey and report the least FID of all checkpoints on the test set; here images are as they are, " +
    "after the last step.",
  ...(scale === "quick"
    ? [
        "All models have the same small networks of affine maps. MaskAAE takes 1,000 steps, all others 500. Published rates of FlexAE's adversaries are taken tenfold, those of FlexAE-SR " +
          "twice. The critic of WAE-GAN weighs a hundredth of what is published: with the whole weight the first thousand steps make codes that lie as the prior does and mean nothing.",
      ]
    : []),
];

export const priorNotes = [
  cfdNote,
  "Rows that begin with the same model draw from one trained model: its decoder is the same, only where codes come from differs.",
  "The energy distance is that of held-out codes and N(0, I), or of FlexAE from its generator: what the first row of each model draws from.",
];
