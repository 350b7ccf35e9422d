import { readTrainer, restoreTrainer } from "../train/state.ts";
import type { Trainer } from "../train/trainer.ts";
import { loadCheckpoint, saveCheckpoint } from "./save.node.ts";

/**
 * Writes the whole state of `trainer` into the folder's checkpoint; `about` is what the model's file says of itself.
 *
 * @throws NumericalError, and leaves the checkpoint before as it is, if a parameter holds a NaN or an infinity.
 */
export async function saveTrainer(
  folder: string,
  trainer: Trainer,
  about?: Readonly<Record<string, string>>,
): Promise<void> {
  await saveCheckpoint(await readTrainer(trainer), folder, about);
}

/** Brings `trainer` to where the folder's checkpoint is, if there is one; says whether there was. */
export async function loadTrainer(folder: string, trainer: Trainer): Promise<boolean> {
  const checkpoint = await loadCheckpoint(folder);
  if (!checkpoint) return false;
  await restoreTrainer(trainer, checkpoint, (part) => `${folder}/checkpoint/${part}.safetensors`);
  return true;
}
