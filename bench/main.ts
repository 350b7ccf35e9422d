import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus } from "node:os";
import { Command, Option } from "commander";
import { z } from "zod";
import { clock } from "../src/cli/progress.ts";
import { UsageError, whole } from "../src/cli/usage.ts";
import { openDevice } from "../src/device/device.ts";
import { HestenesError } from "../src/device/errors.ts";
import { better, measureCeilings } from "./ceilings.ts";
import type { Engine } from "./engine.ts";
import { HestenesEngine } from "./hestenes.ts";
import { noiseOf } from "./hestenesStep.ts";
import { inputsOf } from "./inputs.ts";
import { measureLaunches } from "./launches.ts";
import { measureLoading } from "./loading.ts";
import { measure } from "./measure.ts";
import { measureOp, opBenches } from "./ops.ts";
import { resultsPage } from "./page.ts";
import { installGpu } from "./peers/gpu.ts";
import { svdLibraries } from "./peers/svd.ts";
import { openJax } from "./peers/jax.ts";
import { openTfjs } from "./peers/tfjs.ts";
import { openTorch } from "./peers/torch.ts";
import { profiledSteps, profileSteps } from "./profile.ts";
import { keptResults, ratioTables, withTables } from "./readme.ts";
import type { Results, Row } from "./results.ts";
import { figure, resultsTable } from "./table.ts";
import { tasks } from "./tasks.ts";
import { systemWords } from "../src/device/systemWords.ts";

interface Options {
  json?: string;
  html?: string;
  adapter?: string;
  only: string;
  engine?: string[];
  heavy?: boolean;
  torch?: string;
  python?: string;
  ops?: boolean;
  readme?: boolean;
  budget: number;
}

const torchRow = z.object({
  ...{ case: z.string(), op: z.string(), ms: z.number(), min: z.number(), n: z.number() },
  gflops: z.number().optional(),
});
const torchFile = z.union([z.array(torchRow), z.object({ rows: z.array(torchRow) })]);

const program = new Command("bench")
  .description("Measure kernels and training steps of hestenes, TensorFlow.js and jax-js on one adapter.")
  .option("--json <file>", "write the results as JSON")
  .option("--html <file>", "write the results as a page with bars")
  .option("--adapter <name>", "part of the adapter's name; default: HESTENES_ADAPTER, or the best there is")
  .option(
    "--only <substring>",
    "measure what has this in its name: “conv mnist.1 dw”, “step ae”, “launches”, “ceilings”, “profile”; " +
      "“loading” of 20,000 pictures, which takes minutes, has to be asked for",
    "",
  )
  .addOption(
    new Option("--engine <name...>", "measure these engines only, and hestenes").choices([
      ...["hestenes", "tfjs-webgpu", "jax-js", "ml-matrix", "svd-js", "numeric"],
    ]),
  )
  .option("--heavy", "also measure the cases for real GPUs")
  .option(
    "--torch <file>",
    "compare with rows of PyTorch, from a JSON file with `rows` as --json writes them",
  )
  .option(
    "--python <file>",
    "take training steps in PyTorch too, in turns with the others; a Python that has it",
  )
  .option("--ops", "measure the benchmarks of single ops instead, without other engines")
  .option("--budget <ms>", "milliseconds of runs of each engine in each case", whole("--budget"), 800)
  .option("--readme", "measure nothing: make the documentation's tables from bench/results/*.json");
