import { collectGarbage } from "#gpu";
import type { Block, Buffers } from "./buffers.ts";
import type { Write } from "./commands.ts";
import { LimitError } from "./errors.ts";
import type { CommandQueue } from "./queue.ts";
import type { MemoryLedger, Storage } from "./storage.ts";

/** The part of a storage that a launch binds, in bytes. */
export interface Slice {
  binding: number;
  storage: Storage;
  offset: number;
  size: number;
}

/** The params of a launch, packed. */
export interface PackedParams {
  binding: number;
  bytes: Uint8Array<ArrayBuffer>;
}

/** A uniform buffer that all launches with the same params share. */
interface Uniform {
  block: Block;
  key: string;
  uses: number;
}

interface Group {
  group: GPUBindGroup;
  uniform: Uniform | undefined;
}

/** The bind groups of one layout over one set of slices: one for each content of the params, and a ring beyond some. */
interface Place {
  storages: readonly number[];
  groups: Map<string, Group>;
  ring: Ring | undefined;
}

/** Bind groups over one buffer whose params are written anew each time round. */
interface Ring {
  block: Block;
  stride: number;
  groups: GPUBindGroup[];
  next: number;
  /** The write that brings the params of the slots from `first` on; it may be filled until it is sent. */
  write: Write;
  first: number;
}

/** Contents of the params for which a place keeps bind groups; and slots of its ring for all others. */
const KEPT_CONTENTS = 64;

/** Bind groups that are kept: from this many to twice as many. */
const KEPT_GROUPS = 4096;

/**
 * Bind groups that all software adapters of a process may have, those included that JavaScript's garbage collector did not give back
 * yet. In lavapipe each holds a memory mapping; a process has 65,530 of these, and one more kills it.
 */
export const MOST_BIND_GROUPS = 50_000;

/** Bind groups of all devices of this process that garbage collection has not given back. */
let existing = 0;
const collections = new FinalizationRegistry(() => existing--);

/**
 * The bind groups of one device. A launch on the same memory with the same params gets the one that it had before: a
 * driver may hold a memory mapping for each, which only JavaScript's garbage collector gives back. Those that were
 * not used for the longest time are forgotten.
 */
export class Bindings {
  readonly #gpu: GPUDevice;
  readonly #queue: CommandQueue;
  readonly #buffers: Buffers;
  readonly #ledger: MemoryLedger;
  readonly #uniforms = new Map<string, Uniform>();
  readonly #layouts = new WeakMap<GPUBindGroupLayout, number>();
  #layoutCount = 0;
  #recent = new Map<string, Place>();
  #older = new Map<string, Place>();
  #recentGroups = 0;
  /** Bind groups and uniform buffers made so far. */
  readonly made = { bindGroups: 0, uniforms: 0 };
  readonly #most: number;

  constructor(
    gpu: GPUDevice,
    queue: CommandQueue,
    buffers: Buffers,
    ledger: MemoryLedger,
    mostGroups = Infinity,
  ) {
    this.#most = mostGroups;
    this.#gpu = gpu;
    this.#queue = queue;
    this.#buffers = buffers;
    this.#ledger = ledger;
  }

  /** The bind group of an eager launch: right for the next command that is given to the queue, and no later one. */
  get(layout: GPUBindGroupLayout, slices: readonly Slice[], params: PackedParams | undefined): GPUBindGroup {
    const place = this.#place(layout, slices);
    const content = params ? String.fromCharCode(...params.bytes) : "";
    const found = place.groups.get(content);
    if (found) return found.group;
    if (params && place.groups.size >= KEPT_CONTENTS) return this.#fromRing(place, layout, slices, params);
    const made = this.#make(layout, slices, params && this.#uniform(content, params.bytes), params);
    place.groups.set(content, made);
    this.#count(1);
    return made.group;
  }

  /** A lender of bind groups that stay as they are: for launches that are repeated. */
  fixed(): FixedBindings {
    const groups = new Map<string, Group>();
    return {
      get: (layout, slices, params) => {
        const content = params ? String.fromCharCode(...params.bytes) : "";
        const key = this.#key(layout, slices) + content;
        let found = groups.get(key);
        if (!found) {
          found = this.#make(layout, slices, params && this.#uniform(content, params.bytes), params);
          groups.set(key, found);
        }
        return found.group;
      },
      dispose: () => {
        for (const { uniform } of groups.values()) this.#release(uniform);
        groups.clear();
      },
    };
  }

