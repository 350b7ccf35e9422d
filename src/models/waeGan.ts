import { z } from "zod";
import { definedOnly, type Complete } from "../device/arguments.ts";
import type { Device } from "../device/device.ts";
import type { Network } from "../nn/networks.ts";
import { add, mul, square, sub } from "../ops/elementwise.ts";
import { randomNormal } from "../ops/random.ts";
import { sum } from "../ops/reduce.ts";
import type { OptimizerChanges } from "../optim/settings.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { criticNetwork, labelled } from "./adversary.ts";
import { CodedAutoencoder, type CodedOptions } from "./codedAutoencoder.ts";
import { checkBuild, type NetworkOptions, networksFor } from "./networks.ts";
import type { Batch } from "./parts.ts";
import type { Losses, Phase } from "./phase.ts";
import { checkWeight } from "./weight.ts";
import { describeModel } from "./descriptor.ts";
import { aaeFacts, waeGanFacts } from "./pageModels.ts";
import {
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

export interface WaeGanOptions extends NetworkOptions, CodedOptions {
  /** λ, the weight of the critic's terms; 200 unless given: 10 beside 0.05 times a squared error, as the authors' code has it. */
  adversary?: number | undefined;
  /** Widths of the critic's hidden layers; four of 512 unless given. */
  criticWidths?: readonly number[] | undefined;
  /** Adds log N(z; 0, I) to the critic's logits, so that it has only the rest to learn. */
  analytic?: boolean | undefined;
  /** The critic's optimizer, where it is not the run's; Adam with β₁ = 0.5 and a rate of 5e-4 unless given. */
  criticOptimizer?: OptimizerChanges | undefined;
}

const CRITIC_OPTIMIZER = { kind: "adam", betas: [0.5, 0.999], rate: 5e-4 } as const;

/** What WAE-GAN and AAE have in common: a critic that tells codes from draws of the prior. */
abstract class AdversarialAutoencoder extends CodedAutoencoder {
  readonly #analytic: boolean;
  readonly #criticOptimizer: OptimizerChanges;

  /** `own`: what the model takes where the options do not say. */
  constructor(
    device: Device,
    networks: { encoder: Network; decoder: Network; critic: Network },
    options: WaeGanOptions,
    own: Complete<Pick<WaeGanOptions, "reconstruction" | "adversary">>,
  ) {
    const {
      latent,
      reconstruction,
      adversary,
      analytic = false,
      criticOptimizer,
    } = {
      ...own,
      ...definedOnly(options),
    };
    checkWeight("waeGan", "adversary, the weight of the critic's terms,", adversary);
    super(device, networks, latent, reconstruction, { scalars: { adversary } });
    this.#analytic = analytic;
    this.#criticOptimizer = criticOptimizer ?? CRITIC_OPTIMIZER;
  }

  protected logits(z: Tensor): Tensor {
    const logits = this.run("critic", z);
    if (!this.#analytic) return logits;
    const constant = (this.codeSize / 2) * Math.log(2 * Math.PI);
    return sub(logits, add(mul(sum(square(z), 1, true), 0.5), constant));
  }

  protected weighted(term: Tensor): Tensor {
    return mul(term, this.scalars.get("adversary")!.tensor);
  }

  /** What the encoder learns of the critic: that its codes are real. */
  protected encoderLoss(z: Tensor): Tensor {
    return this.weighted(labelled(this.logits(z), true));
  }

  /** What the critic learns: draws of the prior are real, codes are not. */
  protected criticPhase(): Phase {
    return {
      ...this.adversarial("critic", "critic"),
      loss: (x, noise) => {
        const z = this.again(() => this.codeOf(x));
        const [real, fake] = [
          labelled(this.logits(randomNormal(noise, z.shape)), true),
          labelled(this.logits(z), false),
        ];
        return { loss: this.weighted(add(real, fake)), real, fake };
      },
    };
  }

  /** A phase that moves one group by the critic's optimizer. */
  protected adversarial(name: string, group: string): Omit<Phase, "loss"> {
    return { name, moves: [group], optimizer: this.#criticOptimizer };
  }
}

/**
 * The Wasserstein autoencoder with an adversary (Tolstikhin et al. 2018, algorithm 1), whose critic D gives logits:
 *
 *     ae        encoder, decoder     reconstruction + λ · H(D(z), real)
 *     critic    critic               λ · (H(D(p), real) + H(D(z), fake)),  p ~ N(0, I)
 */
export class WaeGan extends AdversarialAutoencoder {
  constructor(
    device: Device,
    networks: { encoder: Network; decoder: Network; critic: Network },
    options: WaeGanOptions,
  ) {
    super(device, networks, options, { reconstruction: { kind: "mse", reduce: "sum" }, adversary: 200 });
  }

  loss(x: Batch): Losses {
    const z = this.codeOf(x);
    const error = this.compared(z, x);
    const adversary = this.encoderLoss(z);
    return { loss: add(error, adversary), error, adversary };
  }

  override phases(): readonly Phase[] {
    return [{ name: "ae", moves: ["encoder", "decoder"], loss: (x) => this.loss(x) }, this.criticPhase()];
  }
}

/** A `WaeGan` with the house's networks, or your own encoder and decoder. */
export function waeGan(device: Device, options: WaeGanOptions): WaeGan {
  checkBuild("waeGan", device, options);
  return new WaeGan(
    device,
    { ...networksFor(options, options.latent), critic: criticOf(options, [512, 512, 512, 512]) },
    options,
  );
}

/**
 * The adversarial autoencoder (Makhzani et al. 2015), whose critic D gives logits:
 *
 *     reconstruction    encoder, decoder    reconstruction
 *     critic            critic              H(D(p), real) + H(D(z), fake),  p ~ N(0, I)
 *     generator         encoder             H(D(z), real)
 */
export class Aae extends AdversarialAutoencoder {
  constructor(
    device: Device,
    networks: { encoder: Network; decoder: Network; critic: Network },
    options: WaeGanOptions,
  ) {
    super(device, networks, options, { reconstruction: { kind: "mse", reduce: "mean" }, adversary: 1 });
  }

  loss(x: Batch): Losses {
    return { loss: this.compared(this.codeOf(x), x) };
  }

  override phases(): readonly Phase[] {
    return [
      { name: "reconstruction", moves: ["encoder", "decoder"], loss: (x) => this.loss(x) },
      this.criticPhase(),
      {
        ...this.adversarial("generator", "encoder"),
        loss: (x) => ({ loss: this.encoderLoss(this.again(() => this.codeOf(x))) }),
      },
    ];
  }
}

/** An `Aae` with the house's networks, or your own encoder and decoder. */
export function aae(device: Device, options: WaeGanOptions): Aae {
  checkBuild("aae", device, options);
  return new Aae(
    device,
    { ...networksFor(options, options.latent), critic: criticOf(options, [1000, 1000]) },
    options,
  );
}

function criticOf({ latent, criticWidths, seed }: WaeGanOptions, widths: readonly number[]): Network {
  return criticNetwork(latent, criticWidths ?? widths, { seed, stream: "critic" });
}

const adversary = () =>
  weight().optional().meta({ description: "weight of the critic's terms", value: "weight" });

export const waeGanModel = /* @__PURE__ */ describeModel({
  ...waeGanFacts,
  settings: () => ({
    latent: latent(),
    reconstruction: reconstruction(),
    reduce: reduce(),
    adversary: adversary(),
    analytic: z
      .boolean()
      .optional()
      .meta({ description: "add the prior's log-density to the critic's logits" }),
    criticWidth: criticWidth(),
    criticLayers: criticLayers(),
  }),
  defaults: (data) => ({ latent: codeLengthFor(data) }),
  build: (device, chosen) =>
    waeGan(device, {
      ...chosen,
      criticWidths: criticWidthsOf(chosen, 512, 4),
      reconstruction: reconstructionOf(chosen, { kind: "mse", reduce: "sum" }),
    }),
});

export const aaeModel = /* @__PURE__ */ describeModel({
  ...aaeFacts,
  settings: () => ({
    latent: latent(),
    reconstruction: reconstruction(),
    reduce: reduce(),
    adversary: adversary(),
    criticWidth: criticWidth(),
    criticLayers: criticLayers(),
  }),
  defaults: (data) => ({ latent: codeLengthFor(data) }),
  build: (device, chosen) =>
    aae(device, {
      ...chosen,
      criticWidths: criticWidthsOf(chosen, 1000, 2),
      reconstruction: reconstructionOf(chosen, { kind: "mse", reduce: "mean" }),
    }),
});
