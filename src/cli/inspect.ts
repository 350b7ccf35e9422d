import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { Option, type Command } from "commander";
import type { Dataset } from "../data/dataset.ts";
import { writeNpy } from "../data/npy.ts";
import { linearBoundOn, relativeErrorOn } from "../train/evaluate.ts";
import { makeFolder, writeFileAtomic } from "../runs/files.node.ts";
import type { Renormalisation } from "../latent/renormalisedSampler.ts";
import type { Sampler } from "../latent/sampler.ts";
import { modelNamed } from "../models/known.ts";
import { encodeSampler, parseSampler } from "../models/samplerFile.ts";
import { samplerKinds, samplerOf, type SamplerKind } from "../models/samplers.ts";
import { fitSampler, interpolations, samplesFrom } from "../train/generate.ts";
import { datasetNamed, type DatasetName } from "../data/known.ts";
import type { ImageShape } from "../report/colours.ts";
import { imageGrid, interpolationStrip } from "../report/pictures.node.ts";
import type { Session } from "../runs/session.node.ts";
import { usage, usageOf } from "./settings.ts";
import { printJson, UsageError, whole } from "./usage.ts";
import { runCommand, withRun, type RunFlags } from "./with-run.ts";

export function evaluateCommand(): Command {
  return runCommand("evaluate", "Measure a trained run's errors on its data set.").action(
    (run: string, flags: RunFlags) =>
      withRun(run, flags, async ({ model, data, config }) => {
        const errors: Record<string, number> = {};
        for (const [part, set] of Object.entries<Dataset>({ ...data }))
          errors[part] = await relativeErrorOn(model, set, config.batch);
        const linearBound = linearBoundOn(data.test, model.codeSize);
        if (flags.json) return printJson({ errors, linearBound });
        for (const [part, error] of Object.entries(errors))
          process.stdout.write(`${part.padEnd(10)} ${error.toFixed(2)} %\n`);
        process.stdout.write(`linear bound on test, rank ${model.codeSize}: ${linearBound.toFixed(2)} %\n`);
      }),
  );
}

interface SampleFlags extends RunFlags {
  count: number;
  from: SamplerKind;
  components?: number;
  inputs?: number;
  renormalise?: "law" | "one" | "paper";
  renormalisePer?: "scalar" | "dimension";
  renormaliseOver?: "global" | "batch";
  gammaNoise: boolean;
  load?: string;
  save?: string;
  seed?: number;
  out?: string;
}

export function sampleCommand(): Command {
  return runCommand("sample", "Generate new samples from a trained run.")
    .option("--count <n>", "how many", whole("--count", 1, 100_000), 64)
    .addOption(
      new Option("--from <sampler>", "where codes come from, see below")
        .choices(samplerKinds)
        .default("mixture"),
    )
    .option("--components <n>", "Gaussians in the mixture (default 1)", whole("--components"))
    .option("--inputs <n>", "samples that vampprior keeps (default 500)", whole("--inputs"))
    .option("--no-gamma-noise", "second-stage: no noise of its γ on codes")
    .addOption(
      new Option(
        "--renormalise <rule>",
        "multiply codes to the spread of the variance law, to deviation 1, or as the paper's code does",
      ).choices(["law", "one", "paper"]),
    )
    .addOption(
      new Option(
        "--renormalise-per <what>",
        "one factor for all coordinates (scalar, the default), or one for each",
      ).choices(["scalar", "dimension"]),
    )
    .addOption(
      new Option(
        "--renormalise-over <what>",
        "by the spread of 10,000 codes (global, the default), or of each hundred",
      ).choices(["global", "batch"]),
    )
    .option("--seed <seed>", "fixes the samples", whole("--seed", 0))
    .option("--save <file>", "also write the fitted sampler to a .safetensors file")
    .option("--load <file>", "the sampler of such a file, in place of --from")
    .option("--out <file>", "a .png or .npy file (default samples-SAMPLER in the run folder)")
    .addHelpText("after", samplersHelp)
    .action((run: string, flags: SampleFlags) => {
      const { from } = flags;
      if (flags.components !== undefined && from !== "mixture")
        throw new UsageError(`--components is for --from mixture, not for ${from}`);
      if (flags.inputs !== undefined && from !== "vampprior")
        throw new UsageError(`--inputs is for --from vampprior, not for ${from}`);
      if (!flags.gammaNoise && from !== "second-stage")
        throw new UsageError(`--no-gamma-noise is for --from second-stage, not for ${from}`);
      const renormalise = renormalisationOf(flags);
      return withRun(run, flags, async (session) => {
        const { model, config } = session;
        const { count, seed = config.seed } = flags;
        checkAmount("--count", count, model);
        const sampler = await chosenSampler(session, flags, renormalise);
        const file = targetFile(session, flags.out, `samples-${sampler.kind}`);
        if (flags.save) write(flags.save, encodeSampler(sampler));
        const samples = await samplesFrom(model, sampler, count, seed);
        save(session, flags, file, samples, [count], (shape) =>
          imageGrid({
            images: samples,
            columns: Math.ceil(Math.sqrt(count)),
            shape,
            ...coloursOf(session.config.data),
          }),
        );
      });
    });
}

const samplersHelp = `
Samplers:
  prior         the model's prior, for models that have one
  gaussian      a normal distribution with the mean and covariance of training codes
  mixture       --components normal distributions, fitted to training codes by expectation maximisation
  mixture-10    ten of them
  second-stage  the second VAE of a two-stage model
  vampprior     the encoder's own distributions of --inputs training samples, for variational models`;

