import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { Command } from "commander";
import { ArgumentError } from "../device/errors.ts";
import { BasisAutoencoder } from "../models/basisAutoencoder.ts";
import { writeNpy } from "../data/npy.ts";
import { pcaError } from "../metrics/pca.ts";
import { relativeErrorOn } from "../train/evaluate.ts";
import { writeFileAtomic } from "../train/files.ts";
import { decodeCodes, fitCodes, interpolations, samplePrior } from "../train/generate.ts";
import { imageGrid, interpolationStrip, type ImageShape } from "../train/pictures.ts";
import { RunFolder } from "../train/run-folder.ts";
import { openSession, type Session } from "../train/session.ts";
import { number, printJson, UsageError } from "./usage.ts";

interface Common {
  adapter?: string;
  path?: string;
  json?: boolean;
}

export function evaluateCommand(): Command {
  return common("evaluate", "Measure a trained run's errors on its data set.").action(
    (run: string, flags: Common) =>
      withRun(run, flags, async ({ model, data, config }) => {
        const errors: Record<string, number> = {};
        for (const [part, set] of Object.entries(data))
          errors[part] = await relativeErrorOn(model, set, config.batch);
        const linearBound = pcaError(data.test, Math.min(model.codeSize, data.test.size));
        if (flags.json) return printJson({ errors, linearBound });
        for (const [part, error] of Object.entries(errors))
          process.stdout.write(`${part.padEnd(10)} ${error.toFixed(2)} %\n`);
        process.stdout.write(`linear bound on test, rank ${model.codeSize}: ${linearBound.toFixed(2)} %\n`);
      }),
  );
}

interface SampleFlags extends Common {
  count: number;
  from: string;
  components: number;
  seed?: number;
  out?: string;
}

export function sampleCommand(): Command {
  return common("sample", "Generate new samples from a trained run.")
    .option("--count <n>", "how many", number("count"), 64)
    .option("--from <sampler>", "prior (VAE, VRRAE) or mixture (any model)", "mixture")
    .option("--components <n>", "Gaussians in the mixture", number("components"), 1)
    .option("--seed <seed>", "fixes the samples", number("seed"))
    .option("--out <file>", "a .png or .npy file (default RUN/samples-SAMPLER.png)")
    .action((run: string, flags: SampleFlags) =>
      withRun(run, flags, async (session) => {
        const { model, data, config } = session;
        const { count, from, components } = flags;
        if (!Number.isInteger(count) || count < 1) throw new UsageError("--count takes a whole number from 1");
        const seed = flags.seed ?? config.seed;
        if (from !== "prior" && from !== "mixture") throw new UsageError(`--from takes prior or mixture, not ${from}`);
        if (from === "prior" && !config.model.startsWith("v"))
          throw new UsageError(`${config.model} has no prior; use --from mixture`);
        const samples =
          from === "prior"
            ? await samplePrior(model, count, seed)
            : await decodeCodes(
                model,
                (await fitCodes(model, data.train, { components, seed, count: config.basisCount })).sample(count, seed),
              );
        save(session, flags, flags.out ?? `${run}/samples-${from}.png`, samples, [count], (shape) =>
          imageGrid({ images: samples, columns: Math.ceil(Math.sqrt(count)), shape, range: rangeOf(session) }),
        );
      }),
    );
}

interface InterpolateFlags extends Common {
  pairs: number;
  steps: number;
  seed?: number;
  out?: string;
}

export function interpolateCommand(): Command {
  return common("interpolate", "Draw the way from one test image to another through the latent space.")
    .option("--pairs <n>", "how many pairs", number("pairs"), 6)
    .option("--steps <n>", "images between the two ends", number("steps"), 5)
    .option("--seed <seed>", "fixes the pairs", number("seed"))
    .option("--out <file>", "a .png or .npy file (default RUN/interpolation.png)")
    .action((run: string, flags: InterpolateFlags) =>
      withRun(run, flags, async (session) => {
        const { model, data, config } = session;
        const { pairs, steps, seed = config.seed } = flags;
        if (2 * pairs > data.test.count) throw new UsageError(`--pairs: there are ${data.test.count} test samples`);
        const images = await interpolations(model, data.test, { pairs, steps, seed });
        save(session, flags, flags.out ?? `${run}/interpolation.png`, images, [pairs, steps + 2], (shape) =>
          interpolationStrip({ images, pairs, steps: steps + 2, shape, range: rangeOf(session) }),
        );
      }),
    );
}

function common(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .argument("<run>", "a run folder, as `hestenes train` writes it")
    .option("--adapter <name>", "the adapter to use, by part of its name")
    .option("--path <folder>", "where the data set is now, if it moved")
    .option("--json", "print the result as JSON");
}

/** Opens a finished run, its basis in place, for `body`. */
async function withRun(path: string, flags: Common, body: (session: Session) => Promise<void>): Promise<void> {
  const folder = new RunFolder(path);
  const { adapter, path: data } = flags;
  const config = { ...folder.config(), ...(adapter ? { adapter } : {}), ...(data ? { path: data } : {}) };
  const session = await openSession(folder, config, { readOnly: true });
  try {
    if (session.trainer.step === 0) throw new ArgumentError(`${path} holds no trained model yet`);
    if (session.model instanceof BasisAutoencoder && !session.model.basis)
      await session.model.fitBasis(session.trainingBatches(config.basisCount), config.basis);
    await body(session);
  } finally {
    session.close();
  }
}

function rangeOf({ config }: Session): "auto" | readonly [number, number] {
  return config.data === "bumps" || config.data === "npy" ? "auto" : [0, 1];
}

/** Writes samples as a picture or as an array, by the file's ending, and says where. */
function save(
  { model }: Session,
  { json }: Common,
  file: string,
  values: Float32Array,
  leading: readonly number[],
  picture: (shape: ImageShape) => Uint8Array,
): void {
  mkdirSync(dirname(file), { recursive: true });
  if (file.endsWith(".npy")) writeFileAtomic(file, writeNpy(values, [...leading, ...model.input]));
  else if (!file.endsWith(".png")) throw new UsageError(`--out takes a .png or .npy file, not ${file}`);
  else if (model.input.length !== 3) throw new UsageError("these samples are no images; give --out a .npy file");
  else writeFileAtomic(file, picture(model.input as ImageShape));
  if (json) printJson({ file, shape: [...leading, ...model.input] });
  else process.stdout.write(`${file}\n`);
}
