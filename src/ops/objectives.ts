import { checkNumber, checkOptions, optionsOf } from "../device/arguments.ts";
import { ShapeError } from "../device/errors.ts";
import { normalAxes, sameShape, show, type Shape } from "../tensor/shape.ts";
import { checkTensors, type Tensor } from "../tensor/tensor.ts";
import { add, div, max, mul, pow, sub } from "./arithmetic.ts";
import { abs, exp, log, neg, relu, sigmoid, softplus, square } from "./elementwise.ts";
import { composed } from "./lib/composed.ts";
import { checkSame, reduced, type LossOptions } from "./lib/reduction.ts";
import { xlogy } from "./pairs.ts";
import { reshape } from "./rearrange.ts";
import { mean, norm, sum } from "./reduce.ts";
import { takeAlongAxis } from "./scatter.ts";
import { logSoftmax } from "./softmax.ts";

/** x divided by its 2-norm along `axis`, or by `least` where that is larger. */
export function normalize(x: Tensor, axis = -1, least = 1e-12): Tensor {
  checkTensors("normalize", x);
  return composed([x], () => div(x, max(norm(x, axis, true), least)));
}

/**
 * The cosine of the angle between a and b, which are broadcast, along `axis`: a · b / (‖a‖ ‖b‖), where neither norm counts as
 * less than `least`.
 */
export function cosineSimilarity(a: Tensor, b: Tensor, axis = -1, least = 1e-8): Tensor {
  checkTensors("cosineSimilarity", a, b);
  return composed([a, b], () => sum(mul(normalize(a, axis, least), normalize(b, axis, least)), axis));
}

/**
 * -t log p - (1 - t) log(1 - p) of probabilities p and targets t in [0, 1], where `least` is added to what the logarithms
 * are taken of. Of logits `bceWithLogits` loses no digits.
 */
export function binaryCrossEntropy(
  probabilities: Tensor,
  targets: Tensor,
  given: LossOptions & { least?: number | undefined } = {},
): Tensor {
  checkSame("binaryCrossEntropy", probabilities, targets);
  const { least = 1e-7, ...options } = optionsOf("binaryCrossEntropy", given);
  checkNumber("binaryCrossEntropy: least", least, 0);
  return composed([probabilities, targets, options.weights], () => {
    const [yes, no] = [log(add(probabilities, least)), log(add(sub(1, probabilities), least))];
    return reduced("binaryCrossEntropy", neg(add(mul(targets, yes), mul(sub(1, targets), no))), options);
  });
}

/** 1 - `cosineSimilarity` of predictions and targets. */
export function cosineLoss(
  xHat: Tensor,
  x: Tensor,
  given: LossOptions & { axis?: number | undefined } = {},
): Tensor {
  checkSame("cosineLoss", xHat, x);
  const { axis = -1, ...options } = optionsOf("cosineLoss", given);
  return composed([xHat, x], () => reduced("cosineLoss", sub(1, cosineSimilarity(xHat, x, axis)), options));
}

/** The labels' log probabilities (…) in `logs` (…,C). */
function labelled(name: string, logs: Tensor, labels: Tensor): Tensor {
  if (!sameShape(labels.shape, logs.shape.slice(0, -1)))
    throw new ShapeError(
      `${name}: labels are ${show(labels.shape)}; ${show(logs.shape)} needs ${show(logs.shape.slice(0, -1))}`,
    );
  const column: Shape = [...labels.shape, 1];
  return reshape(takeAlongAxis(logs, reshape(labels, column)), labels.shape);
}

/** -log p of the label, for log probabilities (…,C) and class indices (…), as f32. A label that is none gives NaN. */
export function nllLoss(logProbabilities: Tensor, labels: Tensor, options: LossOptions = {}): Tensor {
  checkTensors("nllLoss", logProbabilities, labels);
  checkOptions("nllLoss", options);
  return composed([logProbabilities, options.weights], () =>
    reduced("nllLoss", neg(labelled("nllLoss", logProbabilities, labels)), options),
  );
}

/**
 * The cross-entropy of softmax(`logits`) (…,C) and labels (…), class indices as f32, or targets (…,C), probabilities. Of
 * `smoothing` ε the label has 1 - ε, and all classes share ε evenly. `weights` are those of the samples. Source of smoothing:
 * Szegedy et al., arXiv:1512.00567.
 */
export function softmaxCrossEntropy(
  logits: Tensor,
  targets: Tensor,
  given: LossOptions & { smoothing?: number | undefined } = {},
): Tensor {
  checkTensors("softmaxCrossEntropy", logits, targets);
  const { smoothing = 0, ...options } = optionsOf("softmaxCrossEntropy", given);
  checkNumber("softmaxCrossEntropy: smoothing", smoothing, 0, 1);
  const name = "softmaxCrossEntropy";
  return composed([logits, targets, options.weights], () => {
    const logs = logSoftmax(logits);
    const own = sameShape(targets.shape, logits.shape)
      ? sum(mul(logs, targets), -1)
      : labelled(name, logs, targets);
    const all = smoothing === 0 ? own : add(mul(own, 1 - smoothing), mul(mean(logs, -1), smoothing));
    return reduced(name, neg(all), options);
  });
}

/**
 * The cross-entropy of sigmoid(`logits`) and targets from 0 to 1, times (1 - p)^γ with p the probability of what is true, and
 * α for a target of 1, 1 - α for one of 0 where α is given: what is known already counts less. Source: Lin et al.,
 * arXiv:1708.02002, equation 5.
 */
