import { z } from "zod";
import { checkPositive, definedOnly } from "../device/arguments.ts";
import type { Device } from "../device/device.ts";
import { conv2d, flatten, linear } from "../nn/layers.ts";
import { sequential, type InitialValues, type Network } from "../nn/sequential.ts";
import { add, mul, neg, sub } from "../ops/elementwise.ts";
import { randomNormal, randomUniform, type RandomState } from "../ops/random.ts";
import { concat, slice } from "../ops/rearrange.ts";
import type { OptimizerSettings } from "../optim/settings.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { criticNetwork, glorotNetwork, judged, wassersteinLoss } from "./adversary.ts";
import { CodedAutoencoder, whole, type CodedOptions } from "./codedAutoencoder.ts";
import { checkBuild, type NetworkOptions, networksFor } from "./networks.ts";
import type { Batch } from "./parts.ts";
import type { Losses, Phase } from "./phase.ts";
import { describeModel, type Chosen } from "./descriptor.ts";
import { flexAeFacts, flexAeSrFacts } from "./pageModels.ts";
import {
  codeLengthFor,
  criticUpdates,
  criticLayers,
  criticWidth,
  criticWidthsOf,
  latent,
  length,
  reconstruction,
  reconstructionOf,
  reduce,
} from "./settings.ts";

export interface FlexAeOptions extends NetworkOptions, CodedOptions {
  /** Widths of the hidden layers of generator and critic; four of 1024 unless given. */
  adversaryWidths?: readonly number[] | undefined;
  /** Updates of the critics a step; 5 unless given. */
  criticUpdates?: number | undefined;
  /** What the published rates of all phases but the first are multiplied by; 1 unless given. For runs of few steps. */
  adversaryScale?: number | undefined;
  /** FlexAE-SR: also trains decoded interpolations to look like samples, by a critic of images. */
  smooth?: boolean | undefined;
  /** Filters of the image critic's two convolutions and units of its hidden layer; 64, 128 and 1024 unless given. */
  imageCriticWidths?: readonly [number, number, number] | undefined;
}

/**
 * The autoencoder with a flexible prior (Mondal et al., "FlexAE", UAI 2021). A generator G of codes takes the place of a
 * fixed prior, n ~ N(0, I); E is the encoder, D the critic, and v a point between a code and a generated one:
 *
 *     ae             encoder, decoder    reconstruction: the squared error summed over a sample, unless said otherwise
 *     critic         critic              mean D(G(n)) − mean D(E(x)) + 10 · gradient penalty; five times, fresh batches
 *     imageCritic    imageCritic         mean I(x̃) − mean I(x) + 10 · gradient penalty; five times, fresh batches; SR alone
 *     smooth         encoder, decoder    −mean I(x̃); SR alone
 *     generator      generator           −mean D(G(n))
 *     encoder        encoder             mean D(E(x))
 *
 * x̃ decodes a point, drawn evenly, between the code of a sample and that of the next of the batch, whose order is random.
 * As in the authors' code, except that the two critics are trained one after the other: neither depends on the other.
 */
export class FlexAe extends CodedAutoencoder {
  readonly #criticUpdates: number;
  readonly #scale: number;

  constructor(
    device: Device,
    networks: {
      encoder: Network;
      decoder: Network;
      generator: Network;
      critic: Network;
      imageCritic?: Network | undefined;
    },
    {
      latent,
      reconstruction = { kind: "mse", reduce: "sum" },
      criticUpdates = 5,
      adversaryScale = 1,
    }: FlexAeOptions,
  ) {
    checkPositive("flexAe: adversaryScale", adversaryScale);
    super(device, definedOnly(networks), latent, reconstruction);
    this.#criticUpdates = criticUpdates;
    this.#scale = adversaryScale;
  }

  loss(x: Batch): Losses {
    return { loss: this.compared(this.run("encoder", x), x) };
  }

