import { definedOnly } from "../device/arguments.ts";
import type { Device } from "../device/device.ts";
import { checkBuild } from "./networks.ts";
import type { Network } from "../nn/networks.ts";
import { add, mul } from "../ops/elementwise.ts";
import type { RandomState } from "../ops/random.ts";
import { gatherRows, reshape } from "../ops/rearrange.ts";
import { mean } from "../ops/reduce.ts";
import type { OptimizerChanges } from "../optim/settings.ts";
import { noGrad } from "../tensor/record.ts";
import { tensor, type Tensor } from "../tensor/tensor.ts";
import { criticNetwork, labelled } from "./adversary.ts";
import type { CodedOptions } from "./codedAutoencoder.ts";
import {
  GAUSSIAN_GROUPS,
  GaussianAutoencoder,
  gaussianNetworks,
  type GaussianNetworks,
} from "./gaussianAutoencoder.ts";
import type { NetworkOptions } from "./networks.ts";
import type { Batch } from "./parts.ts";
import type { Losses, Phase } from "./phase.ts";
import { checkWeight } from "./weight.ts";
import { describeModel } from "./descriptor.ts";
import { factorVaeFacts } from "./pageModels.ts";
import {
  bceFor,
  codeLengthFor,
  criticLayers,
  criticWidth,
  criticWidthsOf,
  latent,
  reconstruction,
  reconstructionOf,
  reduce,
  weight,
} from "./settings.ts";

export interface FactorVaeOptions extends NetworkOptions, CodedOptions {
  /** γ, the weight of the total correlation; 35 unless given. */
  correlation?: number | undefined;
  /** Widths of the critic's hidden layers; five of 1000 unless given. */
  criticWidths?: readonly number[] | undefined;
  /** The critic's optimizer, where it is not the run's; Adam with β₁ = 0.5 and a rate of 1e-4 unless given. */
  criticOptimizer?: OptimizerChanges | undefined;
}

const ENTROPY = { kind: "bce", reduce: "sum" } as const;

/**
 * The FactorVAE (Kim and Mnih 2018, algorithm 2). Its critic D gives the log odds that a code is of a sample, and not put
 * together from the codes of several:
 *
 *     vae       encoder, mean, variance, decoder    reconstruction + KL + γ · mean D(z)
 *     critic    critic                              ½ (H(D(z), real) + H(D(permuted z), fake)), on a batch of its own
 *
 * Codes are permuted by taking coordinate j of sample n from sample n + j of the batch, whose order is random: no two of
 * the first N coordinates of N samples then come from one.
 */
export class FactorVae extends GaussianAutoencoder {
  readonly #optimizer: OptimizerChanges;

  constructor(
    device: Device,
    networks: GaussianNetworks & { critic: Network },
    {
      latent,
      reconstruction = ENTROPY,
      correlation = 35,
      criticOptimizer = { kind: "adam", betas: [0.5, 0.9], rate: 1e-4 },
    }: FactorVaeOptions,
  ) {
    checkWeight("factorVae", "correlation, the weight of the total correlation,", correlation);
    super(device, networks, latent, reconstruction, { scalars: { correlation } });
    this.#optimizer = criticOptimizer;
  }

  loss(x: Batch, noise: RandomState): Losses {
    const { z, kl: divergence } = this.drawn(x, noise);
    const error = this.compared(z, x);
    const correlation = mul(mean(this.run("critic", z)), this.scalars.get("correlation")!.tensor);
    return { loss: add(add(error, divergence), correlation), error, divergence, correlation };
  }

  override phases(): readonly Phase[] {
    return [
      { name: "vae", moves: GAUSSIAN_GROUPS, loss: (x, noise) => this.loss(x, noise) },
      {
        ...{ name: "critic", moves: ["critic"], batch: "fresh", optimizer: this.#optimizer },
        loss: (x, noise) => {
          const { z } = this.again(() => this.drawn(x, noise));
          const real = mul(labelled(this.run("critic", z), true), 0.5);
          const fake = mul(labelled(this.run("critic", permuted(z)), false), 0.5);
          return { loss: add(real, fake), real, fake };
        },
      },
    ];
  }
}

/** Codes z (N, d) whose coordinate j is that of the sample j places further on. */
function permuted(z: Tensor): Tensor {
  const [N, d] = z.shape as [number, number];
  const from = Float32Array.from({ length: N * d }, (_, at) => {
    const [n, j] = [Math.floor(at / d), at % d];
    return ((n + j) % N) * d + j;
  });
  return noGrad(z.device, () => {
    const numbers = gatherRows(reshape(z, [N * d, 1]), tensor(z.device, from));
    return reshape(numbers, [N, d]);
  });
}

/** A `FactorVae` with the house's networks, or your own encoder and decoder. */
export function factorVae(device: Device, options: FactorVaeOptions): FactorVae {
  checkBuild("factorVae", device, options);
  const { latent, seed, criticWidths = [1000, 1000, 1000, 1000, 1000] } = options;
  const critic = criticNetwork(latent, criticWidths, { seed, stream: "critic" });
  return new FactorVae(
    device,
    { ...gaussianNetworks({ reconstruction: ENTROPY, ...definedOnly(options) }), critic },
    options,
  );
}

export const factorVaeModel = /* @__PURE__ */ describeModel({
  ...factorVaeFacts,
  settings: () => ({
    latent: latent(),
    reconstruction: reconstruction(),
    reduce: reduce(),
    correlation: weight()
      .optional()
      .meta({ description: "weight of the total correlation", value: "weight" }),
    criticWidth: criticWidth(),
    criticLayers: criticLayers(),
  }),
  defaults: (data) => ({ latent: codeLengthFor(data), reconstruction: bceFor(data) }),
  build: (device, chosen) =>
    factorVae(device, {
      ...chosen,
      criticWidths: criticWidthsOf(chosen, 1000, 5),
      reconstruction: reconstructionOf(chosen, ENTROPY),
    }),
});
