import { describeDataset } from "../descriptor.ts";

/** The paper's settings (table A.3-1); the rate and β are those of the authors' run scripts. */
export const bumps = /* @__PURE__ */ describeDataset({
  name: "bumps",
  title: "100 Gaussian bumps",
  files: "none",
  range: "auto",
  colormap: "viridis",
  settings: ["size"],
  leastSize: 2,
  codeLength: 8,
  presets: {
    quick: { size: 32, latent: 64, rank: 2, beta: 1e-3, steps: 200, batch: 32, rate: 2e-3 },
    paper: { size: 64, latent: 200, rank: 2, beta: 1e-3, steps: 2000, batch: 64, rate: 1e-3 },
  },
});