  /** Forgets all bind groups over the buffers of these numbers. */
  forget(storages: ReadonlySet<number>): void {
    for (const places of [this.#recent, this.#older])
      for (const [key, place] of places)
        if (place.storages.some((id) => storages.has(id))) {
          places.delete(key);
          if (places === this.#recent) this.#recentGroups -= sizeOf(place);
          this.#drop(place);
        }
  }

  /** Forgets all bind groups; uniform buffers stay as far as recorded launches need them. */
  clear(): void {
    for (const places of [this.#recent, this.#older]) {
      for (const place of places.values()) this.#drop(place);
      places.clear();
    }
    this.#recentGroups = 0;
  }

  #key(layout: GPUBindGroupLayout, slices: readonly Slice[]): string {
    let id = this.#layouts.get(layout);
    if (id === undefined) this.#layouts.set(layout, (id = this.#layoutCount++));
    let key = `${id}`;
    for (const { storage, offset, size } of slices) key += ` ${storage.id}:${offset}:${size}`;
    return key + "|";
  }

  #place(layout: GPUBindGroupLayout, slices: readonly Slice[]): Place {
    const key = this.#key(layout, slices);
    let place = this.#recent.get(key);
    if (place) return place;
    place = this.#older.get(key) ?? {
      storages: slices.map(({ storage }) => storage.id),
      groups: new Map(),
      ring: undefined,
    };
    this.#older.delete(key);
    this.#recent.set(key, place);
    this.#count(sizeOf(place));
    return place;
  }

  /** Counts bind groups among the recent ones; when these are many, those that were not used since are dropped. */
  #count(groups: number): void {
    this.#recentGroups += groups;
    if (this.#recentGroups <= KEPT_GROUPS) return;
    for (const place of this.#older.values()) this.#drop(place);
    this.#older = this.#recent;
    this.#recent = new Map();
    this.#recentGroups = 0;
  }

  #drop(place: Place): void {
    for (const { uniform } of place.groups.values()) this.#release(uniform);
    if (place.ring) this.#free(place.ring.block);
  }

  #make(
    layout: GPUBindGroupLayout,
    slices: readonly Slice[],
    uniform: Uniform | undefined,
    params: PackedParams | undefined,
  ): Group {
    const resource = uniform && { buffer: uniform.block.buffer };
    return {
      group: this.#bind(layout, slices, params && { binding: params.binding, resource: resource! }),
      uniform,
    };
  }

  #bind(
    layout: GPUBindGroupLayout,
    slices: readonly Slice[],
    params: GPUBindGroupEntry | undefined,
  ): GPUBindGroup {
    const entries: GPUBindGroupEntry[] = slices.map(({ binding, storage, offset, size }) => ({
      binding,
      resource: { buffer: storage.buffer, offset, size },
    }));
    if (params) entries.push(params);
    this.#makeRoom();
    this.made.bindGroups++;
    const group = this.#gpu.createBindGroup({ layout, entries });
    existing++;
    collections.register(group, undefined);
    return group;
  }

  /** Collects garbage each time that another tenth of the bind groups exist from half of them on. */
  #makeRoom(): void {
    if (existing >= this.#most)
      throw new LimitError(
        `${existing} launches wait for forgotten memory, which JavaScript finds in a pause: free tensors ` +
          `with dispose() or device.scope(), or await device.finish() now and then`,
      );
    if (existing >= this.#most / 2 && existing % (this.#most / 10) === 0) collectGarbage();
  }

  #fromRing(
    place: Place,
    layout: GPUBindGroupLayout,
    slices: readonly Slice[],
    { binding, bytes }: PackedParams,
  ): GPUBindGroup {
    const ring = (place.ring ??= this.#ring(bytes.length));
    const slot = ring.next;
    const { stride, block } = ring;
    ring.next = (slot + 1) % KEPT_CONTENTS;
    if (slot === 0 || ring.write.sent) {
      ring.first = slot;
      ring.write = writeOf(block.buffer, slot * stride, (KEPT_CONTENTS - slot) * stride);
      this.#queue.push(ring.write);
    }
    ring.write.data.set(bytes, (slot - ring.first) * stride);
    const resource = { buffer: block.buffer, offset: slot * stride, size: bytes.length };
    if (ring.groups.length === slot) {
      ring.groups.push(this.#bind(layout, slices, { binding, resource }));
      this.#recentGroups++;
    }
    return ring.groups[slot]!;
  }

  #ring(bytes: number): Ring {
    const step = this.#gpu.limits.minUniformBufferOffsetAlignment;
    const stride = Math.ceil(bytes / step) * step;
    const block = this.#buffers.make({
      size: KEPT_CONTENTS * stride,
      usage: 0x40 | 0x80 | 0x8, // UNIFORM | STORAGE | COPY_DST
    });
    this.#ledger.add("uniform", block.buffer.size, 0);
    this.made.uniforms++;
    return { block, stride, groups: [], next: 0, first: 0, write: writeOf(block.buffer, 0, 0) };
  }

  #uniform(key: string, bytes: Uint8Array<ArrayBuffer>): Uniform {
    let uniform = this.#uniforms.get(key);
    if (!uniform) {
      const block = this.#buffers.make({ size: bytes.length, usage: 0x40 | 0x8, mappedAtCreation: true });
      new Uint8Array(block.buffer.getMappedRange()).set(bytes);
      block.buffer.unmap();
      this.#ledger.add("uniform", bytes.length, 0);
      this.made.uniforms++;
      this.#uniforms.set(key, (uniform = { block, key, uses: 0 }));
    }
    uniform.uses++;
    return uniform;
  }

  #release(uniform: Uniform | undefined): void {
    if (!uniform || --uniform.uses > 0) return;
    this.#uniforms.delete(uniform.key);
    this.#free(uniform.block);
  }

  #free({ buffer }: Block): void {
    this.#ledger.add("uniform", -buffer.size, 0);
    this.#buffers.free(buffer);
  }
}

/** The bind groups of a recorded step. */
export interface FixedBindings {
  get: Bindings["get"];
  /** Gives up the uniform buffers. */
  dispose(): void;
}

function sizeOf({ groups, ring }: Place): number {
  return groups.size + (ring?.groups.length ?? 0);
}

function writeOf(buffer: GPUBuffer, offset: number, bytes: number): Write {
  return { kind: "write", buffer, offset, data: new Uint8Array(bytes), sent: bytes === 0 };
}
