import type { Dataset } from "../data/dataset.ts";
import { permutation } from "../data/random.ts";
import type { Model } from "../models/model.ts";
import { tensor, type Tensor } from "../tensor/tensor.ts";

/** Batches in flight before the device is waited for. */
const ahead = 8;

/** How many samples there are to be, all unless given, and the seed that shuffles them. */
interface Order {
  count?: number | undefined;
  seed?: number | undefined;
}

/** As `deviceParts`, in batches of no more than the model takes at once. */
export async function* deviceBatches(
  model: Model,
  data: Dataset,
  batch: number,
  order: Order = {},
): AsyncGenerator<Tensor> {
  for await (const [x] of deviceParts(model, data, Math.min(batch, model.atOnce), order)) yield x!;
}

/**
 * Uploads `data` batch by batch, the last one smaller, in its own order or shuffled by `seed`: each in as many tensors as
 * let the model take each at once. They are freed when the next batch is asked for.
 */
export async function* deviceParts(
  { device, atOnce }: Model,
  data: Dataset,
  batch: number,
  { count = data.count, seed }: Order = {},
): AsyncGenerator<readonly Tensor[]> {
  const order =
    seed === undefined
      ? Uint32Array.from({ length: data.count }, (_, i) => i)
      : permutation(data.count, seed, 0);
  const last = Math.min(count, data.count);
  const partsAt = (from: number) => {
    const indices = order.subarray(from, Math.min(from + batch, last));
    return Array.from({ length: Math.ceil(indices.length / atOnce) }, (_, part) =>
      indices.subarray(part * atOnce, (part + 1) * atOnce),
    );
  };
  for (let from = 0, uploaded = 0; from < last; from += batch) {
    const parts = partsAt(from).map((own) => {
      const values = new Float32Array(own.length * data.size);
      data.copyRows(own, values);
      return tensor(device, values, [own.length, ...data.shape]);
    });
    for (const own of partsAt(from + batch)) data.fetch(own);
    try {
      yield parts;
    } finally {
      for (const part of parts) part.dispose();
    }
    if (++uploaded % ahead === 0) await device.finish();
  }
}

/** Runs `body` on each batch and puts what it gives, read back, one after the other. */
export async function collect(
  model: Model,
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
