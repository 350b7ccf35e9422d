import { describeDataset } from "../descriptor.ts";

/** Arrays of any shape, of which no paper says anything. */
export const npy = /* @__PURE__ */ describeDataset({
  name: "npy",
  title: "arrays",
  files: "own",
  range: "auto",
  colormap: "grey",
  settings: ["divideBy", "layout"],
  codeLength: 16,
  presets: {
    quick: { latent: 64, rank: 8, beta: 1e-6, steps: 300, batch: 64, rate: 1e-3 },
    paper: { latent: 200, rank: 8, beta: 1e-6, steps: 2000, batch: 64, rate: 1e-3 },
  },
});
