import { describeDataset } from "../descriptor.ts";

/** No paper says how its points were made; lengths of 16 and 32 are those that the MaskAAE paper compares. */
export const synthetic = /* @__PURE__ */ describeDataset({
  name: "synthetic",
  title: "synthetic points",
  files: "none",
  range: "auto",
  colormap: "viridis",
  settings: ["intrinsic", "ambient", "count", "dataSeed"],
  codeLength: 8,
  presets: {
    quick: {
      ...{ intrinsic: 8, ambient: 32, count: 10_000 },
      ...{ latent: 16, rank: 8, beta: 1e-3, steps: 500, batch: 64, rate: 1e-3 },
    },
    paper: {
      ...{ intrinsic: 8, ambient: 32, count: 50_000 },
      ...{ latent: 16, rank: 8, beta: 1e-3, steps: 50_000, batch: 64, rate: 1e-3 },
    },
  },
});
