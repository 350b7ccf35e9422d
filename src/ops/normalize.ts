import { optionsOf } from "../device/arguments.ts";
import { ArgumentError, ShapeError } from "../device/errors.ts";
import { kernel, linearGrid } from "../device/kernel.ts";
import { sameShape, show, sizeOf, type Shape } from "../tensor/shape.ts";
import { saveFor, track } from "../tensor/tape.ts";
import { checkOperands, empty, emptyFor, type Tensor } from "../tensor/tensor.ts";
import { note } from "../tensor/trace.ts";
import { activationCode, applyApart, isApart, type Activation } from "./lib/activation.ts";
import { byChannels, lanesOf, rowsOfSums, sharesOf, WG, type Layout, type Plan } from "./lib/normalLayout.ts";

const normalizeKernel = kernel("normalize");

/** What all normalisations do to z = (x − mean) / √(variance + epsilon): y = activation(scale · z + shift). */
export interface NormalizeOptions {
  /** A factor for each channel, or each element that is normalised; 1 unless given. */
  scale?: Tensor | undefined;
  /** What is added for each channel, or each element that is normalised; 0 unless given. */
  shift?: Tensor | undefined;
  /** 1e-5 unless given. */
  epsilon?: number | undefined;
  activation?: Activation | undefined;
}

/** Mean and variance (C) that follow those of the batches: running += momentum · (that of the batch − running). */
export interface Running {
  mean: Tensor;
  variance: Tensor;
  /** 0.1 unless given, as PyTorch has it; Keras writes the same number as 1 − 0.99. */
  momentum?: number | undefined;
  /** Whether the batch's variance is divided by n − 1, as PyTorch does, rather than by n, as Keras does; true unless given. */
  unbiased?: boolean | undefined;
}

/**
 * x (N, …, C) less its channels' means over the batch, divided by their standard deviations, the variance being that
 * with the divisor n. Where `running` is given, its mean and variance follow those of the batch; no gradient flows there.
 * Source: Ioffe and Szegedy, "Batch normalization", ICML 2015, algorithm 1.
 *
 * @throws ShapeError if a channel has fewer than two numbers, so that there is no variance.
 */
export function batchNorm(
  x: Tensor,
  options: NormalizeOptions & { running?: Running | undefined } = {},
): Tensor {
  const { R, C } = channelsOf("batchNorm", x);
  if (R < 2)
    throw new ShapeError(
      `batchNorm: x ${show(x.shape)} has ${R} number a channel, which has no variance; give a larger batch`,
    );
  const { running } = optionsOf("batchNorm", options);
  const follow = (stats: Tensor) => {
    if (!running) return;
    const { mean, variance, momentum = 0.1, unbiased = true } = running;
    checkChannels("batchNorm", { "running.mean": mean, "running.variance": variance }, [C]);
    const params = { ...nothing, T: C, momentum, correction: unbiased ? R / (R - 1) : 1 };
    const operands = { stats, running_mean: mean, running_variance: variance };
    normalizeKernel("follow", operands, params, linearGrid(C, WG));
  };
  return normalize("batchNorm", x, byChannels(1, R, C, 1), options, { follow });
}

/**
 * x (N, …, C) less `mean` (C), divided by √(`variance` (C) + epsilon): batch normalisation by what `running` came to. No
 * gradient flows to mean and variance.
 */
export function batchNormInference(
  x: Tensor,
  mean: Tensor,
  variance: Tensor,
  options: NormalizeOptions = {},
): Tensor {
  checkOperands("batchNormInference", x, mean, variance);
  const { R, C } = channelsOf("batchNormInference", x);
  checkChannels("batchNormInference", { mean, variance }, [C]);
  return normalize("batchNormInference", x, byChannels(1, R, C, 1), options, { given: { mean, variance } });
}

/**
 * The numbers of each sample and group of channels of x (N, …, C) less their mean, divided by their standard deviation:
 * `groups` groups of neighbouring channels. Source: Wu and He, "Group normalization", ECCV 2018, section 3.1.
 */
export function groupNorm(x: Tensor, groups: number, options: NormalizeOptions = {}): Tensor {
  const { N, R, C } = channelsOf("groupNorm", x);
  if (!Number.isInteger(groups) || groups < 1 || C % groups !== 0)
    throw new ShapeError(`groupNorm: ${groups} groups do not divide the ${C} channels of x ${show(x.shape)}`);
  return normalize("groupNorm", x, byChannels(N, R / N, C, C / groups), options);
}

/** Each channel of each sample of x (N, …, C) normalised on its own. Source: Ulyanov et al., arXiv:1607.08022. */
export function instanceNorm(x: Tensor, options: NormalizeOptions = {}): Tensor {
  const { N, R, C } = channelsOf("instanceNorm", x);
  return normalize("instanceNorm", x, byChannels(N, R / N, C, 1), options);
}

