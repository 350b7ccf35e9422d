import { describeDataset } from "../descriptor.ts";

/** Pictures in a folder; the paper's settings are those of CelebA (tables A.3-1 to A.3-3). */
export const folder = /* @__PURE__ */ describeDataset({
  name: "folder",
  title: "pictures of a folder",
  files: "own",
  range: [0, 1],
  colormap: "grey",
  settings: ["size"],
  codeLength: 64,
  presets: {
    quick: { size: 64, latent: 128, rank: 32, beta: 1e-6, steps: 300, batch: 32, rate: 1e-3 },
    paper: { size: 160, latent: 512, rank: 186, beta: 1e-6, steps: 2200, batch: 576, rate: 1e-3 },
  },
});
