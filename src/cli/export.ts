import { Option, type Command } from "commander";
import { z } from "zod";
import { DataError } from "../device/errors.ts";
import { importWeights } from "../export/weights.ts";
import type { Sampler } from "../latent/sampler.ts";
import { modelNamed } from "../models/known.ts";
import { samplerKinds, samplerOf, type SamplerKind } from "../models/samplers.ts";
import {
  checkEmpty,
  exportedFiles,
  exportTargets,
  writeFiles,
  type ExportTarget,
} from "../report/export-run.node.ts";
import { makeFolder, readGivenFile } from "../runs/files.node.ts";
import { RunFolder } from "../runs/run-folder.node.ts";
import type { Session } from "../runs/session.node.ts";
import { fitSampler } from "../train/generate.ts";
import { usage, usageOf } from "./settings.ts";
import { printJson, UsageError, whole } from "./usage.ts";
import { runCommand, withRun, type RunFlags } from "./with-run.ts";

interface ExportFlags extends RunFlags {
  to: ExportTarget;
  out: string;
  from?: SamplerKind | "none";
  components?: number;
  network?: string[];
}

export function exportCommand(): Command {
  return runCommand("export", "Write a trained run as files of other tools.")
    .addOption(
      new Option("--to <target>", "what kind of files, see below")
        .choices(exportTargets)
        .makeOptionMandatory(),
    )
    .requiredOption("--out <folder>", "a folder that is not there yet, or empty")
    .addOption(
      new Option(
        "--from <sampler>",
        "where new samples come from, as of `hestenes sample` (default the model's prior or second stage, where it has one)",
      ).choices([...samplerKinds, "none"]),
    )
    .option("--components <n>", "Gaussians in the mixture (default 1)", whole("--components"))
    .option("--network <names...>", "also these networks of the model, each as it is: critic")
    .addHelpText("after", targetsHelp)
    .action((run: string, flags: ExportFlags) => {
      const { to, out, from, components, network } = flags;
      if (components !== undefined && from !== "mixture")
        throw new UsageError(`--components is for --from mixture, not for ${from ?? "the default"}`);
      if (to === "safetensors" && (from !== undefined || network !== undefined))
        throw new UsageError(
          `--to safetensors writes all weights in one file, and takes no --${from === undefined ? "network" : "from"}`,
        );
      usage(() => checkEmpty(out));
      return withRun(run, flags, async (session) => {
        const unknown = network?.find((name) => !Object.hasOwn(session.model.networks, name));
        if (unknown !== undefined)
          throw new UsageError(
            `--network: the model has no ${unknown}; its networks are ${Object.keys(session.model.networks).join(", ")}`,
          );
        const sampler = to === "safetensors" ? undefined : await chosenSampler(session, flags);
        const files = await usageOf(exportedFiles(session, to, { sampler, networks: network }));
        writeFiles(out, files);
        if (flags.json) printJson({ out, files: [...files.keys()] });
        else process.stdout.write([...files.keys()].map((name) => `${out}/${name}\n`).join(""));
      });
    });
}

const targetsHelp = `
Targets:
  onnx         encoder.onnx, decoder.onnx and, where new samples have a source, sampler.onnx; opset 18, images (N, C, H, W)
  safetensors  model.safetensors with all weights under PyTorch's names and in its layouts
  huggingface  both, with config.json, a model card with the scores and pictures of the run, and the weights for hestenes`;

/** The sampler that the flags ask for, fitted to the run's training data; the model's own without any. */
async function chosenSampler(
  { model, data, config }: Session,
  { from, components }: ExportFlags,
): Promise<Sampler | undefined> {
  const own = model.drawSecondStage ? "second-stage" : modelNamed(config.model).prior ? "prior" : "none";
  const kind = from ?? own;
  if (kind === "none") return undefined;
  if (kind === "prior" && !modelNamed(config.model).prior)
    throw new UsageError(`${config.model} has no prior; use --from gaussian or mixture`);
  const sampler = usage(() => samplerOf(model, kind, { components, seed: config.seed }));
  return usageOf(fitSampler(sampler, model, data.train, config.basisCount));
}

interface ImportFlags extends RunFlags {
  weights: string;
  names?: string;
  out: string;
}

const nameMap = z.record(z.string(), z.string());

export function importCommand(): Command {
  return runCommand("import", "Write a run with the weights of a safetensors file, as PyTorch saves them.")
    .requiredOption("--weights <file>", "a .safetensors file in PyTorch's layouts")
    .option("--names <file>", "a .json file: what tensors of it, or modules, are called here")
    .requiredOption("--out <folder>", "the new run, a folder that is not there yet; <run> stays as it is")
    .addHelpText("after", namesHelp)
    .action((run: string, flags: ImportFlags) => {
      const { weights, names, out } = flags;
      usage(() => checkEmpty(out));
      const map = names === undefined ? {} : readNames(names);
      const bytes = usage(() => readGivenFile(weights));
      return withRun(run, flags, async (session) => {
        const { config, model } = session;
        const read = await importWeights(model, bytes, { names: map, fileName: weights });
        const hasBasis = read.includes("basis");
        if (model.truncation && !hasBasis) await session.fitBasis(config.basisCount);
        makeFolder(out);
        new RunFolder(out).create(session.config);
        await session.save(out);
        if (flags.json) printJson({ out, tensors: read });
        else process.stdout.write(`${out}: ${read.length} tensors of ${weights}\n`);
      });
    });
}

const namesHelp = `
Without --names the file's tensors are called as \`hestenes export --to safetensors\` calls them. With it, each entry gives a
tensor's or a module's name here; those of "" are left out:

  { "features.0": "encoder.conv1", "features.2": "encoder.conv2", "criterion": "" }

Optimizer and step are those of <run>.`;

/** A map of names out of a JSON file. */
function readNames(file: string): Record<string, string> {
  const text = usage(() => readGivenFile(file)).toString("utf8");
  try {
    return nameMap.parse(JSON.parse(text));
  } catch (cause) {
    if (cause instanceof SyntaxError) throw new DataError(file, undefined, `not JSON: ${cause.message}`);
    throw new DataError(file, undefined, "expected an object that has a name for each name");
  }
}