/**
 * x normalised over its last axes, `axes` of them, 1 unless given; scale and shift are of their shape.
 * Source: Ba, Kiros and Hinton, "Layer normalization", arXiv:1607.06450.
 */
export function layerNorm(x: Tensor, given: NormalizeOptions & { axes?: number | undefined } = {}): Tensor {
  checkOperands("layerNorm", x);
  const { axes = 1, ...options } = optionsOf("layerNorm", given);
  const rank = x.shape.length;
  if (!Number.isInteger(axes) || axes < 1 || axes > rank)
    throw new ShapeError(
      `layerNorm: ${axes} axes of x ${show(x.shape)}; give a whole number from 1 to ${rank}`,
    );
  const A = sizeOf(x.shape.slice(0, rank - axes));
  const shape = x.shape.slice(rank - axes);
  const K = sizeOf(shape);
  const plan: Plan = {
    sums: { A, R: K, K: 1, D: 1 },
    elements: { A: 1, R: A, K, D: K },
    EACH_ROW: 1,
  };
  return normalize("layerNorm", x, plan, options, { shape });
}

interface Source {
  /** The shape of scale and shift; the channels unless given. */
  shape?: Shape | undefined;
  /** Called with the statistics (4,T). */
  follow?: ((stats: Tensor) => void) | undefined;
  /** Statistics that are not those of x. */
  given?: { mean: Tensor; variance: Tensor } | undefined;
}

const nothing = {
  ...{ A: 0, R: 0, K: 0, D: 1, T: 0, P: 0, S: 0, n: 0 },
  ...{ count: 0, epsilon: 0, momentum: 0, correction: 0 },
};

/** What the launches of one normalisation have in common. */
interface Launches {
  x: Tensor;
  y: Tensor;
  /** (4,T), as shaders/normalize.wgsl has them. */
  stats: Tensor;
  scale: Tensor | undefined;
  shift: Tensor | undefined;
  /** Params: of sums over what is normalised, of sums over what shares scale and shift, and element by element. */
  overNormalized: typeof nothing;
  overShared: typeof nothing;
  each: typeof nothing;
  /** Constants that most launches take. */
  constants: { HAS_SCALE?: 1; EACH_ROW?: 1 };
  ACTIVATION: number;
  /** Whether the statistics are not those of x. */
  FIXED: 0 | 1;
}

function normalize(
  op: string,
  x: Tensor,
  plan: Plan,
  options: NormalizeOptions,
  { shape = x.shape.slice(-1), follow, given }: Source = {},
): Tensor {
  const { scale, shift, epsilon = 1e-5, activation = "none" } = optionsOf(op, options);
  if (!(epsilon >= 0 && epsilon < Infinity))
    throw new ArgumentError(`${op}: epsilon is a number from 0, not ${epsilon}`);
  checkChannels(op, { ...(scale && { scale }), ...(shift && { shift }) }, shape);
  if (isApart(activation)) {
    const plain: NormalizeOptions = { ...options, activation: "none" };
    return applyApart(activation, normalize(op, x, plan, plain, { shape, follow, given }));
  }

  const { device } = x;
  const { A, R, K, D } = plan.sums;
  const T = (A * K) / D;
  const params = (layout: Layout, rows: number) => ({
    ...{ ...nothing, T, count: R * D, epsilon },
    ...{ ...layout, ...sharesOf(layout, rows) },
  });
  const launches: Launches = {
    ...{ x, y: emptyFor([x], x.shape), stats: empty(device, [4, T]), scale, shift },
    overNormalized: params(plan.sums, rowsOfSums(plan.sums, device.isSoftware)),
    overShared: params(plan.elements, rowsOfSums(plan.elements, device.isSoftware)),
    each: params(plan.elements, 8),
    constants: { ...(scale && { HAS_SCALE: 1 }), ...(plan.EACH_ROW && { EACH_ROW: plan.EACH_ROW }) },
    ACTIVATION: activationCode(activation),
    FIXED: given ? 1 : 0,
  };
  const { y, stats, overNormalized, each } = launches;
  if (given) normalizeKernel("given", { ...given, out: stats }, overNormalized, linearGrid(T, WG));
  else {
    const N = lanesOf(overNormalized);
    const parts = empty(device, [2, N]);
    const work = { bytes: 4 * x.size };
    normalizeKernel("moments", { x, out: parts }, overNormalized, linearGrid(N, WG), { work });
    normalizeKernel("finish", { x, parts, out: stats }, overNormalized, linearGrid(T, WG));
    parts.dispose();
  }
  follow?.(stats);
  const operands = { x, stats, scale: scale ?? stats, shift: shift ?? stats, out: y };
  normalizeKernel("forward", operands, each, linearGrid(lanesOf(each), WG), {
    constants: {
      ...launches.constants,
      ...(shift && { HAS_SHIFT: 1 }),
      ACTIVATION: launches.ACTIVATION,
    },
    work: { bytes: 8 * x.size },
  });

  note(op, y, [x, scale, shift, given?.mean, given?.variance], { epsilon, activation, shape, D });
  const inputs = [x, ...(scale ? [scale] : []), ...(shift ? [shift] : [])];
  saveFor([y], inputs, [launches.stats]);
  return track(y, inputs, (dy, gradients) => {
    const at = { scale: 1, shift: inputs.length - 1 };
    const into = {
      x: gradients.wanted(0) ? gradients.empty(0) : undefined,
      scale: scale && gradients.wanted(at.scale) ? gradients.empty(at.scale) : undefined,
      shift: shift && gradients.wanted(at.shift) ? gradients.empty(at.shift) : undefined,
    };
    normalizeBackward(launches, dy, into);
    return [into.x, ...(scale ? [into.scale] : []), ...(shift ? [into.shift] : [])];
  });
}

