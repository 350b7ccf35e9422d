import { hint } from "../device/arguments.ts";
import { ArgumentError } from "../device/errors.ts";
import { Gaussian } from "../latent/gaussian.ts";
import type { SavedSampler } from "../latent/sampler.ts";
import type { Autoencoder } from "../models/autoencoder.ts";
import type { Model } from "../models/model.ts";
import { add, mul } from "../ops/elementwise.ts";
import { lessEqual } from "../ops/logic.ts";
import { matmul } from "../ops/matmul.ts";
import { randomNormal, randomUniform, RandomState } from "../ops/random.ts";
import { gatherRows, reshape } from "../ops/rearrange.ts";
import { sum } from "../ops/reduce.ts";
import type { Shape } from "../tensor/shape.ts";
import { tensor, type Tensor } from "../tensor/tensor.ts";
import { graphOf, type Computation, type Graph } from "./graph.ts";

/** The tensors that weights are called after: parameters, what layers keep, and the basis. */
export function namesOf(model: Model): Map<string, Tensor> {
  const basis = model.truncation?.basis;
  return new Map([...model.arena.parameters, ...model.state, ...(basis ? [["basis", basis] as const] : [])]);
}

const heard = (model: Model, inputs: Readonly<Record<string, Shape>>, compute: Computation) =>
  graphOf(
    model.device,
    inputs,
    (given, count) => model.asConstant(() => compute(given, count)),
    namesOf(model),
  );

/** Samples (N, …input) → codes (N, codeSize). */
export function encoderOf(model: Autoencoder): Promise<Graph> {
  return heard(model, { samples: model.input }, ({ samples }) => ({ codes: model.encode(samples!) }));
}

/** Codes (N, codeSize) → samples (N, …input). */
export function decoderOf(model: Autoencoder): Promise<Graph> {
  return heard(model, { codes: [model.codeSize] }, ({ codes }) => ({ samples: model.decode(codes!) }));
}

/** One of the networks that the model is made of, from `input` to `output`. Throws ArgumentError for a name that none has. */
export function networkOf(model: Model, name: string): Promise<Graph> {
  const network = Object.hasOwn(model.networks, name) ? model.networks[name] : undefined;
  if (!network) {
    const names = Object.keys(model.networks);
    throw new ArgumentError(
      `the model has no network named ${name}${hint(name, names)}; there are ${names.join(", ")}`,
    );
  }
  return heard(model, { input: network.inputShape }, ({ input }) => ({
    output: network.apply(input!, (own) => model.arena.get(`${name}.${own}`), {
      mode: "infer",
      state: (own) => model.state.get(`${name}.${own}`)!,
    }),
  }));
}

/**
 * Noise → new samples (N, …input): `noise` is from N(0, I), `noise2` too where a second stage adds noise of its own, and
 * `uniform` (N, 1), from 0 to 1, chooses among the parts of a mixture.
 *
 * @throws ArgumentError for samplers that change codes a batch at a time.
 */
export async function samplerGraphOf(model: Autoencoder, sampler: SavedSampler): Promise<Graph> {
  using noise = new RandomState(model.device, 0);
  return await heard(model, {}, (_, count) => ({
    samples: model.decode(drawn(model, sampler, count, noise)),
  }));
}

/** Codes of a sampler, by operations of the package. */
function drawn(
  model: Autoencoder,
  { about, tensors }: SavedSampler,
  count: number,
  noise: RandomState,
): Tensor {
  const { device, codeSize: D } = model;
  const values = (name: string) => tensors.get(name)!.values;
  const { gammaNoise } = about;
  switch (about.kind) {
    case "prior":
      return model.drawPrior(count, noise);
    case "second-stage":
      return model.drawSecondStage!(count, noise, typeof gammaNoise === "boolean" ? gammaNoise : undefined);
    case "gaussian":
    case "mixture":
    case "mixture-10": {
      const [means, covariances] = [values("means"), values("covariances")];
      const factors = Array.from(values("weights"), (_, k) => {
        const part = (of: Float64Array<ArrayBuffer>, size: number) => of.slice(k * size, (k + 1) * size);
        return [...new Gaussian(part(means, D), part(covariances, D * D)).factor];
      });
      const chosen = chosenRow(model, values("weights"), count, noise);
      const factor = reshape(chosen(factors.flat(), D * D), [-1, D, D]);
      const turned = matmul(factor, reshape(randomNormal(noise, [count, D]), [count, D, 1]));
      return add(chosen(means, D), reshape(turned, [count, D]));
    }
    case "vampprior": {
      const [means, deviations] = [values("means"), values("deviations")];
      const K = means.length / D;
      const chosen = chosenRow(model, new Float64Array(K).fill(1 / K), count, noise);
      return add(chosen(means, D), mul(chosen(deviations, D), randomNormal(noise, [count, D])));
    }
    case "renormalised": {
      const factor = tensors.get("factor");
      if (!factor)
        throw new ArgumentError(
          "a sampler that is renormalised over each batch has no factor of its own, and cannot be exported; renormalise " +
            "over global codes instead",
        );
      const prefix = "inner.";
      const own = [...tensors].filter(([name]) => name.startsWith(prefix));
      const inner = {
        about: about.inner as SavedSampler["about"],
        tensors: new Map(own.map(([name, each]) => [name.slice(prefix.length), each])),
      };
      return mul(drawn(model, inner, count, noise), tensor(device, factor.values));
    }
    default:
      throw new ArgumentError(`a sampler of the kind ${about.kind} cannot be exported`);
  }
}

/** A function that gives, for each sample, the row of a table that is drawn for it: row k with the probability `weights[k]`. */
function chosenRow(
  { device }: Autoencoder,
  weights: Float64Array,
  count: number,
  noise: RandomState,
): (table: ArrayLike<number>, length: number) => Tensor {
  const K = weights.length;
  if (K === 1) return (table, length) => tensor(device, table, [1, length]);
  const below: number[] = [];
  for (let k = 0; k < K - 1; k++) below.push((below[k - 1] ?? 0) + weights[k]!);
  const index = sum(lessEqual(tensor(device, below, [1, K - 1]), randomUniform(noise, [count, 1])), 1);
  return (table, length) => gatherRows(tensor(device, table, [K, length]), index);
}