try {
  const given = program.parse().opts<Options>();
  if (given.readme) writeReadme();
  else await main(given);
} catch (error) {
  if (!(error instanceof HestenesError || error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(error instanceof UsageError ? 2 : 1);
}

async function main(options: Options): Promise<void> {
  if (!measuresAnything(options))
    throw new UsageError(
      `--only ${options.only}: nothing has this in its name; ` +
        `among what has one are “${tasks({ heavy: true, only: "" })[0]!.name}” and “launches”`,
    );
  const torch = torchRows(options.torch);
  const device = await openDevice({ adapter: options.adapter, tuned: false });
  const results: Results = {
    adapter: device.info.name,
    driver: device.info.driver,
    machine: `${cpus()[0]?.model ?? "unknown processor"}, ${cpus().length} cores`,
    commit: commit(),
    date: new Date().toISOString(),
    versions: versions("webgpu", "@tensorflow/tfjs", "@jax-js/jax", "ml-matrix", "svd-js", "numeric"),
    rows: [],
    failed: [],
    launches: [],
  };
  write(results, options); // fails now rather than after the first case
  say(results.adapter);
  if ("launches".includes(options.only)) {
    say("launches"); // before the peers come, beside which each call takes half as long again
    results.launches = await measureLaunches(device);
  }
  if (wantsLoading(options)) results.loading = await measureLoading(device, say);
  if (wantsCeilings(options)) results.ceilings = await measureCeilings(device);
  if (options.ops) await runOps(results, options);
  else await runCases(results, new HestenesEngine(device), options, torch);
  if (wantsCeilings(options)) {
    say("ceilings");
    results.ceilings = better(await measureCeilings(device), results.ceilings);
    results.profiles = await profileSteps(device, results.ceilings, profiledSteps(options.only), say);
  }
  clearLine();
  write(results, options);
  process.stdout.write(resultsTable(results));
  process.exit(results.failed.some(({ engine }) => engine === "hestenes") ? 1 : 0); // the peers keep Node alive
}

function measuresAnything(options: Options): boolean {
  const { only, heavy = false, ops = false } = options;
  const isTask = tasks({ heavy, only }).length > 0;
  return ops || isTask || "launches".includes(only) || wantsLoading(options) || wantsCeilings(options);
}

function wantsLoading({ only }: Options): boolean {
  return only === "loading";
}

/** Profiles are compared with ceilings, so they come together; single ops do without. */
function wantsCeilings({ only, ops = false }: Options): boolean {
  return "ceilings".includes(only) || (!ops && ("profile".includes(only) || only.startsWith("profile")));
}

function writeReadme(): void {
  const file = new URL("../src/web/docs/performance.md", import.meta.url);
  const text = withTables(readFileSync(file, "utf8"), ratioTables(keptResults()));
  if (text === undefined)
    throw new Error("the page on performance has no marks that say where the tables go");
  writeFileSync(file, text);
}

async function runCases(
  results: Results,
  own: HestenesEngine,
  options: Options,
  torch: readonly Row[],
): Promise<void> {
  const { heavy = false, only, budget } = options;
  const list = tasks({ heavy, only });
  const start = performance.now();
  const engines = [own, ...(list.length > 0 ? await openPeers(results.adapter, options) : [])];
  for (const [i, task] of list.entries()) {
    const label = `${i + 1}/${list.length} (${clock((performance.now() - start) / 1e3)}) ${task.name} ${task.op}`;
    const noise = task.kind === "step" ? await noiseOf(own.device, task) : {};
    const inputs = { ...inputsOf(task), ...noise };
    const effort = { budget, most: 60 };
    const { rows, failed } = await measure(engines, task, inputs, effort, (what) => say(`${label}: ${what}`));
    results.rows.push(...rows);
    results.failed.push(...failed);
    clearLine();
    const times = rows.map(({ engine, ms }) => `${engine} ${figure(ms)} ms`);
    const wrong = failed.map(({ engine, reason }) => `${engine} failed (${reason})`);
    process.stderr.write(`${label}: ${[...times, ...wrong].join(", ")}\n`);
    write(results, options);
  }
  const measured = new Set(list.map(({ name, op }) => `${name} ${op}`));
  results.rows.push(...torch.filter((row) => measured.has(`${row.case} ${row.op}`)));
}

/** Opens the engines that hestenes is compared with, on the adapter of exactly this name. */
async function openPeers(adapter: string, { engine: wanted, python }: Options): Promise<Engine[]> {
  installGpu(adapter);
  const engines: Engine[] = [];
  for (const [name, open] of [
    ["tfjs-webgpu", openTfjs],
    ["jax-js", openJax],
  ] as const)
    if (!wanted || wanted.includes(name)) engines.push(await open());
  if (python !== undefined) engines.push(await openTorch(python));
  return [...engines, ...svdLibraries().filter(({ name }) => !wanted || wanted.includes(name))];
}

async function runOps(results: Results, { only, adapter }: Options): Promise<void> {
  for (const bench of await opBenches()) {
    const device = await openDevice({ adapter, tuned: false });
    results.rows.push(...(await measureOp(device, bench, only, say)));
    device.close();
  }
}

/** The rows of a file that PyTorch's side of the benchmark wrote. */
function torchRows(file: string | undefined): Row[] {
  if (file === undefined) return [];
  try {
    const found = torchFile.parse(JSON.parse(readFileSync(file, "utf8")));
    return (Array.isArray(found) ? found : found.rows).map(({ gflops, ...row }) => ({
      ...{ engine: "torch", ...row },
      ...(gflops === undefined ? {} : { gflops }),
    }));
  } catch (cause) {
    throw new UsageError(`--torch ${file} cannot be read, or has no rows of case, op, ms, min and n`, {
      cause,
    });
  }
}

function write(results: Results, { json, html }: Options): void {
  try {
    if (json !== undefined) writeFileSync(json, JSON.stringify(results, null, 1) + "\n");
    if (html !== undefined) writeFileSync(html, resultsPage(results));
  } catch (cause) {
    throw new UsageError(`the results cannot be written: ${systemWords(cause)}`, { cause });
  }
}

/** The commit that is measured, with a + where files differ from it. */
function commit(): string {
  const git = (...args: string[]) =>
    execFileSync("git", args, { cwd: import.meta.dirname, encoding: "utf8", stdio: "pipe" }).trim();
  try {
    return git("rev-parse", "--short", "HEAD") + (git("status", "--porcelain") === "" ? "" : "+");
  } catch {
    return "unknown";
  }
}

function versions(...packages: string[]): Record<string, string> {
  const require = createRequire(import.meta.url);
  const entries = packages.map((name) => {
    const folder = require.resolve(name).split(`/node_modules/${name}/`)[0]!;
    const text = readFileSync(`${folder}/node_modules/${name}/package.json`, "utf8");
    return [name, (JSON.parse(text) as { version: string }).version];
  });
  return Object.fromEntries([["node", process.versions.node], ...entries]) as Record<string, string>;
}

/** Shows what is going on, on a terminal in one line. */
function say(message: string): void {
  if (!process.stderr.isTTY) return;
  clearLine();
  process.stderr.write(message);
}

function clearLine(): void {
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
}
