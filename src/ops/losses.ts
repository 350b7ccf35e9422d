import { optionsOf } from "../device/arguments.ts";
import { ArgumentError, ShapeError } from "../device/errors.ts";
import { kernel, linearGrid } from "../device/kernel.ts";
import { sameShape, show } from "../tensor/shape.ts";
import { saveFor, track } from "../tensor/tape.ts";
import { checkOperands, empty, type Tensor } from "../tensor/tensor.ts";

const lossesKernel = kernel("losses");
const WG = 64;
/** The losses, by their numbers in `shaders/losses.wgsl`. */
const codes = { relativeError: 0, mse: 1, bceWithLogits: 2, gaussianKl: 3 } as const;
type Name = keyof typeof codes;

function checkSame(name: Name, names: readonly [string, string], a: Tensor, b: Tensor): void {
  checkOperands(name, a, b);
  if (!sameShape(a.shape, b.shape))
    throw new ShapeError(
      `${name}: ${names[0]} is ${show(a.shape)} and ${names[1]} ${show(b.shape)}; give one shape`,
    );
}

/** The loss: `scale` times the sum of its terms, in two launches. The relative error's two sums go to `total` (2). */
function forward(name: Name, a: Tensor, b: Tensor, scale: number, total?: Tensor): Tensor {
  const { device, size: N } = a;
  const root = Math.sqrt(N);
  const perLane = device.isSoftware ? Math.max(4, Math.ceil(root / 4)) : Math.max(16, Math.ceil(root / 16));
  const blocks = Math.max(1, Math.ceil(N / (4 * WG * perLane)));
  const partials = empty(device, total ? [blocks * WG, 2] : [blocks * WG]);
  const loss = empty(device, []);
  const params = { N, perLane, blocks, scale };
  const constants = { LOSS: codes[name] };
  const options = { constants, work: { bytes: 8 * N } };
  lossesKernel("partials", { a, b, out: partials }, params, linearGrid(blocks * WG, WG), options);
  const sums = { terms: partials, out: loss, total: total ?? empty(device, [2]) };
  lossesKernel("finish", sums, params, [1], { constants });
  for (const used of total ? [partials] : [partials, sums.total]) used.dispose();
  return loss;
}

/** What the gradient of input `wrt` is launched with. */
function launchBackward(
  name: Name,
  operands: { a: Tensor; b: Tensor; dy: Tensor; sums?: Tensor; out4: Tensor },
  WRT: number,
  scale: number,
): void {
  const N = operands.a.size;
  const constants = name === "relativeError" ? { WRT } : { LOSS: codes[name], WRT };
  const entry = name === "relativeError" ? "relative_backward" : "backward";
  lossesKernel(entry, operands, { N, perLane: 0, blocks: 0, scale }, linearGrid(Math.ceil(N / 4), WG), {
    constants,
    work: { bytes: 12 * N },
  });
}

/** `scale` times the sum of a loss's terms. */
function summed(name: Name, a: Tensor, b: Tensor, scale: number): Tensor {
  return track(forward(name, a, b, scale), [a, b], (dy, gradients) =>
    [0, 1].map((wrt) => {
      if (!gradients.wanted(wrt)) return undefined;
      const out4 = gradients.empty(wrt);
      launchBackward(name, { a, b, dy, out4 }, wrt, scale);
      return out4;
    }),
  );
}

/**
 * The relative error in percent, 100 ‖x̂ - x‖ / ‖x‖, with one ratio for the whole tensor: all of a batch
 * together. The gradient where x̂ = x, where it does not exist, is taken as 0; so it is for x = 0, where the
 * value is infinite or NaN. Squares have to be normal numbers: lengths lie between 1e-18 and 1e18. Source: the
 * reconstruction loss of the RRAE reference code.
 */
export function relativeError(xHat: Tensor, x: Tensor): Tensor {
  checkSame("relativeError", ["xHat", "x"], xHat, x);
  const sums = empty(x.device, [2]);
  const loss = forward("relativeError", xHat, x, 1, sums);
  saveFor([loss], [xHat, x], [sums]);

  return track(loss, [xHat, x], (dy, gradients) =>
    [0, 1].map((wrt) => {
      if (!gradients.wanted(wrt)) return undefined;
      const out4 = gradients.empty(wrt);
      launchBackward("relativeError", { a: xHat, b: x, dy, sums, out4 }, wrt, 1);
      return out4;
    }),
  );
}

/** The mean of (x̂ - x)² over all elements. */
export function mse(xHat: Tensor, x: Tensor): Tensor {
  checkSame("mse", ["xHat", "x"], xHat, x);
  return summed("mse", xHat, x, 1 / x.size);
}

/**
 * The cross-entropy of Bernoulli variables with the probabilities sigmoid(`logits`), from their logits so that
 * nothing overflows: max(l, 0) - l t + log(1 + e^-|l|). Its mean over all elements, or its sum.
 */
export function bceWithLogits(
  logits: Tensor,
  targets: Tensor,
  options: { reduction?: "mean" | "sum" | undefined } = {},
): Tensor {
  checkOperands("bceWithLogits", logits, targets);
  const { reduction = "mean" } = optionsOf("bceWithLogits", options);
  checkSame("bceWithLogits", ["logits", "targets"], logits, targets);
  return summed("bceWithLogits", logits, targets, isMean("bceWithLogits", reduction) ? 1 / logits.size : 1);
}

/**
 * The divergence KL(N(μ, σ²) ‖ N(0, 1)) = ½ Σ (μ² + σ² - 1 - log σ²) of `mu` and `logVariance` = log σ², both
 * (B,K). `sum`, the default, adds up batch and coordinates, as the VRRAE reference code does; `mean` divides that
 * by B, as the VRRAE paper's equation 2 does. A weight β of the paper is B times the code's:
 * β_paper · mean = β_code · sum.
 */
export function gaussianKl(
  mu: Tensor,
  logVariance: Tensor,
  options: { reduction?: "sum" | "mean" | undefined } = {},
): Tensor {
  checkOperands("gaussianKl", mu, logVariance);
  const { reduction = "sum" } = optionsOf("gaussianKl", options);
  checkSame("gaussianKl", ["mu", "logVariance"], mu, logVariance);
  return summed("gaussianKl", mu, logVariance, isMean("gaussianKl", reduction) ? 1 / (mu.shape[0] ?? 1) : 1);
}

function isMean(op: string, reduction: string): boolean {
  if (reduction !== "mean" && reduction !== "sum")
    throw new ArgumentError(`${op}: a reduction is "mean" or "sum", not "${reduction}"`);
  return reduction === "mean";
}
