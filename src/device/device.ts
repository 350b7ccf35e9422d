import { openAdapter, readTuning, type AdapterDescription, type AdapterRequest } from "#gpu";
import type { OpenedAdapter, Settle } from "./adapters.ts";
import { checkFunction, checkOptions } from "./arguments.ts";
import { Bindings, MOST_BIND_GROUPS, type PackedParams, type Slice } from "./bindings.ts";
import { Buffers } from "./buffers.ts";
import type { Command } from "./commands.ts";
import { ArgumentError, LifetimeError } from "./errors.ts";
import { PipelineCache } from "./pipelines.ts";
import { Profiler } from "./profiler.ts";
import { Program, type RecordOptions } from "./program.ts";
import { CommandQueue } from "./queue.ts";
import { refusePromises, Scopes, type Disposable } from "./scopes.ts";
import { Staging } from "./staging.ts";
import {
  MemoryLedger,
  StoragePool,
  type LiveMemory,
  type MemoryKind,
  type MemoryReport,
  type PoolOrder,
  type Span,
  type Storage,
} from "./storage.ts";
import { Uploads } from "./uploads.ts";

/** Opens the device that `request` names; without one, the best there is (see `hestenes devices`). */
export async function openDevice(request: AdapterRequest = {}): Promise<Device> {
  checkOptions("openDevice", request);
  const { binding, leaks, adapter } = request;
  if (adapter !== undefined && typeof adapter !== "string")
    throw new ArgumentError(`openDevice: adapter is a part of an adapter's name, not ${String(adapter)}`);
  if (binding !== undefined && !(binding >= 256))
    throw new ArgumentError(`openDevice: binding is a number of bytes from 256 on, not ${binding}`);
  const opened = await openAdapter(request);
  const { info, settle } = opened;
  const gpu = await requestDevice(opened);
  const tuning = request.tuned === false ? undefined : readTuning(info)?.choices;
  const isChecked = request.validation || info.backend === "browser";
  const openChecker = async () => requestDevice(await openAdapter({ adapter: info.name, validation: true }));
  return new Device(gpu, info, {
    settle,
    tuning,
    binding,
    openChecker: isChecked ? undefined : openChecker,
    leaks,
  });
}

/** A device with all that the adapter can do. */
async function requestDevice({ adapter, requestDevice }: OpenedAdapter): Promise<GPUDevice> {
  const requiredLimits: Record<string, number> = {};
  for (const name in adapter.limits) {
    const value = adapter.limits[name as keyof GPUSupportedLimits];
    if (typeof value === "number") requiredLimits[name] = value;
  }
  const wanted = ["timestamp-query", "subgroups", "shader-f16"] as GPUFeatureName[];
  const requiredFeatures = wanted.filter((feature) => adapter.features.has(feature));
  return requestDevice({ requiredLimits, requiredFeatures });
}

/** Throws ArgumentError for what is no device: the promise of one, most often. */
export function checkDevice(what: string, device: unknown): void {
  if (!(device instanceof Device))
    throw new ArgumentError(
      `${what}: a device is needed, which \`await openDevice()\` gives, not ${String(device)}`,
    );
}

/** What a device is opened with. */
export interface DeviceOptions {
  settle: Settle;
  tuning?: ReadonlyMap<string, string> | undefined;
  binding?: number | undefined;
  /** Opens a device with all of WebGPU's checks, where this one has not got them. */
  openChecker?: (() => Promise<GPUDevice>) | undefined;
  leaks?: boolean | undefined;
  /** What is compiled on `gpu` already, by another device on it. */
  pipelines?: PipelineCache | undefined;
}

/** A GPU, or the software that stands in for one, and everything that lives on it. */
export class Device {
  readonly gpu: GPUDevice;
  readonly info: AdapterDescription;
  /** The measured choice for each class of shapes, see `src/ops/lib/choice.ts`. */
  readonly tuning: ReadonlyMap<string, string>;
  /**
   * Bytes that a launch may bind of one tensor, in whole steps of 256. A tensor may be larger, as far as one buffer holds
   * it: what is launched on it has to go window by window, see `inWindows`. It is 2³² at most, which
   * leaves the 32 bits by which kernels number elements some room past the last one.
   */
  readonly largestBinding: number;
  readonly pipelines: PipelineCache;
  readonly queue: CommandQueue;
  readonly #ledger = new MemoryLedger();
  readonly #buffers: Buffers;
  readonly #bindings: Bindings;
  readonly #staging: Staging;
  readonly #uploads: Uploads;
  readonly #pool: StoragePool;
  readonly #traced: boolean;
  readonly #scopes = new Scopes();
  /** Opened for the first kernel from outside of the package; `gpu` itself where that one has WebGPU's checks. */
  #checker: Promise<GPUDevice> | undefined;
  #recording: Program | undefined;
  #gradients = true;

