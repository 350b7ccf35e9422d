import { describeDataset } from "../descriptor.ts";

/** What MNIST and Fashion-MNIST have in common; the paper's settings are those of its tables A.3-1 to A.3-3. */
const digits = {
  files: "public",
  range: [0, 1],
  colormap: "grey",
  settings: [],
  codeLength: 16,
  presets: {
    quick: { latent: 100, rank: 16, beta: 1e-6, steps: 300, batch: 64, rate: 1e-3 },
    paper: { latent: 100, rank: 16, beta: 1e-6, steps: 2100, batch: 576, rate: 1e-3 },
  },
} as const;

export const mnist = /* @__PURE__ */ describeDataset({ name: "mnist", title: "MNIST", ...digits });

export const fashionMnist = /* @__PURE__ */ describeDataset({
  name: "fashion-mnist",
  title: "Fashion-MNIST",
  ...digits,
});
