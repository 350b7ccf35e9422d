import { ArgumentError } from "../device/errors.ts";
import type { LayerContext } from "../nn/layer.ts";
import { checkWhole } from "../device/arguments.ts";
import type { Network } from "../nn/networks.ts";
import { clamp, div, mul, sqrt, square, sub } from "../ops/elementwise.ts";
import { RandomState } from "../ops/random.ts";
import { concat, slice } from "../ops/rearrange.ts";
import { sum } from "../ops/reduce.ts";
import { accumulate } from "../tensor/accumulate.ts";
import { sizeOf, type Shape } from "../tensor/shape.ts";
import { backward, track } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** A batch of samples: one tensor (N, …input), or several whose samples make up the batch. */
export type Batch = Tensor | readonly Tensor[];

/** The tensors of a batch. */
export function partsOf(x: Batch): readonly [Tensor, ...Tensor[]] {
  return (Array.isArray(x) ? x : [x]) as unknown as readonly [Tensor, ...Tensor[]];
}

/** The sizes of the parts, alike but for the last one, of a batch of which `atOnce` samples go through networks at once. */
export function partSizes(batch: number, atOnce: number): number[] {
  checkWhole("atOnce", atOnce, 1);
  const size = Math.ceil(batch / Math.ceil(batch / atOnce));
  return Array.from({ length: Math.ceil(batch / size) }, (_, part) => Math.min(size, batch - part * size));
}

/** Parameters of a network by name. */
type Parameters = (name: string) => Tensor;

/** Numbers that the largest tensor of a sample has, on its way through networks. */
export function largestTensor(networks: readonly Network[]): number {
  return Math.max(
    ...networks.flatMap(({ inputShape, layers }) =>
      [inputShape, ...layers.map(({ outputShape }) => outputShape)].map((shape: Shape) => sizeOf(shape)),
    ),
  );
}

/**
 * What layers with state or noise get for a part of a batch: of the parts of a step in training, the first one updates
 * the state.
 *
 * @throws ArgumentError where the network needs the whole batch at once.
 */
function contextOfPart(
  network: Network,
  part: number,
  context: LayerContext | undefined,
): LayerContext | undefined {
  if (network.usesBatchStatistics && context?.mode !== "infer")
    throw new ArgumentError(
      "a batch in parts: the network normalises by the statistics of the whole batch, which no part of it has; " +
        "take a smaller batch, or let the network take all of it at once",
    );
  return context?.mode === "train" && part > 0 ? { ...context, mode: "recompute" } : context;
}

/**
 * A network applied to a batch in parts, (N, …output): only one part's activations are in memory at any time. They are
 * computed again for the gradient (Chen et al., "Training deep nets with sublinear memory cost", 2016), which the parts
 * add up to. The samples themselves get none.
 *
 * A step on the paper's faces, 576 images of 160 × 160 in 4 parts where a binding holds 128 MiB, uses up to 2.0 GB with
 * a VRRAE of 54.5 million parameters: 0.9 for parameters, gradients and two moments, 0.2 for the batch, and 1.0 for the
 * activations of a part, their gradients, and those of the parameters from the part and from the parts before. In buffers
 * of many sizes, which a recorded step keeps, that comes to 3.0 GB.
 */
export function applyInParts(
  network: Network,
  parts: readonly Tensor[],
  parameter: Parameters,
  context?: LayerContext,
): Tensor {
  const { device } = parts[0]!;
  const used = new Map<string, Tensor>();
  const note = (name: string) => {
    const found = parameter(name);
    used.set(name, found);
    return found;
  };
  const noise = network.usesNoise && device.tracksGradients ? context?.noise : undefined;
  const drawn: RandomState[] = []; // where the noise stood before each part
  const y = device.noGrad(() =>
    device.scope(() =>
      concat(
        parts.map((x, part) => {
          if (noise) drawn.push(new RandomState(device, noise));
          return device.scope(() => network.apply(x, note, contextOfPart(network, part, context)));
        }),
      ),
    ),
  );
  y.onDispose = () => {
    for (const state of drawn) state.dispose();
  };
  return track(y, [...used.values()], (dy) => {
    const sums = new GradientSums();
    let from = 0;
    for (const [part, x] of parts.entries()) {
      const N = x.shape[0]!;
      const again = context?.mode === "train" ? { ...context, mode: "recompute" as const } : context;
      device.scope(() =>
        sums.add(parameter, (standIn) =>
          backward(
            device.withGrad(() => network.apply(x, standIn, again && { ...again, noise: drawn[part] })),
            rows(dy, from, N),
          ),
        ),
      );
      from += N;
    }
    return [...used.keys()].map((name) => sums.of(name));
  });
}