  override phases(): readonly Phase[] {
    const ofCritics = { times: this.#criticUpdates, batch: "fresh" } as const;
    const adversary = (phase: Phase, when = true) => (when ? [phase] : []);
    const adamAt = (rate: number, betas: readonly [number, number]): OptimizerSettings => ({
      kind: "adam",
      rate: this.#scale * rate,
      betas,
    });
    const isSmooth = this.networks.imageCritic !== undefined;
    return [
      { name: "ae", moves: ["encoder", "decoder"], loss: (x) => this.loss(x) },
      {
        ...{ name: "critic", moves: ["critic"], ...ofCritics, optimizer: adamAt(1e-4, [0, 0.9]) },
        loss: (x, noise) => {
          const codes = this.again(() => this.codeOf(x));
          return wassersteinLoss(
            this.network("critic"),
            codes,
            this.priorCodes(codes.shape[0]!, noise),
            noise,
          );
        },
      },
      ...adversary(
        {
          ...{
            name: "imageCritic",
            moves: ["imageCritic"],
            ...ofCritics,
            optimizer: adamAt(2e-4, [0.5, 0.9]),
          },
          loss: (x, noise) =>
            wassersteinLoss(this.network("imageCritic"), whole(x), this.#interpolated(x, noise), noise),
        },
        isSmooth,
      ),
      ...adversary(
        {
          ...{ name: "smooth", moves: ["encoder", "decoder"], optimizer: adamAt(2e-4, [0.5, 0.9]) },
          loss: (x, noise) => ({
            loss: neg(judged(this.network("imageCritic"), this.#interpolated(x, noise))),
          }),
        },
        isSmooth,
      ),
      {
        ...{ name: "generator", moves: ["generator"], optimizer: adamAt(2e-4, [0, 0.9]) },
        loss: (x, noise) => ({
          loss: neg(judged(this.network("critic"), this.priorCodes(whole(x).shape[0]!, noise))),
        }),
      },
      {
        ...{ name: "encoder", moves: ["encoder"], optimizer: adamAt(1e-5, [0, 0.9]) },
        loss: (x) => ({
          loss: judged(
            this.network("critic"),
            this.again(() => this.codeOf(x)),
          ),
        }),
      },
    ];
  }

  /** Codes that the generator makes of standard normal numbers. */
  protected override priorCodes(count: number, noise: RandomState): Tensor {
    return this.run("generator", randomNormal(noise, [count, this.codeSize]));
  }

  #interpolated(x: Batch, noise: RandomState): Tensor {
    return this.again(() => {
      const codes = this.codeOf(x);
      const share = this.device.noGrad(() => randomUniform(noise, [codes.shape[0]!, 1]));
      const next = nextRows(codes);
      return this.sampleOf(add(next, mul(share, sub(codes, next))));
    });
  }
}

/** The row after each, and the first one after the last. */
function nextRows(x: Tensor): Tensor {
  const [N, d] = x.shape as [number, number];
  return concat([slice(x, [1, 0], [N - 1, d]), slice(x, [0, 0], [1, d])]);
}

/** A `FlexAe` with the house's networks, or your own encoder and decoder. */
export function flexAe(device: Device, options: FlexAeOptions): FlexAe {
  checkBuild("flexAe", device, options);
  const { input, latent, seed, adversaryWidths: widths = [1024, 1024, 1024, 1024], smooth = false } = options;
  const networks = {
    ...networksFor(options, latent),
    generator: glorotNetwork([latent, ...widths, latent], { seed, stream: "generator" }),
    critic: criticNetwork(latent, widths, { seed, stream: "critic" }),
  };
  if (!smooth) return new FlexAe(device, networks, options);
  const imageCritic = imageCriticNetwork(input, options.imageCriticWidths, { seed, stream: "imageCritic" });
  return new FlexAe(device, { ...networks, imageCritic }, options);
}

/** A critic of samples: of images by two convolutions of 4 × 4 pixels and stride 2, of vectors by affine maps alone. */
function imageCriticNetwork(
  input: Shape,
  [first, second, hidden]: readonly [number, number, number] = [64, 128, 1024],
  init: InitialValues,
): Network {
  if (input.length === 1) return criticNetwork(input[0]!, [hidden, hidden], init);
  const [H, W, C] = input as readonly [number, number, number];
  const halving = { kernel: 4, stride: 2, padding: "same", activation: "relu" } as const;
  const units = Math.ceil(H / 4) * Math.ceil(W / 4) * second;
  return sequential(
    input,
    {
      conv1: conv2d(C, first, halving),
      conv2: conv2d(first, second, halving),
      flatten: flatten(),
      linear1: linear(units, hidden, { activation: "relu" }),
      linear2: linear(hidden, 1),
    },
    init,
  );
}

const flexSettings = () => ({
  latent: latent(),
  reconstruction: reconstruction(),
  reduce: reduce(),
  criticWidth: criticWidth(),
  criticLayers: criticLayers(),
  criticUpdates: criticUpdates(),
  adversaryScale: z.number().positive().optional().meta({
    description: "what the published rates of all phases but the first are multiplied by",
    value: "factor",
  }),
});

function flexOptions(
  chosen: Chosen<ReturnType<typeof flexSettings>> & { input: Shape; seed: number },
): FlexAeOptions {
  return {
    ...chosen,
    adversaryWidths: criticWidthsOf(chosen, 1024, 4),
    reconstruction: reconstructionOf(chosen, { kind: "mse", reduce: "sum" }),
  };
}

export const flexAeModel = /* @__PURE__ */ describeModel({
  ...flexAeFacts,
  settings: flexSettings,
  defaults: (data) => ({ latent: codeLengthFor(data), optimizer: "adam", rate: 2e-4 }),
  build: (device, chosen) => flexAe(device, flexOptions(chosen)),
});

export const flexAeSrModel = /* @__PURE__ */ describeModel({
  ...flexAeSrFacts,
  settings: () => ({
    ...flexSettings(),
    imageCriticWidth: length().optional().meta({
      description:
        "filters of the image critic's first convolution (default 64); 2 and 16 times as many follow",
      value: "filters",
    }),
  }),
  defaults: (data) => ({ latent: codeLengthFor(data), optimizer: "adam", rate: 2e-4 }),
  build: (device, { imageCriticWidth: width = 64, ...chosen }) =>
    flexAe(device, {
      ...flexOptions(chosen),
      smooth: true,
      imageCriticWidths: [width, 2 * width, 16 * width],
    }),
});
