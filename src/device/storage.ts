import { collectGarbage } from "#gpu";
import type { Block, Buffers } from "./buffers.ts";
import { DeviceLostError, LifetimeError, LimitError } from "./errors.ts";

/** What a block of device memory is for; `device.memory()` counts by it. */
export type MemoryKind = "tensor" | "parameter" | "optimizer" | "state" | "uniform" | "staging";

/** A reference-counted block of device memory. Tensors and their views share one. */
export class Storage {
  readonly buffer: GPUBuffer;
  /** The number of the buffer. */
  readonly id: number;
  /** Bytes asked for; the buffer may be larger. */
  readonly bytes: number;
  readonly kind: MemoryKind;
  readonly pool: StoragePool;
  /** The shape of the first tensor over it, and the stack that made it where the device keeps that. */
  shape: readonly number[] | undefined;
  madeAt: string | undefined;
  #references = 1;

  constructor({ buffer, id }: Block, bytes: number, kind: MemoryKind, pool: StoragePool) {
    this.buffer = buffer;
    this.id = id;
    this.bytes = bytes;
    this.kind = kind;
    this.pool = pool;
  }

  get references(): number {
    return this.#references;
  }

  retain(): void {
    if (this.#references === 0) throw new LifetimeError("the memory of this tensor was freed already");
    this.#references++;
  }

  release(): void {
    if (this.#references === 0) throw new LifetimeError("the memory of this tensor was freed twice");
    if (--this.#references === 0) this.pool.recycle(this);
  }
}

/** Bytes of a block of device memory. */
export interface Span {
  readonly storage: Storage;
  /** Where it starts in its storage, in bytes. */
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** Live, peak and pooled bytes of a device. */
export interface MemoryReport {
  /** Bytes in use: what tensors asked for, not what their buffers were rounded up to. */
  live: number;
  /** The most that `live` has been. */
  peak: number;
  /** Bytes of freed buffers that are kept for the next tensor of their size. */
  pooled: number;
  /** GPU buffers that exist, whatever for. */
  buffers: number;
  /** Bytes of these buffers. */
  reserved: number;
  byKind: Record<MemoryKind, { live: number; pooled: number }>;
}

/** A block of device memory that nobody freed yet. */
export interface LiveMemory {
  kind: MemoryKind;
  bytes: number;
  /** The shape of the tensor that it was made for. */
  shape: readonly number[];
  /** The calls that made it, the innermost first, for a device opened with `leaks: true`. */
  madeAt: string | undefined;
}

/** Forgotten storages that are freed together; storages and bytes from which it is worth while to look for such. */
const MANY_FORGOTTEN = 512;
const SUSPICIOUS = { count: 1024, bytes: 1 << 28 };

/** The byte counts of one device, shared by all its pools. */
export class MemoryLedger {
  readonly #alive = new Set<Storage>();
  readonly #forgotten: Storage[] = [];
  /** The least that was alive since garbage was last collected. */
  #least = { count: 0, bytes: 0 };
  live = 0;
  peak = 0;
  pooled = 0;
  readonly byKind: MemoryReport["byKind"] = {
    tensor: { live: 0, pooled: 0 },
    parameter: { live: 0, pooled: 0 },
    optimizer: { live: 0, pooled: 0 },
    state: { live: 0, pooled: 0 },
    uniform: { live: 0, pooled: 0 },
    staging: { live: 0, pooled: 0 },
  };

  add(kind: MemoryKind, live: number, pooled: number): void {
    this.live += live;
    this.pooled += pooled;
    this.peak = Math.max(this.peak, this.live);
    this.byKind[kind].live += live;
    this.byKind[kind].pooled += pooled;
  }

  report({ count, bytes }: Buffers): MemoryReport {
    const { live, peak, pooled } = this;
    return { live, peak, pooled, buffers: count, reserved: bytes, byKind: structuredClone(this.byKind) };
  }

  /** Notes a storage whose tensor JavaScript's garbage collector found forgotten; it is freed when many are. */
  forget(storage: Storage): void {
    this.#forgotten.push(storage);
  }

  /** Frees the forgotten storages. */
  freeForgotten(): void {
    for (const storage of this.#forgotten.splice(0)) storage.release();
  }

  /** Notes a new storage. Where many are forgotten they are freed; where many may be, garbage is collected. */
  born(storage: Storage): void {
    this.#alive.add(storage);
    if (this.#forgotten.length < MANY_FORGOTTEN && !this.#isSuspicious) return;
    this.freeForgotten();
    if (!this.#isSuspicious) return;
    this.#least = { count: this.#alive.size, bytes: this.live };
    collectGarbage();
  }

  /** Whether as much was made as there was before. */
  get #isSuspicious(): boolean {
    const { count, bytes } = this.#least;
    return this.#alive.size > SUSPICIOUS.count + 2 * count || this.live > SUSPICIOUS.bytes + 2 * bytes;
  }

  /** Notes that a storage was freed. */
  died(storage: Storage): void {
    this.#alive.delete(storage);
    this.#least.count = Math.min(this.#least.count, this.#alive.size);
    this.#least.bytes = Math.min(this.#least.bytes, this.live);
  }

  /** What is alive, in the order in which it was made. */
  leaks(): LiveMemory[] {
    return [...this.#alive].map(({ kind, bytes, shape = [], madeAt }) => ({ kind, bytes, shape, madeAt }));
  }
}

const usage = 0x80 | 0x4 | 0x8; // STORAGE | COPY_SRC | COPY_DST

/** Which of the freed buffers of a size is given out next: the one freed last, or the one made first. */
export type PoolOrder = "freed last" | "made first";

export interface PoolOptions {
  /**
   * "made first" gives a loop the same buffers in every turn, whatever the order in which it frees them, so that its
   * bind groups come again.
   */
  order: PoolOrder;
  /** Called with the numbers of the buffers that are destroyed. */
  onFree: (buffers: ReadonlySet<number>) => void;
  /** Keep the stack that made each storage. */
  traced: boolean;
}

/** Hands out storage and takes it back; freed buffers wait here, by size, for the next request. */
export class StoragePool {
  readonly #limits: GPUSupportedLimits;
  readonly #ledger: MemoryLedger;
  readonly #buffers: Buffers;
  readonly #options: PoolOptions;
  readonly #free = new Map<number, (Block & { kind: MemoryKind })[]>();
  #closed = false;
  /** GPU buffers made so far; a replayed program makes none. */
  created = 0;

  constructor(limits: GPUSupportedLimits, ledger: MemoryLedger, buffers: Buffers, options: PoolOptions) {
    this.#limits = limits;
    this.#ledger = ledger;
    this.#buffers = buffers;
    this.#options = options;
  }

  allocate(bytes: number, kind: MemoryKind): Storage {
    if (this.#closed) throw new DeviceLostError("this device was closed");
    this.check(bytes);
    const size = sizeClass(bytes);
    const kept = this.#free.get(size)?.pop();
    if (kept) this.#ledger.add(kept.kind, 0, -size);
    else this.created++;
    const block = kept ?? this.#buffers.make({ size: Math.min(size, this.#limits.maxBufferSize), usage });
    this.#ledger.add(kind, bytes, 0);
    const storage = new Storage(block, bytes, kind, this);
    if (this.#options.traced) storage.madeAt = stack();
    this.#ledger.born(storage);
    return storage;
  }

  /** Throws LimitError for a tensor that the adapter cannot hold. */
  check(bytes: number): void {
    const { maxBufferSize } = this.#limits;
    if (bytes > maxBufferSize)
      throw new LimitError(
        `a tensor of ${bytes} bytes is past this adapter's limit of ${maxBufferSize} bytes (maxBufferSize): ` +
          `use a smaller batch or split the work`,
      );
  }

  /** Whether `storage` came from this pool. */
  made(storage: Storage): boolean {
    return storage.pool === this;
  }

  /** Takes back, sooner or later, a storage whose tensor was forgotten. */
  forget(storage: Storage): void {
    this.#ledger.forget(storage);
  }

  recycle(storage: Storage): void {
    const { buffer, id, kind, bytes } = storage;
    this.#ledger.add(kind, -bytes, 0);
    this.#ledger.died(storage);
    if (this.#closed) {
      this.#options.onFree(new Set([id]));
      return this.#buffers.free(buffer);
    }
    const size = sizeClass(bytes);
    let list = this.#free.get(size);
    if (!list) this.#free.set(size, (list = []));
    const at = this.#options.order === "freed last" ? list.length : placeOf(id, list);
    list.splice(at, 0, { buffer, id, kind });
    this.#ledger.add(kind, 0, size);
  }

  /** Destroys the buffers that wait here; `close` also destroys those that come back later. */
  trim(close = false): void {
    this.#closed ||= close;
    const ids = new Set<number>();
    for (const list of this.#free.values()) for (const { id } of list) ids.add(id);
    if (ids.size === 0) return;
    this.#options.onFree(ids);
    for (const [size, list] of this.#free)
      for (const { buffer, kind } of list) {
        this.#buffers.free(buffer);
        this.#ledger.add(kind, 0, -size);
      }
    this.#free.clear();
  }
}

/** Where the buffer of number `id` belongs in a list whose numbers fall. */
function placeOf(id: number, list: readonly Block[]): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle]!.id > id) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The calls that led to an allocation, without those of the pool. */
function stack(): string {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 30;
  const lines = (new Error().stack ?? "").split("\n").slice(3);
  Error.stackTraceLimit = stackTraceLimit;
  return lines.map((line) => line.trim()).join("\n");
}

/** Rounds up to one of eight sizes an octave, so that at most an eighth of a buffer lies idle. */
function sizeClass(bytes: number): number {
  if (bytes <= 256) return 256;
  const step = 2 ** Math.max(8, Math.floor(Math.log2(bytes)) - 3);
  return Math.ceil(bytes / step) * step;
}
