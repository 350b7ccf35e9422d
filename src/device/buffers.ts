/** A GPU buffer and its number: higher than that of every buffer made before. */
export interface Block {
  buffer: GPUBuffer;
  id: number;
}

/** What destroys a buffer once everything that was given to it so far is sent: the queue. */
interface Freeing {
  free(buffer: GPUBuffer): void;
}

/** Makes and destroys all buffers of one device, so that each that exists is counted. */
export class Buffers {
  readonly #gpu: GPUDevice;
  readonly #queue: Freeing;
  #ids = 0;
  /** Buffers that exist. */
  count = 0;
  /** Their bytes. */
  bytes = 0;

  constructor(gpu: GPUDevice, queue: Freeing) {
    this.#gpu = gpu;
    this.#queue = queue;
  }

  make(descriptor: GPUBufferDescriptor): Block {
    const buffer = this.#gpu.createBuffer(descriptor);
    this.count++;
    this.bytes += buffer.size;
    return { buffer, id: this.#ids++ };
  }

  /** Destroys a buffer once everything that was given to the queue so far is sent. */
  free(buffer: GPUBuffer): void {
    this.count--;
    this.bytes -= buffer.size;
    this.#queue.free(buffer);
  }
}
