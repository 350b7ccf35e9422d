import { checkOptions, checkSeed, checkWhole } from "../device/arguments.ts";
import { ArgumentError } from "../device/errors.ts";
import type { Dataset } from "./dataset.ts";
import { permutation } from "./random.ts";

/** Batches of samples that do not lie in memory that are fetched before they are needed. */
const fetchedAhead = 3;

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
  seed?: number | undefined;
  /** Keep an epoch's last batch when it is not full; dropped by default. */
  partial?: boolean | undefined;
  /** Where to go on; the beginning by default. */
  position?: Position | undefined;
}

/**
 * Batches without end: each epoch is a new order of all samples, drawn without replacement and a pure function of
 * (seed, epoch), so that `position` alone resumes a run bit for bit.
 *
 * After each `next` the following batch is gathered as soon as the caller awaits something, that is while the device
 * works. Samples that do not lie in memory are fetched by other threads for the three batches after that.
 */
export class Batches {
  readonly dataset: Dataset;
  readonly batch: number;
  readonly seed: number;
  readonly partial: boolean;
  #position: Position = { epoch: 0, index: 0 };
  /** The orders of the last epoch that was asked for, and of the one before. */
  readonly #orders = new Map<number, Uint32Array>();
  #ahead: { at: Position; indices: Uint32Array } | undefined;
  readonly #buffer: Float32Array;
  /** Where the first batch begins that is not being fetched, and how many are. */
  #fetched: { next: Position; count: number } | undefined;
  #waited = 0;

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
    this.#fetched = undefined;
  }

  /** Milliseconds that callers of `next` have waited for it: for the data, and to have it copied. */
  get waited(): number {
    return this.#waited;
  }

  /**
   * Writes the next batch, [batch, …shape], to the front of `out`, and returns which samples it holds: as many as the
   * batch has, fewer only at the end of an epoch with `partial`.
   */
  next(out: Float32Array): Uint32Array {
    const begun = performance.now();
    const at = this.#position;
    this.#fetch(1);
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
    if (this.#fetched) this.#fetched.count--;
    queueMicrotask(() => this.#prefetch());
    this.#waited += performance.now() - begun;
    return indices;
  }

  /** Gathers the next batch, unless that would have to wait. */
  #prefetch(): void {
    if (this.#ahead) return;
    this.#fetch(fetchedAhead);
    const at = this.#position;
    const indices = this.#indices(at);
    if (!this.dataset.isReady(indices)) return;
    this.dataset.copyRows(indices, this.#buffer);
    this.#ahead = { at, indices };
  }

  /** Has so many batches from the position on fetched, where they do not lie in memory. */
  #fetch(count: number): void {
    if (!this.dataset.rows) return;
    const fetched = (this.#fetched ??= { next: this.#position, count: 0 });
    for (; fetched.count < count; fetched.count++) {
      const { epoch, index } = fetched.next;
      this.dataset.fetch(this.#indices(fetched.next));
      fetched.next = this.#settle(epoch, index + this.batch);
    }
  }

  /** The place given, or the next epoch's beginning when too few samples are left for a batch. */
  #settle(epoch: number, index: number): Position {
    const left = this.dataset.count - index;
    return left >= (this.partial ? 1 : this.batch) ? { epoch, index } : { epoch: epoch + 1, index: 0 };
  }

  #indices({ epoch, index }: Position): Uint32Array {
    let order = this.#orders.get(epoch);
    if (!order) {
      for (const other of this.#orders.keys())
        if (other < epoch - 1 || other > epoch) this.#orders.delete(other);
      order = permutation(this.dataset.count, this.seed, epoch);
      this.#orders.set(epoch, order);
    }
    return order.subarray(index, index + this.batch);
  }
}
