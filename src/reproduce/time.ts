import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Device } from "../device/device.ts";
import { DataError } from "../device/errors.ts";
import type { Autoencoder } from "../models/autoencoder.ts";
import { partSizes, type Batch } from "../models/parts.ts";
import { vae } from "../models/vae.ts";
import { vrrae } from "../models/vrrae.ts";
import { randomUniform, RandomState } from "../ops/random.ts";
import { datasetNamed, type DatasetName } from "../data/known.ts";
import { makeFolder, readFile, writeFileAtomic } from "../runs/files.node.ts";
import { recordStep, type RecordedStep } from "../train/recordedStep.ts";
import type { Scale } from "./experiment.ts";
import { counted } from "./words.ts";

/** A training step whose time is measured with a VAE and with a VRRAE of the same networks. */
export interface TimedCase {
  name: string;
  /** Shape of a sample. */
  input: readonly number[];
  batch: number;
  latent: number;
  rank: number;
  /** Seconds of a step in table A.4-1. */
  published?: { vae: number; vrrae: number };
}

/** Seconds of each step, VAE and VRRAE in turn, and the part of the VRRAE's kernels that are the SVD's. */
const timesSchema = z.object({
  name: z.string(),
  adapter: z.string(),
  vae: z.array(z.number().positive()),
  vrrae: z.array(z.number().positive()),
  /** Share of the device's time; of adapters without timestamps none. */
  svdShare: z.number().exactOptional(),
});
export type Times = z.output<typeof timesSchema>;

/** What is measured: the shapes of the paper's data sets, of CelebA's faces only at its own scale. */
export function timedCases(scale: Scale): TimedCase[] {
  const of = (data: DatasetName, input: readonly number[]) => {
    const { batch, latent, rank } = datasetNamed(data).presets.paper;
    return { input, batch, latent, rank };
  };
  return [
    { name: "Bumps", ...of("bumps", [64, 64, 1]) },
    { name: "MNIST", ...of("mnist", [28, 28, 1]), published: { vae: 2.64, vrrae: 2.79 } },
    { name: "CIFAR-10", ...of("cifar10", [32, 32, 3]), published: { vae: 0.315, vrrae: 0.319 } },
    ...(scale === "paper"
      ? [{ name: "CelebA", ...of("folder", [160, 160, 3]), published: { vae: 3.18, vrrae: 3.39 } }]
      : []),
  ];
}

export interface TimeOptions {
  /** Steps of each model that are measured. */
  rounds: number;
  /** The folder of the measurements, one file for each case; what is there is not measured again. */
  out: string;
  onNotice?: (notice: string) => void;
  signal?: AbortSignal;
}

/** Measures the cases that are not measured yet; those that were interrupted are left out. */
export async function measureTimes(
  device: Device,
  cases: readonly TimedCase[],
  { rounds, out, onNotice, signal }: TimeOptions,
): Promise<Times[]> {
  makeFolder(out);
  const all: Times[] = [];
  for (const one of cases) {
    const file = join(out, `${one.name.toLowerCase()}.json`);
    let times = timesOf(file);
    if (!times || times.adapter !== device.info.name || times.vae.length !== rounds) {
      if (signal?.aborted) break;
      onNotice?.(`${one.name}: ${counted(rounds, "step")} each, batches of ${one.batch}.`);
      times = await measure(device, one, rounds, signal);
      if (!times) break;
      writeFileAtomic(file, JSON.stringify(times, null, 2) + "\n");
    }
    all.push(times);
  }
  return all;
}

async function measure(
  device: Device,
  { name, input, batch, latent, rank }: TimedCase,
  rounds: number,
  signal: AbortSignal | undefined,
): Promise<Times | undefined> {
  const models = [
    vae(device, { input, latent: rank, beta: 1e-6 }),
    vrrae(device, { input, latent, rank, beta: 1e-6 }),
  ] as const;
  const atOnce = Math.min(...models.map((model) => model.atOnce));
  const noise = new RandomState(device, 0);
  const x = partSizes(batch, atOnce).map((size) => randomUniform(noise, [size, ...input]).keep());
  noise.dispose();
  const steps = [stepOf(models[0], x), stepOf(models[1], x)] as const;
  try {
    for (const step of steps) await timeOf(step); // the first replay makes what the recording did not
    const seconds = [[], []] as [number[], number[]];
    for (let round = 0; round < rounds; round++) {
      if (signal?.aborted) return undefined;
      for (const which of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const))
        seconds[which].push(await timeOf(steps[which]));
    }
    const svdShare = await shareOfSvd(device, steps[1]);
    const adapter = device.info.name;
    return {
      name,
      adapter,
      vae: seconds[0],
      vrrae: seconds[1],
      ...(svdShare === undefined ? {} : { svdShare }),
    };
  } finally {
    for (const owned of [...steps, ...x]) owned.dispose();
  }
}

function stepOf(model: Autoencoder, x: Batch): RecordedStep {
  return recordStep(model, { kind: "adabelief", rate: 1e-3 }, x, 1);
}

/** Takes the step, waits for its loss, and says how many seconds that took. */
async function timeOf({ program, loss }: RecordedStep): Promise<number> {
  const start = performance.now();
  program.run();
  await loss.item();
  return (performance.now() - start) / 1000;
}

/** The part of the launches' time that those of the decomposition and its gradient take; undefined without timestamps. */
async function shareOfSvd(device: Device, { program }: RecordedStep): Promise<number | undefined> {
  if (!device.gpu.features.has("timestamp-query")) return undefined;
  const profiler = device.profile();
  program.run();
  await device.finish();
  device.profile(false);
  const rows = await profiler.table();
  return rows.filter(({ label }) => label.startsWith("svd")).reduce((sum, { share }) => sum + share, 0);
}

function timesOf(file: string): Times | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return timesSchema.parse(JSON.parse(readFile(file).toString("utf8")));
  } catch {
    throw new DataError(file, undefined, "these are no times; take the file away to measure again");
  }
}

/**
 * Medians in seconds, by how much percent that of the VRRAE is longer, and how far that is from sure: the quartiles of
 * the same percentage round by round.
 */
export interface Overhead {
  vae: number;
  vrrae: number;
  percent: number;
  quartiles: [number, number];
}

export function overheadOf({ vae, vrrae }: Pick<Times, "vae" | "vrrae">): Overhead {
  const medians = { vae: quantile(vae, 0.5), vrrae: quantile(vrrae, 0.5) };
  const percents = vrrae.map((seconds, round) => 100 * (seconds / vae[round]! - 1));
  return {
    ...medians,
    percent: 100 * (medians.vrrae / medians.vae - 1),
    quartiles: [quantile(percents, 0.25), quantile(percents, 0.75)],
  };
}

/** The value below which the share `p` of the list lies, between two of its values on the straight line. */
function quantile(list: readonly number[], p: number): number {
  const sorted = [...list].sort((a, b) => a - b);
  const at = p * (sorted.length - 1);
  const low = sorted[Math.floor(at)]!;
  return low + (at % 1) * (sorted[Math.ceil(at)]! - low);
}