/** How codes are renormalised, where the flags ask for it. */
function renormalisationOf(flags: SampleFlags): Renormalisation | "paper" | undefined {
  const { renormalise: target, renormalisePer: per, renormaliseOver: scope, load } = flags;
  if (load && target)
    throw new UsageError(
      "--renormalise is for a sampler that is fitted, not for one of --load, which keeps its own",
    );
  for (const [flag, value] of [
    ["--renormalise-per", per],
    ["--renormalise-over", scope],
  ] as const)
    if (value !== undefined && (target === undefined || target === "paper"))
      throw new UsageError(`${flag} is for --renormalise law or one`);
  if (target === undefined || target === "paper") return target;
  return { target, ...(per ? { per } : {}), ...(scope ? { scope } : {}) };
}

/** The sampler that the flags ask for: out of a file, or fitted to the run's training data. */
async function chosenSampler(
  session: Session,
  flags: SampleFlags,
  renormalise: Renormalisation | "paper" | undefined,
): Promise<Sampler> {
  const { model, data, config } = session;
  const { from, components, inputs, load, seed = config.seed } = flags;
  const gammaNoise = flags.gammaNoise ? undefined : false;
  if (load) return parseSampler(model, readFileSync(load), load);
  if (from === "prior" && !modelNamed(config.model).prior)
    throw new UsageError(`${config.model} has no prior; use --from gaussian or mixture`);
  if (from === "second-stage") warnIfUntrained(session);
  const sampler = usage(() => samplerOf(model, from, { components, inputs, gammaNoise, renormalise, seed }));
  return usageOf(fitSampler(sampler, model, data.train, config.basisCount));
}

/** Says so where a second stage has taken no step yet. */
function warnIfUntrained({ folder, trainer: { stages, stageIndex, step, totalSteps } }: Session): void {
  if (stages.length < 2 || stageIndex > 0) return;
  process.stderr.write(
    `The second stage is not trained yet, so these samples mean little: the run is at step ${step} of ${totalSteps}. ` +
      `To go on with it: npx hestenes train --out ${folder.path}\n`,
  );
}

interface InterpolateFlags extends RunFlags {
  pairs?: number;
  steps: number;
  seed?: number;
  out?: string;
}

export function interpolateCommand(): Command {
  return runCommand("interpolate", "Draw the way from one test image to another through the latent space.")
    .option("--pairs <n>", "how many pairs (default 6, or as many as there are)", whole("--pairs"))
    .option("--steps <n>", "images between the two ends", whole("--steps", 0, 1000), 5)
    .option("--seed <seed>", "fixes the pairs", whole("--seed", 0))
    .option("--out <file>", "a .png or .npy file (default interpolation-PAIRSxSTEPS.png in the run folder)")
    .action((run: string, flags: InterpolateFlags) =>
      withRun(run, flags, async (session) => {
        const { model, data, config } = session;
        const most = Math.floor(data.test.count / 2);
        const { pairs = Math.min(6, most), steps, seed = config.seed } = flags;
        const file = targetFile(session, flags.out, `interpolation-${pairs}x${steps}`);
        if (pairs < 1 || pairs > most)
          throw new UsageError(
            `--pairs: the ${data.test.count} test samples make ${most} pairs, not ${pairs}`,
          );
        checkAmount("--pairs or --steps", pairs * (steps + 2), model);
        const images = await interpolations(model, data.test, { pairs, steps, seed });
        save(session, flags, file, images, [pairs, steps + 2], (shape) =>
          interpolationStrip({
            images,
            pairs,
            steps: steps + 2,
            shape,
            ...coloursOf(session.config.data),
          }),
        );
      }),
    );
}

/** How pictures of a data set are coloured. */
function coloursOf(data: DatasetName) {
  const { range, colormap } = datasetNamed(data);
  return { range, colormap };
}

/** Values in one file of samples, at most: half a gibibyte of them. */
const mostValues = 2 ** 27;

/** Refuses more samples than fit a file, before any is made. */
function checkAmount(flag: string, count: number, { input }: Session["model"]): void {
  const size = input.reduce((a, b) => a * b, 1);
  if (count * size > mostValues)
    throw new UsageError(
      `${flag}: ${count} samples of ${size} values are more than ${mostValues} values; ` +
        `at most ${Math.floor(mostValues / size)} samples go into one file`,
    );
}

/** Where samples go: a picture or an array, by the file's ending. */
function targetFile({ folder, model }: Session, out: string | undefined, name: string): string {
  const areImages = model.input.length === 3;
  const file = out ?? folder.file(`${name}.${areImages ? "png" : "npy"}`);
  if (!/\.(png|npy)$/.test(file)) throw new UsageError(`--out takes a .png or .npy file, not ${file}`);
  if (file.endsWith(".png") && !areImages)
    throw new UsageError(`these samples are no images; give --out a .npy file, not ${file}`);
  return file;
}

/** Writes samples to the file, and says where. */
function save(
  { model }: Session,
  { json }: RunFlags,
  file: string,
  values: Float32Array,
  leading: readonly number[],
  picture: (shape: ImageShape) => Uint8Array,
): void {
  const shape = [...leading, ...model.input];
  write(file, file.endsWith(".npy") ? writeNpy(values, shape) : picture(model.input as ImageShape));
  if (json) printJson({ file, shape });
  else process.stdout.write(`${file}\n`);
}

function write(file: string, bytes: Uint8Array): void {
  usage(() => makeFolder(dirname(file)));
  writeFileAtomic(file, bytes);
}
