import { DeviceLostError, LifetimeError, LimitError } from "./errors.ts";

/** What a block of device memory is for; `device.memory()` counts by it. */
export type MemoryKind = "tensor" | "parameter" | "optimizer" | "state" | "uniform" | "staging";

/** A reference-counted block of device memory. Tensors and their views share one. */
export class Storage {
  readonly buffer: GPUBuffer;
  /** Bytes asked for; the buffer may be larger. */
  readonly bytes: number;
  readonly kind: MemoryKind;
  readonly pool: StoragePool;
  #references = 1;

  constructor(buffer: GPUBuffer, bytes: number, kind: MemoryKind, pool: StoragePool) {
    this.buffer = buffer;
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
  byKind: Record<MemoryKind, { live: number; pooled: number }>;
}

/** The byte counts of one device, shared by all its pools. */
export class MemoryLedger {
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

  report(): MemoryReport {
    return { live: this.live, peak: this.peak, pooled: this.pooled, byKind: structuredClone(this.byKind) };
  }
}

const usage = 0x80 | 0x4 | 0x8; // STORAGE | COPY_SRC | COPY_DST

/** Hands out storage and takes it back; freed buffers wait here, by size, for the next request. */
export class StoragePool {
  readonly #device: GPUDevice;
  readonly #ledger: MemoryLedger;
  readonly #free = new Map<number, { buffer: GPUBuffer; kind: MemoryKind }[]>();
  #closed = false;
  /** GPU buffers made so far; a replayed program makes none. */
  created = 0;

  constructor(device: GPUDevice, ledger: MemoryLedger) {
    this.#device = device;
    this.#ledger = ledger;
  }

  allocate(bytes: number, kind: MemoryKind): Storage {
    if (this.#closed) throw new DeviceLostError("this device was closed");
    this.check(bytes);
    const size = sizeClass(bytes);
    const { maxBufferSize } = this.#device.limits;
    const kept = this.#free.get(size)?.pop();
    if (kept) this.#ledger.add(kept.kind, 0, -size);
    else this.created++;
    const buffer = kept?.buffer ?? this.#device.createBuffer({ size: Math.min(size, maxBufferSize), usage });
    this.#ledger.add(kind, bytes, 0);
    return new Storage(buffer, bytes, kind, this);
  }

  /** Throws LimitError for a tensor that the adapter can not hold. */
  check(bytes: number): void {
    const { maxBufferSize } = this.#device.limits;
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

  recycle(storage: Storage): void {
    this.#ledger.add(storage.kind, -storage.bytes, 0);
    if (this.#closed) return storage.buffer.destroy();
    const size = sizeClass(storage.bytes);
    const list = this.#free.get(size) ?? [];
    list.push({ buffer: storage.buffer, kind: storage.kind });
    this.#free.set(size, list);
    this.#ledger.add(storage.kind, 0, size);
  }

  /** Destroys the buffers that wait here; `close` also destroys those that come back later. */
  trim(close = false): void {
    for (const [size, list] of this.#free)
      for (const { buffer, kind } of list) {
        buffer.destroy();
        this.#ledger.add(kind, 0, -size);
      }
    this.#free.clear();
    this.#closed ||= close;
  }
}

/** Rounds up to one of eight sizes an octave, so that at most an eighth of a buffer lies idle. */
function sizeClass(bytes: number): number {
  if (bytes <= 256) return 256;
  const step = 2 ** Math.max(8, Math.floor(Math.log2(bytes)) - 3);
  return Math.ceil(bytes / step) * step;
}