export function focalLoss(
  logits: Tensor,
  targets: Tensor,
  given: LossOptions & { gamma?: number | undefined; alpha?: number | undefined } = {},
): Tensor {
  checkSame("focalLoss", logits, targets);
  const { gamma = 2, alpha, ...options } = optionsOf("focalLoss", given);
  checkNumber("focalLoss: gamma", gamma, 0);
  return composed([logits, targets, options.weights], () => {
    const entropy = add(softplus(neg(logits)), mul(sub(1, targets), logits));
    const p = sigmoid(logits);
    const wrong = add(mul(p, sub(1, mul(targets, 2))), targets); // p + t - 2 p t
    const focused = gamma === 0 ? entropy : mul(entropy, pow(wrong, gamma));
    if (alpha === undefined) return reduced("focalLoss", focused, options);
    const side = add(mul(targets, 2 * alpha - 1), 1 - alpha);
    return reduced("focalLoss", mul(focused, side), options);
  });
}

/** The divergence Σ t (log t - q) of targets t from predictions whose logarithms are q, element by element; 0 where t is 0. */
export function klDivergence(logQ: Tensor, targets: Tensor, options: LossOptions = {}): Tensor {
  checkSame("klDivergence", logQ, targets);
  checkOptions("klDivergence", options);
  return composed([logQ, targets, options.weights], () =>
    reduced("klDivergence", sub(xlogy(targets, targets), mul(targets, logQ)), options),
  );
}

/** log cosh(x̂ - x): a square for small distances, |x̂ - x| - log 2 for large ones. */
export function logCosh(xHat: Tensor, x: Tensor, options: LossOptions = {}): Tensor {
  checkSame("logCosh", xHat, x);
  checkOptions("logCosh", options);
  return composed([xHat, x, options.weights], () => {
    const d = abs(sub(xHat, x));
    return reduced("logCosh", add(d, sub(softplus(mul(d, -2)), Math.LN2)), options);
  });
}

/** (x̂ - x)², with weights and reductions; `mse` is the mean of all. */
export function squaredError(xHat: Tensor, x: Tensor, options: LossOptions = {}): Tensor {
  checkSame("squaredError", xHat, x);
  checkOptions("squaredError", options);
  return composed([xHat, x, options.weights], () => reduced("squaredError", square(sub(xHat, x)), options));
}

/** λ - k log λ for counts k that are drawn with the mean λ = e^`logRate`: the Poisson likelihood but for a constant. */
export function poissonLoss(logRate: Tensor, counts: Tensor, options: LossOptions = {}): Tensor {
  checkSame("poissonLoss", logRate, counts);
  checkOptions("poissonLoss", options);
  return composed([logRate, counts, options.weights], () =>
    reduced("poissonLoss", sub(exp(logRate), mul(counts, logRate)), options),
  );
}

/**
 * ½ (log v + (x - μ)² / v) of numbers x that are drawn with mean μ and variance v, which counts as `least` at least: the
 * Gaussian likelihood but for a constant.
 */
export function gaussianLoss(
  mu: Tensor,
  x: Tensor,
  variance: Tensor,
  given: LossOptions & { least?: number | undefined } = {},
): Tensor {
  checkTensors("gaussianLoss", mu, x, variance);
  const { least = 1e-6, ...options } = optionsOf("gaussianLoss", given);
  checkSame("gaussianLoss", mu, x);
  return composed([mu, x, variance, options.weights], () => {
    const v = max(variance, least);
    return reduced("gaussianLoss", mul(add(log(v), div(square(sub(mu, x)), v)), 0.5), options);
  });
}

/** max(0, -t (a - b) + `margin`) for scores a and b, of which a is to be larger where t is 1 and smaller where it is -1. */
export function marginRanking(
  a: Tensor,
  b: Tensor,
  t: Tensor,
  given: LossOptions & { margin?: number | undefined } = {},
): Tensor {
  checkTensors("marginRanking", a, b, t);
  const { margin = 0, ...options } = optionsOf("marginRanking", given);
  checkSame("marginRanking", a, b);
  return composed([a, b, t, options.weights], () =>
    reduced("marginRanking", relu(add(mul(sub(b, a), t), margin)), options),
  );
}

/**
 * max(0, ‖a - p‖ - ‖a - n‖ + `margin`) along the last axis: an anchor is to be nearer to the positive than to the negative.
 * Source: Schroff, Kalenichenko and Philbin, arXiv:1503.03832, with distances in place of their squares.
 */
export function tripletLoss(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  given: LossOptions & { margin?: number | undefined } = {},
): Tensor {
  checkTensors("tripletLoss", anchor, positive, negative);
  const { margin = 1, ...options } = optionsOf("tripletLoss", given);
  checkSame("tripletLoss", anchor, positive);
  checkSame("tripletLoss", anchor, negative);
  return composed([anchor, positive, negative, options.weights], () => {
    const far = (other: Tensor) => norm(sub(anchor, other), -1);
    return reduced("tripletLoss", relu(add(sub(far(positive), far(negative)), margin)), options);
  });
}

/** 1 - 2 Σ p t / Σ (p + t) over `axes`, all by default, for probabilities p and targets t: how little two regions overlap. */
export function diceLoss(
  p: Tensor,
  targets: Tensor,
  axes?: number | readonly number[],
  least = 1e-6,
): Tensor {
  checkSame("diceLoss", p, targets);
  const over = normalAxes("diceLoss", p.shape.length, axes);
  return composed([p, targets], () => {
    const both = mul(sum(mul(p, targets), over), 2);
    return sub(1, div(add(both, least), add(add(sum(p, over), sum(targets, over)), least)));
  });
}
