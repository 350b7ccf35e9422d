import type { Slice } from "./bindings.ts";
import type { Work } from "./commands.ts";
import type { Device } from "./device.ts";
import type { DType } from "./dtype.ts";
import { KernelError, LifetimeError, LimitError } from "./errors.ts";
import { shader, type Shader, type ShaderTexts } from "./shader.ts";
import type { Span } from "./storage.ts";

export { groupsFor, linearGrid, MOST_GROUPS } from "./grid.ts";

/** Device memory that a kernel can read or write: a tensor. */
export interface Operand extends Span {
  readonly device: Device;
  readonly dtype: DType;
}

export type Operands = Record<string, Operand>;
export type Params = Record<string, number | readonly number[]>;
export type Grid = readonly [number, number?, number?];

export interface LaunchOptions {
  /** Values of the shader's `override` constants: each set of them is compiled once. */
  constants?: Record<string, number> | undefined;
  /** What the launch costs, for the profiler. */
  work?: Work | undefined;
}

/** Launches an entry point of a kernel on `operands`; `grid` is in workgroups. */
export type Kernel = (
  entryPoint: string,
  operands: Operands,
  params: Params,
  grid: Grid,
  options?: LaunchOptions,
) => void;

/**
 * The kernel `shaders/<name>.wgsl`: operands and params are given by the names that the WGSL gives its bindings and the
 * fields of its uniform. A bundler gives `texts`, so that the shaders of kernels that nothing launches stay out of the
 * bundle.
 */
export function kernel(name: string, texts?: ShaderTexts): Kernel {
  return (entryPoint, operands, ...launched) => {
    const special = Object.values(operands).find(({ dtype }) => dtype.special)?.dtype.special;
    const source = shader(name, texts);
    launch(special?.specialise(source, operands) ?? source, entryPoint, operands, ...launched);
  };
}

/** Launches an entry point of `source`, which has a binding for each of the operands, and one operand at least. */
export function launch(
  source: Shader,
  entryPoint: string,
  operands: Operands,
  params: Params,
  grid: Grid,
  options: LaunchOptions = {},
): void {
  const { name } = source;
  const device = deviceOf(name, operands);
  const [x, y = 1, z = 1] = grid;
  if (x * y * z === 0) return;
  const most = device.gpu.limits.maxComputeWorkgroupsPerDimension;
  if (x > most || y > most || z > most)
    throw new LimitError(
      `${name}.${entryPoint}: a grid of ${x}×${y}×${z} workgroups is past ${most} along an axis: split the batch`,
    );

  checkAliases(source, entryPoint, operands);
  const names = Object.keys(operands);
  const { uniform } = source;
  const pipeline = device.pipelines.get(
    source,
    entryPoint,
    uniform === undefined ? names : [...names, uniform],
    options.constants ?? {},
  );
  const slices = names.map((operand) => ({
    binding: source.bindings.get(operand)!.binding,
    ...slice(`${name}.${entryPoint}: ${operand}`, operands[operand]!),
  }));
  const packed =
    uniform === undefined
      ? undefined
      : { binding: source.bindings.get(uniform)!.binding, bytes: packParams(source, params) };
  const bindGroup = device.bind(pipeline.layout, slices, packed);
  device.launch(
    {
      kind: "dispatch",
      label: `${name}.${entryPoint}`,
      pipeline,
      bindGroup,
      grid: [x, y, z],
      work: options.work ?? {},
    },
    names.map((operand) => operands[operand]!.storage),
  );
}

function deviceOf(name: string, operands: Operands): Device {
  const [first, ...rest] = Object.values(operands);
  for (const operand of rest)
    if (operand.device !== first!.device)
      throw new KernelError(`${name}: its operands live on two devices; read one and upload it to the other`);
  return first!.device;
}

/** WebGPU lets a launch write a buffer only if it binds it nowhere else but for other writes. */
function checkAliases(source: Shader, entryPoint: string, operands: Operands): void {
  for (const [written, output] of Object.entries(operands)) {
    if (source.bindings.get(written)!.type !== "storage") continue;
    for (const [read, input] of Object.entries(operands))
      if (input.storage === output.storage && source.bindings.get(read)!.type !== "storage")
        throw new KernelError(
          `${source.name}.${entryPoint}: ${written} is written and ${read} read in the same buffer; ` +
            `write to another tensor`,
        );
  }
}

function slice(where: string, operand: Operand): Omit<Slice, "binding"> {
  if (operand.storage.references === 0)
    throw new LifetimeError(`${where} was freed: return it from the scope that made it, or keep it outside`);
  const { largestBinding } = operand.device;
  if (operand.byteLength > largestBinding)
    throw new LimitError(
      `${where} takes ${operand.byteLength} bytes, of which this adapter binds at most ${largestBinding} at once ` +
        `(maxStorageBufferBindingSize): use a smaller batch or a smaller layer`,
    );
  const size = Math.max(16, Math.ceil(operand.byteLength / 16) * 16); // whole vec4s; buffers are rounded up
  return { storage: operand.storage, offset: operand.byteOffset, size };
}

function hasLanes(values: unknown, lanes: number): values is readonly number[] {
  return Array.isArray(values) && values.length === lanes;
}

function packParams(source: Shader, params: Params): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(source.paramBytes));
  for (const { name, type, lanes, offset } of source.fields) {
    const given = params[name];
    const values = typeof given === "number" ? [given] : given;
    if (!hasLanes(values, lanes))
      throw new KernelError(
        `${source.name}.wgsl: Params.${name} takes ${lanes === 1 ? "a number" : `${lanes} numbers`}, not ${String(given)}`,
      );
    values.forEach((value, lane) => {
      const at = offset + 4 * lane;
      if (type === "f32") view.setFloat32(at, value, true);
      else if (type === "i32") view.setInt32(at, value, true);
      else if (value >= 0 && value < 2 ** 32) view.setUint32(at, value, true);
      else
        throw new KernelError(
          `${source.name}.wgsl: Params.${name} takes numbers from 0 to below 2^32, not ${value}`,
        );
    });
  }
  return new Uint8Array(view.buffer);
}
