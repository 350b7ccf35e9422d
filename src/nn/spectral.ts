import { ArgumentError } from "../device/errors.ts";
import { clamp, div } from "../ops/elementwise.ts";
import { matmul } from "../ops/matmul.ts";
import { permute, reshape } from "../ops/rearrange.ts";
import { norm } from "../ops/reduce.ts";
import { copyInto } from "../tensor/accumulate.ts";
import { stopGradient } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { needContext, type Layer, type ParameterShape } from "./layer.ts";

/**
 * A layer whose weights are divided by their largest singular value σ, each seen as a matrix M (the rest, output
 * channels). State is u (output channels) for each weight; a step of training takes `iterations` steps of the power
 * method, u ← Mᵀ M u / ‖Mᵀ M u‖, after which σ = ‖M u‖. The gradient of σ is that with u kept, v uᵀ with v = M u / σ.
 * Source: Miyato et al., "Spectral normalization for generative adversarial networks", ICLR 2018, algorithm 1.
 */
export function spectral(layer: Layer, { iterations = 1 }: { iterations?: number | undefined } = {}): Layer {
  if (!Number.isInteger(iterations) || iterations < 1)
    throw new ArgumentError(`spectral: iterations are a whole number from 1, not ${iterations}`);
  const weights = layer.parameters.filter(({ name }) => /(^|\.)weight$/.test(name));
  if (weights.length === 0)
    throw new ArgumentError(`spectral: the layer "${layer.label}" has no weight to divide`);
  const label = `spectral ${layer.label}`;
  const vectors = weights.map((weight) => ({
    name: vectorOf(weight.name),
    shape: [weight.shape[axisOf(weight)]!],
    initial: { normal: 1 },
  }));
  return {
    ...layer,
    label,
    state: [...(layer.state ?? []), ...vectors],
    apply(x, parameter, context) {
      const given = needContext(label, context);
      const divided = new Map<string, Tensor>();
      for (const weight of weights) {
        const W = parameter(weight.name);
        const M = matrixOf(W, axisOf(weight));
        const state = given.state(vectorOf(weight.name));
        const u = W.device.noGrad(() => {
          if (given.mode === "train") copyInto(state, iterated(M, state, iterations));
          return unit(reshape(state, [state.size, 1]));
        });
        divided.set(weight.name, div(W, norm(matmul(M, stopGradient(u)))));
      }
      return layer.apply(x, (name) => divided.get(name) ?? parameter(name), context);
    },
  };
}

/** Whether weights of the layer are divided so. */
export function isSpectral(layer: Layer): boolean {
  return layer.state?.some(({ name }) => name.endsWith(".u")) === true;
}

function vectorOf(weight: string): string {
  return `${weight}.u`;
}

function axisOf({ shape, outputAxis = shape.length - 1 }: ParameterShape): number {
  return outputAxis;
}

/** W with the axis of its output channels last, as a matrix. */
function matrixOf(W: Tensor, axis: number): Tensor {
  const order = W.shape.map((_, i) => i).filter((i) => i !== axis);
  const last = axis === W.shape.length - 1 ? W : permute(W, [...order, axis]);
  return reshape(last, [-1, W.shape[axis]!]);
}

/** u after some steps of the power method. */
function iterated(M: Tensor, state: Tensor, iterations: number): Tensor {
  let u = unit(reshape(state, [state.size, 1]));
  for (let i = 0; i < iterations; i++) u = unit(matmul(M, matmul(M, u), { transposeA: true }));
  return u;
}

function unit(u: Tensor): Tensor {
  return div(u, clamp(norm(u), 1e-12, 3e38));
}
