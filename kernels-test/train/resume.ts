import type { Dataset } from "../../src/data/dataset.ts";
import type { Model } from "../../src/models/model.ts";
import { steps } from "../../src/optim/steps.ts";
import { loadTrainer, saveTrainer } from "../../src/runs/snapshot.node.ts";
import { Trainer, type TrainerOptions } from "../../src/train/trainer.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

/** The memory of tensors by name. */
export async function bitsOf(tensors: Iterable<[string, Tensor]>): Promise<Map<string, Uint32Array>> {
  const bits = new Map<string, Uint32Array>();
  for (const [name, one] of tensors) bits.set(name, new Uint32Array(await one.readBytes()));
  return bits;
}

/**
 * Trains `model` up to step `until`, on from the checkpoint in `folder` if there is one, and leaves one there. Gives all
 * that has to be the same, to the last bit, of two runs that took the same steps; the model is freed.
 */
export async function trainTo(
  until: number,
  model: Model,
  data: Dataset,
  options: TrainerOptions,
  folder: string,
) {
  const trainer = new Trainer(model, data, options);
  await loadTrainer(folder, trainer);
  for await (const _ of steps(trainer, { until }));
  await saveTrainer(folder, trainer);
  const { losses } = await trainer.losses();
  const kept = [...model.arena.parameters, ...model.state, ...model.carried, ...trainer.moments];
  const tensors = await bitsOf([...kept, ["noise", trainer.noise.tensor]]);
  const state = trainer.state();
  for (const owned of [trainer, model]) owned.dispose();
  return { losses, state, tensors };
}
