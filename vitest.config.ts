import { configDefaults, defineConfig } from "vitest/config";
import { beginningWith } from "./kernels-test/sequence.ts";
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
  `${folder}/web/{camera,emoji,form}.test.ts`,
  `${folder}/{layout,walks}.test.ts`,
];

/** Tests of operations, and of what is made of them. A process cannot hold the memory mappings of both on lavapipe. */
const ops = [`${folder}/*.test.ts`];
const models = [`${folder}/{svd,nn,optim,latent,models,export}/**/*.test.ts`];

/** Tests that open, lose and look into devices of their own. */
const devices = [`${folder}/device/**/*.test.ts`, `${folder}/cli/{binding,devices}.test.ts`];

/** Decoded pictures are kept by the tests that say where. */
const env = { HESTENES_CACHE: "off" };
const common = { pool: "forks", testTimeout: 60_000, hookTimeout: 60_000, env } as const;
/** Files that leave nothing behind: one process runs file after file, and keeps what it has loaded and compiled. */
const together = (groupOrder: number) => ({ ...common, isolate: false, sequence: { groupOrder } });
const setupFiles = [`${folder}/shareDevices.ts`];
const noGpu = process.env.NO_GPU === "1";
const exclude = [...configDefaults.exclude, ...plain, ...browser];

/** Those of one group run side by side; between two files that go together no other one takes the process. */
export default defineConfig({
  test: {
    maxWorkers: 2,
    sequence: {
      sequencer: beginningWith(
        "property.test.ts",
        "kill.test.ts",
        "library.test.ts",
        "browser/kernels.test.ts", // bundles its page while the next one has the others built
        "web/train.test.ts",
      ),
    },
    reporters: ["default", new SlowestFiles(10)],
    globalSetup: noGpu ? [] : [`${folder}/printAdapter.ts`],
    projects: [
      { test: { name: "plain", include: plain, ...together(1) } },
      ...(noGpu
        ? []
        : [
            { test: { name: "adapter-ops", include: ops, exclude, setupFiles, ...together(2) } },
            { test: { name: "adapter-models", include: models, exclude, setupFiles, ...together(3) } },
            {
              test: {
                name: "adapter-runs",
                include: [all],
                exclude: [...exclude, ...ops, ...models, ...devices],
                setupFiles,
                ...together(4),
              },
            },
            { test: { name: "adapter-devices", include: devices, ...common } },
            {
              test: {
                name: "browser",
                include: browser,
                globalSetup: [`${folder}/buildFolder.ts`],
                setupFiles,
                ...together(5),
              },
            },
          ]),
    ],
  },
});
