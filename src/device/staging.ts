import { waitFor } from "#gpu";
import type { Block, Buffers } from "./buffers.ts";
import { DeviceLostError } from "./errors.ts";
import type { CommandQueue } from "./queue.ts";
import type { MemoryLedger, Storage } from "./storage.ts";

/** Reads that may be under way, each with a buffer of its own; one more waits for all of them. */
const MOST_READS = 64;

/** A copy that is under way from the device. */
interface Read {
  block: Block;
  bytes: number;
  mapping: Promise<undefined> | undefined;
  values: ArrayBuffer | undefined;
}

/** Brings memory back from the device, through buffers that are used again. */
export class Staging {
  readonly #queue: CommandQueue;
  readonly #buffers: Buffers;
  readonly #ledger: MemoryLedger;
  readonly #largest: number;
  readonly #free = new Map<number, Block[]>();
  readonly #open = new Set<Read>();

  constructor(queue: CommandQueue, buffers: Buffers, ledger: MemoryLedger, largest: number) {
    this.#queue = queue;
    this.#buffers = buffers;
    this.#ledger = ledger;
    this.#largest = largest;
  }

  /** The bytes of `storage`, as everything that was given so far leaves them. */
  read(storage: Storage, offset: number, bytes: number): Promise<ArrayBuffer> {
    if (this.#open.size >= MOST_READS) this.#settle();
    const block = this.#take(Math.min(2 ** Math.ceil(Math.log2(Math.max(256, bytes))), this.#largest));
    const read: Read = { block, bytes, mapping: undefined, values: undefined };
    this.#open.add(read);
    return this.#finish(read, storage, offset);
  }

  /** Destroys the buffers that wait here. */
  trim(): void {
    for (const blocks of this.#free.values())
      for (const { buffer } of blocks) {
        this.#ledger.add("staging", 0, -buffer.size);
        this.#buffers.free(buffer);
      }
    this.#free.clear();
  }

  async #finish(read: Read, storage: Storage, offset: number): Promise<ArrayBuffer> {
    const { block, bytes } = read;
    try {
      this.#queue.push({
        kind: "copy",
        from: storage.buffer,
        fromOffset: offset,
        to: block.buffer,
        toOffset: 0,
        bytes,
      });
      await this.#queue.flush();
      if (!read.values) await this.#queue.waitFor(waitFor(this.#map(read)));
    } catch (cause) {
      this.#open.delete(read);
      this.#ledger.add("staging", -block.buffer.size, 0);
      this.#buffers.free(block.buffer);
      await Promise.resolve(); // lets the loss of the device arrive first
      this.#queue.check();
      if (read.mapping === undefined) throw cause;
      throw new DeviceLostError("the device was closed or lost while a tensor was read", { cause });
    }
    const values = read.values ?? this.#collect(read);
    this.#queue.check();
    return values;
  }

  #map(read: Read): Promise<undefined> {
    return (read.mapping ??= read.block.buffer.mapAsync(0x1, 0, Math.max(4, read.bytes))); // GPUMapMode.READ
  }

  /** Takes the values over, after which the buffer is free. */
  #collect(read: Read): ArrayBuffer {
    const { block, bytes } = read;
    read.values = block.buffer.getMappedRange(0, Math.max(4, bytes)).slice(0, bytes);
    block.buffer.unmap();
    this.#open.delete(read);
    const kept = this.#free.get(block.buffer.size) ?? [];
    kept.push(block);
    this.#free.set(block.buffer.size, kept);
    this.#ledger.add("staging", -block.buffer.size, block.buffer.size);
    return read.values;
  }

  /** Finishes all reads that are under way, without returning to the event loop, where the runtime has a way. */
  #settle(): void {
    this.#queue.sendNow();
    for (const read of [...this.#open])
      if (this.#queue.settle(() => this.#map(read)) === "fulfilled") this.#collect(read);
  }

  #take(size: number): Block {
    const kept = this.#free.get(size)?.pop();
    this.#ledger.add("staging", size, kept ? -size : 0);
    return kept ?? this.#buffers.make({ size, usage: 0x1 | 0x8 }); // MAP_READ | COPY_DST
  }
}
