import { checkOptions, checkWhole } from "../device/arguments.ts";
import { checkDevice } from "../device/device.ts";
import { ShapeError } from "../device/errors.ts";
import type { Architecture, ArchitectureLayers } from "../nn/architecture.ts";
import { chain } from "../nn/branches.ts";
import type { Layers } from "../nn/chain.ts";
import { allSpectral, convolutionalNetworks, mlpNetworks, type Network } from "../nn/networks.ts";
import { sequential } from "../nn/sequential.ts";
import type { LikelihoodKind } from "./likelihood.ts";
import type { Reconstruction } from "./reconstruction.ts";
import { checkShape, sameShape, show, type Shape } from "../tensor/shape.ts";

/** What every model is told about its networks. */
export interface NetworkOptions {
  /** Shape of a sample: [H, W, C] for images, [D] for vectors; any other with an encoder and a decoder of your own. */
  input: Shape;
  /** Fixes the initial weights; 0 by default. */
  seed?: number | undefined;
  /** Your own encoder, samples → (latent), instead of the paper's. */
  encoder?: Network | undefined;
  /** Your own decoder, (latent) → samples, instead of the paper's. */
  decoder?: Network | undefined;
  /** Whose networks it has, `nn.resnetNetworks({ width: 16 })` for one; the first paper's unless given. */
  architecture?: Architecture | undefined;
  /** After the last layer of an architecture's decoder; sigmoid unless given, none where the loss takes logits. */
  output?: "sigmoid" | "none" | undefined;
  /** Divides every weight of the by its largest singular value; false unless given. */
  spectral?: boolean | undefined;
}

/** What of a model's loss says whether its decoder gives logits. */
interface LossOptions {
  reconstruction?: Reconstruction | undefined;
  likelihood?: LikelihoodKind | undefined;
}

/** Throws ArgumentError unless a model is built on a device, and with options. */
export function checkBuild(model: string, device: unknown, options: unknown): void {
  checkDevice(model, device);
  checkOptions(model, options);
  for (const name of ["latent", "rank"]) {
    const given = (options as Readonly<Record<string, unknown>>)[name];
    if (given !== undefined) checkWhole(`${model}: ${name}`, given as number, 1);
  }
}

/**
 * The encoder and decoder of a model with latent vectors of length `latent`, checked against each other. An encoder gives
 * as many numbers, or `features` where others follow it.
 */
export function networksFor(
  options: NetworkOptions & LossOptions,
  latent: number,
  features = latent,
): { encoder: Network; decoder: Network } {
  const { input } = options;
  checkShape("the model's input", input);
  const encoder = options.encoder ?? builtNetworks(options, latent).encoder;
  const decoder = options.decoder ?? builtNetworks(options, latent).decoder;
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

/** The layers of the architecture that is asked for, and how they become networks. */
export function architectureOf(
  options: NetworkOptions & LossOptions,
  latent: number,
):
  | { layers: ArchitectureLayers; network: (stream: string, input: Shape, layers: Layers) => Network }
  | undefined {
  const { architecture, input, seed, spectral = false } = options;
  if (!architecture) return undefined;
  const takesLogits = options.reconstruction?.kind === "bce" || options.likelihood === "bce";
  const output = takesLogits ? "none" : (options.output ?? "sigmoid");
  return {
    layers: architecture({ input, latent, output }),
    network: (stream, shape, layers) =>
      sequential(shape, spectral ? allSpectral(layers) : layers, { seed, stream }),
  };
}

function builtNetworks(options: NetworkOptions & LossOptions, latent: number) {
  const { input, seed = 0, spectral } = options;
  const chosen = architectureOf(options, latent);
  if (chosen) {
    const { features, code, decoder } = chosen.layers;
    return {
      encoder: chosen.network("encoder", input, { ...features, code: chain(code) }),
      decoder: chosen.network("decoder", [latent], decoder),
    };
  }
  if (input.length === 3) return convolutionalNetworks({ input, latent, seed, spectral });
  if (input.length === 1) return mlpNetworks({ input, latent, seed, spectral });
  throw new ShapeError(
    `a model takes images [H, W, C] or vectors [D], not samples of shape ${show(input)}; ` +
      `for those, give it an encoder and a decoder of your own`,
  );
}
