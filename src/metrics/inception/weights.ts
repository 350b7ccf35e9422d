import { ArgumentError } from "../../device/errors.ts";
import { inceptionV3, type Parts } from "./wiring.ts";

/** A tensor of a weights file. */
export interface Weight {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: ArrayLike<number | bigint>;
}

/** A convolution with the batch normalisation that follows it folded in: filters (R, S, C, K) and biases (K). */
export interface Folded {
  readonly filters: Float32Array;
  readonly bias: Float32Array;
  readonly shape: readonly [R: number, S: number, C: number, K: number];
}

export interface InceptionWeights {
  readonly convolutions: ReadonlyMap<string, Folded>;
  /** Length of the features: 2048, or the same part of it that the first layer has of its 32 filters. */
  readonly featureSize: number;
  /** The network of the first FIDs, known by its 1008 classes, pools otherwise than torchvision's. */
  readonly isFirst: boolean;
}

/** Added to variances by every batch normalisation of the network. */
const epsilon = 1e-3;

/**
 * The weights of Inception-v3 by torchvision's names (`Conv2d_1a_3x3.conv.weight`, `.bn.running_mean`, …), as in a state
 * dict of `torchvision.models.inception_v3`, or of the network that FIDs are measured with, saved as safetensors. A
 * thinner network, of a whole part of the filters in every layer, is taken too; what else the file holds is left alone.
 *
 * @throws ArgumentError naming the tensor that is missing, of another shape or type, or not finite.
 */
export function inceptionWeights(tensors: ReadonlyMap<string, Weight>, file: string): InceptionWeights {
  const first = tensors.get("Conv2d_1a_3x3.conv.weight");
  const thin = 32 / (first?.shape[0] ?? 32);
  if (![1, 2, 4, 8, 16].includes(thin))
    throw new ArgumentError(
      `${file}: tensor "Conv2d_1a_3x3.conv.weight" has ${first?.shape[0]} filters, not 32 or a half, quarter … of them`,
    );
  const isFirst = tensors.get("fc.weight")?.shape[0] === 1008;
  const convolutions = new Map<string, Folded>();
  const channels: Parts<number> = {
    conv(C, name, [full, R, S]) {
      const K = full / thin;
      const get = (part: string, shape: readonly number[]) => need(tensors, `${name}.${part}`, shape, file);
      const [gamma, beta, mean, variance] = ["bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"].map(
        (part) => get(part, [K]),
      ) as [Float32Array, Float32Array, Float32Array, Float32Array];
      const scale = gamma.map((value, k) => value / Math.sqrt(variance[k]! + epsilon));
      convolutions.set(name, {
        filters: reordered(get("conv.weight", [K, C, R, S]), [K, C, R * S], scale),
        bias: beta.map((value, k) => value - mean[k]! * scale[k]!),
        shape: [R, S, C, K],
      });
      return K;
    },
    pool: (C) => C,
    join: (parts) => parts.reduce((sum, C) => sum + C, 0),
  };
  const featureSize = inceptionV3(channels, 3, "mean");
  return { convolutions, featureSize, isFirst };
}

/** Filters (K, C, taps) times a number for each, as (taps, C, K). */
function reordered(
  filters: Float32Array,
  [K, C, taps]: readonly [number, number, number],
  scale: Float32Array,
): Float32Array {
  const out = new Float32Array(filters.length);
  for (let k = 0; k < K; k++)
    for (let c = 0; c < C; c++)
      for (let tap = 0; tap < taps; tap++)
        out[(tap * C + c) * K + k] = filters[(k * C + c) * taps + tap]! * scale[k]!;
  return out;
}

function need(
  tensors: ReadonlyMap<string, Weight>,
  name: string,
  shape: readonly number[],
  file: string,
): Float32Array {
  const fail = (problem: string): never => {
    throw new ArgumentError(
      `${file}: tensor "${name}" ${problem}; the weights of torchvision's inception_v3 are needed, saved as safetensors`,
    );
  };
  const found = tensors.get(name);
  if (!found) return fail("is missing");
  if (found.shape.join() !== shape.join())
    return fail(`has shape [${found.shape.join(", ")}], not [${shape.join(", ")}]`);
  const { data } = found;
  if (!(data instanceof Float32Array)) return fail(`has elements of type ${found.dtype}, not F32`);
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) return fail(`has ${data[bad]} at element ${bad}`);
  if (name.endsWith("running_var") && data.some((value) => value < 0)) return fail("has a variance below 0");
  return data;
}
