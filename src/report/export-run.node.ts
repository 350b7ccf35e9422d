import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { encodeSafetensors } from "../data/safetensors.ts";
import { ArgumentError } from "../device/errors.ts";
import { version } from "../device/version.node.ts";
import { exportOnnx } from "../export/model.ts";
import { OPSET } from "../export/onnx.ts";
import { exportWeights } from "../export/weights.ts";
import type { Sampler } from "../latent/sampler.ts";
import { makeFolder, readFile, writeFileAtomic } from "../runs/files.node.ts";
import type { Session } from "../runs/session.node.ts";
import { describeFile } from "../train/modelFile.ts";
import { readModel } from "../train/state.ts";
import { modelCard } from "./model-card.ts";

export const exportTargets = ["onnx", "safetensors", "huggingface"] as const;
export type ExportTarget = (typeof exportTargets)[number];

export interface ExportOptions {
  sampler?: Sampler | undefined;
  networks?: readonly string[] | undefined;
}

/** Pictures of a run's folder, in the order of a model card. */
const pictures = [
  { file: "reconstructions.png", shows: "Test samples above what the model makes of them" },
  { file: "samples.png", shows: "New samples" },
  { file: "interpolation.png", shows: "From one test sample to another" },
];

/** The files that a run is exported as, by their names in the folder. */
export async function exportedFiles(
  session: Session,
  target: ExportTarget,
  options: ExportOptions = {},
): Promise<Map<string, string | Uint8Array>> {
  const { model, trainer, data } = session;
  const config = { ...session.config, rank: model.truncation ? model.codeSize : session.config.rank }; // it may have been lowered
  const about = describeFile(config, data.train.shape);
  const files = new Map<string, string | Uint8Array>();
  if (target === "safetensors") return files.set("model.safetensors", await exportWeights(model, about));
  const onnx = await exportOnnx(model, { ...options, about });
  const folder = target === "onnx" ? "" : "onnx/";
  for (const [name, bytes] of onnx) files.set(`${folder}${name}.onnx`, bytes);
  if (target === "onnx") return files;

  files.set("model.safetensors", await exportWeights(model, about));
  files.set("hestenes/model.safetensors", encodeSafetensors(await readModel(model), about));
  const shown = pictures.filter(({ file }) => existsSync(session.folder.file(file)));
  for (const { file } of shown) files.set(file, readFile(session.folder.file(file)));
  const description = {
    library_name: "hestenes",
    version,
    model_type: config.model,
    input: data.train.shape,
    code_size: model.codeSize,
    onnx_opset: OPSET,
    steps: trainer.step,
    settings: config,
  };
  files.set("config.json", JSON.stringify(description, null, 2) + "\n");
  const card = modelCard({
    config,
    input: data.train.shape,
    codeSize: model.codeSize,
    steps: trainer.step,
    scores: scoresOf(session.folder.file("metrics.json")),
    parts: [...onnx.keys()],
    pictures: shown,
    sampler: options.sampler?.kind,
    version,
  });
  return files.set("README.md", card);
}

const metrics = z.looseObject({
  testError: z.number(),
  trainError: z.number(),
  linearBound: z.number(),
  diagonalError: z.number().optional(),
});

function scoresOf(file: string): { name: string; value: number }[] {
  if (!existsSync(file)) return [];
  const parsed = metrics.safeParse(JSON.parse(readFile(file).toString("utf8")));
  if (!parsed.success) return [];
  const { testError, trainError, diagonalError, linearBound } = parsed.data;
  return [
    { name: "test data", value: testError },
    { name: "training data", value: trainError },
    ...(diagonalError === undefined ? [] : [{ name: "the diagonal", value: diagonalError }]),
    { name: "test data, of the best linear autoencoder", value: linearBound },
  ];
}

/** Throws ArgumentError for a folder that is there and holds anything. */
export function checkEmpty(out: string): void {
  if (!existsSync(out)) return;
  if (!statSync(out).isDirectory()) throw new ArgumentError(`${out} is a file; give a folder with --out`);
  if (readdirSync(out).length > 0)
    throw new ArgumentError(`${out} is not empty; give another folder with --out, or remove it`);
}

/** Writes files into a folder, each whole or not at all. */
export function writeFiles(out: string, files: ReadonlyMap<string, string | Uint8Array>): void {
  for (const [name, content] of files) {
    const path = join(out, name);
    makeFolder(dirname(path));
    writeFileAtomic(path, content);
  }
}
