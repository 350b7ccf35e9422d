import {
  collectTests,
  startTests,
  type File,
  type Suite,
  type Task,
  type VitestRunner,
} from "@vitest/runner";
import { openDevice } from "../../../src/device/device.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import type { FileResult, PageFile, PageResult } from "./protocol.ts";

/**
 * The tests of all kernels, and tests that fail on purpose. Layers have no kernels of their own, and what is left in memory
 * is counted by the engine: Node's tests of both say what these could.
 */
const kernels = import.meta.glob([
  "../../*.test.ts",
  "../../{device,tensor,optim,latent}/*.test.ts",
  "!../../{docs,layout,operands,property,slices,walks}.test.ts", // these need Node, or no adapter
  "!../../latent/{gmm,interpolation,spectrum}.test.ts", // which plain JavaScript computes
  "!../../device/{adapters,arguments,endless,idle,leaks,threads,tuning}.test.ts",
]);
const failing = import.meta.glob("./failing/*.ts");
const modules = { ...kernels, ...failing };

/**
 * Tests of these that Node runs alone. What they say of numbers at length, of statistics and of what is repeated holds of the
 * arithmetic, which is the same in a browser; and of kernels that take seconds to compile in one, a shape or two are enough:
 * those of `convTranspose2d` are those of `conv2d` with its gradients.
 */
const inNodeAlone = [
  /keeps? (its|their) digits/,
  /as GPUs share it out/,
  /recorded updates/,
  /right over everything that an f32 holds/,
  /numbers follow their distributions/,
  /the spectrum of 120 × 100/,
  /same bits/,
  /steps as in float64/,
  /CPU adapters choose it/,
  /^matmul.* in workgroup memory .* bias /,
  /^conv2d.* in workgroup memory .* around the tile /,
  /^convTranspose2d.* in workgroup memory /,
  /^convTranspose2d.*: staged$/,
];

/** Which of these a test is one of. */
const leftOutBy = (file: File, test: Task) => {
  const name = [nameInTests(file), ...pathOf(test)].join(" ");
  return inNodeAlone.filter((pattern) => pattern.test(name));
};

function leaveOut(files: readonly File[]): void {
  for (const file of files)
    for (const test of testsOf(file)) if (leftOutBy(file, test).length > 0) test.mode = "skip";
}

/** Leaves out of a file's tests all but the last of each group and operation, whose name begins a test's. */
function keepSample(file: File): void {
  const tests = [...testsOf(file)].filter(({ mode }) => mode === "run");
  const operation = (test: Task) => [...pathOf(test).slice(0, -1), test.name.split(/[ ,:]/)[0]].join(" > ");
  // which reads a thousand times, and Firefox polls for each read
  const sampled = tests.filter(({ name }) => name !== "all orders of four come equally often");
  const kept = new Set(new Map(sampled.map((test) => [operation(test), test])).values());
  for (const test of tests) if (!kept.has(test)) test.mode = "skip";
}

/** Runs tests as vitest does, in the page. */
function runner(more: Partial<VitestRunner> = {}): VitestRunner {
  return {
    config: {
      root: "/",
      setupFiles: [],
      name: undefined,
      passWithNoTests: false,
      testNamePattern: undefined,
      allowOnly: false,
      sequence: { seed: 1, hooks: "stack", setupFiles: "list" },
      chaiConfig: undefined,
      maxConcurrency: 1,
      testTimeout: 120_000,
      hookTimeout: 60_000,
      retry: 0,
      includeTaskLocation: false,
      tags: [],
      tagsFilter: undefined,
      strictTags: false,
    },
    importFile: (path) => modules[path]!(),
    onCollected: leaveOut,
    ...more,
  };
}

function* testsOf(suite: Suite): Generator<Exclude<Task, Suite>> {
  for (const task of suite.tasks) {
    if (task.type === "suite") yield* testsOf(task);
    else yield task;
  }
}

/** What went wrong in a test, or else in the hooks of a group around it. */
function errorOf(task: Task | undefined): string | undefined {
  const errors = task?.result?.errors ?? [];
  if (task === undefined) return undefined;
  if (errors.length > 0)
    return errors
      .map(({ stack, message }) => (stack?.includes(message) ? stack : `${message}\n${stack ?? ""}`))
      .join("\n");
  return errorOf(task.suite ?? (task.type === "suite" && task !== task.file ? task.file : undefined));
}

function pathOf(task: Task): string[] {
  return task.suite ? [...pathOf(task.suite), task.name] : [task.name];
}

const nameInTests = (file: File) => file.name.replace(/^(\.\.?\/)+/, "");

function describeFile(file: File): PageFile {
  const tests = [...testsOf(file)]
    .filter((test) => leftOutBy(file, test).length === 0)
    .map((test) => ({ id: test.id, path: pathOf(test) }));
  return { name: nameInTests(file), tests, error: errorOf(file) };
}

const page = {
  /** The tests of all kernels, or those that fail on purpose. */
  async collect(which: "kernels" | "failing"): Promise<PageFile[]> {
    const paths = Object.keys(which === "kernels" ? kernels : failing);
    const files = await collectTests(paths, runner());
    const used = new Set(
      files.flatMap((file) => [...testsOf(file)].flatMap((test) => leftOutBy(file, test))),
    );
    const idle = inNodeAlone.filter((pattern) => !used.has(pattern));
    if (which === "kernels" && idle.length > 0) throw new Error(`no test is called ${idle.join(", or ")}`);
    return files.map(describeFile);
  },

  /** Runs the tests of the file `name`; each result goes to `report` as it comes, and to the returned list. */
  async run(name: string, report: (result: PageResult) => void): Promise<PageResult[]> {
    const path = Object.keys(modules).find((key) => key.endsWith(`/${name}`));
    if (path === undefined) throw new Error(`${name} is not in the page`);
    const result = (test: Task): PageResult => ({
      id: test.id,
      error: errorOf(test) ?? (test.result?.state === "pass" ? undefined : "the test did not run"),
    });
    const files = await startTests([path], runner({ onAfterRunTask: (test) => report(result(test)) }));
    return files.flatMap((file) => [...testsOf(file)].map(result));
  },

  /**
   * Runs the tests of all kernels, or a sample: of each file the last test of each group and operation. `tell` is told of
   * each file how many of its tests have run, and what failed.
   */
  async runAll(isSample: boolean, tell: (file: FileResult) => Promise<void>): Promise<void> {
    for (const path of Object.keys(kernels)) {
      const sampled = runner({
        onCollected(files) {
          leaveOut(files);
          if (isSample) files.forEach(keepSample);
        },
      });
      const files = await startTests([path], sampled);
      const tests = files.flatMap((file) => [...testsOf(file)]).filter(({ mode }) => mode === "run");
      const failed = tests.filter((test) => test.result?.state !== "pass");
      const why = failed.map((test) => `${pathOf(test).join(" > ")}: ${errorOf(test) ?? "it did not run"}`);
      const broken = files.flatMap((file) => (tests.length === 0 && errorOf(file)) || []);
      await tell({ name: path.replace(/^[./]+/, ""), ran: tests.length, failed: [...why, ...broken] });
    }
  },

  openDevice,
  tensor,
};

/** What a test outside of the page can call. */
export type Page = typeof page;

Object.assign(globalThis, { page });
