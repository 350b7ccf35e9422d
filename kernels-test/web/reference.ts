import { afterAll } from "vitest";
import { bumps } from "../../src/data/bumps.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { openDevice, type Device } from "../../src/device/device.ts";
import type { Autoencoder } from "../../src/models/autoencoder.ts";
import { BasisAutoencoder } from "../../src/models/basisAutoencoder.ts";
import { deviceBatches } from "../../src/train/batching.ts";
import { buildModel, optimizerSettings } from "../../src/train/build.ts";
import { completeConfig, type Config } from "../../src/train/config.ts";
import { parseSafetensors } from "../../src/data/safetensors.ts";
import { restoreModel } from "../../src/train/state.ts";
import type { ModelName } from "../../src/web/train/protocol.ts";
import { Trainer } from "../../src/train/trainer.ts";

export const size = 16;
export const batch = 8;
export const seed = 500;

const data: Dataset = bumps({ size, testCount: 1 }).train;

function configOf(model: ModelName, rank = 2): Config {
  return completeConfig({ model, data: "bumps", size, batch, seed, rank, beta: 1e-3 });
}

/** What the browser computes with, in Node, until the tests of the file that asks for it have run. */
export async function nodeDevice(): Promise<Device> {
  const device = await openDevice({ adapter: "swiftshader" });
  afterAll(() => device.close());
  return device;
}

/** The run of the page on bumps of `size` pixels, in Node: the trainer, and the losses of each step. */
export async function trainInNode(device: Device, model: ModelName, steps: number) {
  const config = configOf(model);
  const built = buildModel(device, config, data.shape);
  const trainer = new Trainer(built, data, { batch, seed, optimizer: optimizerSettings(config) });
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    trainer.advance();
    losses.push((await trainer.losses()).losses.loss!);
  }
  if (built instanceof BasisAutoencoder)
    await built.fitBasis(deviceBatches(built, data, batch, { count: 4096, seed }));
  return { trainer, model: built, losses };
}

/** The model of a file that the page saved, in Node. */
export function modelInNode(device: Device, model: ModelName, bytes: Uint8Array, rank = 2): Autoencoder {
  const built = buildModel(device, configOf(model, rank), data.shape);
  restoreModel(built, parseSafetensors(bytes, "model.safetensors").tensors, "model.safetensors");
  return built;
}

/** The pictures that the page reconstructs while a model learns, one after the other. */
export function previewInNode(): Float32Array {
  return bumps({ size, testCount: 256, seed }).test.take(8).values();
}

/** The largest distance between two lists of numbers. */
export function apart(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}
