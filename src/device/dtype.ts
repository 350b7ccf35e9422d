import type { Device } from "./device.ts";
import type { Shader } from "./shader.ts";
import type { Span } from "./storage.ts";

/** How the elements of a tensor are stored: `float32`, or `float16` to save memory. Kernels compute in 32 bits either way. */
export interface DType {
  readonly name: string;
  /** Bytes of an element. */
  readonly bytes: number;
  /** The numbers as they are stored, in whole words of 4 bytes. Throws where these do not fit the `part` of memory. */
  encode(values: ArrayLike<number>, part?: Span): Uint8Array<ArrayBuffer>;
  decode(bytes: ArrayBuffer): Float32Array<ArrayBuffer>;
  /** What there is to it where it is not that which kernels are written for. */
  readonly special?: SpecialDType | undefined;
}

/** Operands of a kernel, as far as types of elements know them. */
export type Stored = Readonly<Record<string, { readonly device: Device; readonly dtype: DType }>>;

interface SpecialDType {
  /** Throws the error of an operation that does not take it. */
  refuse(op: string, tensor: { toString(): string }): never;
  read(device: Device, part: Span): Promise<ArrayBuffer>;
  /**
   * The kernel `source` with elements of this type in the bindings of the operands that have it. Throws where the device has
   * no such kernels.
   */
  specialise(source: Shader, operands: Stored): Shader;
}

/** Numbers of 32 bits: what tensors are made of unless something else is said. */
export const float32: DType = {
  name: "float32",
  bytes: 4,
  encode(values) {
    const floats = values instanceof Float32Array ? values : Float32Array.from(values);
    return new Uint8Array(floats.buffer as ArrayBuffer, floats.byteOffset, floats.byteLength);
  },
  decode: (bytes) => new Float32Array(bytes),
};
