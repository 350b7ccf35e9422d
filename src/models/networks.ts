import { ShapeError } from "../device/errors.ts";
import { convolutionalNetworks, mlpNetworks, type Network } from "../nn/networks.ts";
import { sameShape, show, type Shape } from "../tensor/shape.ts";

/** What every model is told about its networks. */
export interface NetworkOptions {
  /** Shape of a sample: [H, W, C] for images, [D] for vectors; any other with an encoder and a decoder of your own. */
  input: Shape;
  /** Fixes the initial weights; 0 by default. */
  seed?: number;
  /** Your own encoder, samples → (latent), instead of the paper's. */
  encoder?: Network;
  /** Your own decoder, (latent) → samples, instead of the paper's. */
  decoder?: Network;
  /** Divides every weight of the paper's networks by its largest singular value; false unless given. */
  spectral?: boolean;
}

/**
 * The encoder and decoder of a model with latent vectors of length `latent`, checked against each other. An encoder gives
 * as many numbers, or `features` where others follow it.
 */
export function networksFor(
  options: NetworkOptions,
  latent: number,
  features = latent,
): { encoder: Network; decoder: Network } {
  const { input } = options;
  const encoder = options.encoder ?? paperNetworks(options, latent).encoder;
  const decoder = options.decoder ?? paperNetworks(options, latent).decoder;
  for (const [what, is, wanted] of [
    ["encoder gives", encoder.outputShape, [features]],
    ["encoder takes", encoder.inputShape, input],
    ["decoder takes", decoder.inputShape, [latent]],
    ["decoder gives", decoder.outputShape, input],
  ] as const)
    if (!sameShape(is, wanted))
      throw new ShapeError(`the ${what} ${show(is)}, but the model needs ${show(wanted)}`);
  return { encoder, decoder };
}

function paperNetworks({ input, seed = 0, spectral }: NetworkOptions, latent: number) {
  if (input.length === 3) return convolutionalNetworks({ input, latent, seed, spectral });
  if (input.length === 1) return mlpNetworks({ input, latent, seed, spectral });
  throw new ShapeError(
    `a model takes images [H, W, C] or vectors [D], not samples of shape ${show(input)}; ` +
      `for those, give it an encoder and a decoder of your own`,
  );
}
