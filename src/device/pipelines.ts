import type { Settle } from "./adapters.ts";
import { KernelError, LimitError } from "./errors.ts";
import type { Shader } from "./shader.ts";

/** A compilation that is under way, and its result at once. */
interface Compilation {
  begun: Promise<GPUComputePipeline>;
  make: () => GPUComputePipeline;
}

/** A compute pipeline that compiles in the background. */
export class Pipeline {
  readonly layout: GPUBindGroupLayout;
  /** Resolves when it is compiled, or could not be. */
  readonly settled: Promise<void>;
  readonly #now: Compilation | undefined;
  #pipeline: GPUComputePipeline | undefined;
  #failure: KernelError | undefined;

  /** `now` is there where it may be compiled at once, in place of when `pipeline` resolves. */
  constructor(
    layout: GPUBindGroupLayout,
    pipeline: Promise<GPUComputePipeline>,
    now: Compilation | undefined,
  ) {
    this.layout = layout;
    this.#now = now;
    this.settled = pipeline.then(
      (made) => void (this.#pipeline = made),
      (why: KernelError) => void (this.#failure = why),
    );
  }

  get isSettled(): boolean {
    return this.#pipeline !== undefined || this.#failure !== undefined;
  }

  /** Why it does not compile; what was launched with it is left out, and the next `read()` or `finish()` throws this. */
  get failure(): KernelError | undefined {
    return this.#failure;
  }

  /** Compiles it without returning to the event loop. */
  compileNow(settle: Settle): void {
    if (this.isSettled) return;
    const now = this.#now;
    if (!now || settle(() => now.begun) === "rejected")
      throw new LimitError(
        "too many launches wait for a kernel that is not compiled: await device.finish() after the " +
          "first launch",
      );
    this.#pipeline = now.make();
  }

  get ready(): GPUComputePipeline {
    if (!this.#pipeline) throw new KernelError("a pipeline is used before it was compiled");
    return this.#pipeline;
  }
}

/** The pipelines of one device, by shader, entry point, bindings and constants. */
export class PipelineCache {
  readonly #device: GPUDevice;
  readonly #checker: () => Promise<GPUDevice>;
  readonly #pipelines = new Map<Shader, Map<string, Pipeline>>();
  readonly #modules = new Map<Shader, GPUShaderModule>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  #size = 0;

  /** `checker` gives a device with all of WebGPU's checks, for kernels from outside of the package. */
  constructor(device: GPUDevice, checker: () => Promise<GPUDevice>) {
    this.#device = device;
    this.#checker = checker;
  }

  /** Pipelines made so far. */
  get size(): number {
    return this.#size;
  }

  /** The pipeline of `entryPoint`, with a bind group layout of exactly the bindings named in `args`. */
  get(
    shader: Shader,
    entryPoint: string,
    args: readonly string[],
    constants: Record<string, number>,
  ): Pipeline {
    let ofShader = this.#pipelines.get(shader);
    if (!ofShader) this.#pipelines.set(shader, (ofShader = new Map<string, Pipeline>()));
    const key = `${entryPoint}(${args.join()})${JSON.stringify(constants)}`;
    let pipeline = ofShader.get(key);
    if (!pipeline) {
      pipeline = this.#compile(shader, entryPoint, args, constants);
      ofShader.set(key, pipeline);
      this.#size++;
    }
    return pipeline;
  }

  #compile(
    shader: Shader,
    entryPoint: string,
    args: readonly string[],
    constants: Record<string, number>,
  ): Pipeline {
    for (const name of Object.keys(constants))
      if (!shader.overrides.has(name))
        throw new KernelError(`${shader.name}.wgsl has no override named ${name}`);
    const entries = args.map((arg): GPUBindGroupLayoutEntry => {
      const { binding, type } = shader.bindings.get(arg)!;
      return { binding, visibility: 0x4, buffer: { type } }; // 0x4 is GPUShaderStage.COMPUTE
    });
    const layout = this.#layout(entries);
    const label = `${shader.name}.${entryPoint}`;
    const descriptor = (): GPUComputePipelineDescriptor => ({
      label,
      layout: this.#device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module: this.#module(shader), entryPoint, constants },
    });
    const begin = () => this.#device.createComputePipelineAsync(descriptor());
    const checked = shader.check?.(this.#checker, entries, { entryPoint, constants });
    const begun = checked ? checked.then(begin) : begin();
    const made = begun.catch((cause: unknown) => {
      const set = Object.keys(constants).length > 0 ? ` with ${JSON.stringify(constants)}` : "";
      const why = cause instanceof Error ? cause.message.trim() : String(cause);
      throw new KernelError(`${label} does not compile${set}: ${why}`, { cause });
    });
    const now = { begun, make: () => this.#device.createComputePipeline(descriptor()) };
    return new Pipeline(layout, made, checked ? undefined : now);
  }

  #module(shader: Shader): GPUShaderModule {
    let module = this.#modules.get(shader);
    if (!module) {
      module = this.#device.createShaderModule({ label: shader.name, code: shader.code });
      this.#modules.set(shader, module);
    }
    return module;
  }

  #layout(entries: GPUBindGroupLayoutEntry[]): GPUBindGroupLayout {
    const key = JSON.stringify(entries);
    let layout = this.#layouts.get(key);
    if (!layout) this.#layouts.set(key, (layout = this.#device.createBindGroupLayout({ entries })));
    return layout;
  }
}
