import { checkDevice, Device } from "../device/device.ts";
import { float32, type DType } from "../device/dtype.ts";
import { ArgumentError, LifetimeError, ShapeError } from "../device/errors.ts";
import type { Operand } from "../device/kernel.ts";
import type { MemoryKind, Storage } from "../device/storage.ts";
import { checkShape, show, sizeOf, type Shape } from "./shape.ts";

/** Frees the memory of tensors that were forgotten, once JavaScript's garbage collector has found that. */
const forgotten = new FinalizationRegistry<Storage>((storage) => storage.pool.forget(storage));

/**
 * A row-major array of numbers on a device, float32 or float16. Images are `[N, H, W, C]`, matrices `[M, N]`.
 *
 * Its memory is freed by the scope that it was made in, or by `dispose()`. JavaScript's garbage collector frees what
 * is forgotten, but it does not know how much memory that is, and may take its time.
 */
export class Tensor implements Operand {
  readonly device: Device;
  readonly shape: Shape;
  readonly storage: Storage;
  readonly byteOffset: number;
  readonly dtype: DType;
  /** Whether `backward` computes the gradient of this tensor. */
  requiresGrad = false;
  /** What the last `backward` left for a tensor that asked for it: d loss / d this, of the same shape. */
  grad: Tensor | undefined;
  /** Where the gradient is to be written: the optimizer's arena, for its parameters. */
  gradSlot: Tensor | undefined;
  /** The operation that made it, while the tape holds it. */
  node: Node | undefined;
  /** Called with the values when they are read: throws where an operation marked them as wrong. */
  inspect: ((values: Float32Array) => void) | undefined;
  /** Called when it is freed: an operation may have saved more for its gradient than what it gave. */
  onDispose: (() => void) | undefined;
  /** Said in messages: the name of a parameter. */
  name: string | undefined;
  /** Rises from tensor to tensor: what was made after what. */
  readonly serial: number;
  static #serials = 0;
  #disposed = false;

  /** Takes over one reference to `storage`. Use `empty`, `device.tensor` or an op to make one. */
  constructor(device: Device, shape: Shape, storage: Storage, byteOffset = 0, dtype = float32) {
    this.device = device;
    this.shape = shape;
    this.storage = storage;
    this.byteOffset = byteOffset;
    this.dtype = dtype;
    this.serial = Tensor.#serials++;
    storage.shape ??= shape;
    forgotten.register(this, storage, this);
    device.own(this);
  }

  /** The serial that the next tensor gets. */
  static get nextSerial(): number {
    return Tensor.#serials;
  }

  get size(): number {
    return sizeOf(this.shape);
  }

  get byteLength(): number {
    return this.dtype.bytes * this.size;
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /**
   * The values, once everything that was launched so far is done. It throws at once for a tensor that was freed, and while
   * a step is recorded.
   */
  read(): Promise<Float32Array> {
    this.#checkReadable();
    return this.#read();
  }

  async #read(): Promise<Float32Array> {
    const values = this.dtype.decode(await this.readBytes());
    this.inspect?.(values);
    return values;
  }

  /** The memory as it is, for tensors that hold integers. */
  readBytes(): Promise<ArrayBuffer> {
    this.#checkReadable();
    const { device, dtype } = this;
    return dtype.special?.read(device, this) ?? device.read(this.storage, this.byteOffset, this.byteLength);
  }

  /** The value of a tensor of one element. */
  item(): Promise<number> {
    if (this.size !== 1)
      throw new ShapeError(`item: a tensor of one element is needed, not ${show(this.shape)}`);
    this.#checkReadable();
    return this.#read().then(([value]) => value!);
  }

  /** Overwrites the values, in order with the launches around. */
  write(values: ArrayLike<number>): this {
    this.#checkAlive("write");
    if (lengthOf(values) !== this.size)
      throw new ShapeError(
        `write: ${values.length} values for a tensor of shape ${show(this.shape)}, which has ${this.size}`,
      );
    this.device.write(this.storage, this.byteOffset, bytesOf(values, this.dtype, this));
    return this;
  }

  /** Another tensor over the same memory, of another shape if one is given. The tape does not see it. */
  view(shape: Shape = this.shape, firstElement = 0): Tensor {
    this.#checkAlive("view");
    checkShape("view", shape);
    if (!Number.isInteger(firstElement) || firstElement < 0)
      throw new ShapeError(`view: the first element is a whole number from 0, not ${firstElement}`);
    if (firstElement + sizeOf(shape) > this.size)
      throw new ShapeError(
        `view: ${show(shape)} from element ${firstElement} on does not fit ${show(this.shape)}`,
      );
    this.storage.retain();
    return new Tensor(
      this.device,
      [...shape],
      this.storage,
      this.byteOffset + this.dtype.bytes * firstElement,
      this.dtype,
    );
  }

  /** Keeps the tensor past the scope that it was made in; `dispose()` frees it. */
  keep(): this {
    this.device.disown(this);
    return this;
  }

