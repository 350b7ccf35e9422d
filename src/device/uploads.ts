import type { Buffers } from "./buffers.ts";
import type { Command, Staged, Write } from "./commands.ts";
import { groupsFor } from "./grid.ts";
import { shader } from "./shader.ts";
import type { MemoryLedger } from "./storage.ts";

/** Bytes that go to the device at once, for all small writes of a batch: at least, and at most. */
const [LEAST, MOST] = [1 << 20, 1 << 24];

/** Bytes at whose multiples WebGPU takes a place in a uniform buffer on every device; and those of the params there. */
const [STEP, PARAMS] = [256, 16];

/** Destinations for which a launch may bring the data. */
const MOST_PLACES = 1024;

const WG = 64;

/**
 * Brings the small writes of a batch to the device together, from where they come to their places in order with the
 * launches around: by a copy, or in a pass that is under way by a launch of `writes.wgsl`. A write of its own would end the
 * command buffer, and a copy the pass: each is an object that Node gives back in a pause alone.
 */
export class Uploads {
  readonly #gpu: GPUDevice;
  readonly #buffers: Buffers;
  readonly #ledger: MemoryLedger;
  readonly #largestBinding: number;
  #buffer: GPUBuffer | undefined;
  #data = new Uint8Array(0);
  #pipeline: GPUComputePipeline | undefined;
  #groups = new WeakMap<GPUBuffer, GPUBindGroup>();
  #groupCount = 0;

  constructor(gpu: GPUDevice, buffers: Buffers, ledger: MemoryLedger, largestBinding: number) {
    this.#gpu = gpu;
    this.#buffers = buffers;
    this.#ledger = ledger;
    this.#largestBinding = largestBinding;
  }

  /** Sends the data of the writes among `commands`, as far as there is room, if there is more than one. */
  stage(commands: readonly Command[]): Staged | undefined {
    const writes = commands.filter((command) => command.kind === "write");
    if (writes.length < 2) return undefined;
    const { buffer, data } = this.#room(writes.reduce((sum, write) => sum + recordOf(write), 0));
    const places = new Map<Write, number>();
    let used = 0;
    for (const write of writes) {
      const bytes = write.data.length;
      if (bytes % 4 !== 0 || used + recordOf(write) > data.length) continue;
      const params = [used + PARAMS, write.offset, bytes].map((byte) => byte / 4);
      new Uint32Array(data.buffer, used, params.length).set(params);
      data.set(write.data, used + PARAMS);
      places.set(write, used);
      used += recordOf(write);
      write.sent = true;
    }
    this.#gpu.queue.writeBuffer(buffer, 0, data, 0, used);
    return {
      has: (write) => places.has(write),
      copy: (write, encoder) =>
        encoder.copyBufferToBuffer(
          buffer,
          places.get(write)! + PARAMS,
          write.buffer,
          write.offset,
          write.data.length,
        ),
      launch: (write, pass) => {
        const group = this.#group(buffer, write.buffer);
        if (!group) return false;
        pass.setPipeline(this.#pipeline!);
        pass.setBindGroup(0, group, [places.get(write)!]);
        pass.dispatchWorkgroups(groupsFor(write.data.length / 4, WG));
        return true;
      },
    };
  }

  /** Binds the data and their destination; undefined for destinations too large, or past those that there may be. */
  #group(data: GPUBuffer, out: GPUBuffer): GPUBindGroup | undefined {
    const found = this.#groups.get(out);
    if (found || out.size > this.#largestBinding || this.#groupCount === MOST_PLACES) return found;
    this.#pipeline ??= this.#compile();
    const made = this.#gpu.createBindGroup({
      layout: this.#pipeline.getBindGroupLayout(0),
      entries: [
        { binding: 0, resource: { buffer: data, size: PARAMS } },
        { binding: 1, resource: { buffer: data } },
        { binding: 2, resource: { buffer: out } },
      ],
    });
    this.#groups.set(out, made);
    this.#groupCount++;
    return made;
  }

  #compile(): GPUComputePipeline {
    const { code } = shader("writes");
    const entry = (binding: number, buffer: GPUBufferBindingLayout) => ({ binding, visibility: 0x4, buffer });
    const layout = this.#gpu.createBindGroupLayout({
      entries: [
        entry(0, { type: "uniform", hasDynamicOffset: true }),
        entry(1, { type: "read-only-storage" }),
        entry(2, { type: "storage" }),
      ],
    });
    return this.#gpu.createComputePipeline({
      label: "writes.put",
      layout: this.#gpu.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: {
        module: this.#gpu.createShaderModule({ label: "writes", code }),
        entryPoint: "put",
        constants: { WG },
      },
    });
  }

  /** Room for `bytes`, or for as many as there may be. */
  #room(bytes: number): { buffer: GPUBuffer; data: Uint8Array<ArrayBuffer> } {
    if (!this.#buffer || this.#data.length < Math.min(bytes, MOST)) {
      this.trim();
      const size = Math.min(MOST, Math.max(LEAST, 2 ** Math.ceil(Math.log2(bytes))));
      this.#data = new Uint8Array(size);
      // UNIFORM | STORAGE | COPY_SRC | COPY_DST
      this.#buffer = this.#buffers.make({ size, usage: 0x40 | 0x80 | 0x4 | 0x8 }).buffer;
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
    this.#groups = new WeakMap();
    this.#groupCount = 0;
  }
}

/** Bytes that a write takes among those that go together. */
function recordOf({ data }: Write): number {
  return Math.ceil((PARAMS + data.length) / STEP) * STEP;
}
