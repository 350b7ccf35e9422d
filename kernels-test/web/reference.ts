import { bumps } from "../../src/data/bumps.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import type { Device } from "../../src/device/device.ts";
import { BasisAutoencoder } from "../../src/models/basisAutoencoder.ts";
import { deviceBatches } from "../../src/train/batching.ts";
import { buildModel, buildOptimizer } from "../../src/train/build.ts";
import { completeConfig } from "../../src/train/config.ts";
import { Trainer } from "../../src/train/trainer.ts";

export const size = 16;
export const batch = 8;
export const seed = 500;

const data: Dataset = bumps({ size, testCount: 1 }).train;

/** The run of the page on bumps of `size` pixels, in Node: the trainer, and the losses of each step. */
export async function trainInNode(device: Device, model: "vae" | "vrrae", steps: number) {
  const config = completeConfig({ model, data: "bumps", size, batch, seed, rank: 2, beta: 1e-3 });
  const built = buildModel(device, config, data.shape);
  const trainer = new Trainer(built, data, buildOptimizer(built, config), { batch, seed });
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    trainer.advance();
    losses.push((await trainer.losses()).losses.loss!);
  }
  if (built instanceof BasisAutoencoder)
    await built.fitBasis(deviceBatches(built, data, batch, { count: 4096, seed }));
  return { trainer, model: built, losses };
}
