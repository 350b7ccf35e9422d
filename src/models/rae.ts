import { z } from "zod";
import { checkPositive, type Complete } from "../device/arguments.ts";
import type { Device } from "../device/device.ts";
import { ArgumentError } from "../device/errors.ts";
import type { Network } from "../nn/networks.ts";
import { add, mul, square, sub } from "../ops/elementwise.ts";
import { randomNormal, type RandomState } from "../ops/random.ts";
import { sum } from "../ops/reduce.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { CodedAutoencoder, whole, type CodedOptions } from "./codedAutoencoder.ts";
import { describeModel } from "./descriptor.ts";
import { checkBuild, networksFor, type NetworkOptions } from "./networks.ts";
import { raeFacts, raeGpFacts, raeL2Facts, raeSnFacts } from "./pageModels.ts";
import type { Batch } from "./parts.ts";
import type { Losses } from "./phase.ts";
import { reconstructionLoss, samplesOf } from "./reconstruction.ts";
import { codePenalty, latent, penalty, reconstruction, reconstructionOf, reduce } from "./settings.ts";
import { checkWeight } from "./weight.ts";

/** What keeps the decoder smooth. */
export type DecoderPenalty = "none" | "l2" | "gradient";

export interface RaeOptions extends NetworkOptions, CodedOptions {
  /**
   * β, the weight of ½ ‖z‖²; 1e-2 unless given. The authors' code averages where the paper sums: its weight β' of
   * mean(z²) beside a mean of P squared errors is β = 2 β' P / L here, L the length of the code.
   */
  codePenalty?: number | undefined;
  /** What the decoder pays for; "none" unless given. */
  regularizer?: DecoderPenalty | undefined;
  /** λ, the weight of what the decoder pays for; 1e-4 unless given. A weight beside a mean of P errors is 1 / P of this one. */
  penalty?: number | undefined;
  /**
   * What "l2" takes. "kernels": Σ W² of the decoder's weights. "pythae": ½ Σ θ² of all its parameters, biases and
   * normalisation too, to which the weight decay of Pythae's optimizer comes down. "kernels" unless given.
   */
  decayed?: "kernels" | "pythae" | undefined;
  /** h, the step of the difference that "gradient" takes; 1e-2 unless given. */
  step?: number | undefined;
}

const RECONSTRUCTION = { kind: "mse", reduce: "sum" } as const;

/**
 * The regularised autoencoder (Ghosh et al., "From variational to deterministic autoencoders", ICLR 2020, equation 9):
 *
 *     x → encoder → z → decoder → x̂,     loss = reconstruction + β · mean ½ ‖z‖² + λ · R
 *
 *     none        R = 0: RAE; RAE-SN where the networks are spectral
 *     l2          R = Σ W²: RAE-L2
 *     gradient    R = mean ‖D(z + h v) − D(z)‖² / h²,  v ~ N(0, I): RAE-GP
 *
 * The last is an estimate of the paper's ‖∇D(z)‖², the squared Frobenius norm of the decoder's Jacobian, by ordinary
 * operations. The authors' code takes another quantity, the mean of the squares of ∂(Σ x̂²)/∂z; their weights do not
 * carry over. Where the decoder normalises by the batch, the batch's statistics move with the draws.
 *
 * New samples come from a distribution that is fitted to the codes of the training data.
 */
export class Rae extends CodedAutoencoder {
  readonly #options: Complete<Pick<RaeOptions, "regularizer" | "decayed" | "step">>;

  constructor(
    device: Device,
    networks: { encoder: Network; decoder: Network },
    {
      latent,
      reconstruction = RECONSTRUCTION,
      codePenalty = 1e-2,
      regularizer = "none",
      penalty = 1e-4,
      decayed = "kernels",
      step = 1e-2,
    }: RaeOptions,
  ) {
    checkWeight("rae", "codePenalty, the weight of ½ ‖z‖²,", codePenalty);
    checkWeight("rae", "penalty, the weight of what the decoder pays for,", penalty);
    checkPositive("rae: step", step);
    checkOneOf("regularizer", regularizer, ["none", "l2", "gradient"]);
    checkOneOf("decayed", decayed, ["kernels", "pythae"]);
    super(device, networks, latent, reconstruction, { scalars: { codePenalty, penalty } });
    this.#options = { regularizer, decayed, step };
  }

