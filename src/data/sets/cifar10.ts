import { describeDataset } from "../descriptor.ts";

/** The paper's settings are those of its tables A.3-1 to A.3-3. */
export const cifar10 = /* @__PURE__ */ describeDataset({
  name: "cifar10",
  title: "CIFAR-10",
  files: "public",
  range: [0, 1],
  colormap: "grey",
  settings: [],
  codeLength: 64,
  presets: {
    quick: { latent: 128, rank: 60, beta: 0, steps: 300, batch: 64, rate: 1e-3 },
    paper: { latent: 512, rank: 60, beta: 0, steps: 3900, batch: 64, rate: 1e-4 },
  },
});
