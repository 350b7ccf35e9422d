import { ArgumentError, ShapeError } from "../device/errors.ts";
import type { Activation } from "../ops/lib/activation.ts";
import {
  batchNorm as normalizeBatch,
  batchNormInference,
  groupNorm as normalizeGroups,
  instanceNorm as normalizeInstances,
  layerNorm as normalizeSamples,
} from "../ops/normalize.ts";
import { sameShape, show, sizeOf, type Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { needContext, type Layer, type ParameterShape } from "./layer.ts";

export interface NormLayerOptions {
  /** After scale and shift; none unless given. */
  activation?: Activation | undefined;
  /** What is added to the variance; 1e-5 unless given. */
  epsilon?: number | undefined;
  /** Whether there is a scale and a shift to learn; true unless given, but for `instanceNorm`. */
  affine?: boolean | undefined;
}

export interface BatchNormLayerOptions extends NormLayerOptions {
  /**
   * "pytorch" unless given: epsilon 1e-5, momentum 0.1, running variance with the divisor n − 1. "keras": epsilon 1e-3,
   * momentum 0.01 (0.99 in Keras's way of writing), running variance with the divisor n.
   */
  convention?: "pytorch" | "keras" | undefined;
  /** The part of the way that the running statistics go to the batch's in a step; by the convention unless given. */
  momentum?: number | undefined;
}

const conventions = {
  pytorch: { epsilon: 1e-5, momentum: 0.1, unbiased: true },
  keras: { epsilon: 1e-3, momentum: 0.01, unbiased: false },
} as const;

/**
 * Batch normalisation of samples (…, channels): by the batch's statistics in training, and by the running ones, which are
 * its state, in inference. Such a network cannot take a batch in parts.
 */
export function batchNorm(channels: number, options: BatchNormLayerOptions = {}): Layer {
  const { convention = "pytorch" } = options;
  if (!Object.hasOwn(conventions, convention))
    throw new ArgumentError(`batchNorm: convention is "pytorch" or "keras", not "${convention}"`);
  const { unbiased, ...defaults } = conventions[convention];
  const { epsilon = defaults.epsilon, momentum = defaults.momentum, activation } = options;
  if (!(momentum >= 0 && momentum <= 1))
    throw new ArgumentError(`batchNorm: momentum is a number from 0 to 1, not ${momentum}`);
  const label = labelOf("batch norm", options);
  return {
    ...affineLayer(label, [channels], options.affine ?? true),
    state: [
      { name: "mean", shape: [channels], initial: { constant: 0 } },
      { name: "variance", shape: [channels], initial: { constant: 1 } },
    ],
    usesBatchStatistics: true,
    outputShape: (input) => sameChannels("batchNorm", input, channels),
    apply(x, parameter, context) {
      const { mode, state } = needContext(label, context);
      const rest = { epsilon, activation, ...affineOf(options.affine ?? true, parameter) };
      const [mean, variance] = [state("mean"), state("variance")];
      if (mode === "infer") return batchNormInference(x, mean, variance, rest);
      const running = mode === "train" ? { mean, variance, momentum, unbiased } : undefined;
      return normalizeBatch(x, { ...rest, running });
    },
  };
}

/** Normalisation of each sample of shape `shape`, or of its last axes where it has more; scale and shift are of `shape`. */
export function layerNorm(shape: number | Shape, options: NormLayerOptions = {}): Layer {
  const own = typeof shape === "number" ? [shape] : shape;
  const affine = options.affine ?? true;
  return {
    ...affineLayer(labelOf("layer norm", options), own, affine),
    outputShape(input) {
      if (own.length === 0 || !sameShape(input.slice(-own.length), own))
        throw new ShapeError(`layerNorm: takes samples that end in ${show(own)}, not ${show(input)}`);
      return input;
    },
    apply: (x, parameter) =>
      normalizeSamples(x, { axes: own.length, ...optionsOf(options), ...affineOf(affine, parameter) }),
  };
}

/** Normalisation of the `groups` groups of neighbouring channels of each sample (…, channels). */
export function groupNorm(groups: number, channels: number, options: NormLayerOptions = {}): Layer {
  if (!Number.isInteger(groups) || groups < 1 || channels % groups !== 0)
    throw new ShapeError(`groupNorm: ${groups} groups do not divide ${channels} channels`);
  const affine = options.affine ?? true;
  return {
    ...affineLayer(labelOf(`group norm ${groups}`, options), [channels], affine),
    outputShape: (input) => sameChannels("groupNorm", input, channels),
    apply: (x, parameter) =>
      normalizeGroups(x, groups, { ...optionsOf(options), ...affineOf(affine, parameter) }),
  };
}

/** Normalisation of each channel of each sample (…, channels); no scale and shift unless `affine` asks for them. */
export function instanceNorm(channels: number, options: NormLayerOptions = {}): Layer {
  const affine = options.affine ?? false;
  return {
    ...affineLayer(labelOf("instance norm", options), [channels], affine),
    outputShape: (input) => sameChannels("instanceNorm", input, channels),
    apply: (x, parameter) => normalizeInstances(x, { ...optionsOf(options), ...affineOf(affine, parameter) }),
  };
}

/** Label and parameters: a scale that starts from 1, and a shift that starts from 0. */
function affineLayer(
  label: string,
  shape: Shape,
  affine: boolean,
): { label: string; parameters: ParameterShape[] } {
  if (!shape.every((extent) => Number.isInteger(extent) && extent > 0))
    throw new ShapeError(`${label}: ${show(shape)} are to be whole numbers from 1`);
  const fanIn = sizeOf(shape);
  const parameter = (name: string, constant: number) => ({ name, shape, fanIn, initial: { constant } });
  return { label, parameters: affine ? [parameter("scale", 1), parameter("shift", 0)] : [] };
}

function affineOf(
  affine: boolean,
  parameter: (name: string) => Tensor,
): { scale?: Tensor | undefined; shift?: Tensor | undefined } {
  return affine ? { scale: parameter("scale"), shift: parameter("shift") } : {};
}

function optionsOf({ epsilon, activation }: NormLayerOptions) {
  return { epsilon, activation };
}

function labelOf(name: string, { activation = "none" }: NormLayerOptions): string {
  return activation === "none" ? name : `${name}, ${activation}`;
}

function sameChannels(op: string, input: Shape, channels: number): Shape {
  if (input.at(-1) !== channels)
    throw new ShapeError(`${op}: takes samples of ${channels} channels, not ${show(input)}`);
  return input;
}
