import { ArgumentError } from "../device/errors.ts";
import { uniformValues } from "../nn/init.ts";
import { mlp, type InitialValues } from "../nn/networks.ts";
import type { ParameterSpec } from "../nn/parameter.ts";
import {
  abs,
  add,
  div,
  exp,
  log,
  max,
  mul,
  neg,
  softplus,
  square,
  sub,
  tanh,
  where,
} from "../ops/elementwise.ts";
import { matmul } from "../ops/matmul.ts";
import { concat, reshape, slice } from "../ops/rearrange.ts";
import { sum } from "../ops/reduce.ts";
import type { Tensor } from "../tensor/tensor.ts";

type Parameters = (name: string) => Tensor;

/** An invertible map of codes whose volume change is known. */
export interface Flow {
  readonly parameters: readonly ParameterSpec[];
  /** What becomes of z (N, d), and log |det ∂/∂z| of each sample, (N, 1). */
  forward(z: Tensor, parameter: Parameters): { z: Tensor; logDeterminant: Tensor };
  /** What becomes z (N, d) by `forward`. */
  inverse(z: Tensor, parameter: Parameters): Tensor;
}

/**
 * z + û tanh(wᵀz + b), a planar flow (Rezende and Mohamed, "Variational inference with normalizing flows", 2015, section
 * 4.1), with û = u + (softplus(wᵀu) − 1 − wᵀu) w / ‖w‖², for which it is invertible (their appendix A.1). log |det| =
 * log(1 + (1 − tanh²) wᵀû). Its inverse is found by halving, to what float32 resolves.
 */
export function planarFlow(d: number, { seed = 0, stream }: InitialValues): Flow {
  const spec = (name: string, size: number): ParameterSpec => ({
    name,
    shape: [size],
    values: uniformValues(size, 1 / Math.sqrt(d), seed, `${stream}.${name}`),
  });
  /** û (1, d), w (d, 1), wᵀû and b (1, 1). */
  const of = (parameter: Parameters) => {
    const [u, w, b] = [parameter("u"), parameter("w"), reshape(parameter("b"), [1, 1])];
    const along = reshape(sum(mul(u, w)), [1, 1]);
    const slope = sub(softplus(along), 1);
    const row = (x: Tensor) => reshape(x, [1, d]);
    const push = add(row(u), mul(sub(slope, along), div(row(w), sum(square(w)))));
    return { push, w: reshape(w, [d, 1]), slope, b };
  };
  return {
    parameters: [spec("u", d), spec("w", d), { ...spec("b", 1), values: new Float32Array(1) }],
    forward(z, parameter) {
      const { push, w, slope, b } = of(parameter);
      const bent = tanh(add(matmul(z, w), b));
      const logDeterminant = log(add(1, mul(sub(1, square(bent)), slope)));
      return { z: add(z, mul(bent, push)), logDeterminant };
    },
    inverse(z, parameter) {
      const { push, w, slope, b } = of(parameter);
      const target = matmul(z, w); // = a + slope · tanh(a + b) for a = wᵀx, which rises with a
      let [low, high] = [sub(target, abs(slope)), add(target, abs(slope))];
      let middle = target;
      for (let i = 0; i < 40; i++) {
        middle = mul(add(low, high), 0.5);
        const over = max(sub(add(middle, mul(slope, tanh(add(middle, b)))), target), 0);
        [low, high] = [where(over, low, middle), where(over, middle, high)];
      }
      return sub(z, mul(tanh(add(middle, b)), push));
    },
  };
}

/**
 * A coupling of RealNVP (Dinh, Sohl-Dickstein and Bengio, "Density estimation using Real NVP", 2017, equations 7 and 8): one
 * half of the code stays, x₁, and the other becomes x₂ ∘ exp(s(x₁)) + t(x₁), s within ±1. log |det| = Σ s. `swapped`: the
 * second half stays. s and t come of one network with a hidden layer of `width`.
 */
export function couplingFlow(
  d: number,
  swapped: boolean,
  { width = 64, ...init }: InitialValues & { width?: number | undefined },
): Flow {
  if (d < 2) throw new ArgumentError(`a coupling has two halves: it takes codes from 2 numbers on, not ${d}`);
  const sizes = [Math.ceil(d / 2), Math.floor(d / 2)] as const;
  const [kept, moved]: readonly [0 | 1, 0 | 1] = swapped ? [1, 0] : [0, 1];
  const network = mlp([sizes[kept], width, 2 * sizes[moved]], "relu", "none", init);
  const halves = (z: Tensor) => {
    const N = z.shape[0]!;
    return [slice(z, [0, 0], [N, sizes[0]]), slice(z, [0, sizes[0]], [N, sizes[1]])] as const;
  };
  const maps = (x: Tensor, parameter: Parameters) => {
    const [N, size] = [x.shape[0]!, sizes[moved]];
    const both = network.apply(x, parameter);
    return [tanh(slice(both, [0, 0], [N, size])), slice(both, [0, size], [N, size])] as const;
  };
  const together = (stays: Tensor, other: Tensor) => concat(swapped ? [other, stays] : [stays, other], 1);
  return {
    parameters: network.parameters,
    forward(z, parameter) {
      const parts = halves(z);
      const [scale, shift] = maps(parts[kept], parameter);
      const made = add(mul(parts[moved], exp(scale)), shift);
      return { z: together(parts[kept], made), logDeterminant: sum(scale, 1, true) };
    },
    inverse(z, parameter) {
      const parts = halves(z);
      const [scale, shift] = maps(parts[kept], parameter);
      return together(parts[kept], mul(sub(parts[moved], shift), exp(neg(scale))));
    },
  };
}

/** Flows one after the other; their parameters are named by their places: `0.u`. */
export function composed(flows: readonly Flow[]): Flow {
  const of = (parameter: Parameters, i: number) => (own: string) => parameter(`${i}.${own}`);
  return {
    parameters: flows.flatMap((flow, i) =>
      flow.parameters.map((spec) => ({ ...spec, name: `${i}.${spec.name}` })),
    ),
    forward(z, parameter) {
      let total: Tensor | undefined;
      flows.forEach((flow, i) => {
        const made = flow.forward(z, of(parameter, i));
        z = made.z;
        total = total ? add(total, made.logDeterminant) : made.logDeterminant;
      });
      if (!total) throw new ArgumentError("a flow has one map at least");
      return { z, logDeterminant: total };
    },
    inverse: (z, parameter) => flows.reduceRight((at, flow, i) => flow.inverse(at, of(parameter, i)), z),
  };
}