  loss(x: Batch, noise: RandomState): Losses {
    const { regularizer } = this.#options;
    const z = this.codeOf(x);
    const half = mul(sum(square(z)), 0.5 / z.shape[0]!);
    const code = mul(half, this.scalars.get("codePenalty")!.tensor);
    if (regularizer === "gradient") {
      const made = this.run("decoder", z);
      const error = reconstructionLoss(made, whole(x), this.reconstruction);
      const decoder = this.#weighted(this.#slope(z, samplesOf(made, this.reconstruction), noise));
      return { loss: add(add(error, code), decoder), error, code, decoder };
    }
    const error = this.compared(z, x);
    const without = add(error, code);
    if (regularizer === "none") return { loss: without, error, code };
    const decoder = this.#weighted(this.#size());
    return { loss: add(without, decoder), error, code, decoder };
  }

  #weighted(term: Tensor): Tensor {
    return mul(term, this.scalars.get("penalty")!.tensor);
  }

  /** ‖D(z + h v) − D(z)‖² / h² as the mean of the samples, from D(z). */
  #slope(z: Tensor, made: Tensor, noise: RandomState): Tensor {
    const { step } = this.#options;
    const moved = add(z, mul(randomNormal(noise, z.shape), step));
    const other = this.again(() => this.sampleOf(moved));
    return mul(sum(square(sub(other, made))), 1 / (step ** 2 * z.shape[0]!));
  }

  /** Σ W² of the decoder, or ½ Σ θ². */
  #size(): Tensor {
    const isPythae = this.#options.decayed === "pythae";
    const squares = [...this.groups.get("decoder")!.parameters]
      .filter(([name]) => isPythae || name.endsWith("weight"))
      .map(([, parameter]) => sum(square(parameter)))
      .reduce(add);
    return isPythae ? mul(squares, 0.5) : squares;
  }
}

function checkOneOf(name: string, value: string, known: readonly string[]): void {
  if (!known.includes(value)) throw new ArgumentError(`rae: ${name} is ${known.join(" or ")}, not ${value}`);
}

/** An `Rae` with the house's networks, or your own. */
export function rae(device: Device, options: RaeOptions): Rae {
  checkBuild("rae", device, options);
  return new Rae(device, networksFor(options, options.latent), options);
}

const settings = () => ({
  latent: latent(),
  reconstruction: reconstruction(),
  reduce: reduce(),
  codePenalty: codePenalty(),
});
const penalized = () => ({ ...settings(), penalty: penalty() });
/** Codes have the lengths of the paper. */
const defaults = (data: string) => ({
  latent: { bumps: 8, npy: 8, cifar10: 128, folder: 64 }[data] ?? 16,
});
const build = (
  device: Device,
  chosen: Parameters<typeof reconstructionOf>[0] & Omit<RaeOptions, "reconstruction">,
) => rae(device, { ...chosen, reconstruction: reconstructionOf(chosen, RECONSTRUCTION) });
const parts = { code: "β·½‖z‖²", decoder: "λ·R" };

export const raeModel = /* @__PURE__ */ describeModel({
  ...raeFacts,
  parts,
  settings,
  defaults,
  build,
});

export const raeL2Model = /* @__PURE__ */ describeModel({
  ...raeL2Facts,
  settings: () => ({
    ...penalized(),
    decayed: z.enum(["kernels", "pythae"]).optional().meta({
      description: "the decoder's weights, or half of all its parameters as Pythae has it (default kernels)",
    }),
  }),
  defaults: (data) => ({ ...defaults(data), penalty: 1e-4 }),
  build: (device, chosen) => build(device, { ...chosen, regularizer: "l2" }),
});

export const raeGpModel = /* @__PURE__ */ describeModel({
  ...raeGpFacts,
  settings: penalized,
  defaults: (data) => ({ ...defaults(data), penalty: 1e-3 }),
  build: (device, chosen) => build(device, { ...chosen, regularizer: "gradient" }),
});

export const raeSnModel = /* @__PURE__ */ describeModel({
  ...raeSnFacts,
  settings,
  defaults,
  build: (device, chosen) => build(device, { ...chosen, spectral: true }),
});
