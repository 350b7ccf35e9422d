import { NumericalError } from "../device/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Trainer } from "./trainer.ts";

/** Takes steps until a loss is not finite, and says in which; `last` if none is until then. */
export async function findFirstBadStep(trainer: Trainer, last: number): Promise<number> {
  try {
    while (trainer.step < last) {
      await trainer.ready();
      trainer.advance();
      await trainer.losses();
    }
  } catch (error) {
    if (!(error instanceof NumericalError)) throw error;
  }
  return trainer.step;
}

/**
 * Takes steps until one goes wrong, and names the first tensor in it that holds a NaN or an infinity,
 * in the order in which the tensors are made: outputs of operations, then gradients. Undefined if
 * `steps` steps are fine. Slow: every tensor of every step is read.
 */
export async function findFirstBadTensor(trainer: Trainer, steps: number): Promise<string | undefined> {
  const { device } = trainer.model;
  for (let i = 0; i < steps; i++) {
    const seen: { tensor: Tensor; label: string }[] = [];
    await trainer.ready();
    device.watch = (operand, label) => seen.push({ tensor: (operand as Tensor).view().keep(), label });
    try {
      trainer.advanceEagerly();
    } finally {
      device.watch = undefined;
    }
    let found: string | undefined;
    for (const { tensor, label } of seen) {
      if (found === undefined) {
        const values = await tensor.read();
        const at = values.findIndex((value) => !Number.isFinite(value));
        if (at >= 0) found = `${label} (${tensor.shape.join(", ")}) has ${values[at]} at element ${at}`;
      }
      tensor.dispose();
    }
    if (found !== undefined) return `step ${trainer.step}: ${found}`;
  }
  return undefined;
}
