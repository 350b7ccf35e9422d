import { configDefaults, defineConfig } from "vitest/config";
import { SlowestFiles } from "./kernels-test/slowest.ts";

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
  `${folder}/metrics/{bumpFit,codes,definitions,distances,relativeError,variance}.test.ts`,
  `${folder}/latent/{interpolation,spectrum}.test.ts`,
  `${folder}/models/catalogue.test.ts`,
  `${folder}/report/**/*.test.ts`,
  `${folder}/runs/{checkpoint,files,lease}.test.ts`,
  `${folder}/reproduce/{differences,experiments}.test.ts`,
  `${folder}/sweep/{page,plan}.test.ts`,
  `${folder}/web/{camera,form}.test.ts`,
  `${folder}/{layout,walks}.test.ts`,
];

/** Tests of operations and of what is made of them: they leave nothing behind, so one process runs file after file. */
const ops = [`${folder}/*.test.ts`, `${folder}/{svd,nn,optim,latent,models}/**/*.test.ts`];

/** Tests that open, lose and look into devices of their own. */
const devices = [`${folder}/device/**/*.test.ts`, `${folder}/cli/{binding,devices}.test.ts`];

const shared = { pool: "forks", testTimeout: 60_000, hookTimeout: 60_000 } as const;
const sharing = { ...shared, setupFiles: [`${folder}/shareDevices.ts`] };
const noGpu = process.env.NO_GPU === "1";
const exclude = [...configDefaults.exclude, ...plain, ...browser];

export default defineConfig({
  test: {
    maxWorkers: 2,
    reporters: ["default", new SlowestFiles(10)],
    globalSetup: noGpu ? [] : [`${folder}/printAdapter.ts`],
    projects: [
      { test: { name: "plain", include: plain, ...shared } },
      ...(noGpu
        ? []
        : [
            // A group of their own: between two of them no other file takes the process, and with it what is compiled.
            {
              test: {
                name: "adapter-ops",
                include: ops,
                exclude,
                isolate: false,
                sequence: { groupOrder: 1 },
                ...sharing,
              },
            },
            {
              test: {
                name: "adapter-runs",
                include: [all],
                exclude: [...exclude, ...ops, ...devices],
                ...sharing,
              },
            },
            { test: { name: "adapter-devices", include: devices, ...shared } },
            {
              test: {
                name: "browser",
                include: browser,
                globalSetup: [`${folder}/web/oneBuild.ts`],
                ...shared,
              },
            },
          ]),
    ],
  },
});