  /** Frees the memory, unless another view needs it. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.device.disown(this);
    forgotten.unregister(this);
    this.storage.release();
    if (this.grad !== this.gradSlot) this.grad?.dispose();
    this.onDispose?.();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  toString(): string {
    return `Tensor${this.name ? ` ${this.name}` : ""} ${show(this.shape)}`;
  }

  /** Throws, and does not reject: a rejection that is thrown away would end the process. */
  #checkReadable(): void {
    this.device.checkReadable();
    this.#checkAlive("read");
  }

  #checkAlive(op: string): void {
    if (this.#disposed) throw freed(op, this);
  }
}

/** What a rule asks about the gradients that it is to make; inputs are counted from 0. */
export interface Gradients {
  /** Whether anybody needs the gradient of input `i`; a rule leaves out those that nobody does. */
  wanted(i: number): boolean;
  /** A tensor of the shape of input `i` for a kernel to overwrite: its place in an arena, if it has one. */
  empty(i: number): Tensor;
}

/**
 * From the gradients of the outputs (`undefined` for an output that the loss does not use) to those
 * of the inputs, in their order. Kernels overwrite; the tape accumulates.
 */
export type Rule = (
  outputs: readonly (Tensor | undefined)[],
  gradients: Gradients,
) => readonly (Tensor | undefined)[];

/** One operation on the tape. */
export interface Node {
  inputs: readonly Tensor[];
  outputs: readonly Tensor[];
  rule: Rule;
}

/** A tensor with whatever is in its memory: for kernels to write. */
export function empty(
  device: Device,
  shape: Shape,
  kind: MemoryKind = "tensor",
  dtype: DType = float32,
): Tensor {
  checkDevice("empty", device);
  checkShape("empty", shape);
  return new Tensor(device, [...shape], device.allocate(dtype.bytes * sizeOf(shape), kind), 0, dtype);
}

/** A tensor for what is computed from `operands`: stored as they are where all are stored alike, in float32 otherwise. */
export function emptyFor(operands: readonly Tensor[], shape: Shape): Tensor {
  const { device, dtype } = operands.find((x) => x.dtype === float32) ?? operands[0]!;
  return empty(device, shape, "tensor", dtype);
}

/** A tensor that holds `values`; a list of one axis unless a shape is given. */
export function tensor(
  device: Device,
  values: ArrayLike<number>,
  shape: Shape = [lengthOf(values)],
  kind: MemoryKind = "tensor",
  dtype: DType = float32,
): Tensor {
  checkDevice("tensor", device);
  checkShape("tensor", shape);
  lengthOf(values);
  if (values.length !== sizeOf(shape))
    throw new ShapeError(
      `tensor: ${values.length} values do not fill the shape ${show(shape)}, which has ${sizeOf(shape)} elements`,
    );
  return new Tensor(device, [...shape], device.upload(bytesOf(values, dtype), kind), 0, dtype);
}

/** The number of values. Throws ArgumentError for what has none. */
function lengthOf(values: unknown): number {
  const length = (values as Partial<ArrayLike<number>> | null | undefined)?.length;
  if (typeof length === "number" && typeof values === "object") return length;
  throw new ArgumentError(
    `tensor: its values are a list of numbers or a Float32Array, not ${String(values)}`,
  );
}

/**
 * Throws ArgumentError where one of the operands of `op` is no tensor of float32, LifetimeError where its memory was freed.
 * Operations that take float16 as well look at theirs by `checkOperands`.
 */
export function checkTensors(op: string, ...operands: readonly unknown[]): void {
  checkOperands(op, ...operands);
  for (const operand of operands as Tensor[]) operand.dtype.special?.refuse(op, operand);
}

/** Throws ArgumentError where one of the operands of `op` is no tensor, LifetimeError where its memory was freed. */
export function checkOperands(op: string, ...operands: readonly unknown[]): void {
  for (const operand of operands) {
    if (!(operand instanceof Tensor))
      throw new ArgumentError(
        `${op}: a tensor is needed, not ${String(operand)}; device.tensor(values, shape) makes one`,
      );
    if (operand.storage.references === 0) throw freed(op, operand);
  }
}

function freed(op: string, tensor: Tensor): LifetimeError {
  return new LifetimeError(
    `${op}: ${tensor.toString()} was freed; return it from the scope that made it, or call keep()`,
  );
}

/** A tensor of zeros. */
export function zeros(device: Device, shape: Shape, kind: MemoryKind = "tensor"): Tensor {
  checkDevice("zeros", device);
  checkShape("zeros", shape);
  device.checkSize(4 * sizeOf(shape));
  return tensor(device, new Float32Array(sizeOf(shape)), shape, kind);
}

declare module "../device/device.ts" {
  interface Device {
    /**
     * A tensor that holds `values`; a list of one axis unless a shape is given. They are stored as `dtype` says: `float32`
     * unless given, or `float16`.
     */
    tensor(values: ArrayLike<number>, shape?: Shape, options?: { dtype?: DType | undefined }): Tensor;
  }
}

Device.prototype.tensor = function (values, shape, options) {
  return tensor(this, values, shape, "tensor", options?.dtype);
};

function bytesOf(values: ArrayLike<number>, dtype: DType, part?: Tensor): Uint8Array<ArrayBuffer> {
  if (Array.isArray(values) && values.some((value) => typeof value !== "number"))
    throw new ShapeError("tensor: the values are one list of numbers, row by row; give the shape beside it");
  const bytes = dtype.encode(values, part);
  return bytes.length > 0 ? bytes : new Uint8Array(4);
}
