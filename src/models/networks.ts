import { ArgumentError, ShapeError } from "../device/errors.ts";
import { convolutionalNetworks, mlpNetworks, type Network } from "../nn/networks.ts";
import { show, type Shape } from "../tensor/shape.ts";

/** What every model is told about its networks. */
export interface NetworkOptions {
  /** Shape of a sample: [H, W, C] for images, [D] for vectors. */
  input: Shape;
  /** Fixes the initial weights; 0 by default. */
  seed?: number;
  /** Your own encoder, samples → (latent), instead of the paper's. */
  encoder?: Network;
  /** Your own decoder, (latent) → samples, instead of the paper's. */
  decoder?: Network;
}

/** The encoder and decoder of a model with latent vectors of length `latent`, checked against each other. */
export function networksFor(
  { input, seed = 0, encoder, decoder }: NetworkOptions,
  latent: number,
): { encoder: Network; decoder: Network } {
  const made =
    input.length === 3
      ? convolutionalNetworks({ input, latent, seed })
      : input.length === 1
        ? mlpNetworks({ input, latent, seed })
        : undefined;
  if (!made) throw new ShapeError(`a model takes images [H, W, C] or vectors [D], not samples of shape ${show(input)}`);
  const networks = { encoder: encoder ?? made.encoder, decoder: decoder ?? made.decoder };
  for (const [what, is, wanted] of [
    ["encoder gives", networks.encoder.outputShape, [latent]],
    ["encoder takes", networks.encoder.inputShape, input],
    ["decoder takes", networks.decoder.inputShape, [latent]],
    ["decoder gives", networks.decoder.outputShape, input],
  ] as const)
    if (is.join() !== wanted.join())
      throw new ArgumentError(`the ${what} ${show(is)}, but the model needs ${show(wanted)}`);
  return networks;
}
