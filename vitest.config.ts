import { configDefaults, defineConfig } from "vitest/config";

const folder = "kernels-test";
const all = `${folder}/**/*.test.ts`;

/** Tests that compute in a real browser, whatever adapter HESTENES_ADAPTER names for Node. */
const browser = [
  `${folder}/browser/**/*.test.ts`,
  `${folder}/web/{data,latent,offline,pages,serve,start,svd,train}.test.ts`,
];

/** Tests that need no adapter. All others are for Node's, and fail without one. */
const plain = [
  `${folder}/data/**/*.test.ts`,
  `${folder}/metrics/{bumpFit,definitions,distances,relativeError}.test.ts`,
  `${folder}/latent/{gmm,interpolation,spectrum}.test.ts`,
  `${folder}/models/catalogue.test.ts`,
  `${folder}/report/**/*.test.ts`,
  `${folder}/runs/{checkpoint,files}.test.ts`,
  `${folder}/reproduce/experiments.test.ts`,
  `${folder}/web/{camera,form}.test.ts`,
  `${folder}/layout.test.ts`,
];

const shared = { pool: "forks", testTimeout: 60_000, hookTimeout: 60_000 } as const;
const noGpu = process.env.NO_GPU === "1";

export default defineConfig({
  test: {
    maxWorkers: 2,
    globalSetup: noGpu ? [] : [`${folder}/printAdapter.ts`],
    projects: [
      { test: { name: "plain", include: plain, ...shared } },
      ...(noGpu
        ? []
        : [
            {
              test: {
                name: "adapter",
                include: [all],
                exclude: [...configDefaults.exclude, ...plain, ...browser],
                ...shared,
              },
            },
            { test: { name: "browser", include: browser, ...shared } },
          ]),
    ],
  },
});
