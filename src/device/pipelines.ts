import { KernelError } from "./errors.ts";
import type { Shader } from "./shader.ts";

/** A compute pipeline that compiles in the background. */
export class Pipeline {
  readonly layout: GPUBindGroupLayout;
  readonly compiled: Promise<void>;
  #pipeline: GPUComputePipeline | undefined;

  constructor(layout: GPUBindGroupLayout, pipeline: Promise<GPUComputePipeline>) {
    this.layout = layout;
    this.compiled = pipeline.then((made) => void (this.#pipeline = made));
    this.compiled.catch(() => undefined); // reported where the commands that need it are sent
  }

  get isReady(): boolean {
    return this.#pipeline !== undefined;
  }

  get ready(): GPUComputePipeline {
    if (!this.#pipeline) throw new KernelError("a pipeline is used before it was compiled");
    return this.#pipeline;
  }
}

/** The pipelines of one device, by shader, entry point, bindings and constants. */
export class PipelineCache {
  readonly #device: GPUDevice;
  readonly #pipelines = new Map<string, Pipeline>();
  readonly #modules = new Map<string, GPUShaderModule>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Pipelines made so far. */
  get size(): number {
    return this.#pipelines.size;
  }

  /** The pipeline of `entryPoint`, with a bind group layout of exactly the bindings named in `args`. */
  get(
    shader: Shader,
    entryPoint: string,
    args: readonly string[],
    constants: Record<string, number>,
  ): Pipeline {
    const key = `${shader.name}.${entryPoint}(${args.join()})${JSON.stringify(constants)}`;
    let pipeline = this.#pipelines.get(key);
    if (!pipeline) {
      pipeline = this.#compile(shader, entryPoint, args, constants);
      this.#pipelines.set(key, pipeline);
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
    const layout = this.#layout(shader, args);
    const label = `${shader.name}.${entryPoint}`;
    const made = this.#device
      .createComputePipelineAsync({
        label,
        layout: this.#device.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: { module: this.#module(shader), entryPoint, constants },
      })
      .catch((cause: unknown) => {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new KernelError(`${label} does not compile with ${JSON.stringify(constants)}: ${why}`, {
          cause,
        });
      });
    return new Pipeline(layout, made);
  }

  #module(shader: Shader): GPUShaderModule {
    let module = this.#modules.get(shader.name);
    if (!module) {
      module = this.#device.createShaderModule({ label: shader.name, code: shader.code });
      this.#modules.set(shader.name, module);
    }
    return module;
  }

  #layout(shader: Shader, args: readonly string[]): GPUBindGroupLayout {
    const entries = args.map((arg): GPUBindGroupLayoutEntry => {
      const { binding, type } = shader.bindings.get(arg)!;
      return { binding, visibility: 0x4, buffer: { type } }; // 0x4 is GPUShaderStage.COMPUTE
    });
    const key = JSON.stringify(entries);
    let layout = this.#layouts.get(key);
    if (!layout) this.#layouts.set(key, (layout = this.#device.createBindGroupLayout({ entries })));
    return layout;
  }
}
