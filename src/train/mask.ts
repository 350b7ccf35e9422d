import type { Autoencoder } from "../models/autoencoder.ts";

/** How much a model lets through of each number of its codes, (codeSize), from 0 to 1; undefined where it learns no mask. */
export async function maskOf(model: Autoencoder): Promise<Float32Array | undefined> {
  if (!model.mask) return undefined;
  using mask = model.asConstant(() => model.mask!());
  return await mask.read();
}
