import { checkOptions, checkSeed, checkWhole } from "../device/arguments.ts";
import { ArgumentError } from "../device/errors.ts";
import type { Dataset } from "./dataset.ts";
import { permutation } from "./random.ts";

/** Where a pass over the data stands: `index` samples of `epoch` are behind. Plain JSON. */
export interface Position {
  epoch: number;
  index: number;
}

/** How samples are dealt out. */
export interface BatchOptions {
  /** Samples per batch. */
  batch: number;
  /** Fixes the order of every epoch; 0 by default. */
  seed?: number;
  /** Keep an epoch's last batch when it is not full; dropped by default. */
  partial?: boolean;
  /** Where to go on; the beginning by default. */
  position?: Position;
}

/**
 * Batches without end: each epoch is a new order of all samples, drawn without replacement and a pure function of
 * (seed, epoch), so that `position` alone resumes a run bit for bit.
 *
 * After each `next` the following batch is gathered as soon as the caller awaits something, that is while the device
 * works.
 */
export class Batches {
  readonly dataset: Dataset;
  readonly batch: number;
  readonly seed: number;
  readonly partial: boolean;
  #position: Position = { epoch: 0, index: 0 };
  #order: { epoch: number; indices: Uint32Array } | undefined;
  #ahead: { at: Position; indices: Uint32Array } | undefined;
  readonly #buffer: Float32Array;

  /** Throws ArgumentError for a batch larger than the data, unless `partial` allows it. */
  constructor(dataset: Dataset, options: BatchOptions) {
    checkOptions("batches: the data set", dataset);
    checkOptions("batches", options);
    const { batch, seed = 0, partial = false, position } = options;
    checkWhole("batch", batch, 1);
    if (batch > dataset.count && !partial) {
      throw new ArgumentError(
        `batch: ${batch} samples asked for, ${dataset.name} has ${dataset.count}; use at most ${dataset.count}`,
      );
    }
    checkSeed("batches: seed", seed);
    this.dataset = dataset;
    this.batch = Math.min(batch, dataset.count);
    this.seed = seed;
    this.partial = partial;
    this.#buffer = new Float32Array(this.batch * dataset.size);
    if (position) this.seek(position);
  }

  /** Batches in one epoch. */
  get perEpoch(): number {
    const batches = this.dataset.count / this.batch;
    return this.partial ? Math.ceil(batches) : Math.floor(batches);
  }

  /** Where the next batch begins. */
  get position(): Position {
    return { ...this.#position };
  }

  /** Goes on from a `position` taken earlier. */
  seek(position: Position): void {
    const { epoch, index } = position;
    const whole = Number.isInteger(epoch) && Number.isInteger(index);
    if (!whole || epoch < 0 || epoch >= 2 ** 32 || index < 0 || index >= this.dataset.count) {
      throw new ArgumentError(
        `position: epoch ${epoch}, index ${index} does not lie in ${this.dataset.name} (${this.dataset.count} samples)`,
      );
    }
    this.#position = this.#settle(epoch, index);
  }

  /**
   * Writes the next batch, [batch, …shape], to the front of `out`, and returns which samples it holds: as many as the
   * batch has, fewer only at the end of an epoch with `partial`.
   */
  next(out: Float32Array): Uint32Array {
    const at = this.#position;
    const ahead = this.#ahead;
    let indices: Uint32Array;
    if (ahead && ahead.at.epoch === at.epoch && ahead.at.index === at.index) {
      indices = ahead.indices;
      out.set(this.#buffer.subarray(0, indices.length * this.dataset.size));
    } else {
      indices = this.#indices(at);
      this.dataset.copyRows(indices, out);
    }
    this.#ahead = undefined;
    this.#position = this.#settle(at.epoch, at.index + this.batch);
    queueMicrotask(() => this.#prefetch());
    return indices;
  }

  #prefetch(): void {
    if (this.#ahead) return;
    const at = this.#position;
    const indices = this.#indices(at);
    this.dataset.copyRows(indices, this.#buffer);
    this.#ahead = { at, indices };
  }

  /** The place given, or the next epoch's beginning when too few samples are left for a batch. */
  #settle(epoch: number, index: number): Position {
    const left = this.dataset.count - index;
    return left >= (this.partial ? 1 : this.batch) ? { epoch, index } : { epoch: epoch + 1, index: 0 };
  }

  #indices({ epoch, index }: Position): Uint32Array {
    if (this.#order?.epoch !== epoch) {
      this.#order = { epoch, indices: permutation(this.dataset.count, this.seed, epoch) };
    }
    return this.#order.indices.subarray(index, index + this.batch);
  }
}
