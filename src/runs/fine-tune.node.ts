import { parseNpy } from "../data/npy.ts";
import { ArgumentError } from "../device/errors.ts";
import type { Model } from "../models/model.ts";
import { readCheckpoint } from "./checkpoint.node.ts";
import type { Config, PartialConfig } from "../train/config.ts";
import { readGivenFile } from "./files.node.ts";
import type { RunFolder } from "./run-folder.node.ts";
import { restoreModel } from "../train/state.ts";

/** What belongs to the first stage of training alone. */
const firstStage = [
  ...["steps", "logEvery", "evaluateEvery", "checkpointEvery"],
  ...["adaptive", "fineTune", "basisFile"],
] as const satisfies (keyof Config)[];

/** The settings that a second stage takes over from the run in `folder`. Throws ArgumentError where there is none. */
export function fineTuneSettings(folder: RunFolder): PartialConfig {
  if (!folder.exists)
    throw new ArgumentError(`${folder.path} holds no run to fine-tune; train one with: hestenes train`);
  const left = new Set<string>(firstStage);
  return Object.fromEntries(Object.entries(folder.config()).filter(([name]) => !left.has(name)));
}

/** What of a session fine-tuning begins with. */
interface Beginning {
  model: Model;
  config: Config;
  fitBasis(count: number): Promise<unknown>;
}

/**
 * Brings the session to the beginning of a second stage: weights and basis are those of the run `config.fineTune`,
 * though a basis of one's own may take that one's place later. Throws ArgumentError for a run that is not trained.
 */
export async function beginFineTuning(session: Beginning): Promise<void> {
  const { model, config } = session;
  const from = config.fineTune!;
  const checkpoint = readCheckpoint(from);
  if (!checkpoint || !model.truncation)
    throw new ArgumentError(`${from} holds no trained model to fine-tune`);
  restoreModel(model, checkpoint.model, `${from}/checkpoint/model.safetensors`);
  if (!model.truncation.basis && config.basisFile === undefined) await session.fitBasis(config.basisCount);
  await model.device.finish();
}

/** How far the products of columns may be from those of an orthonormal basis. */
const tolerance = 1e-3;

/** Reads a basis U_f (L, k) from a .npy file. Throws ArgumentError or DataError unless its columns are orthonormal. */
export function readBasis(file: string, [L, k]: readonly [number, number]): Float32Array {
  const fail = (problem: string): never => {
    throw new ArgumentError(`${file}: ${problem}`);
  };
  const { shape, data } = parseNpy(readGivenFile(file), file);
  if (shape.join() !== [L, k].join())
    return fail(
      `the basis has shape (${shape.join(", ")}); a model of latent ${L} and rank ${k} needs (${L}, ${k})`,
    );
  for (let i = 0; i < k; i++)
    for (let j = 0; j <= i; j++) {
      let product = 0;
      for (let l = 0; l < L; l++) product += data[l * k + i]! * data[l * k + j]!;
      if (!(Math.abs(product - (i === j ? 1 : 0)) <= tolerance))
        return fail(
          `the columns of a basis are orthonormal, but the product of columns ${j} and ${i} is ` +
            `${product.toPrecision(4)}; take the Q of their QR decomposition`,
        );
    }
  return Float32Array.from(data);
}