/**
 * The relative error in percent, as `relativeError` has it, of what a network makes of codes (N, …) beside a batch in
 * parts. The gradient of the squared error of each part is taken as soon as its activations are there; what is left for
 * later is to scale all of them by one number.
 */
export function errorInParts(
  network: Network,
  code: Tensor,
  parts: readonly Tensor[],
  parameter: Parameters,
  context?: LayerContext,
): Tensor {
  const { device } = code;
  const sums = new GradientSums();
  const codeGradients: Tensor[] = [];
  let squares: Tensor | undefined;
  let size: Tensor | undefined;
  let from = 0;
  for (const [part, x] of parts.entries()) {
    const N = x.shape[0]!;
    const own = contextOfPart(network, part, context);
    const [error, energy] = device.scope(() => {
      const codes = rows(code, from, N);
      codes.requiresGrad = code.requiresGrad;
      const compute = (standIn: Parameters) => sum(square(sub(network.apply(codes, standIn, own), x)));
      const energy = device.noGrad(() => sum(square(x)));
      if (!device.tracksGradients) return [compute(parameter), energy] as const;
      const error = sums.add(parameter, (standIn) => {
        const error = compute(standIn);
        const value = error.view();
        if (error.requiresGrad) backward(error);
        return value;
      });
      if (codes.grad) codeGradients.push(codes.grad.view().keep());
      return [error, energy] as const;
    });
    squares = squares ? accumulate(squares, error) : error;
    size = size ? accumulate(size, energy) : energy;
    from += N;
  }
  const made: [input: Tensor, gradient: Tensor][] = sums.all();
  if (codeGradients.length > 0) made.push([code, device.noGrad(() => concat(codeGradients)).keep()]);
  for (const part of codeGradients) part.dispose();
  const inputs = made.map(([input]) => input);
  const total = track(squares!, inputs, (dy) =>
    made.map(([, gradient]) => {
      const scaled = mul(gradient, dy);
      gradient.dispose();
      return scaled;
    }),
  );
  // where nothing is off there is no direction to go: the clamp then gives a gradient of zero
  return mul(sqrt(clamp(div(total, size!), 1e-30, 3e38)), 100);
}

/** Rows `from` … `from + count − 1`, copied, without a graph. */
function rows(x: Tensor, from: number, count: number): Tensor {
  const rest = x.shape.slice(1);
  return x.device.noGrad(() => slice(x, [from, ...rest.map(() => 0)], [count, ...rest]));
}

/** Sums of the gradients that parts of a batch give the parameters of a network. */
class GradientSums {
  readonly #sums = new Map<string, { parameter: Tensor; sum: Tensor }>();

  /** Runs `body` with tensors that stand in for the parameters, and adds up the gradients that these get. */
  add<T>(parameter: Parameters, body: (standIn: Parameters) => T): T {
    const standIns = new Map<string, Tensor>();
    const result = body((name) => {
      const known = standIns.get(name);
      if (known) return known;
      const original = parameter(name);
      const standIn = original.view();
      standIn.requiresGrad = original.requiresGrad;
      standIns.set(name, standIn);
      return standIn;
    });
    for (const [name, standIn] of standIns) {
      const { grad } = standIn;
      if (!grad) continue;
      const before = this.#sums.get(name);
      const sum = before ? accumulate(before.sum, grad).keep() : grad.view().keep();
      this.#sums.set(name, { parameter: parameter(name), sum });
      standIn.dispose(); // and its gradient
    }
    return result;
  }

  of(name: string): Tensor | undefined {
    return this.#sums.get(name)?.sum;
  }

  /** The parameters, each with its sum. */
  all(): [Tensor, Tensor][] {
    return [...this.#sums.values()].map(({ parameter, sum }) => [parameter, sum]);
  }
}
