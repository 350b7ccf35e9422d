/** How the elements of each type lie in memory; F16 and BF16 stay as their bits. */
export const arrays = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I64: BigInt64Array,
  I32: Int32Array,
  U32: Uint32Array,
  U8: Uint8Array,
} as const;

/** Element types of the safetensors format that are read and written here. */
export type DType = keyof typeof arrays;

/** A tensor out of a file: row-major elements in the typed array of its type. */
export type StoredTensor = {
  [D in DType]: { dtype: D; shape: readonly number[]; data: InstanceType<(typeof arrays)[D]> };
}[DType];

/** A tensor to write: elements in the typed array of its type, or their bytes. */
export interface EncodableTensor {
  dtype: DType;
  shape: readonly number[];
  data: StoredTensor["data"];
}

/** What a file holds: tensors by name, and free text by key. */
export interface Safetensors {
  tensors: Map<string, StoredTensor>;
  metadata: Record<string, string>;
}
