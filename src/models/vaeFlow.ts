import { z } from "zod";
import type { Device } from "../device/device.ts";
import { checkBuild } from "./networks.ts";
import { ArgumentError } from "../device/errors.ts";
import { add, div, exp, mul, square, sub } from "../ops/elementwise.ts";
import { randomNormal, type RandomState } from "../ops/random.ts";
import { sum } from "../ops/reduce.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { CodedOptions } from "./codedAutoencoder.ts";
import { composed, couplingFlow, planarFlow, type Flow } from "./flow.ts";
import {
  GAUSSIAN_GROUPS,
  GaussianAutoencoder,
  gaussianNetworks,
  type GaussianNetworks,
} from "./gaussianAutoencoder.ts";
import type { NetworkOptions } from "./networks.ts";
import type { Batch } from "./parts.ts";
import type { Losses } from "./phase.ts";
import { checkWeight } from "./weight.ts";
import { describeModel } from "./descriptor.ts";
import { vaeFlowFacts } from "./pageModels.ts";
import { codeLengthFor, latent, reconstruction, reconstructionOf, reduce } from "./settings.ts";

export interface VaeFlowOptions extends NetworkOptions, CodedOptions {
  /** Maps that the draws of a posterior go through; 8 planar ones unless given. */
  flow?: { kind: "planar" | "realnvp"; maps: number } | undefined;
  /** Weight of the divergence, which is the mean of the samples; 1 unless given. */
  beta?: number | undefined;
}

/**
 * A variational autoencoder whose posterior is a normal distribution bent by flows (Rezende and Mohamed 2015, equation 15):
 *
 *     z₀ = μ + ε ∘ σ,  z = f(z₀),     loss = reconstruction + β · mean(log q(z₀ | x) − log |det ∂f| − log p(z))
 *
 * p is N(0, I), from which samples are drawn. The code of a sample is f(μ).
 */
export class VaeFlow extends GaussianAutoencoder {
  readonly flow: Flow;

  constructor(device: Device, networks: GaussianNetworks, flow: Flow, options: VaeFlowOptions) {
    const { latent, reconstruction = { kind: "mse", reduce: "sum" }, beta = 1 } = options;
    checkWeight("vaeFlow", "beta, the weight of the divergence,", beta);
    const parameters = flow.parameters.map((spec) => ({ ...spec, name: `flow.${spec.name}` }));
    super(device, networks, latent, reconstruction, {
      scalars: { beta },
      parameters,
      groups: { train: [...GAUSSIAN_GROUPS, ...parameters.map(({ name }) => name)] },
    });
    this.flow = flow;
  }

  loss(x: Batch, noise: RandomState): Losses {
    const { z, divergence } = this.#bent(x, noise);
    const error = this.compared(z, x);
    const weighted = mul(divergence, this.scalars.get("beta")!.tensor);
    return { loss: add(error, weighted), error, divergence: weighted };
  }

  protected override codeOf(x: Batch): Tensor {
    return this.#flown(this.posterior(x).mu).z;
  }

  override draw(x: Batch, noise: RandomState): Tensor {
    return this.asConstant(() => this.device.scope(() => this.#bent(x, noise).z));
  }

  override get knowsCodeVariance(): boolean {
    return false;
  }

  protected override varianceOf(): Tensor {
    throw new ArgumentError(
      "vaeFlow: what a flow makes of a normal distribution has no variance in closed form; draw codes and measure theirs",
    );
  }

  #flown(z: Tensor): { z: Tensor; logDeterminant: Tensor } {
    return this.flow.forward(z, (own) => this.arena.get(`flow.${own}`));
  }

  /** A draw of the bent posterior, and log q(z | x) − log p(z), whose constants cancel, as the mean of the samples. */
  #bent(x: Batch, noise: RandomState): { z: Tensor; divergence: Tensor } {
    const { mu, logVariance } = this.posterior(x);
    const epsilon = randomNormal(noise, mu.shape);
    const { z, logDeterminant } = this.#flown(add(mu, mul(epsilon, exp(mul(logVariance, 0.5)))));
    const ofPrior = sum(square(z));
    const ofPosterior = add(sum(logVariance), sum(square(epsilon)));
    const total = sub(mul(sub(ofPrior, ofPosterior), 0.5), sum(logDeterminant));
    return { z, divergence: div(total, mu.shape[0]!) };
  }
}

/** A `VaeFlow` with the house's networks, or your own encoder and decoder. */
export function vaeFlow(device: Device, options: VaeFlowOptions): VaeFlow {
  checkBuild("vaeFlow", device, options);
  const { latent, seed, flow: { kind, maps } = { kind: "planar", maps: 8 } } = options;
  if (!(Number.isSafeInteger(maps) && maps >= 1) || !["planar", "realnvp"].includes(kind))
    throw new ArgumentError(
      `vaeFlow: flow is { kind: "planar" or "realnvp", maps: a whole number from 1 on }, not ${JSON.stringify({ kind, maps })}`,
    );
  const flows = Array.from({ length: maps }, (_, i) => {
    const init = { seed, stream: `flow.${i}` };
    return kind === "planar" ? planarFlow(latent, init) : couplingFlow(latent, i % 2 === 1, init);
  });
  return new VaeFlow(device, gaussianNetworks(options), composed(flows), options);
}

export const vaeFlowModel = /* @__PURE__ */ describeModel({
  ...vaeFlowFacts,
  settings: () => ({
    latent: latent(),
    reconstruction: reconstruction(),
    reduce: reduce(),
    flow: z.enum(["planar", "realnvp"]).optional().meta({ description: "kind of the flows" }),
    maps: z
      .int()
      .positive()
      .max(64)
      .optional()
      .meta({ description: "flows one after the other", value: "count" }),
  }),
  defaults: (data) => ({ latent: codeLengthFor(data) }),
  build: (device, { flow: kind, maps, ...chosen }) =>
    vaeFlow(device, {
      ...chosen,
      flow: { kind: kind ?? "planar", maps: maps ?? 8 },
      reconstruction: reconstructionOf(chosen, { kind: "mse", reduce: "sum" }),
    }),
});
