import type { Buffers } from "./buffers.ts";
import type { Command, Staged, Write } from "./commands.ts";
import type { MemoryLedger } from "./storage.ts";

/** Bytes that go to the device at once, for all small writes of a batch: at least, and at most. */
const [LEAST, MOST] = [1 << 20, 1 << 24];

/**
 * Brings the small writes of a batch to the device together, from where its command buffer copies them to their places:
 * a write of its own would end the command buffer.
 */
export class Uploads {
  readonly #gpu: GPUDevice;
  readonly #buffers: Buffers;
  readonly #ledger: MemoryLedger;
  #buffer: GPUBuffer | undefined;
  #data = new Uint8Array(0);

  constructor(gpu: GPUDevice, buffers: Buffers, ledger: MemoryLedger) {
    this.#gpu = gpu;
    this.#buffers = buffers;
    this.#ledger = ledger;
  }

  /** Sends the data of the writes among `commands`, as far as there is room, if there is more than one. */
  stage(commands: readonly Command[]): Staged | undefined {
    const writes = commands.filter((command) => command.kind === "write");
    if (writes.length < 2) return undefined;
    const { buffer, data } = this.#room(writes.reduce((sum, write) => sum + write.data.length, 0));
    const offsets = new Map<Write, number>();
    let used = 0;
    for (const write of writes) {
      const bytes = write.data.length;
      if (bytes % 4 !== 0 || used + bytes > data.length) continue;
      data.set(write.data, used);
      offsets.set(write, used);
      used += bytes;
      write.sent = true;
    }
    this.#gpu.queue.writeBuffer(buffer, 0, data, 0, used);
    return { buffer, offsets };
  }

  /** Room for `bytes`, or for as many as there may be. */
  #room(bytes: number): { buffer: GPUBuffer; data: Uint8Array<ArrayBuffer> } {
    if (!this.#buffer || this.#data.length < Math.min(bytes, MOST)) {
      this.trim();
      const size = Math.min(MOST, Math.max(LEAST, 2 ** Math.ceil(Math.log2(bytes))));
      this.#data = new Uint8Array(size);
      this.#buffer = this.#buffers.make({ size, usage: 0x4 | 0x8 }).buffer; // COPY_SRC | COPY_DST
      this.#ledger.add("staging", 0, size);
    }
    return { buffer: this.#buffer, data: this.#data };
  }

  /** Destroys the buffer until it is needed again. */
  trim(): void {
    if (!this.#buffer) return;
    this.#buffers.free(this.#buffer);
    this.#ledger.add("staging", 0, -this.#data.length);
    this.#buffer = undefined;
    this.#data = new Uint8Array(0);
  }
}