  constructor(gpu: GPUDevice, info: AdapterDescription, options: DeviceOptions) {
    const { settle, tuning = new Map<string, string>(), binding = Infinity, leaks = false } = options;
    const { openChecker = () => Promise.resolve(gpu) } = options;
    this.gpu = gpu;
    this.info = info;
    this.tuning = tuning;
    this.largestBinding =
      Math.floor(Math.min(binding, gpu.limits.maxStorageBufferBindingSize, 2 ** 32) / 256) * 256;
    this.pipelines = options.pipelines ?? new PipelineCache(gpu, () => (this.#checker ??= openChecker()));
    this.queue = new CommandQueue(gpu, settle);
    this.#buffers = new Buffers(gpu, this.queue);
    this.#bindings = new Bindings(
      gpu,
      this.queue,
      this.#buffers,
      this.#ledger,
      this.isSoftware ? MOST_BIND_GROUPS : Infinity,
    );
    this.#staging = new Staging(this.queue, this.#buffers, this.#ledger, gpu.limits.maxBufferSize);
    this.queue.uploads = this.#uploads = new Uploads(gpu, this.#buffers, this.#ledger, this.largestBinding);
    this.#traced = leaks;
    this.#pool = this.#newPool("made first");
  }

  /** True where the "GPU" is the machine's own CPU: kernels then avoid barriers and workgroup memory. */
  get isSoftware(): boolean {
    return this.info.kind === "software";
  }

  /** Live, peak and pooled bytes, and the buffers that exist; with `leaks` also what nobody freed yet. */
  memory(options: { leaks: true }): MemoryReport & { alive: LiveMemory[] };
  memory(options?: { leaks?: boolean | undefined }): MemoryReport;
  memory({ leaks = false } = {}): MemoryReport & { alive?: LiveMemory[] | undefined } {
    const report = this.#ledger.report(this.#buffers);
    return leaks ? { ...report, alive: this.#ledger.leaks() } : report;
  }

  /** Buffers, pipelines and bind groups made so far: none are made while a program replays. */
  get made(): { bindGroups: number; uniforms: number; buffers: () => number } {
    return { ...this.#bindings.made, buffers: () => this.#pool.created };
  }

  /** A block of device memory with whatever is in it. */
  allocate(bytes: number, kind: MemoryKind = "tensor"): Storage {
    this.queue.checkAlive();
    return (this.#recording?.pool ?? this.#pool).allocate(bytes, kind);
  }

  /** Throws LimitError for a tensor of so many bytes, if the adapter cannot hold it. */
  checkSize(bytes: number): void {
    this.#pool.check(bytes);
  }

  /** A block of device memory that holds `data`. */
  upload(data: Uint8Array<ArrayBuffer>, kind: MemoryKind = "tensor"): Storage {
    if (this.#recording) return this.#recording.pin(data, kind, this.#pool);
    const storage = this.#pool.allocate(data.byteLength, kind);
    this.queue.write(storage.buffer, 0, data);
    return storage;
  }

  /** Overwrites `storage` from `offset` on, in order with the launches around. */
  write(storage: Storage, offset: number, data: Uint8Array<ArrayBuffer>): void {
    if (this.#recording)
      throw new ArgumentError(
        "a tensor is written while a step is recorded: write it before `program.run()`",
      );
    this.queue.write(storage.buffer, offset, data);
  }

  /** Throws while a step is recorded, in which nothing can be read. */
  checkReadable(): void {
    if (this.#recording)
      throw new ArgumentError("a tensor is read while a step is recorded: return it and read it afterwards");
  }

  /** The bytes of `storage`, once everything that was launched so far is done. */
  async read(storage: Storage, offset: number, bytes: number): Promise<ArrayBuffer> {
    this.checkReadable();
    this.queue.check();
    return this.#staging.read(storage, offset, bytes);
  }

  /** The bind group of a launch; while a step is recorded, one that nothing changes. */
  bind(layout: GPUBindGroupLayout, slices: readonly Slice[], params: PackedParams | undefined): GPUBindGroup {
    return (this.#recording?.bindings ?? this.#bindings).get(layout, slices, params);
  }

  /** Shown each output of an operation, and each gradient, with the label of the launch that made it. */
  watch: ((made: Span, label: string) => void) | undefined;
  #lastLabel = "";

  /** Shows `made` to `watch`, if there is one. */
  show(made: Span, prefix = ""): void {
    this.watch?.(made, prefix + this.#lastLabel);
  }

  /** Launches a command; everything on the device goes through here. */
  launch(command: Command, uses: readonly Storage[]): void {
    if (command.kind === "dispatch") this.#lastLabel = command.label;
    this.#recording?.add(command, uses);
    if (this.#recording?.runs !== false) this.queue.push(command);
  }

  /** Runs `body`, and sends what it launches in one submission where it can. */
  together(body: () => void): void {
    this.queue.together(body);
  }

  /** Runs `body` and frees every tensor that it made, except those that it returns. */
  scope<T>(body: () => T): T {
    checkFunction("scope: its body", body);
    return this.#scopes.run(body);
  }

  /** Puts `made` into the innermost open scope. */
  own(made: Disposable): void {
    this.#scopes.add(made);
  }

  /** Takes `freed` out of whatever scope holds it: it was freed, or is to outlive the scope. */
  disown(freed: Disposable): void {
    this.#scopes.remove(freed);
  }

  /** Whether operations are recorded for `backward`. */
  get tracksGradients(): boolean {
    return this.#gradients;
  }

  /** Runs `body` without recording it for `backward`. */
  noGrad<T>(body: () => T): T {
    return this.#tracking(false, body);
  }

  /** Runs `body` and records it for `backward`, also within `noGrad`: for rules that differentiate on their own. */
  withGrad<T>(body: () => T): T {
    return this.#tracking(true, body);
  }

  #tracking<T>(gradients: boolean, body: () => T): T {
    checkFunction("noGrad: its body", body);
    const before = this.#gradients;
    this.#gradients = gradients;
    try {
      const result = body();
      refusePromises("the body of noGrad or withGrad", result);
      return result;
    } finally {
      this.#gradients = before;
    }
  }

  /**
   * Runs `step` once and keeps its launches; `program.run()` repeats them without running `step`
   * again. What `step` returns is overwritten by each run. See `record` for the rules.
   */
  record<T>(step: () => T, options: RecordOptions = {}): { program: Program; result: T } {
    checkFunction("record: the step", step);
    if (this.#recording) throw new LifetimeError("record: a step is being recorded already");
    const program = new Program(this.queue, this.#newPool("freed last"), this.#bindings.fixed(), options);
    this.#recording = program;
    try {
      return { program, result: this.scope(step) };
    } catch (error) {
      program.dispose();
      throw error;
    } finally {
      this.#recording = undefined;
    }
  }

  /** Resolves when everything that was launched is done; throws what went wrong on the way. */
  async finish(): Promise<void> {
    await this.queue.finish();
  }

  /** Measures every launch from now on, or until the returned profiler is stopped by `profile(false)`. */
  profile(on = true): Profiler {
    if (on && !this.gpu.features.has("timestamp-query"))
      throw new ArgumentError(`profiling needs timestamp queries, which ${this.info.name} does not have`);
    const profiler = new Profiler(this.gpu, this.#buffers, this.#ledger);
    this.queue.profiler = on ? profiler : undefined;
    return profiler;
  }

  /** Frees all memory that is kept for later use. */
  async trim(): Promise<void> {
    await this.finish();
    this.#ledger.freeForgotten();
    this.#pool.trim();
    this.#bindings.clear();
    this.#staging.trim();
    this.#uploads.trim();
  }

  #newPool(order: PoolOrder): StoragePool {
    const onFree = (buffers: ReadonlySet<number>) => this.#bindings.forget(buffers);
    return new StoragePool(this.gpu.limits, this.#ledger, this.#buffers, {
      order,
      onFree,
      traced: this.#traced,
    });
  }

  /** Destroys the device and everything on it; Node can exit after it. */
  close(): void {
    this.#pool.trim(true);
    this.gpu.destroy();
    void this.#checker?.then((checker) => checker.destroy()).catch(() => undefined); // one that did not open told so
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
