import type { Dataset } from "../data/dataset.ts";
import { permutation } from "../data/random.ts";
import type { Autoencoder } from "../models/autoencoder.ts";
import { tensor, type Tensor } from "../tensor/tensor.ts";

/** Batches in flight before the device is waited for. */
const ahead = 8;

/**
 * Uploads `data` batch by batch, the last one smaller, in its own order or shuffled by `seed`. Each
 * tensor is freed when the next one is asked for.
 */
export async function* deviceBatches(
  { device }: Autoencoder,
  data: Dataset,
  batch: number,
  { count = data.count, seed }: { count?: number; seed?: number } = {},
): AsyncGenerator<Tensor> {
  const order =
    seed === undefined
      ? Uint32Array.from({ length: data.count }, (_, i) => i)
      : permutation(data.count, seed, 0);
  const last = Math.min(count, data.count);
  for (let from = 0, uploaded = 0; from < last; from += batch) {
    const indices = order.subarray(from, Math.min(from + batch, last));
    const values = new Float32Array(indices.length * data.size);
    data.copyRows(indices, values);
    using x = tensor(device, values, [indices.length, ...data.shape]);
    yield x;
    if (++uploaded % ahead === 0) await device.finish();
  }
}

/** Runs `body` on each batch and puts what it gives, read back, one after the other. */
export async function collect(
  model: Autoencoder,
  data: Dataset,
  batch: number,
  body: (x: Tensor) => Tensor,
  count = data.count,
): Promise<Float32Array> {
  let values: Float32Array | undefined;
  let filled = 0;
  for await (const x of deviceBatches(model, data, batch, { count })) {
    using y = body(x);
    const part = await y.read();
    values ??= new Float32Array((part.length / x.shape[0]!) * Math.min(count, data.count));
    values.set(part, filled);
    filled += part.length;
  }
  return values ?? new Float32Array();
}
