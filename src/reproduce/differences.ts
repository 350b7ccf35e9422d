/** Where the text of a paper and the code behind it are not the same, or the code does what nobody would expect. */
export interface Difference {
  about: string;
  text: string;
  code: string;
  /** What is done here. */
  here: string;
  /** The notes of which pages say so too. */
  topic?: "normalisation" | "images";
  /** The test that shows it, and a part of its name; none where there is nothing to compute. */
  test?: { file: string; name: string };
}

const RENORMALISED = "kernels-test/models/renormalised.test.ts";
const published = {
  file: RENORMALISED,
  name: "as published: E σ for E σ² makes 1.044 of 1",
};

/**
 * Of Asperti, "Variance loss in variational autoencoders", 2020, and its code, asperti/BalancingVAE at d9f3997; two of its
 * roots in Dai and Wipf, "Diagnosing and enhancing VAE models", ICLR 2019, whose code is daib13/TwoStageVAE at 8718623.
 */
export const varianceLossDifferences: readonly Difference[] = [
  {
    about: "What the variance loss is a mean of",
    text: "The mean over the data, the first axis, of differences of variances over the second axis, the features.",
    code: "Variances over the samples, of each feature; then the mean over the features.",
    here: "As the code: what the paper says of PCA, that the loss is the squared error, holds of these alone.",
    test: {
      file: "kernels-test/metrics/variance.test.ts",
      name: "what PCA of any rank loses of the variance",
    },
  },
  {
    about: "The variance law",
    topic: "normalisation",
    text: "E μ² + E σ² = 1.",
    code: "The network gives log σ. The code takes its exponential, so that it adds E σ, not E σ²: 1.044 in place of 1 for σ = 0.1.",
    here: "E σ², and E σ where `--renormalise paper` asks for it. Gains of the published rows may in part be this.",
    test: published,
  },
  {
    about: "What is renormalised",
    topic: "normalisation",
    text: "Generated data, towards the variance of real data; figure 6 speaks of the latent space.",
    code: "Codes, and reconstructions with their means kept. The branch that would do it to generated images is never taken.",
    here: "Codes of any sampler, and reconstructions.",
    test: { file: RENORMALISED, name: "reconstructions get the spread of samples" },
  },
  {
    about: "How far",
    text: "To a variance of 1, the one expected of a two-stage VAE.",
    code: "To what 10,000 test images give for the law: one number for all coordinates, though those that are not in use lose the most.",
    here: "To what training codes give, to 1, or as published; by one number, or one for each coordinate.",
    test: { file: RENORMALISED, name: "codes have the deviation that they are to have" },
  },
  {
    about: "When",
    topic: "normalisation",
    text: "Always.",
    code: "Only where the variance that the second VAE loses of codes is more than a quarter of its squared error.",
    here: "Always, and under that condition as published.",
    test: published,
  },
  {
    about: "What is measured of generated codes",
    topic: "normalisation",
    text: "Their variance.",
    code:
      "Of each batch of 100 the mean of the deviations. A mean of deviations is less than the root of the mean variance, and the deviation of 100 " +
      "is less than that of all, by 0.75 %: both make codes too wide.",
    here: "The root of the mean variance of 10,000 codes, once.",
    test: published,
  },
  {
    about: "Noise on codes of the second stage",
    topic: "normalisation",
    text: "Not mentioned; codes are those of the model of Dai and Wipf.",
    code: "Dai and Wipf add γ N(0, I), which adds to the variance. The code of this paper does not, and then renormalises.",
    here: "Added unless `--no-gamma-noise` or `--renormalise paper` is given.",
    test: { file: RENORMALISED, name: "any model's sampler is renormalised" },
  },
  {
    about: "The weight of the KL term",
    text: "Left to the paper on balancing, whose γ² is the mean squared error.",
    code:
      "γ² starts from 1 and follows the running mean of the squared errors down, never up, so that a batch of little error stays for good. The KL term " +
      "is multiplied with (2 side / length of the code)²: 1 for CIFAR-10, but 4 for CelebA.",
    here: "The same γ²; the factor is `--balanced`.",
    test: { file: "kernels-test/models/likelihood.test.ts", name: "computed γ² is the running mean" },
  },
  {
    about: "Decay of weights",
    text: "Not mentioned.",
    code: "An L2 penalty of 0.001 is given to the layers for CelebA. It is never added to the loss.",
    here: "None.",
  },
  {
    about: "Images that are measured",
    topic: "images",
    text: "FID of generated images.",
    code:
      "Dai and Wipf, whose figures stand beside its own, stretch each generated image from its least number to 0 and from its " +
      "largest to 1, real ones not; and CIFAR-10 goes through JPEG files before it is trained on.",
    here: "Images are cut to 0 … 1, and are never stretched or saved.",
  },
];

/** The differences as a page. */
export function differencesPage(differences: readonly Difference[]): string {
  const parts = differences.map(({ about, text, code, here, test }, i) =>
    [
      `## ${i + 1}. ${about}`,
      [`- Text: ${text}`, `- Code: ${code}`, `- Here: ${here}`].join("\n"),
      ...(test ? [`Tested in [${test.file}](../../../${test.file}): “${test.name} …”.`] : []),
    ].join("\n\n"),
  );
  const head =
    "# Text and code of “Variance loss in variational autoencoders”\n\n" +
    "What the paper (Asperti, 2020) says, what its code does, and what is done here: the ten most instructive differences.";
  return `${[head, ...parts].join("\n\n")}\n`;
}
