import type { DatasetName } from "../data/known.ts";

/** Notes for some data sets alone. */
function only(chosen: DatasetName, data: DatasetName, ...notes: string[]): string[] {
  return chosen === data ? notes : [];
}

const cfdNote =
  "cFD is the Fréchet distance on the features of a small classifier trained here on the same data. The paper's FID is on " +
  "those of an Inception network fine-tuned likewise (A.7), on another scale: only the order of the rows can be compared.";

export const fidNote =
  "FID (given weights) is on the features of Inception-v3 with the weights of the file that was given, for 1,250 images and as many " +
  "of the training set: so few bias it upwards. The paper fine-tuned its network on each data set, which is another scale again.";

const testBumpsNote =
  "The authors' code draws both coordinates of a test bump from one key, so that all lie on the diagonal; " +
  "what table 1 measured is most likely our diagonal test set. The test error here is on independent ones.";

const paperSizeNote = "The paper says that the images of CIFAR-10 are 28 × 28; they are 32 × 32.";

/** What `--reading` chose. */
export const readingNotes = {
  text:
    "Settings are those of the paper's text: a rate of 1e-4 for the bumps, whose scripts have 1e-3, and as many steps as its epochs make: " +
    "2,083 on MNIST, 3,906 on CIFAR-10 and 2,261 on CelebA, where its table of times has 2,100, 3,900 and 2,200.",
  code:
    "Settings and models are those of the authors' code: IRMAE has one linear map less than it says, LoRAE penalises a map that it does not apply, " +
    "and the sparse autoencoder compares the mean of all units with the one aimed at.",
} as const;

export const table1Notes = [
  testBumpsNote,
  "The VRRAE's 10.03 ± 8.96 is also the entry of table A.4-2 for batches of 8; that table gives 12.07 ± 4.1 for 64.",
  "The learning rate is that of the authors' run scripts, 1e-3; the text says 1e-4.",
];

export const table2Notes = (data: DatasetName) => [
  cfdNote,
  ...only(
    "mnist",
    data,
    "The paper gives 5.89 here and 4.89 in table 3 for the interpolation of the same VRRAE.",
    "The weights of the KL term are those that the paper reports, not the best of its table A.3-2: the VAE got its best one, the VRRAE did not.",
  ),
  ...only(
    "fashion-mnist",
    data,
    "The paper has no results on Fashion-MNIST; the settings are those for MNIST.",
  ),
  ...only(
    "cifar10",
    data,
    paperSizeNote,
    "The paper reports 135.77 for its VAE, from β = 1e-5; its table A.3-2 has 135.55 for β = 0.",
  ),
  ...only(
    "folder",
    data,
    "The authors' code begins the test set of CelebA one picture late; here it is the official one.",
  ),
];

export const table3Notes = (data: DatasetName) => [
  cfdNote,
  "On CIFAR-10 the paper's two lines of VRRAE are the same: its best β there is 0, so the KL term plays no part.",
  ...only(
    "mnist",
    data,
    "The paper gives 4.89 here and 5.89 in table 2 for the interpolation of the same VRRAE; the 5.37 of β = 0 lies between them.",
  ),
  ...only("cifar10", data, paperSizeNote),
  ...only(
    "folder",
    data,
    "The paper gives a VRRAE with β = 0 on CelebA 7.68 for interpolation here, and the same 7.68 for random generation in table A.3-2.",
  ),
];

export const figure2Notes = [
  "Each point is the mean that the encoder gives a bump of the test set; in red, bumps whose centre moves along the diagonal. " +
    "The paper shows a VAE and a VRRAE of one seed.",
  "A unit is active where its mean has a variance above 0.01 over the training samples. The paper calls the second unit of its VAE " +
    "collapsed because its means lie between 0.02 and 0.09. A cloud may also collapse onto a slanted line, with both units active: " +
    "the deviation along its narrowest direction by that along its widest tells both; 1 is round, 0 a line.",
  "The straightness is the distance between the ends of the red way over its length: 1 for a straight line.",
  "Collapse depends on the seed and on β: the paper's own VAE has an error of 26.31 ± 22.07 % over its five seeds, so that some did not collapse.",
  "Equation 6 of the paper does not rule collapse out: a singular value may shrink to zero, which the KL term rewards. " +
    "What orthonormal coefficients rule out is that more than one of them has the same mean, other than zero, for all samples.",
];

export const betaNotes = (data: DatasetName) => [
  cfdNote,
  "β weighs a KL term that is summed over the batch, as in the authors' code; equation 2 has a mean over N samples, and the term with the wrong sign.",
  "The paper's table is of 20,000 images, its table 2 of 1,250; here it is 1,250 everywhere.",
  ...only(
    "mnist",
    data,
    "The paper reports 38.77 for its VRRAE on MNIST, from β = 1e-6, though this table has 34.37 for 1e-3; the VAE got its best one.",
  ),
  ...only(
    "cifar10",
    data,
    "The paper reports the VAE with β = 1e-5, though β = 0 is the better one in this table.",
  ),
];

export const batchSizeNotes = [testBumpsNote, "As many steps for each batch size; the paper does not say."];

export const baselineNotes = (data: DatasetName) => [
  cfdNote,
  "The paper's IRMAE, of the authors' code, has one linear map less than it says, its LoRAE none; --scale paper --reading code trains those.",
  "The first four rows of the paper's table are copied from the RRAE paper, where the set-up of the FID may differ.",
  ...only(
    "mnist",
    data,
    "The paper says that the VRRAE always has the least error of reconstruction; in this table of its IRMAE has 23.2, less than the VRRAE's 26.0.",
  ),
  ...only(
    "folder",
    data,
    "Interpolation and random generation seem to have changed places in those four rows: no other row has them so far apart.",
  ),
];
