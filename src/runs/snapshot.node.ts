import { NumericalError } from "../device/errors.ts";
import { readCheckpoint, writeCheckpoint } from "./checkpoint.node.ts";
import { readTrainer, restoreTrainer } from "../train/state.ts";
import type { Trainer, TrainerState } from "../train/trainer.ts";

/**
 * Writes the whole state of `trainer` into the folder's checkpoint.
 *
 * @throws NumericalError, and leaves the checkpoint before as it is, if a parameter holds a NaN or an infinity.
 */
export async function saveCheckpoint(folder: string, trainer: Trainer): Promise<void> {
  const parts = await readTrainer(trainer);
  for (const [name, { data }] of parts.model) {
    const at = data.findIndex((value) => !Number.isFinite(value));
    if (at >= 0) throw new NumericalError(`step ${trainer.step}: ${name} has ${data[at]} at element ${at}`);
  }
  writeCheckpoint(folder, parts);
}

/** Brings `trainer` to where the folder's checkpoint is, if there is one; says whether there was. */
export async function loadCheckpoint(folder: string, trainer: Trainer): Promise<boolean> {
  const checkpoint = readCheckpoint(folder);
  if (!checkpoint) return false;
  const state = checkpoint.state as unknown as TrainerState;
  await restoreTrainer(
    trainer,
    { ...checkpoint, state },
    (part) => `${folder}/checkpoint/${part}.safetensors`,
  );
  return true;
}