/** Fills the gradients that there are tensors for. */
function normalizeBackward(
  { x, y, stats, scale, overNormalized, overShared, each, constants, ACTIVATION, FIXED }: Launches,
  dy: Tensor,
  into: { x: Tensor | undefined; scale: Tensor | undefined; shift: Tensor | undefined },
): void {
  const { device } = x;
  const { HAS_SCALE, EACH_ROW } = constants;
  const saved = { x, y, dy, stats, scale: scale ?? stats };
  const work = { bytes: 12 * x.size };
  const ofScale = HAS_SCALE ? { HAS_SCALE } : {};
  const sumsOfRows = (params: typeof nothing, more: { EACH_ROW?: 1; ALONG?: 1; HAS_SCALE?: 1 }) => {
    const N = lanesOf(params);
    const parts = empty(device, [2, N]);
    const options = { constants: { ...more, ACTIVATION }, work };
    normalizeKernel("sums_of_rows", { ...saved, out: parts }, params, linearGrid(N, WG), options);
    return parts;
  };

  const wantsSums = into.x !== undefined && !FIXED;
  const wantsShared = into.scale !== undefined || into.shift !== undefined;
  const shared =
    wantsShared || (wantsSums && !EACH_ROW)
      ? sumsOfRows(overShared, EACH_ROW ? { EACH_ROW } : {})
      : undefined;
  if (shared && wantsShared) {
    const K = overShared.K;
    const d_scale = into.scale ?? empty(device, [K]);
    const d_shift = into.shift ?? empty(device, [K]);
    normalizeKernel("finish_columns", { parts: shared, d_scale, d_shift }, overShared, linearGrid(K, WG));
  }
  if (!into.x) return;
  let sums = stats;
  if (wantsSums) {
    const { T } = overNormalized;
    sums = empty(device, [2, T]);
    const along = EACH_ROW ? { ...ofScale, ALONG: 1 as const } : ofScale;
    const parts = EACH_ROW ? sumsOfRows(overNormalized, along) : shared!;
    const operands = { parts, scale: saved.scale, out: sums };
    normalizeKernel("finish_sums", operands, overNormalized, linearGrid(T, WG), { constants: along });
  }
  const fixed = FIXED ? { FIXED } : {};
  normalizeKernel("backward_x", { ...saved, sums, out: into.x }, each, linearGrid(lanesOf(each), WG), {
    constants: { ...constants, ...fixed, ACTIVATION },
    work,
  });
}

/** N samples, R numbers in each of C channels. */
function channelsOf(op: string, x: Tensor): { N: number; R: number; C: number } {
  checkOperands(op, x);
  if (x.shape.length < 2)
    throw new ShapeError(
      `${op}: x is ${show(x.shape)}; give a batch with channels last, (N, C) or (N, H, W, C)`,
    );
  const [N, C] = [x.shape[0]!, x.shape.at(-1)!];
  if (x.size === 0) throw new ShapeError(`${op}: x ${show(x.shape)} has no numbers to normalise`);
  return { N, R: x.size / C, C };
}

function checkChannels(op: string, tensors: Readonly<Record<string, Tensor>>, shape: Shape): void {
  checkOperands(op, ...Object.values(tensors));
  for (const [name, given] of Object.entries(tensors))
    if (!sameShape(given.shape, shape))
      throw new ShapeError(`${op}: ${name} is ${show(given.shape)}, expected ${show(shape)}`);
}
